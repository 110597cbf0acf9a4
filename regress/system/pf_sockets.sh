#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# pf and the sockets of its own machine: who gets a redirected connection, who
# it was for, divert-to, divert-packet, sockets with foreign addresses, rules
# by user and group, by fingerprint.  Each for v4 and v6, TCP and UDP.
. "$(dirname "$0")/lab.subr"
have python3 || { skip programs "no python3"; finish; }
# gives NAME WANTED COMMAND...: prints exactly that
gives() {
	name=$1 want=$2; shift 2; n=$((n + 1))
	got=$("$@" 2>&1)
	if [ "$got" = "$want" ]; then echo "ok $n - $name"; return; fi
	bad=1; echo "not ok $n - $name"
	echo "# wanted: $want"; echo "$got" | tail -5 | sed 's/^/# got: /'
}
rules() { printf '%s\n' "$@" | bsdctl exec fw pfctl -q -F states -f -; }

# serve.py tcp|udp ADDR PORT NAME: says to everyone NAME, what it is called
# here, and whom the connection was for (TCP: SO_ORIGINAL_DST, UDP: ORIGDST)
cat >"$dir/serve.py" <<'PY'
import socket, struct, sys
kind, addr, port, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
six = ":" in addr
af = socket.AF_INET6 if six else socket.AF_INET
level = 41 if six else 0
def text(raw):
    p = struct.unpack_from("!H", raw, 2)[0]
    a = raw[8:24] if six else raw[4:8]
    return socket.inet_ntop(af, a), p
def say(a, p): return f"{a}.{p}"
s = socket.socket(af, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
if six: s.setsockopt(41, socket.IPV6_V6ONLY, 1)
s.bind((addr, port))
if kind == "tcp":
    s.listen(5)
else:
    s.setsockopt(level, 74 if six else 20, 1)
print("ready", flush=True)
while True:
    if kind == "tcp":
        c, peer = s.accept()
        here = c.getsockname()
        try: orig = say(*text(c.getsockopt(level, 80, 28)))
        except OSError as e: orig = e.strerror
        c.sendall(f"{name} {say(*here[:2])} {orig}\n".encode())
        c.close()
        continue
    data, anc, flags, peer = s.recvmsg(2000, 256)
    to = next(text(d) for l, t, d in anc if t in (20, 74))
    # an answer from the address that was asked, ours or not
    r = socket.socket(af, socket.SOCK_DGRAM)
    r.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    r.setsockopt(level, 75 if six else 19, 1)
    try:
        r.bind(to[:2])
        r.sendto(f"{name} {say(*to)}\n".encode(), peer)
    except OSError:
        s.sendto(f"{name} {say(*to)}\n".encode(), peer)
    r.close()
PY
# ask.py tcp|udp ADDR PORT [FROM]: what the server says; FROM need not be ours
cat >"$dir/ask.py" <<'PY'
import socket, sys
kind, addr, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
six = ":" in addr
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
    socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(3)
if len(sys.argv) > 4:
    s.setsockopt(41 if six else 0, 75 if six else 19, 1)
    s.bind((sys.argv[4], 0))
try:
    s.connect((addr, port))
    if kind == "udp": s.send(b"hello")
    print(s.recv(500).decode().strip())
except OSError as e: print(type(e).__name__)
PY
# natlook.py SADDR SPORT DADDR DPORT: DIOCNATLOOK, as a proxy asks
cat >"$dir/natlook.py" <<'PY'
import fcntl, os, socket, struct, sys
kind, addr, port = "tcp", sys.argv[1], int(sys.argv[2])
six = ":" in addr
af = socket.AF_INET6 if six else socket.AF_INET
s = socket.socket(af); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((addr, port)); s.listen(1); print("ready", flush=True)
dev = os.open("/dev/pf", os.O_RDWR)
def raw(a): return socket.inet_pton(af, a).ljust(16, b"\0")
while True:
    c, peer = s.accept()
    here = c.getsockname()
    io = bytearray(raw(peer[0]) + raw(here[0]) + bytes(32) +
        struct.pack("=HHHHBBBB4x", peer[1], here[1], 0, 0, af, 6, 2, 0))
    fcntl.ioctl(dev, 0xc0504417, io)
    dst = socket.inet_ntop(af, bytes(io[48:64 if six else 52]))
    c.sendall(f"{dst}.{struct.unpack_from('=H', io, 70)[0]}\n".encode())
    c.close()
PY
# count.py ADDR PORT: takes a megabyte, says how much came and whether whole
cat >"$dir/count.py" <<'PY'
import socket, sys
addr, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if ":" in addr: s.setsockopt(41, socket.IPV6_V6ONLY, 1)
s.bind((addr, port)); s.listen(1); print("ready", flush=True)
while True:
    c, peer = s.accept()
    got = b""
    while len(got) < 1 << 20 and (d := c.recv(65536)): got += d
    whole = got == bytes(range(256)) * 4096
    c.sendall(f"{len(got)} {'ok' if whole else 'changed'}\n".encode())
    c.close()
PY
cat >"$dir/send.py" <<'PY'
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
s.sendall(bytes(range(256)) * 4096)
print(s.recv(100).decode().strip())
PY
# packets.py 4|6 PORT: a divert socket: the word `hello' becomes `HELLO'
cat >"$dir/packets.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6,
    socket.SOCK_RAW, 258)
