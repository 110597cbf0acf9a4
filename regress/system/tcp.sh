#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Unmodified programs on Fugu's TCP: a web server and its client, a throughput
# meter, a relay; between Fugu machines through a router, and against Linux's
# own TCP on both sides, over good wires and bad ones.
. "$(dirname "$0")/lab.subr"

# fetched MACHINE URL: the file comes whole
fetched() {
	on "$1" curl -g -s -S -m 40 -o "$dir/got" "$2" && cmp "$dir/big" "$dir/got"
}
# comes MACHINE URL: within a while somebody answers there
comes() {
	i=0
	while ! on "$1" curl -g -s -m 2 -o /dev/null "$2"; do
		i=$((i + 1)); [ $i -lt 50 ] || return 1; sleep 0.1
	done
}

have curl && have python3 || { echo "ok 1 - programs # SKIP no curl or no python3"; echo 1..1; exit 0; }
mkdir "$dir/www"
head -c 8000000 /dev/urandom >"$dir/www/big"
ln "$dir/www/big" "$dir/big"
echo small >"$dir/www/small"

# --- Fugu to Fugu, through a router ---
ok "the example lab comes up" bsdctl up "$top/etc/examples/router/lab.conf"
later right python3 -m http.server -d "$dir/www" --bind :: 8080
ok "a web server answers" comes left http://10.0.2.2:8080/small
ok "8 MB over IPv4" fetched left http://10.0.2.2:8080/big
ok "8 MB over IPv6" fetched left 'http://[2001:db8:2::2]:8080/big'
ok "twenty short connections" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ "$(timeout 20 bsdctl exec left curl -s -m 10 http://10.0.2.2:8080/small)" = small ] || exit 1; done'
keep on left curl -s -S -m 10 http://10.0.2.2:9/
says "a closed port refuses at once" 'Failed to connect|refused'
keep on left curl -s -S -m 3 http://10.0.2.77:9/
says "nobody there: it times out" 'timed out|No route|Failed to connect'
keep on right netstat -s -p tcp
says "the server counted its connections" '[1-9][0-9]* connections accepted'
keep on right netstat -an
says "netstat shows the listener" 'tcp6? .*8080 .*LISTEN'
keep on middle python3 -c 'import socket; print(socket.if_nameindex(), socket.if_indextoname(socket.if_nametoindex("fxp1")))'
says "programs see the machine's interfaces" "'lo0'.*'fxp0'.*'fxp1'.* fxp1$"
ll=$(on right ifconfig fxp0 | sed -n 's/.*inet6 \(fe80[^ %]*\).*/\1/p')
keep on middle curl -g -s -S -m 10 "http://[$ll%25fxp1]:8080/small"
says "a link-local address with its interface" '^small$'
on right sysctl -a 2>/dev/null | sed -n 's/^net\.inet\.tcp\.\([a-z0-9]*\)=.*/\1/p' >"$dir/names"
ok "tcp.4 names every variable" sh -c "[ -s '$dir/names' ] && while read -r v; do
	grep -qE \"^\\.It Va (.* )?\$v( |\$)\" '$top/share/man/man4/tcp.4' || { echo \$v; exit 1; }; done <'$dir/names'"
if have iperf3; then
	later right iperf3 -s
	sleep 0.5
	keep on left iperf3 -c 10.0.2.2 -t 2
	says "iperf3 sends over IPv4" 'receiver'
	keep on left iperf3 -c 2001:db8:2::2 -t 2 -R -P 4
	says "iperf3 receives four streams over IPv6" 'SUM.*receiver'
	sed -n 's/.*SUM.*sec *\(.*bits.sec\).*receiver/# \1/p' "$dir/last" | tail -1
else
	skip "iperf3" "not installed"
fi
if have socat; then
	later right socat TCP-LISTEN:7000,fork,reuseaddr EXEC:/bin/cat
	sleep 0.5
	keep sh -c "printf 'there and back' | timeout 20 bsdctl exec left socat -t 5 - TCP:10.0.2.2:7000"
	says "socat: half closed, and an echo back" 'there and back'
else
	skip "socat" "not installed"
fi
for p in $pids; do kill "$p" 2>/dev/null; done
pids=
bsdctl down >/dev/null 2>&1

# --- against Linux ---
if ! (exec 3<>/dev/net/tun) 2>/dev/null; then
	skip "against Linux" "this user may not open /dev/net/tun"
	echo "1..$n"; exit $bad
