#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Multicast between two machines: membership by every option, source filters,
# loop-back copies, reports and the answers to queries as tcpdump sees them.
. "$(dirname "$0")/lab.subr"
have python3 || { skip programs "no python3"; finish; }
gives() { # gives NAME WANTED COMMAND...
	name=$1 want=$2; shift 2; n=$((n + 1))
	got=$("$@" 2>&1)
	if [ "$got" = "$want" ]; then echo "ok $n - $name"; return; fi
	bad=1; echo "not ok $n - $name"
	echo "# wanted: $want"; echo "$got" | tail -5 | sed 's/^/# got: /'
}
seen() { # seen NAME PATTERN FILE
	n=$((n + 1)) i=0
	while ! grep -qE -- "$2" "$3" && [ $i -lt 40 ]; do i=$((i + 1)); sleep 0.1; done
	if grep -qE -- "$2" "$3"; then echo "ok $n - $1"; return; fi
	bad=1; echo "not ok $n - $1"; echo "# not found: $2"; tail -12 "$3" | sed 's/^/# /'
}
unseen() {
	n=$((n + 1))
	if ! grep -qE -- "$2" "$3"; then echo "ok $n - $1"; return; fi
	bad=1; echo "not ok $n - $1"; grep -E -- "$2" "$3" | sed 's/^/# /'
}

# m.py: what a test does with groups, a word each
cat >"$dir/m.py" <<'PY'
import errno, socket, struct, sys, time
G4, G6, A4, B4, A6, B6 = "239.1.2.3", "ff15::123", "10.0.0.1", "10.0.0.2", "fd01::1", "fd01::2"
def sock(six):
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(20)
    return s
def level(six): return 41 if six else 0
IDX = socket.if_nametoindex("fxp0")
def ss(six, a):
    f, p = (10, struct.pack("=HI", 0, 0) + socket.inet_pton(10, a)) if six else (2, b"\0\0" + socket.inet_pton(2, a))
    return (struct.pack("=H", f) + p).ljust(128, b"\0")
def join(s, six, g):
    if six: s.setsockopt(41, 20, socket.inet_pton(10, g) + struct.pack("=i", IDX))
    else: s.setsockopt(0, 35, socket.inet_aton(g) + socket.inet_aton(A4 if ME == "a" else B4))
def leave(s, six, g):
    if six: s.setsockopt(41, 21, socket.inet_pton(10, g) + struct.pack("=i", IDX))
    else: s.setsockopt(0, 36, socket.inet_aton(g) + struct.pack("=4xi", IDX))
def any_(s, six, name, g, src=None):
    s.setsockopt(level(six), name, struct.pack("=I4x", IDX) + ss(six, g) + (ss(six, src) if src else b""))
def say(e): return errno.errorcode[e.errno]
ME, what, six = sys.argv[1], sys.argv[2], sys.argv[3] == "6"
g = G6 if six else G4
s = sock(six)
def hear():
    try: return s.recvfrom(100)[0].decode()
    except OSError: return "nothing"
if what == "send":
    s.setsockopt(level(six), 17 if six else 32, struct.pack("=i", IDX) if six else socket.inet_aton(A4))
    if len(sys.argv) > 5: s.setsockopt(level(six), 18 if six else 33, int(sys.argv[5]))
    s.sendto(sys.argv[4].encode(), (g, 5000))
    time.sleep(0.2) # then what everybody hears, who did not hear that
    s.sendto(b"nothing", (B6 if six else B4, 5000))
