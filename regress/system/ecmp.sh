#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Equal routes: a host with two ways to another one, over two routers; flows
# spread, and go on when a cable is pulled or a router falls silent.  TAP.
. "$(dirname "$0")/lab.subr"

have python3 || { skip programs "no python3"; finish; }

cat >"$dir/lab.conf" <<'LAB'
lab ecmp
wire w1
wire w2
wire x1
wire x2
machine left {
	interface fxp1 on w1 {
		inet 10.1.1.2 255.255.255.0
		inet6 fd01:1::2 64
	}
	interface fxp2 on w2 {
		inet 10.2.1.2 255.255.255.0
		inet6 fd02:1::2 64
	}
}
machine r1 {
	interface fxp0 on w1 {
		inet 10.1.1.1 255.255.255.0
		inet6 fd01:1::1 64
	}
	interface fxp1 on x1 {
		inet 10.1.2.1 255.255.255.0
		inet6 fd01:2::1 64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine r2 {
	interface fxp0 on w2 {
		inet 10.2.1.1 255.255.255.0
		inet6 fd02:1::1 64
	}
	interface fxp1 on x2 {
		inet 10.2.2.1 255.255.255.0
		inet6 fd02:2::1 64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine right {
	interface fxp1 on x1 {
		inet 10.1.2.2 255.255.255.0
		inet6 fd01:2::2 64
	}
	interface fxp2 on x2 {
		inet 10.2.2.2 255.255.255.0
		inet6 fd02:2::2 64
	}
}
LAB
cat >"$dir/flows.py" <<'PY'
# flows.py FROM TO COUNT: COUNT flows from FROM to TO port 7; how many are answered
import select, socket, sys
af = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
socks, answered = [], set()
for i in range(int(sys.argv[3])):
    s = socket.socket(af, socket.SOCK_DGRAM)
    s.bind((sys.argv[1], 20000 + i))
    socks.append(s)
for attempt in range(3):
    for s in socks:
        if s not in answered:
            s.sendto(b"x", (sys.argv[2], 7))
    while True:
        ready = select.select(socks, [], [], 0.4)[0]
        if not ready:
            break
        for s in ready:
            try:
                s.recv(100)
                answered.add(s)
            except OSError:
                pass
print(len(answered))
sys.exit(len(answered) != len(socks))
PY
cat >"$dir/echo.py" <<'PY'
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 7))
while True:
    try:
        data, peer = s.recvfrom(2000)
        s.sendto(data, peer)
    except OSError:
        pass
PY
ok "the lab comes up" bsdctl up "$dir/lab.conf"
on right ifconfig lo1 198.51.100.1/32
on right ifconfig lo1 inet6 fd99::1 prefixlen 128
on left ifconfig lo1 192.0.2.1/32
on left ifconfig lo1 inet6 fd88::1 prefixlen 128
ok "a route" on left route -q add 198.51.100.0/24 10.1.1.1
ok "another one is refused" not on left route -q add 198.51.100.0/24 10.2.1.1
ok "but not with -mpath" on left route -q add -mpath 198.51.100.0/24 10.2.1.1
ok "nor in IPv6" sh -c 'bsdctl exec left route -q add -mpath fd99::/64 fd01:1::1 && bsdctl exec left route -q add -mpath fd99::/64 fd02:1::1'
ok "the same one twice is refused" not on left route -q add -mpath 198.51.100.0/24 10.2.1.1
for r in "192.0.2.0/24 10.1.2.1" "192.0.2.0/24 10.2.2.1" "fd88::/64 fd01:2::1" "fd88::/64 fd02:2::1"; do
	# shellcheck disable=SC2086
	on right route -q add -mpath $r
done
for i in 1 2; do
	on r$i route -q add 198.51.100.0/24 10.$i.2.2
	on r$i route -q add 192.0.2.0/24 10.$i.1.2
	on r$i route -q add fd99::/64 fd0$i:2::2
	on r$i route -q add fd88::/64 fd0$i:1::2
done
bsdctl exec right python3 "$dir/echo.py" >"$dir/echo" 2>&1 &
server=$!
flows4() { on left python3 "$dir/flows.py" 192.0.2.1 198.51.100.1 60; }
flows6() { on left python3 "$dir/flows.py" fd88::1 fd99::1 60; }
# used GATEWAY: packets by that route
used() { on left netstat -rn | awk -v g="$1" '$2 == g && $3 ~ /P/ { print $5 }'; }
ok "60 flows" within flows4
ok "60 flows over IPv6" flows6
ok "netstat shows the flag P" sh -c '[ $(bsdctl exec left netstat -rn | grep -c "UGSP") -eq 4 ]'
both() { [ "$(used "$1")" -ge 10 ] && [ "$(used "$2")" -ge 10 ]; }
ok "both ways are used" both 10.1.1.1 10.2.1.1
ok "both ways are used over IPv6" both fd01:1::1 fd02:1::1
# weighted RUN GATEWAY GATEWAY: the second gets more than twice as many packets
weighted() {
	local a b
	a=$(used "$2") b=$(used "$3")
	"$1" && [ $(($(used "$3") - b)) -gt $((2 * ($(used "$2") - a))) ]
}
ok "a weight of 9" on left route -q change -mpath 198.51.100.0/24 10.2.1.1 -weight 9
ok "over IPv6 too" on left route -q change -mpath fd99::/64 fd02:1::1 -weight 9
ok "brings most of the flows" weighted flows4 10.1.1.1 10.2.1.1
ok "of IPv6 as well" weighted flows6 fd01:1::1 fd02:1::1
ok "1 is as before" on left route -q change -mpath 198.51.100.0/24 10.2.1.1 -weight 1
ok "in both families" on left route -q change -mpath fd99::/64 fd02:1::1 -weight 1
bsdctl unplug left fxp2
bsdctl unplug right fxp2
ok "a cable is pulled: all flows go on" flows4
ok "over IPv6 too" flows6
bsdctl plug left fxp2
bsdctl plug right fxp2
ok "it is back" within both 10.1.1.1 10.2.1.1
ok "and works" within on left ping -c 1 -w 1 10.2.1.1
on r2 ifconfig fxp0 down
on r2 ifconfig fxp1 down
for m in left right; do # or they would be asked in twenty minutes only
	on $m arp -d -a
	on $m ndp -c
done >/dev/null 2>&1
ok "a router falls silent: all flows move" within flows4
ok "over IPv6 too" within flows6
ok "delete by gateway" on left route -q delete 198.51.100.0/24 10.2.1.1
ok "the other is alone" sh -c 'bsdctl exec left netstat -rn | grep -q "^198.51.100/24 *10.1.1.1 *UGS "'
kill $server
finish
