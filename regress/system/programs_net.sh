#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Meters, relays and routers on Fugu's sockets, unmodified: iperf3, socat, nc,
# exabgp, and bird in a Linux namespace as its peer with signed segments.
. "$(dirname "$0")/programs.subr"
have nc || { echo "ok 1 - net # SKIP no nc"; echo 1..1; exit 0; }
ok "a lab with a firewall comes up" lab_up

if have iperf3; then
	later out iperf3 -s -p 8201
	later in iperf3 -s -p 8201
	ok "iperf3 listens" open in 10.81.2.2 8201
	# its server closes and opens its port between two tests
	meter() { sleep 0.3; keep on "$@"; }
	for how in "" "-R" "-P 8" "--bidir" "-u -b 30M" "-u -b 30M -R" "-Z" "-N -l 300 -b 50M"; do
		meter in iperf3 -c 10.81.2.2 -p 8201 -t 1 $how
		says "iperf3 $how through nat" 'receiver'
		meter in iperf3 -c 2001:db8:812::2 -p 8201 -t 1 $how
		says "iperf3 $how over IPv6" 'receiver'
	done
	meter out iperf3 -c 10.81.2.1 -p 8201 -t 1
	says "iperf3 through rdr" 'receiver'
	sed -n 's/.*sec *\([0-9].*bits.sec\).*receiver/# \1 through rdr/p' "$dir/last" | tail -1
	meter out iperf3 -c 10.81.2.1 -p 8201 -u -b 10M -t 1
	says "iperf3, UDP through rdr" ' 0/[1-9][0-9]* \(0%\) +receiver'
else
	skip "iperf3" "not installed"
fi

keep sh -c "printf 'by nc' | timeout 20 bsdctl exec in nc -l -N 8301 >'$dir/nc.in' & sleep 0.5
	printf 'answer' | timeout 20 bsdctl exec out nc -N 10.81.2.1 8301; echo; wait; cat '$dir/nc.in'"
says "nc: there" 'answer'
says "nc: and back" 'by nc'
keep sh -c "timeout 5 bsdctl exec in nc -u -l -w 3 8302 >'$dir/nc.in' & sleep 0.5
	printf 'datagram' | timeout 20 bsdctl exec out nc -u -w 1 10.81.2.1 8302; wait; cat '$dir/nc.in'"
says "nc: a datagram through rdr" 'datagram'
keep on in nc -v -z -w 3 10.81.2.2 9
says "nc: refused" 'refused'

if have socat; then
	later in socat TCP-LISTEN:8303,fork,reuseaddr EXEC:cat
	later in socat TCP6-LISTEN:8304,ipv6only=1,fork,reuseaddr SYSTEM:'tr a-z A-Z'
	later in socat UDP-LISTEN:8305,fork EXEC:cat
	later in socat UDP6-LISTEN:8306,ipv6only=1,fork EXEC:cat
	bsdctl exec in socat "UNIX-LISTEN:$dir/sock,fork" TCP:127.0.0.1:8303 >/dev/null 2>&1 &
	pids="$pids $!"
	ok "socat listens" open out 10.81.2.1 8303
	send() { printf '%s' "$1" >"$dir/send"; shift; timeout 20 bsdctl exec "$@" <"$dir/send"; }
	keep send 'tcp4 echo' out socat -t 3 - TCP:10.81.2.1:8303
	says "socat: TCP through rdr" 'tcp4 echo'
	keep send 'tcp6 echo' out socat -t 3 - 'TCP6:[2001:db8:811::10]:8304'
	says "socat: TCP6" 'TCP6 ECHO'
	keep send 'udp4 echo' out socat -t 1 - UDP:10.81.2.1:8305
	says "socat: UDP through rdr" 'udp4 echo'
	keep send 'udp6 echo' out socat -t 1 - 'UDP6:[2001:db8:811::10]:8306'
	says "socat: UDP6" 'udp6 echo'
	keep send 'host and machine' in socat -t 3 - "UNIX-CONNECT:$dir/sock"
	says "socat: a UNIX socket of the host before the machine's TCP" 'host and machine'
	head -c 3000000 /dev/urandom >"$dir/big"
	ok "socat: 3 MB there and back at once" sh -c "timeout 30 bsdctl exec out socat -t 10 - TCP:10.81.2.1:8303 <'$dir/big' | cmp - '$dir/big'"
	keep send x out socat -t 3 - TCP:10.81.2.1:8303,bind=10.81.2.3,keepalive,keepidle=5,nodelay,linger=3,sndbuf=65536,tos=16
	says "socat: with options" '^x'
else
	skip "socat" "not installed"
fi