elif what == "listen":      # NAME of a way to join, then what comes
    s.bind(("::" if six else "0.0.0.0", 5000))
    way, peer = sys.argv[4], A6 if six else A4
    other = "fd01::77" if six else "10.0.0.77"
    if way == "group": join(s, six, g)
    elif way == "mcast": any_(s, six, 42, g)
    elif way == "source": any_(s, six, 46, g, peer)
    elif way == "othersource": any_(s, six, 46, g, other)
    elif way == "blocked": any_(s, six, 42, g); any_(s, six, 43, g, peer)
    elif way == "unblocked": any_(s, six, 42, g); any_(s, six, 43, g, peer); any_(s, six, 44, g, peer)
    elif way == "left": join(s, six, g); leave(s, six, g)
    elif way == "filter":   # all but another one
        s.setsockopt(level(six), 48, struct.pack("=I4x", IDX) + ss(six, g) + struct.pack("=II", 0, 1) + ss(six, other))
    elif way == "none": pass
    elif way == "ttl": join(s, six, g); s.setsockopt(level(six), 51 if six else 12, 1)
    print("ready", flush=True)
    if way == "ttl":
        d, anc, f, a = s.recvmsg(100, 100)
        print(struct.unpack("=i", anc[0][2])[0])
    else: print(hear())
elif what == "hold":        # a member until killed
    s.bind(("::" if six else "0.0.0.0", 5000))
    join(s, six, g)
    print("ready", flush=True)
    time.sleep(100)
elif what == "self":        # its own copy
    s.bind(("::" if six else "0.0.0.0", 5000))
    join(s, six, g)
    s.setsockopt(level(six), 17 if six else 32, struct.pack("=i", IDX) if six else socket.inet_aton(A4 if ME == "a" else B4))
    s.setsockopt(level(six), 19 if six else 34, int(sys.argv[4]))
    s.sendto(b"mine", (g, 5000))
    s.sendto(b"nothing", (A6 if six else A4, 5000))
    print(hear())
elif what == "errors":
    def err(f, *a):
        try: f(*a); return "0"
        except OSError as e: return say(e)
    print(err(join, s, six, g), err(join, s, six, g), err(leave, s, six, g), err(leave, s, six, g),
        err(join, s, six, A6 if six else "10.9.9.9"), err(any_, s, six, 44, g, A6 if six else A4), end=" ")
    try: s.setsockopt(level(six), 42, struct.pack("=I4x", 999) + ss(six, g)); print("0")
    except OSError as e: print(say(e))
elif what == "all":         # a socket that joined nothing, another that did
    t = sock(six); join(t, six, g)
    s.bind(("::" if six else "0.0.0.0", 5000))
    s.setsockopt(level(six), 29 if six else 49, int(sys.argv[4]))
    print("ready", flush=True); print(hear())
