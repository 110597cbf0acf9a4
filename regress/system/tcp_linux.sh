#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Fugu's TCP and Linux's on the two ends of one link, by packet(4) and by tap,
# each as client and as server, in both families: bulk both ways, short
# connections, resets, half closes, urgent bytes, a path that is narrower than
# the link.  What was on the wire is read by tshark afterwards.
. "$(dirname "$0")/lab.subr"

have python3 || { echo "ok 1 - Linux # SKIP no python3"; echo 1..1; exit 0; }
if [ -z "$TCP_LINUX_INSIDE" ]; then
	if ! unshare -Urnm true 2>/dev/null; then
		echo "ok 1 - Linux # SKIP needs namespaces"; echo 1..1; exit 0
	fi
	rm -rf "$dir"
	trap - EXIT
	export TCP_LINUX_INSIDE=1
	exec unshare -Urnm --kill-child --fork "$0" "$@"
fi

cat >"$dir/talk.py" <<'PY'
# talk.py serve PORT		serves until it is killed
# talk.py ask ADDRESS PORT WHAT
import array, fcntl, hashlib, select, socket, struct, sys, threading

BULK = 8 << 20
LINGER = struct.pack("ii", 1, 0)

def block(i):
    return hashlib.sha256(b"%d" % i).digest() * 2048