# --- BGP ---
mkdir -m 777 "$dir/bgp" # exabgp drops its rights
# bgp NAME LOCAL PEER AS PEERAS PREFIX NEXTHOP WORDS: a configuration of exabgp
bgp() {
	cat >"$dir/$1.py" <<PY
import os, time
while True:
    try: d = os.read(0, 65536)
    except BlockingIOError: d = b""
    open("$dir/bgp/$1", "ab").write(d)
    time.sleep(0.05)
PY
	cat >"$dir/$1.bgp" <<CONF
process learned { run /usr/bin/python3 $dir/$1.py; encoder text; }
neighbor $3 {
	router-id 192.0.2.$4; local-address $2; local-as 6500$4; peer-as 6500$5;
	md5-password secret; $8
	family { ipv4 unicast; ipv6 unicast; }
	api { processes [ learned ]; neighbor-changes; receive { parsed; update; } }
	static { route $6 next-hop $7; }
}
CONF
}
# speak MACHINE NAME ADDRESS PORT
speak() {
	bsdctl exec "$1" env exabgp.daemon.user="$(id -un)" exabgp.daemon.drop=false exabgp.tcp.bind="$3" exabgp.tcp.port="$4" \
	    exabgp.api.cli=false exabgp.log.destination=stderr exabgp "$dir/$2.bgp" >"$dir/$2.log" 2>&1 &
	pids="$pids $!"
}
learns() { # learns NAME WORDS: within a while
	i=0
	while ! grep -q "$2" "$dir/bgp/$1" 2>/dev/null; do
		i=$((i + 1))
		[ $i -lt 80 ] || { cat "$dir/bgp/$1"; tail -15 "$dir/$1.log"; return 1; }
		sleep 0.1
	done
}
if have exabgp; then
	bgp a 2001:db8:811::10 2001:db8:812::2 1 2 2001:db8:aaaa::/48 2001:db8:811::10 "passive;"
	bgp b 2001:db8:812::2 2001:db8:811::10 2 1 2001:db8:bbbb::/48 2001:db8:812::2 "connect 8179;"
	speak in a 2001:db8:811::10 8179
	sleep 1
	speak out b 2001:db8:812::2 8179
	ok "exabgp: a signed session between machines, through PF" learns a 'neighbor 2001:db8:812::2 up'
	ok "... the server learns the prefix" learns a 'announced 2001:db8:bbbb::/48'
	ok "... so does the client" learns b 'announced 2001:db8:aaaa::/48'
	keep on in netstat -an -f inet6
	says "... on the machine's own TCP" '8179 .*ESTABLISHED'
else
	skip "exabgp" "not installed"
fi
for p in $pids; do kill "$p" 2>/dev/null; done
pids=
bsdctl down >/dev/null 2>&1

if ! have exabgp || ! have bird || ! (exec 3<>/dev/net/tun) 2>/dev/null; then
	skip "exabgp with bird" "not installed, or this user may not open /dev/net/tun"
	echo "1..$n"; exit $bad
fi
cat >"$dir/lx.conf" <<'LAB'
lab programsns
wire a
netns lx {
	interface eth0 on a {
		inet 10.83.1.2/24
	}
}
machine fu {
	interface fxp0 on a {
		inet 10.83.1.1/24
	}
}
LAB
ok "a machine and a namespace come up" bsdctl up "$dir/lx.conf"
bgp c 10.83.1.1 10.83.1.2 3 4 198.51.100.0/24 10.83.1.1 "connect 8179;"
cat >"$dir/bird.conf" <<'CONF'
router id 192.0.2.4;
protocol device { }
protocol static { ipv4; route 203.0.113.0/24 blackhole; }
protocol bgp fu {
	local 10.83.1.2 port 8179 as 65004;
	neighbor 10.83.1.1 as 65003;
	password "secret";
	passive yes;
	multihop;
	ipv4 { import all; export all; };
}
CONF
later lx bird -f -c "$dir/bird.conf" -s "$dir/bird.ctl"
sleep 1
if grep -qi 'md5' "$dir/later.lx"; then
	skip "exabgp with bird" "Linux here has no TCP_MD5SIG"
	echo "1..$n"; exit $bad
fi
speak fu c 10.83.1.1 8179
ok "exabgp on Fugu and bird on Linux, signed" learns c 'neighbor 10.83.1.2 up'
ok "... exabgp learns from bird" learns c 'announced 203.0.113.0/24'
i=0
while ! birdc -s "$dir/bird.ctl" show route >"$dir/last" 2>&1 || ! grep -q 198.51.100 "$dir/last"; do
	i=$((i + 1)); [ $i -lt 50 ] || break; sleep 0.1
done
says "... bird learns from exabgp" '^198\.51\.100\.0/24'
finish
