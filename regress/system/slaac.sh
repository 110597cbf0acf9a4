#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# A Fugu host with `inet6 autoconf' between two Linux routers with radvd, on
# one Ethernet: addresses, routes, renumbering, a router that dies and comes
# back, another that leaves with a word.  TAP.
top=$(cd "$(dirname "$0")/../.." && pwd)
O=$(realpath "${O:-build}")
if [ "$1" != inside ]; then
	for p in radvd ip unshare; do
		PATH=$PATH:/usr/sbin:/sbin command -v $p >/dev/null && continue
		echo "ok 1 - autoconf # SKIP no $p"
		echo 1..1
		exit 0
	done
	as=-r
	[ "$(id -u)" -eq 0 ] && as=
	if ! unshare $as -nm true 2>/dev/null; then
		echo "ok 1 - autoconf # SKIP this user may not make namespaces"
		echo 1..1
		exit 0
	fi
	O=$O exec unshare $as -nm --propagation private bash "$0" inside
fi

mount -t tmpfs tmpfs /run || exit 1
host_sysctl=$(PATH=/usr/sbin:/sbin:/usr/bin:/bin command -v sysctl)
host_ping=$(PATH=/usr/bin:/bin command -v ping)
host_tcpdump=$(PATH=/usr/sbin:/sbin:/usr/bin:/bin command -v tcpdump)
PATH=$O/bin:$PATH:/usr/sbin:/sbin
D=$(mktemp -d /tmp/fugu-slaac.XXXXXX)
export PATH BSD_ROOT=$D/host
n=0 bad=0
declare -A daemon
end() {
	for p in "${daemon[@]}"; do kill "$p" 2>/dev/null; done
	[ -s "$D/host/dev/lock" ] && kill "$(cat "$D/host/dev/lock")" 2>/dev/null
	wait
	rm -rf "$D"
}
trap end EXIT
trap 'exit 1' INT TERM
result() { # result STATUS TEXT
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" && return
	bad=1
	echo "not ok $n - $2"
	sed 's/^/# /' "$D/out"
}
does() { # does TEXT COMMAND
	local text=$1
	shift
	timeout 20 "$@" >"$D/out" 2>&1
	result $? "$text"
}
shows() { # shows TEXT PATTERN COMMAND: at once
	local text=$1 p=$2
	shift 2
	timeout 10 "$@" >"$D/out" 2>&1
	grep -Eq -- "$p" "$D/out"
	result $? "$text"
}
lacks() {
	local text=$1 p=$2
	shift 2
	timeout 10 "$@" >"$D/out" 2>&1 && ! grep -Eq -- "$p" "$D/out"
	result $? "$text"
}
comes() { # comes TEXT SECONDS PATTERN COMMAND: within so many seconds
	local text=$1 end=$((SECONDS + $2)) p=$3
	shift 3
	while :; do
		timeout 10 "$@" >"$D/out" 2>&1
		grep -Eq -- "$p" "$D/out" && break
		[ $SECONDS -lt $end ] || break
		sleep 0.2
	done
	grep -Eq -- "$p" "$D/out"
	result $? "$text"
}
goes() {
	local text=$1 end=$((SECONDS + $2)) p=$3
	shift 3
	while timeout 10 "$@" >"$D/out" 2>&1 && grep -Eq -- "$p" "$D/out" && [ $SECONDS -lt $end ]; do
		sleep 0.2
	done
	! grep -Eq -- "$p" "$D/out"
	result $? "$text"
}
addr() { # addr PATTERN: addresses of fxp0 whose line matches
	ifconfig fxp0 | sed -n "/$1/s/.*inet6 \\([^ %]*\\).*/\\1/p"
}

