#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Two namespaces of the host with a Fugu router between them: Linux's own
# stack on both sides, joined by TAP devices.
top=$(cd "$(dirname "$0")/../.." && pwd)
case ${O:-build} in /*) bin=$O/bin ;; *) bin=$top/${O:-build}/bin ;; esac
PATH=$bin:$PATH:/usr/sbin:/sbin
dir=$(mktemp -d "${TMPDIR:-/tmp}/netns.XXXXXX") || exit 1
FUGU_LABS=$dir/labs
export PATH FUGU_LABS
lping=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v ping) # the host's own
trap 'bsdctl down >/dev/null 2>&1; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
n=0 bad=0

ok() {
	name=$1; shift; n=$((n + 1))
	if "$@" >"$dir/out" 2>&1; then echo "ok $n - $name"; return; fi
	bad=1; echo "not ok $n - $name"; sed 's/^/# /' "$dir/out"
}
says() { ok "$1" grep -qE "$2" "$dir/last"; }
on() { m=$1; shift; timeout 30 bsdctl exec "$m" "$@"; }
keep() { "$@" >"$dir/last" 2>&1; }

if ! (exec 3<>/dev/net/tun) 2>/dev/null; then
	echo "ok 1 - namespaces # SKIP this user may not open /dev/net/tun"
	echo 1..1
	exit 0
fi
cat >"$dir/lab.conf" <<'LAB'
lab ns
wire a
wire b
netns h1 {
	interface eth0 on a {
		inet 10.91.1.2/24
		inet6 2001:db8:911::2/64
	}
	gateway 10.91.1.1
	gateway 2001:db8:911::1
}
machine fw {
	interface fxp0 on a {
		inet 10.91.1.1/24
		inet6 2001:db8:911::1/64
	}
	interface fxp1 on b {
		inet 10.91.2.1/24
		inet6 2001:db8:912::1/64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
netns h2 {
	interface eth0 on b {
		inet 10.91.2.2/24
		inet6 2001:db8:912::2/64
	}
	gateway 10.91.2.1
	gateway 2001:db8:912::1
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
ok "ARP against Linux: the router answers" on h1 "$lping" -q -c 1 -W 2 10.91.1.1
ok "ND against Linux: the router answers" on h1 "$lping" -q -c 1 -W 2 2001:db8:911::1
ok "and asks: it pings Linux" on fw ping -q -c 1 10.91.2.2
ok "over IPv6 too" on fw ping -q -c 1 2001:db8:912::2
ok "IPv4 crosses" on h1 "$lping" -q -c 3 -i 0.1 -W 2 10.91.2.2
ok "IPv6 crosses" on h1 "$lping" -q -c 3 -i 0.1 -W 2 2001:db8:912::2
ok "20000 bytes cross in IPv4 fragments" on h1 "$lping" -q -c 1 -W 2 -s 20000 10.91.2.2
ok "20000 bytes cross in IPv6 fragments" on h1 "$lping" -q -c 1 -W 2 -s 20000 2001:db8:912::2
keep on h1 ip -6 neigh show 2001:db8:911::1
says "Linux knows the router's link address" 'lladdr .* (REACHABLE|DELAY|STALE|PROBE)'
keep on h1 "$lping" -c 1 -W 2 -t 1 10.91.2.2
says "a TTL of 1 ends at the router" '10.91.1.1.*Time to live exceeded'
ok "the router's second MTU becomes 1300" on fw ifconfig fxp1 mtu 1300
keep on h1 "$lping" -c 2 -i 0.2 -W 2 -M do -s 1400 10.91.2.2
says "Linux learns the path MTU of 1300" 'mtu ?= ?1300'
keep on h1 "$lping" -6 -c 2 -i 0.2 -W 2 -M do -s 1400 2001:db8:912::2
says "and over IPv6" 'mtu ?= ?1300|Packet too big'
ok "and 1500 again" on fw ifconfig fxp1 mtu 1500
if command -v python3 >/dev/null; then
	cat >"$dir/udp.py" <<'PY'
import socket, sys
host, fam = sys.argv[2], socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
s = socket.socket(fam, socket.SOCK_DGRAM)
s.settimeout(5)
if sys.argv[1] == "serve":
    s.bind((host, 9999))
    for _ in range(50):
        d, a = s.recvfrom(65536)
        s.sendto(d, a)
else:
    for i in range(50):
        d = bytes([i]) * (1 + i * 100)
        s.sendto(d, (host, 9999))
        assert s.recvfrom(65536)[0] == d
PY
	for a in 10.91.2.2 2001:db8:912::2; do
		on h2 python3 "$dir/udp.py" serve $a >/dev/null 2>&1 &
		sleep 0.7
		ok "50 UDP datagrams there and back, $a" on h1 python3 "$dir/udp.py" ask $a
		wait $!
	done
fi
if command -v iperf3 >/dev/null; then
	for a in 10.91.2.2 2001:db8:912::2; do
		on h2 iperf3 -s -1 >/dev/null 2>&1 &
		sleep 0.7
		ok "iperf3 moves 200 MB with offloads on, $a" on h1 iperf3 -c $a -n 200M
		wait $!
	done
fi
ok "the lab goes down" bsdctl down ns
echo "1..$n"
exit $bad