s.bind(("" if sys.argv[1] == "4" else "::", int(sys.argv[2])))
print("ready", flush=True)
while True:
    p, where = s.recvfrom(70000)
    s.sendto(p.replace(b"hello", b"HELLO"), where)
PY
# later MACHINE PROGRAM...: in the background, once it says that it is ready
later=0
later() {
	m=$1; shift
	later=$((later + 1)) log=$dir/later.$later
	bsdctl exec "$m" python3 "$@" >"$log" 2>&1 &
	last=$! pids="$pids $!"
	i=0
	while ! grep -q ready "$log" && [ $i -lt 100 ]; do i=$((i + 1)); sleep 0.1; done
	grep -q ready "$log" || sed "s,^,# ," "$log"
}
end() { kill "$1" 2>/dev/null; wait "$1" 2>/dev/null; }
ask() { on "$1" python3 "$dir/ask.py" "$2" "$3" "$4" $5; }

cat >"$dir/lab.conf" <<'LAB'
lab pfsock
wire lan
wire wan
machine client {
	interface fxp0 on lan { inet 10.0.1.2 255.255.255.0
	inet6 fd01::2 64 }
	gateway 10.0.1.1
	gateway fd01::1
}
machine fw {
	interface fxp0 on lan { inet 10.0.1.1 255.255.255.0
	inet6 fd01::1 64 }
	interface fxp1 on wan { inet 10.0.2.1 255.255.255.0
	inet6 fd02::1 64 }
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine server {
	interface fxp0 on wan { inet 10.0.2.2 255.255.255.0
	inet6 fd02::2 64 }
	gateway 10.0.2.1
	gateway fd02::1
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
ok "pf is on" sh -c 'echo pass | bsdctl exec fw pfctl -q -e -f -'

# --- the order of listeners, inverted for redirected connections ---
for kind in tcp udp; do
	ok "$kind redirected to loopback addresses" rules \
	    "rdr pass on fxp0 inet proto $kind to 10.0.1.1 port 8000 -> 127.0.0.1 port 80" \
	    "rdr pass on fxp0 inet6 proto $kind to fd01::1 port 8000 -> ::1 port 80" pass
	for f in 4 6; do
		case $f in 4) lo=127.0.0.1 any=0.0.0.0 at=10.0.1.1 ;; 6) lo=::1 any=:: at=fd01::1 ;; esac
		case $kind in tcp) was=" $at.8000" own=" $lo.80" ;; udp) was= own= ;; esac
		later fw "$dir/serve.py" $kind $lo 80 loopback; p1=$last
		later fw "$dir/serve.py" $kind $any 80 any; p2=$last
		gives "$kind$f: from outside, any comes first" "any $lo.80$was" ask client $kind $at 8000
		gives "$kind$f: what is local goes to the loopback address" "loopback $lo.80$own" ask fw $kind $lo 80
		end $p2
		gives "$kind$f: from outside, loopback comes second" "loopback $lo.80$was" ask client $kind $at 8000
		end $p1
	done