# --- the Ethernet: two routers and a host
set -e
ip link set lo up
ip link add br0 type bridge mcast_snooping 0
"$host_sysctl" -qw net.ipv6.conf.br0.disable_ipv6=1
ip link set br0 up
port() { # port NAME: end NAME on the bridge, end NAMEh free
	ip link add "$1" type veth peer name "$1h"
	"$host_sysctl" -qw "net.ipv6.conf.$1.disable_ipv6=1" "net.ipv6.conf.$1h.disable_ipv6=1"
	ip link set "$1" master br0 up
}
for r in r1 r2; do
	ip netns add $r
	port $r
	ip link set ${r}h netns $r name eth0
	ip netns exec $r "$host_sysctl" -qw net.ipv6.conf.eth0.disable_ipv6=0 \
	    net.ipv6.conf.all.forwarding=1 net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	ip -n $r link set lo up
	ip -n $r addr add 2001:db8:ff::1/128 dev lo
	ip -n $r link set eth0 up
done
for net in a b; do
	ip -n r1 addr add 2001:db8:$net::1/64 dev eth0 nodad
	ip -n r2 addr add 2001:db8:$net::2/64 dev eth0 nodad
done
port fu
ip link set fuh up
set +e
ll1=$(ip -n r1 -6 addr show dev eth0 scope link | sed -n 's/.*inet6 \(fe80[^/]*\).*/\1/p')
ll2=$(ip -n r2 -6 addr show dev eth0 scope link | sed -n 's/.*inet6 \(fe80[^/]*\).*/\1/p')

conf() { # conf ROUTER PREFERENCE: the prefixes on standard input
	{
		echo "interface eth0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;"
		echo "AdvDefaultLifetime 60; AdvDefaultPreference $2; AdvLinkMTU 1400; AdvCurHopLimit 99;"
		echo "AdvReachableTime 2000; AdvRetransTimer 200;"
		cat
		echo "};"
	} >"$D/$1.conf"
}
radvd_start() {
	ip netns exec "$1" radvd -n -C "$D/$1.conf" -p "$D/$1.pid" -m stderr -d 1 >"$D/$1.log" 2>&1 &
	daemon[$1]=$!
}

mkdir -p "$D/host/etc"
printf 'inet6 autoconf\n' >"$D/host/etc/hostname.fxp0"
"$host_tcpdump" -Z root -U -i br0 -w "$D/lan.pcap" ip6 >"$D/tcpdump.log" 2>&1 &
daemon[tcpdump]=$!
sleep 0.5
does "a machine with inet6 autoconf in hostname.fxp0 starts" bsd -r "$D/host" -h host -i fxp0=packet:fuh
shows "it says so by its flags" 'flags=[0-9a-f]+<UP,.*,AUTOCONF6TEMP,AUTOCONF6>' ifconfig fxp0
[ "$(stat -c %a "$D/host/etc/soii.key")" = 600 ] && grep -Eq '^[0-9a-f]{32}$' "$D/host/etc/soii.key"
result $? "its secret is kept, for its owner only"
comes "it asks for routers" 6 'asks for routers, [1-9]' ndp -i fxp0
timeout 300 route -n monitor >"$D/news" 2>&1 &
daemon[monitor]=$!
for _ in $(seq 50); do # until it listens
	ifconfig lo0 inet 127.0.0.9/32 alias
	ifconfig lo0 inet 127.0.0.9 -alias
	grep -q '^RTM_NEWADDR: .* name lo0' "$D/news" && break
	sleep 0.1
done >"$D/out" 2>&1