def put(s, n):
    h = hashlib.sha256()
    for i in range(n // 65536):
        b = block(i); h.update(b); s.sendall(b)
    return h.hexdigest()

def get(s):
    h, n = hashlib.sha256(), 0
    while True:
        b = s.recv(262144)
        if not b: return n, h.hexdigest()
        n += len(b); h.update(b)

def exactly(s, n):
    b = b""
    while len(b) < n:
        more = s.recv(n - len(b))
        if not more: raise EOFError("%d of %d bytes" % (len(b), n))
        b += more
    return b

def at_mark(s):
    a = array.array("i", [0])
    fcntl.ioctl(s, 0x8905, a, True)
    return a[0]

def urgent_put(s):
    s.sendall(b"before"); s.send(b"U", socket.MSG_OOB); s.sendall(b"behind")

def urgent_get(s):
    p = select.poll(); p.register(s, select.POLLPRI)
    if not p.poll(20000): raise EOFError("no urgent byte came")
    u, got = s.recv(1, socket.MSG_OOB), b""
    while not at_mark(s): got += s.recv(100)
    assert (u, got, exactly(s, 6)) == (b"U", b"before", b"behind"), (u, got)

def answer(s):
    s.settimeout(60)
    what = exactly(s, 4)
    if what == b"pull": put(s, BULK); s.close(); return
    if what == b"push": n, h = get(s); s.sendall(h.encode()); s.close(); return
    if what == b"echo": s.sendall(exactly(s, 8)); s.close(); return
    if what == b"rset":
        s.sendall(b"soon"); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        exactly(s, 1); s.close(); return
    if what == b"half": n, h = get(s); put(s, 1 << 20); s.close(); return
    if what == b"oob.": urgent_get(s); urgent_put(s); s.recv(1); s.close(); return

def serve(port):
    l = socket.create_server(("::", port), family=socket.AF_INET6, backlog=64, dualstack_ipv6=True)
    while True:
        s, _ = l.accept()
        threading.Thread(target=answer, args=(s,), daemon=True).start()

def conn(addr, port, what):
    s = socket.create_connection((addr, port), 30)
    s.settimeout(60); s.sendall(what)
    return s

def want(n):
    h = hashlib.sha256()
    for i in range(n // 65536): h.update(block(i))
    return h.hexdigest()

def ask(addr, port, what):
    if what == "pull":
        assert get(conn(addr, port, b"pull")) == (BULK, want(BULK))
    elif what == "push":
        s = conn(addr, port, b"push"); h = put(s, BULK); s.shutdown(socket.SHUT_WR)
        assert exactly(s, 64) == h.encode()
    elif what == "short":
        for i in range(40):
            s = conn(addr, port, b"echo"); s.sendall(b"%08d" % i)
            assert exactly(s, 8) == b"%08d" % i
            if i % 2: assert s.recv(1) == b""
            s.close()
    elif what == "reset":
        s = conn(addr, port, b"rset"); assert exactly(s, 4) == b"soon"; s.sendall(b"x")
        try: s.recv(1); raise AssertionError("an end, no reset")
        except ConnectionResetError: pass
        try: socket.create_connection((addr, port + 1), 20); raise AssertionError("connected")
        except ConnectionRefusedError: pass
    elif what == "half":
        s = conn(addr, port, b"half"); s.shutdown(socket.SHUT_WR)
        assert get(s) == (1 << 20, want(1 << 20))
    elif what == "urgent":
        s = conn(addr, port, b"oob."); urgent_put(s); urgent_get(s)

if sys.argv[1] == "serve": serve(int(sys.argv[2]))
else: ask(sys.argv[2], int(sys.argv[3]), sys.argv[4])
PY

mount -t tmpfs tmpfs /run && mkdir /run/netns || exit 1
ip link set lo up
machine=$dir/fu
fugu() { BSD_ROOT=$machine LD_PRELOAD=$bin/../lib/libbsdsys.so "$@"; }
ended() {
	[ -s "$machine/dev/lock" ] && kill "$(cat "$machine/dev/lock")" 2>/dev/null
	: ; }

# asks SIDE ADDRESS...: each of the talks
asks() {
	side=$1; shift
	for a; do
		for w in pull push short reset half urgent; do
			if [ "$side" = fugu ]; then
				ok "$link: Fugu asks Linux by $a: $w" fugu timeout 100 python3 "$dir/talk.py" ask "$a" 7 $w
			else
				ok "$link: Linux asks Fugu by $a: $w" timeout 100 python3 "$dir/talk.py" ask "$a" 7 $w
			fi
		done
	done
}
answers() { timeout 5 python3 "$dir/talk.py" ask "$1" 7 half; }
fugu_answers() { fugu timeout 5 python3 "$dir/talk.py" ask "$1" 7 half; }

# odd FILTER: how many packets of the capture
odd() { tshark -r "$dir/$link.pcap" -o tcp.check_checksum:FALSE -Y "$1" 2>/dev/null | wc -l; }
none() { # none NAME FILTER
	tshark -r "$dir/$link.pcap" -o tcp.check_checksum:FALSE -Y "$2" 2>/dev/null | head -5 >"$dir/says"
	[ ! -s "$dir/says" ]
	verdict $? "$link: $1"
}

talks() { # talks LINK HOSTIF SPEC NUMBER: Linux has HOSTIF already
	link=$1 n4=10.93.$4 n6=2001:db8:93$4:
	mkdir -p "$machine/etc"
	printf 'inet %s.2/24\ninet6 %s:2/64\n' "$n4" "$n6" >"$machine/etc/hostname.fxp0"
	"$bin/bsd" -r "$machine" -i "fxp0=$3" || exit 1
	ip addr add "$n4.1/24" dev "$2"
	ip -6 addr add "$n6:1/64" dev "$2" nodad
	ip link set "$2" up
	dump=
	if have tshark && have dumpcap; then
		dumpcap -q -i "$2" -s 160 -B 64 -f tcp -w "$dir/$link.pcap" 2>"$dir/dump" & dump=$!
		within grep -q File "$dir/dump"
	fi
	python3 "$dir/talk.py" serve 7 & pids="$pids $!" served=$!
	BSD_ROOT=$machine LD_PRELOAD=$bin/../lib/libbsdsys.so python3 "$dir/talk.py" serve 7 & pids="$pids $!" fserved=$!
	within answers "$n4.2" >/dev/null 2>&1
	within answers "$n6:2" >/dev/null 2>&1
	within fugu_answers "$n4.1" >/dev/null 2>&1
	asks linux "$n4.2" "$n6:2"
	asks fugu "$n4.1" "$n6:1"
	narrow "$2"
	kill "$served" "$fserved" 2>/dev/null
	sleep 0.5
	[ -n "$dump" ] && kill "$dump" && wait "$dump"
	BSD_ROOT=$machine "$bin/netstat" -s -p tcp >"$dir/last"
	says "$link: nothing was given up" '^	0 connections given up by a timeout'
	kill "$(cat "$machine/dev/lock")"
	within no_lock
	ip link del "$2"
	[ -n "$dump" ] && [ -s "$dir/$link.pcap" ] || { skip "$link: tshark" "not installed, or nothing captured"; return; }
	none "nothing is malformed" '_ws.malformed || tcp.option_len.invalid || tcp.hdr_len.bogus || tcp.options.wscale_val > 14'
	none "nothing is acknowledged that was not sent" "tcp.analysis.ack_lost_segment"
	all=$(odd tcp) again=$(odd 'tcp.analysis.retransmission || tcp.analysis.out_of_order')
	echo "# $link: $all frames, $again of them again or out of order"
	[ "$again" -le $((all / 100 + 5)) ]
	verdict $? "$link: hardly anything is sent again on a good link"
}
no_lock() { ! BSD_ROOT=$machine "$bin/netstat" -s -p tcp >/dev/null 2>&1; }

# The way to Linux's second address is narrower than the link: Linux says so by
# its route, as a router would.  Fugu's side learns it from a host route's mtu.
narrow() {
	BSD_ROOT=$machine "$bin/route" -q add -host -mtu 600 "$n4.1" -iface "$n4.2" >"$dir/says" 2>&1 ||
	    BSD_ROOT=$machine "$bin/route" -q change -host "$n4.1" -mtu 600 >"$dir/says" 2>&1 || { skip "$link: a narrow path" "$(head -1 "$dir/says")"; return; }
	# 600 less 40 of headers, and 12 more if there are timestamps
	ok "$link: segments fit a narrow path" fugu python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1], 7)); n = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
sys.exit(0 if 500 < n <= 560 else f"segments of {n}")' "$n4.1"
	ok "$link: bulk by a narrow path" fugu timeout 100 python3 "$dir/talk.py" ask "$n4.1" 7 push
}

ip link add va type veth peer name vb && ip link set vb up
talks packet va packet:vb 1
if (exec 3<>/dev/net/tun) 2>/dev/null; then
	ip tuntap add dev tp0 mode tap vnet_hdr 2>/dev/null || ip tuntap add dev tp0 mode tap
	talks tap tp0 tap:tp0 2
else
	skip "by tap" "this user may not open /dev/net/tun"
fi
finish