done

# --- whom was it for ---
ok "redirected from many addresses" rules \
    "rdr pass on fxp0 inet proto tcp to port 7000:7009 -> 127.0.0.1 port 81" \
    "rdr pass on fxp0 inet6 proto tcp to port 7000:7009 -> ::1 port 81" pass
later fw "$dir/natlook.py" 127.0.0.1 81; p1=$last
later fw "$dir/natlook.py" ::1 81; p2=$last
gives "DIOCNATLOOK" 192.0.2.77.7003 ask client tcp 192.0.2.77 7003
gives "DIOCNATLOOK, IPv6" 2001:db8::7.7005 ask client tcp 2001:db8::7 7005
end $p1; end $p2
later fw "$dir/serve.py" tcp 127.0.0.1 81 x; p1=$last
gives "SO_ORIGINAL_DST" "x 127.0.0.1.81 192.0.2.77.7003" ask client tcp 192.0.2.77 7003
end $p1
later fw "$dir/serve.py" tcp ::1 81 x; p1=$last
gives "... IPv6" "x ::1.81 2001:db8::7.7005" ask client tcp 2001:db8::7 7005
end $p1

# --- divert-to: without asking ---
later fw "$dir/serve.py" tcp 127.0.0.1 9000 proxy
later fw "$dir/serve.py" tcp ::1 9000 proxy
later fw "$dir/serve.py" udp 127.0.0.1 9000 proxy
later fw "$dir/serve.py" udp ::1 9000 proxy
later fw "$dir/serve.py" tcp 10.0.2.1 9001 other
ok "divert-to" rules "block log" "pass in on fxp0 proto tcp to port 90 divert-to 127.0.0.1 port 9000" \
    "pass in on fxp0 inet6 proto tcp to port 90 divert-to ::1 port 9000" \
    "pass in on fxp0 proto udp to port 90 divert-to 9000" \
    "pass in on fxp0 inet proto tcp to port 9191 divert-to 10.0.2.1 port 9001"
gives "a rule says where" "pass in on fxp0 inet proto tcp from any to any port = 9191 flags S/SA keep state divert-to 10.0.2.1 port 9001" \
    sh -c "bsdctl exec fw pfctl -s rules | grep 10.0.2.1"
gives "getsockname gives the original destination" "proxy 192.0.2.5.90 192.0.2.5.90" ask client tcp 192.0.2.5 90
gives "... IPv6" "proxy 2001:db8::5.90 2001:db8::5.90" ask client tcp 2001:db8::5 90
gives "... at the address of the rule" "other 192.0.2.5.9191 192.0.2.5.9191" ask client tcp 192.0.2.5 9191
gives "... of datagrams by control data" "proxy 192.0.2.6.90" ask client udp 192.0.2.6 90
gives "... IPv6" "proxy 2001:db8::6.90" ask client udp 2001:db8::6 90
gives "nobody listens there: a reset" ConnectionRefusedError sh -c "
	printf 'pass in on fxp0 proto tcp to port 90 divert-to 9009\n' | bsdctl exec fw pfctl -q -f - &&
	bsdctl exec client python3 '$dir/ask.py' tcp 192.0.2.5 90"
for f in "pass out proto tcp divert-to 9000" "pass in proto icmp divert-to 9000" \
    "block in proto tcp divert-to 9000"; do
	ok "refused: $f" not rules "$f"
done
ok "another family than the rule's is refused" not rules "pass in inet6 proto tcp divert-to 127.0.0.1 port 9000"