# --- one router
conf r1 high <<'E'
prefix 2001:db8:a::/64 { AdvValidLifetime 3600; AdvPreferredLifetime 1800; };
prefix 2001:db8:c::/64 { AdvOnLink on; AdvAutonomous off; AdvValidLifetime 600; AdvPreferredLifetime 300; };
route 2001:db8:d::/48 { AdvRoutePreference low; AdvRouteLifetime 600; };
RDNSS 2001:db8:ff::1 { AdvRDNSSLifetime 600; };
DNSSL lab.example { AdvDNSSLLifetime 600; };
E
radvd_start r1
comes "the default route comes" 20 "^default +$ll1%fxp0 +UG .* 56 fxp0" route -n show -inet6
shows "and the route to a prefix" "^2001:db8:d::/48 +$ll1%fxp0 +UG .* 56 fxp0" route -n show -inet6
shows "the prefix is on the link" '^2001:db8:a::/64 +[^ ]+ +UCn .* 4 fxp0' route -n show -inet6
shows "one that is not for addresses too" '^2001:db8:c::/64 +[^ ]+ +UCn .* 4 fxp0' route -n show -inet6
comes "a stable address" 5 'inet6 2001:db8:a:.* prefixlen 64 autoconf pltime (17[0-9]{2}|1800) vltime (35[0-9]{2}|3600)$' ifconfig fxp0
comes "a temporary one" 5 'inet6 2001:db8:a:.* autoconf temporary pltime (17[0-9]{2}|1800) vltime (35[0-9]{2}|3600)$' ifconfig fxp0
lacks "none in the other prefix" 'inet6 2001:db8:c:' ifconfig fxp0
lacks "neither tells the link address" 'inet6 [^ ]*ff:fe' ifconfig fxp0
shows "ndp -r shows the router" "^$ll1%fxp0 +default +high +(5?[0-9]s|1m0s) U$" ndp -r
shows "and the other way" "^$ll1%fxp0 +2001:db8:d::/48 +low +(9m[0-9]+s|10m0s) U$" ndp -r
shows "ndp -p shows the prefix" '^2001:db8:a::/64 +fxp0 +(59m[0-9]+s|1h0m0s) +(59m[0-9]+s|1h0m0s) +(29m[0-9]+s|30m0s) +2$' ndp -p
shows "and the one without addresses" '^2001:db8:c::/64 +fxp0 +(9m[0-9]+s|10m0s) +- +- +0$' ndp -p
shows "ndp -i shows what the router set" 'reachable 2.000s, retrans 0.200s, hop limit 99, linkmtu 1400' ndp -i fxp0
shows "and that it asks no more" '^fxp0: a router answered$' ndp -i fxp0
goes "addresses are proved" 5 'tentative' ifconfig fxp0
temp=$(addr temporary)
stable=$(addr 'inet6 2001:db8:a:.* autoconf pltime')
does "it reaches who is far away" ping -n -c 2 2001:db8:ff::1
shows "ndp -r shows the name server" "^2001:db8:ff::1 +$ll1%fxp0 +(9m[0-9]+s|10m0s)$" ndp -r
shows "and the search domain" "^lab.example +$ll1%fxp0 +(9m[0-9]+s|10m0s)$" ndp -r
if command -v python3 >/dev/null; then
	cat >"$D/dns.py" <<'PY'
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("2001:db8:ff::1", 53))
print("ready", flush=True)
while True:
    q, who = s.recvfrom(512)
    at = 12
    while q[at]: at += 1 + q[at]
    kind = struct.unpack(">H", q[at + 1:at + 3])[0]
    known = q[12:at + 1].lower() == b"\3www\3lab\7example\0"
    a = socket.inet_pton(socket.AF_INET6, "2001:db8:ff::80") if known and kind == 28 else b""
    r = struct.pack(">HHHLH", 0xc00c, 28, 1, 60, 16) + a if a else b""
    s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1, len(a) // 16, 0, 0) + q[12:at + 5] + r, who)
PY
	ip netns exec r1 python3 "$D/dns.py" >"$D/dns.log" 2>&1 &
	daemon[dns]=$!
	for _ in $(seq 50); do grep -q ready "$D/dns.log" && break; sleep 0.1; done
	shows "programs find names by them, without a resolv.conf" '^2001:db8:ff::80$' \
	    env LD_PRELOAD="$O/lib/libbsdsys.so" python3 -c \
	    'import socket; print(socket.getaddrinfo("www", 80, type=socket.SOCK_STREAM)[0][4][0])'
	echo "nameserver 2001:db8:ff::99" >"$D/host/etc/resolv.conf"
	lacks "what the file says comes first" '2001:db8:ff::80' env LD_PRELOAD="$O/lib/libbsdsys.so" python3 -c \
	    'import socket