fi
cat >"$dir/lab.conf" <<'LAB'
lab tcpns
wire a
wire b
netns lx {
	interface eth0 on a {
		inet 10.92.1.2/24
		inet6 2001:db8:921::2/64
	}
	gateway 10.92.1.1
	gateway 2001:db8:921::1
}
machine mid {
	interface fxp0 on a {
		inet 10.92.1.1/24
		inet6 2001:db8:921::1/64
	}
	interface fxp1 on b {
		inet 10.92.2.1/24
		inet6 2001:db8:922::1/64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine fu {
	interface fxp0 on b {
		inet 10.92.2.2/24
		inet6 2001:db8:922::2/64
	}
	gateway 10.92.2.1
	gateway 2001:db8:922::1
}
LAB
ok "machines and a namespace come up" bsdctl up "$dir/lab.conf"
later lx python3 -m http.server -d "$dir/www" --bind :: 8080
later fu python3 -m http.server -d "$dir/www" --bind :: 8080
ok "Linux serves" comes fu http://10.92.1.2:8080/small
ok "Fugu serves" comes lx http://10.92.2.2:8080/small
ok "8 MB from Linux over IPv4" fetched fu http://10.92.1.2:8080/big
ok "8 MB from Linux over IPv6" fetched fu 'http://[2001:db8:921::2]:8080/big'
ok "8 MB to Linux over IPv4" fetched lx http://10.92.2.2:8080/big
ok "8 MB to Linux over IPv6" fetched lx 'http://[2001:db8:922::2]:8080/big'
keep on fu curl -s -S -m 10 http://10.92.1.2:9/
says "Linux refuses" 'Failed to connect|refused'
keep on lx curl -s -S -m 10 http://10.92.2.2:9/
says "Fugu refuses" 'Failed to connect|refused'
# Signed segments, RFC 2385: a key for one peer, and one for a prefix of peers.
cat >"$dir/md5.py" <<'PY'
import selectors, socket, struct, sys, time
# md5.py serve KEY PEER...: port 1179 and on, for a peer or PREFIX/LEN each
# md5.py ask KEY ADDRESS PORT
def sign(s, peer, key):
    net, _, plen = peer.partition("/")
    sa = struct.pack("=H", s.family) + (b"\0\0" if s.family == socket.AF_INET else b"\0" * 6)
    sa += socket.inet_pton(s.family, net)
    s.setsockopt(socket.IPPROTO_TCP, 32 if plen else 14, sa.ljust(128, b"\0") +
        struct.pack("=BBHi", 1 if plen else 0, int(plen or 0), len(key), 0) + key.encode().ljust(80, b"\0"))
def new(peer, key):
    s = socket.socket(socket.AF_INET6 if ":" in peer else socket.AF_INET)
    sign(s, peer, key)
    return s
key = sys.argv[2]
if sys.argv[1] == "serve":
    sel = selectors.DefaultSelector()
    for n, peer in enumerate(sys.argv[3:]):
        l = new(peer, key)
        l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        l.bind(("", 1179 + n)); l.listen(5); sel.register(l, selectors.EVENT_READ)
    while True:
        for k, _ in sel.select():
            c, _ = k.fileobj.accept()
            c.sendall(b"signed" * 20000); c.close()
addr, port, end = sys.argv[3], int(sys.argv[4]), time.monotonic() + 20
while True: # until the server is there
    s = new(addr, key)
    s.settimeout(3)
    try: s.connect((addr, port)); break
    except ConnectionRefusedError:
        if time.monotonic() > end: raise
        time.sleep(0.05)
s.settimeout(20)
n = 0
while d := s.recv(65536): n += len(d)
print(n)
PY
# signed WHO FROM ADDRESS4 ADDRESS6: both families, by both kinds of keys
signed() {
	for port in 1179 1180 1181 1182; do
		a=$3; [ $port -gt 1180 ] && a=$4
		keep on "$2" python3 "$dir/md5.py" ask word "$a" $port
		says "$1 by $a, port $port" '^120000$'
	done
	keep on "$2" python3 "$dir/md5.py" ask wort "$4" 1182
	says "... not with another key" 'timed out'
}
keep on lx python3 -c 'import socket; socket.socket().setsockopt(socket.IPPROTO_TCP, 14, b"")'
if grep -q 'Protocol not available' "$dir/last"; then
	skip "signed segments with Linux" "Linux has no TCP_MD5SIG"
else
	later fu python3 "$dir/md5.py" serve word 10.92.1.2 10.92.0.0/15 2001:db8:921::2 2001:db8:900::/40
	later lx python3 "$dir/md5.py" serve word 10.92.2.2 10.92.2.0/24 2001:db8:922::2 2001:db8:922::/64
	signed "Linux reads what Fugu signs" lx 10.92.2.2 2001:db8:922::2
	signed "Fugu reads what Linux signs" fu 10.92.1.2 2001:db8:921::2
fi
bsdctl exec fu tcpdump -n -s 200 -i fxp0 -w "$dir/bad.pcap" tcp >/dev/null 2>&1 &
pids="$pids $!"
sleep 0.5
bsdctl wire tcpns b loss 2% reorder 3% dup 1% delay 2ms >/dev/null
ok "8 MB from Linux over a bad wire" fetched fu http://10.92.1.2:8080/big
ok "8 MB to Linux over a bad wire" fetched lx http://10.92.2.2:8080/big
ok "8 MB to Linux over a bad wire, IPv6" fetched lx 'http://[2001:db8:922::2]:8080/big'
keep on fu netstat -s -p tcp
says "SACK was spoken" '[1-9][0-9]* segments received with SACK blocks'
for p in $pids; do kill "$p" 2>/dev/null; done
pids=
sleep 0.3
if have tshark && [ -s "$dir/bad.pcap" ]; then
	tshark -r "$dir/bad.pcap" -Y '_ws.malformed || tcp.option_len.invalid || tcp.hdr_len.bogus || tcp.analysis.ack_lost_segment && ip.src == 10.92.2.2' >"$dir/odd" 2>/dev/null
	ok "tshark finds nothing malformed" sh -c "! grep -q Malformed '$dir/odd'"
else
	skip "tshark" "not installed, or nothing captured"
fi
finish