# --- a socket with an address of others ---
later server "$dir/serve.py" tcp 0.0.0.0 92 server
later server "$dir/serve.py" tcp :: 92 server
later server "$dir/serve.py" udp 10.0.2.2 92 server
later server "$dir/serve.py" udp fd02::2 92 server
ok "rules for all" rules "pass"
gives "a connection as the client" "server 10.0.2.2.92 No such file or directory" ask fw tcp 10.0.2.2 92 10.0.1.2
gives "... IPv6" "server fd02::2.92 No such file or directory" ask fw tcp fd02::2 92 fd01::2
gives "datagrams as the client" "server 10.0.2.2.92" ask fw udp 10.0.2.2 92 10.0.1.2
gives "... IPv6" "server fd02::2.92" ask fw udp fd02::2 92 fd01::2

# --- users and groups ---
u=$(id -u) g=$(id -g)
later fw "$dir/serve.py" tcp 0.0.0.0 93 fw
later fw "$dir/serve.py" tcp :: 93 fw
for w in "user $u" "group $g" "user >= $u" "user { 60001 $u }"; do
	ok "rules: $w" rules "pass" "block return out quick proto tcp to port 92 $w" "block return in quick proto tcp to port 93 $w"
	gives "out, $w" ConnectionRefusedError ask fw tcp 10.0.2.2 92
	gives "out, $w, IPv6" ConnectionRefusedError ask fw tcp fd02::2 92
	gives "in, $w" ConnectionRefusedError ask client tcp 10.0.1.1 93
	gives "in, $w, IPv6" ConnectionRefusedError ask client tcp fd01::1 93
done
for w in "user != $u" "group 60001" "user unknown" "group > $g"; do
	ok "rules: $w" rules "pass" "block return out quick proto tcp to port 92 $w" "block return in quick proto tcp to port 93 $w"
	gives "out, $w" "server 10.0.2.2.92 No such file or directory" ask fw tcp 10.0.2.2 92
	gives "in, $w, IPv6" "fw fd01::1.93 fd01::1.93" ask client tcp fd01::1 93
done
gives "nobody's socket is unknown" ConnectionRefusedError sh -c "
	printf 'pass\nblock drop in quick proto tcp to port 94 user $u\nblock return in quick proto tcp to port 94 user unknown\n' |
	bsdctl exec fw pfctl -q -f - && bsdctl exec client python3 '$dir/ask.py' tcp 10.0.1.1 94"

# --- fingerprints: who sent the SYN ---
prints="set fingerprints \"$top/etc/examples/pf.os\""
for w in '"Fugu"' '"fugu"' '{ "Windows" "Fugu" }' '"Linux"'; do
	case $w in *[Ff]ugu*) out=ConnectionRefusedError ;; *) out= ;; esac
	ok "rules: os $w" rules "$prints" "pass" "block return in quick proto tcp from any os $w to any port 93"
	gives "os $w" "${out:-fw 10.0.1.1.93 10.0.1.1.93}" ask client tcp 10.0.1.1 93
	gives "os $w, IPv6" "${out:-fw fd01::1.93 fd01::1.93}" ask client tcp fd01::1 93
done
ok "rules: os unknown" rules "$prints" "pass" 'block return in quick proto tcp from any os unknown'
gives "a known one is not unknown" "fw fd01::1.93 fd01::1.93" ask client tcp fd01::1 93
ok "without fingerprints everyone is" on fw pfctl -q -F osfp
gives "os unknown" ConnectionRefusedError ask client tcp fd01::1 93
ok "an unknown name is refused" sh -c "printf '%s\\n' '$prints' 'pass proto tcp from any os Fuga' |
	bsdctl exec fw pfctl -q -f - 2>&1 | grep -q 'os \"Fuga\": no fingerprint of .*pf.os has that name'"
ok "what was loaded stays" sh -c "bsdctl exec fw pfctl -sr | grep -q 'os \"unknown\"'"