try: print(socket.getaddrinfo("www.lab.example", 80))
except socket.gaierror: print("nobody")'
	rm "$D/host/etc/resolv.conf"
fi
does "the stable address answers" ip netns exec r1 "$host_ping" -6 -c 1 -W 2 "$stable"
shows "router and host are neighbours by the temporary one" "$temp .*(REACHABLE|DELAY|STALE|PROBE)" \
    ip -n r1 -6 neigh show
sleep 0.3
# who is root in a namespace only may not capture
if command -v tshark >/dev/null && [ -s "$D/lan.pcap" ]; then
	shows "its packets carry the temporary address and the router's hop limit" "^$temp	99\$" \
	    tshark -r "$D/lan.pcap" -Y 'icmpv6.type == 128 && ipv6.dst == 2001:db8:ff::1' -T fields -e ipv6.src -e ipv6.hlim
fi
does "1400 bytes is the MTU: 3000 go in fragments" ping -n -c 1 -s 3000 2001:db8:ff::1

# --- the routing socket told it all
shows "route monitor: addresses" '^ ffff:ffff:ffff:ffff:: 2001:db8:a:' cat "$D/news"
shows "when they are proved" '^RTM_CHGADDRATTR: .* name fxp0, ' cat "$D/news"
shows "the default route" "^ default $ll1%fxp0 " cat "$D/news"
shows "the prefix" '^ 2001:db8:a:: .* ffff:ffff:ffff:ffff::' cat "$D/news"

# --- renumbering
conf r1 high <<'E'
prefix 2001:db8:a::/64 { AdvValidLifetime 7201; AdvPreferredLifetime 0; };
prefix 2001:db8:b::/64 { AdvValidLifetime 3600; AdvPreferredLifetime 1800; };
route 2001:db8:d::/48 { AdvRouteLifetime 0; };
E
kill -HUP "${daemon[r1]}"
comes "renumbered: addresses in the new prefix" 10 'inet6 2001:db8:b:.* autoconf temporary pltime' ifconfig fxp0
comes "those in the old one are deprecated" 10 'inet6 2001:db8:a:.* deprecated autoconf temporary pltime 0 vltime' ifconfig fxp0
goes "the route that was taken back goes" 10 '^2001:db8:d::/48' route -n show -inet6
goes "addresses are proved" 5 'tentative' ifconfig fxp0
does "it speaks by the new ones" ping -n -c 1 2001:db8:ff::1
does "the old one still answers" ip netns exec r1 "$host_ping" -6 -c 1 -W 2 "$stable"

# --- a second router, and the first one dies
conf r2 low <<'E'
prefix 2001:db8:b::/64 { AdvValidLifetime 3600; AdvPreferredLifetime 1800; };
E
radvd_start r2
comes "a second router is known" 10 "^$ll2%fxp0 +default +low " ndp -r
shows "the better one has the route" "^default +$ll1%fxp0 " route -n show -inet6
ip -n r1 link set eth0 down
ping -n -i 0.3 -c 200 2001:db8:ff::1 >/dev/null 2>&1 &
daemon[ping]=$!
comes "it died: the other has the route" 25 "^default +$ll2%fxp0 " route -n show -inet6
kill "${daemon[ping]}" 2>/dev/null
shows "ndp -r says who does not answer" "^$ll1%fxp0 +default +high .* L$" ndp -r
does "packets arrive by the other" ping -n -c 1 2001:db8:ff::1
ip -n r1 link set eth0 up
for net in a b; do ip -n r1 addr add 2001:db8:$net::1/64 dev eth0 nodad 2>/dev/null; done
comes "it comes back and has the route again" 40 "^default +$ll1%fxp0 " route -n show -inet6
kill "${daemon[r1]}"
comes "it leaves with a word: the other at once" 6 "^default +$ll2%fxp0 " route -n show -inet6
unset 'daemon[r1]'

