#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Linux asks who listens: two machines on a bridge of the host that is the
# querier of IGMP and MLD, remembers what was reported, and gives a port only
# the groups that were reported there.  The newest versions, then older ones.
top=$(cd "$(dirname "$0")/../.." && pwd)
case ${O:-build} in /*) bin=$O/bin ;; *) bin=$top/${O:-build}/bin ;; esac
skip() { echo "ok 1 - Linux as querier # SKIP $1"; echo 1..1; exit 0; }
command -v python3 >/dev/null 2>&1 || skip "no python3"
PATH=$bin:$PATH:/usr/sbin:/sbin
command -v bridge >/dev/null 2>&1 || skip "no bridge(8)"
(exec 3<>/dev/net/tun) 2>/dev/null || skip "this user may not open /dev/net/tun"
dir=$(mktemp -d "${TMPDIR:-/tmp}/querier.XXXXXX") || exit 1
FUGU_LABS=$dir/labs
export PATH FUGU_LABS
n=0 bad=0 pids=
stop() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	bsdctl down >/dev/null 2>&1
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' INT TERM
on() { m=$1; shift; timeout 60 bsdctl exec "$m" "$@"; }
ok() {
	name=$1; shift; n=$((n + 1))
	if "$@" >"$dir/out" 2>&1; then echo "ok $n - $name"; return; fi
	bad=1; echo "not ok $n - $name"; tail -20 "$dir/out" | sed 's/^/# /'
}
until_ok() { # until_ok NAME COMMAND...: within 20 seconds
	name=$1; shift; n=$((n + 1)) i=0
	until "$@" >"$dir/out" 2>&1; do
		i=$((i + 1))
		if [ $i -gt 100 ]; then
			bad=1; echo "not ok $n - $name"
			{ cat "$dir/out"; on sw bridge -d mdb show; } 2>&1 | tail -30 | sed 's/^/# /'
			return
		fi
		sleep 0.2
	done
	echo "ok $n - $name"
}
knows() { on sw bridge mdb show dev br0 | grep -qi "port $1 grp $2 "; }
forgot() { ! knows "$@"; }
cat >"$dir/lab.conf" <<'LAB'
lab querier
wire wa
wire wb
machine a {
	interface fxp0 on wa { inet 10.0.0.1/24
	inet6 fd01::1/64 }
}
machine b {
	interface fxp0 on wb { inet 10.0.0.2/24
	inet6 fd01::2/64 }
}
netns sw {
	interface pa on wa
	interface pb on wb
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
cat >"$dir/switch.sh" <<'SW'
set -e
ip link add br0 type bridge mcast_snooping 1 mcast_querier 1 \
    mcast_query_interval 200 mcast_query_response_interval 100 \
    mcast_startup_query_interval 100 mcast_last_member_interval 50 \
    mcast_membership_interval 700 mcast_query_use_ifaddr 1
for p in pa pb; do
	ip link set $p master br0 up
	ip link set $p type bridge_slave mcast_flood off bcast_flood on
done
ip addr add 10.0.0.9/24 dev br0
ip link set br0 up
SW
n=$((n + 1))
if ! on sw sh "$dir/switch.sh" >"$dir/out" 2>&1; then
	echo "ok $n - Linux as querier # SKIP $(tail -1 "$dir/out")"
	echo "1..$n"
	exit 0
fi
echo "ok $n - the switch is there"
cat >"$dir/m.py" <<'PY'
import socket, struct, sys, time
six = sys.argv[2] == "6"
g = "ff15::123" if six else "239.1.2.3"
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
idx = socket.if_nametoindex("fxp0")
if sys.argv[1] == "listen":
    s.bind(("", 5000))
    if six: s.setsockopt(41, 20, socket.inet_pton(10, g) + struct.pack("=i", idx))
    else: s.setsockopt(0, 35, socket.inet_aton(g) + struct.pack("=4xi", idx))
    print("ready", flush=True)
    while True: print(s.recvfrom(100)[0].decode(), flush=True)
else:
    if six: s.setsockopt(41, 17, struct.pack("=i", idx))
    else: s.setsockopt(0, 32, struct.pack("=8xi", idx))
    for i in range(50): # until told to stop
        s.sendto(b"hello", (g, 5000))
        time.sleep(0.2)
PY
story() { # story FAMILY GROUP VERSION
	bsdctl exec b python3 "$dir/m.py" listen "$1" >"$dir/heard" 2>&1 &
	member=$! pids="$pids $member"
	until_ok "$3: the switch learns of a member" knows pb "$2"
	ok "$3: and of nobody else" forgot pa "$2"
	bsdctl exec a python3 "$dir/m.py" send "$1" >/dev/null 2>&1 &
	sender=$! pids="$pids $sender"
	until_ok "$3: and gives it what is sent" grep -q hello "$dir/heard"
	for p in $sender $member; do
		pkill -KILL -P $p 2>/dev/null # the program itself
		kill $p 2>/dev/null
	done
	wait $sender $member 2>/dev/null
	until_ok "$3: a member that is gone is forgotten" forgot pb "$2"
}
for v in "3 2" "2 1"; do
	set -- $v
	ok "the querier speaks IGMPv$1 and MLDv$2" on sw ip link set br0 type bridge mcast_igmp_version "$1" mcast_mld_version "$2"
	until_ok "MLDv$2: the groups of addresses are known" knows pb ff02::1:ff00:2
	on a ndp -d fd01::2 >/dev/null 2>&1
	until_ok "MLDv$2: so neighbours find each other" on a ping -q -c 1 -w 2 fd01::2
	story 4 239.1.2.3 "IGMPv$1"
	story 6 ff15::123 "MLDv$2"
done
ok "its queries were counted" sh -c "bsdctl exec b netstat -s | grep -A3 '^igmp:' | grep -q '[1-9][0-9]* queries received'"
echo "1..$n"
exit $bad