elif what == "query":       # IGMP: version 2 or 3, general or for the group
    r = socket.socket(socket.AF_INET, socket.SOCK_RAW, 2)
    r.setsockopt(0, 4, b"\x94\x04\0\0")
    r.setsockopt(0, 32, socket.inet_aton(A4))
    to = G4 if "group" in sys.argv else "224.0.0.1"
    grp = socket.inet_aton(G4 if "group" in sys.argv else "0.0.0.0")
    p = bytearray(struct.pack("!BBH", 0x11, int(sys.argv[5]), 0) + grp)
    if sys.argv[4] == "3":
        src = [x for x in sys.argv[6:] if x[0].isdigit()]
        p += struct.pack("!BBH", 2, 125, len(src)) + b"".join(socket.inet_aton(x) for x in src)
    c = sum(struct.unpack("!%dH" % (len(p) // 2), p)); c = (c >> 16) + (c & 0xffff); c += c >> 16
    p[2:4] = struct.pack("!H", ~c & 0xffff)
    r.sendto(bytes(p), (to, 0))
PY
cat >"$dir/lab.conf" <<'LAB'
lab mcast
wire lan
machine a {
	interface fxp0 on lan { inet 10.0.0.1 255.255.255.0
	inet6 fd01::1 64 }
}
machine b {
	interface fxp0 on lan { inet 10.0.0.2 255.255.255.0
	inet6 fd01::2 64 }
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
sleep 1.5
bsdctl exec a tcpdump -l -n -vv -i fxp0 igmp or ip6 >>"$dir/dump" 2>&1 &
pids="$pids $!"
sleep 1

m() { on "$1" python3 "$dir/m.py" "$@"; }
# listen ARGUMENT...: b does, in the background, as p
listen() {
	: >"$dir/l" # what was said last time does not count
	bsdctl exec b python3 "$dir/m.py" b "$@" >"$dir/l" 2>&1 &
	p=$! i=0
	while ! grep -q ready "$dir/l" && [ $i -lt 100 ]; do i=$((i + 1)); sleep 0.1; done
}
# hears NAME WANTED FAMILY WAY: b listens by WAY while a sends
hears() {
	listen listen "$3" "$4"
	m a send "$3" hello ${5:+"$5"}
	wait $p
	gives "$1" "$2" sed 1d "$dir/l"
}
for f in 4 6; do
	hears "v$f: a group" hello $f group
	hears "v$f: a group, MCAST_JOIN_GROUP" hello $f mcast
	hears "v$f: nobody joined" nothing $f none
	hears "v$f: left again" nothing $f left
	hears "v$f: from this source" hello $f source
	hears "v$f: from another source" nothing $f othersource
	hears "v$f: but from this source" nothing $f blocked
	hears "v$f: unblocked" hello $f unblocked
	hears "v$f: a whole filter" hello $f filter
	hears "v$f: one hop unless asked" 1 $f ttl
	hears "v$f: as many as asked" 7 $f ttl 7
	gives "v$f: a copy for ourselves" mine m a self $f 1
	gives "v$f: and none if not wanted" nothing m a self $f 0
	gives "v$f: errors as on Linux" "0 EADDRINUSE 0 EADDRNOTAVAIL EINVAL EADDRNOTAVAIL ENODEV" m a errors $f
	for all in 1 0; do
		listen all $f $all
		m a send $f hello
		wait $p
		case $all in 1) want=hello ;; 0) want=nothing ;; esac
		gives "v$f: groups that others joined, MULTICAST_ALL $all" $want sed 1d "$dir/l"
	done
done

# --- what is told ---
seen "IGMPv3: everybody" '224\.0\.0\.22: igmp v3 report, 1 group record\(s\) \[gaddr 239\.1\.2\.3 to_ex' "$dir/dump"
seen "IGMPv3: one source" 'gaddr 239\.1\.2\.3 to_in \{ ?10\.0\.0\.1' "$dir/dump"
seen "IGMPv3: the end" 'gaddr 239\.1\.2\.3 to_in \{ ?\}' "$dir/dump"
seen "with a router alert" 'options \(RA\)' "$dir/dump"
seen "MLDv2: everybody" 'ff02::16: .*multicast listener report v2, 1 group record\(s\) \[gaddr ff15::123 to_ex' "$dir/dump"
seen "MLDv2: one source" 'gaddr ff15::123 to_in \{ ?fd01::1' "$dir/dump"

# --- queries ---
bsdctl exec b python3 "$dir/m.py" b hold 4 >"$dir/l" 2>&1 &
hold=$! pids="$pids $!"
sleep 2.5
: >"$dir/dump"; m a query 4 3 5
seen "a general query is answered" '10\.0\.0\.2 > 224\.0\.0\.22: igmp v3 report.*gaddr 239\.1\.2\.3 is_ex' "$dir/dump"
: >"$dir/dump"; m a query 4 3 5 group 10.0.0.9
seen "one for a source" '10\.0\.0\.2 > 224\.0\.0\.22: igmp v3 report.*gaddr 239\.1\.2\.3 is_in \{ ?10\.0\.0\.9' "$dir/dump"
: >"$dir/dump"; m a query 4 2 5
seen "version 2 in its words" '10\.0\.0\.2 > 239\.1\.2\.3: igmp v2 report 239\.1\.2\.3' "$dir/dump"
sleep 1
: >"$dir/dump"
kill $hold; pkill -KILL -P $hold 2>/dev/null; wait $hold 2>/dev/null
seen "... and a killed program leaves" '10\.0\.0\.2 > 224\.0\.0\.2: igmp leave 239\.1\.2\.3' "$dir/dump"
unseen "no version 3 any more" 'v3 report' "$dir/dump"
ok "counted" sh -c "bsdctl exec b netstat -s | grep -A3 '^igmp:' | grep -q '[1-9] queries received'"
finish