# --- words of ifconfig
does "inet6 -temporary" ifconfig fxp0 inet6 -temporary
lacks "no temporary address is left" 'temporary' ifconfig fxp0
shows "the stable ones are" 'inet6 2001:db8:b:.* autoconf pltime' ifconfig fxp0
b=$(addr 'inet6 2001:db8:b:.* autoconf pltime')
does "eui64: the end of the link-local address" ifconfig fxp0 inet6 2001:db8:e:: eui64
[ "$(addr 'inet6 2001:db8:e:' | cut -d: -f5-)" = "$(addr 'inet6 fe80:' | cut -d: -f3-)" ]
result $? "is the end of the new one"
does "an address with lifetimes" ifconfig fxp0 inet6 2001:db8:e::9 pltime 4 vltime 9
shows "which are shown" 'inet6 2001:db8:e::9 prefixlen 64 (tentative )?pltime [1-4] vltime [4-9]' ifconfig fxp0
comes "it is deprecated" 7 'inet6 2001:db8:e::9 .*deprecated pltime 0' ifconfig fxp0
goes "and gone" 10 '2001:db8:e::9' ifconfig fxp0
shows "what contradicts itself is refused" '^ifconfig: fxp0: pltime is longer than vltime$' \
    ifconfig fxp0 inet6 2001:db8:e::9 pltime 5 vltime 2
shows "and autoconf where no router can be" '^ifconfig: lo0: autoconf: ' ifconfig lo0 inet6 autoconf
shows "and for IPv4" '^ifconfig: fxp0: inet autoconf: there is no DHCP client' ifconfig fxp0 inet autoconf

# --- a router does not listen to routers
does "forwarding on" sysctl net.inet6.ip6.forwarding=1
lacks "all that was learned is gone" ' autoconf pltime' ifconfig fxp0
lacks "routes too" '^default' route -n show -inet6
does "forwarding off" sysctl net.inet6.ip6.forwarding=0
comes "it asks, and is answered" 8 "^default +$ll2%fxp0 " route -n show -inet6
comes "the stable address is the same as before" 4 "inet6 $b " ifconfig fxp0

# --- the same machine, started again
kill "$(cat "$D/host/dev/lock")"
for _ in $(seq 100); do kill -0 "$(cat "$D/host/dev/lock")" 2>/dev/null || break; sleep 0.05; done
does "started again" bsd -r "$D/host" -h host -i fxp0=packet:fuh
comes "the same machine has the same stable address" 12 "inet6 $b prefixlen 64 autoconf pltime" ifconfig fxp0
does "inet6 -autoconf" ifconfig fxp0 inet6 -autoconf
lacks "nothing is left" ' autoconf (temporary )?pltime|AUTOCONF6' ifconfig fxp0
lacks "no route either" '^default|^2001' route -n show -inet6

# --- what was on the wire
kill "${daemon[tcpdump]}" 2>/dev/null
wait "${daemon[tcpdump]}" 2>/dev/null
unset 'daemon[tcpdump]'
if command -v tshark >/dev/null && [ -s "$D/lan.pcap" ]; then
	timeout 30 tshark -r "$D/lan.pcap" -Y '_ws.malformed || _ws.expert.severity >= 0x00600000' >"$D/out" 2>/dev/null
	[ ! -s "$D/out" ]
	result $? "tshark finds nothing malformed"
	shows "solicitations come from the link-local address with its link address" '^fe80:[^	]*	ff02::2	255	1$' \
	    tshark -r "$D/lan.pcap" -Y 'icmpv6.type == 133 && ipv6.src == fe80::/10' -T fields \
	    -e ipv6.src -e ipv6.dst -e ipv6.hlim -e icmpv6.opt.type
fi
echo "1..$n"
exit $bad