# --- divert-packet: whole packets to a program and back ---
ok "divert-packet" rules "pass" "pass in on fxp0 proto { icmp icmp6 } divert-packet port 700" \
    "pass out on fxp1 proto tcp to port 95 divert-packet port 700"
ok "without a program packets are lost" not on client ping -c 1 -w 1 10.0.2.2
ok "... and counted" sh -c "bsdctl exec fw netstat -s -p divert | grep -q '[1-9][0-9]* packets without a socket'"
later fw "$dir/packets.py" 4 700; p1=$last
later fw "$dir/packets.py" 6 700; p2=$last
ok "a program lets them through" on client ping -q -c 2 10.0.2.2
ok "... IPv6" on client ping -q -c 2 fd02::2
ok "... large ones" on client ping -q -c 2 -s 4000 10.0.2.2
ok "... large ones, IPv6" on client ping -q -c 2 -s 4000 fd02::2
later server "$dir/count.py" 0.0.0.0 95; p3=$last
later server "$dir/count.py" :: 95; p4=$last
gives "a megabyte of large segments" "1048576 ok" on client python3 "$dir/send.py" 10.0.2.2 95
gives "... IPv6" "1048576 ok" on client python3 "$dir/send.py" fd02::2 95
end $p3; end $p4
later server "$dir/serve.py" tcp 0.0.0.0 95 hello
later server "$dir/serve.py" tcp :: 95 hello
ok "... to this machine" on client ping -q -c 2 10.0.1.1
gives "what it changes arrives, sums and all" "HELLO 10.0.2.2.95 No such file or directory" ask client tcp 10.0.2.2 95
gives "... IPv6" "HELLO fd02::2.95 No such file or directory" ask client tcp fd02::2 95
end $p1
ok "it is gone, and so is its port" not on client ping -c 1 -w 1 10.0.2.2
end $p2
ok "a port twice is refused" sh -c "bsdctl exec fw python3 -c '
import socket
a = socket.socket(2, 3, 258); a.bind((\"\", 7)); b = socket.socket(2, 3, 258)
try: b.bind((\"\", 7))
except OSError as e: print(e); raise SystemExit(e.errno != 98)
raise SystemExit(1)'"
ok "what is no packet is refused" sh -c "bsdctl exec fw python3 -c '
import socket
a = socket.socket(2, 3, 258); a.bind((\"\", 8)); bad = 0
for p in (b\"\", b\"x\", bytes(20), b\"\\x45\" + bytes(30), b\"\\x60\" + bytes(50), b\"\\x4f\\0\\0\\x14\" + bytes(16)):
    try: a.sendto(p, (\"\", 0)); bad = 1
    except OSError as e: bad |= e.errno != 22
raise SystemExit(bad)'"

# --- another table for the way on ---
on fw sh -c 'ifconfig lo9 inet 10.9.9.9/32 && route -T 5 add 10.0.2.0/24 10.0.2.1 -blackhole' >/dev/null 2>&1
ok "rtable: a table that is there" rules "pass" "pass in on fxp0 inet proto icmp rtable 5"
ok "... decides" not on client ping -c 1 -w 1 10.0.2.2
gives "rtable: one that is not" "stdin:1: cannot add rule: no routing table 77" sh -c \
    "echo 'pass in rtable 77' | bsdctl exec fw pfctl -f - 2>&1 | sed 's/^pfctl: //' | head -1"
ok "a redirection to it" rules "rdr on fxp0 inet proto icmp to 192.0.2.77 -> 10.0.2.2" "pass"
ok "... by the usual table" on client ping -q -c 1 192.0.2.77
ok "... by the other one" rules "rdr on fxp0 inet proto icmp to 192.0.2.77 rtable 5 -> 10.0.2.2" "pass"
ok "... which has no way" not on client ping -c 1 -w 1 192.0.2.77
ok "rules for all again" rules "pass"
ok "ping" on client ping -q -c 1 10.0.2.2
finish
