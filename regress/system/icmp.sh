#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# ping and traceroute with real processes: what their pages say, over a router
# and two links of different MTU.  TAP.
. "$(dirname "$0")/lab.subr"

on() { m=$1; shift; timeout 60 bsdctl exec "$m" "$@" >"$dir/last" 2>&1; status=$?; }
# is NAME STATUS PATTERN...: the last command ended so and said all of that
is() {
	name=$1 want=$2 why=
	shift 2
	n=$((n + 1))
	[ "$status" -eq "$want" ] || why="status $status, not $want"
	for p; do
		grep -qE -- "$p" "$dir/last" || why="$why; no \`$p'"
	done
	[ -z "$why" ] && { echo "ok $n - $name"; return; }
	bad=1
	echo "not ok $n - $name: $why"
	sed 's/^/# /' "$dir/last"
}

cat >"$dir/lab.conf" <<X
lab icmp
wire lan
wire wan
machine left {
	interface fxp0 on lan {
		inet 10.0.1.2 255.255.255.0
		inet6 2001:db8:1::2 64
	}
	gateway 10.0.1.1
	gateway 2001:db8:1::1
}
machine middle {
	interface fxp0 on lan {
		inet 10.0.1.1 255.255.255.0
		inet6 2001:db8:1::1 64
	}
	interface fxp1 on wan {
		inet 10.0.2.1 255.255.255.0
		inet6 2001:db8:2::1 64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine right {
	interface fxp0 on wan {
		inet 10.0.2.2 255.255.255.0
		inet6 2001:db8:2::2 64
	}
	gateway 10.0.2.1
	gateway 2001:db8:2::1
}
X
timeout 30 bsdctl up "$dir/lab.conf" >"$dir/last" 2>&1; status=$?
is "a lab of three comes up" 0

# --- ping ---
for f in '4 10.0.2.2 ttl' '6 2001:db8:2::2 hlim'; do
	set -- $f
	on left ping -"$1" -c 3 -i 0.1 "$2"
	is "ping -$1: answers, times, summary" 0 "^64 bytes from $2: icmp_seq=2 $3=63 time=[0-9.]+ ms" \
	    '^3 packets transmitted, 3 packets received, 0.0% packet loss' '^round-trip min/avg/max/std-dev = '
	on left ping -"$1" -q -c 2 -i 0.1 -s 3000 -p 5aa5 "$2"
	is "ping -$1: in fragments, with a pattern" 0 '2 packets received' '3000 data bytes'
	on left ping -"$1" -c 1 -s 4 "$2"
	is "ping -$1: too small for a time" 0 '^12 bytes from [^ ]* icmp_seq=0 [a-z]*=63$'
	on left ping -"$1" -D -c 1 -w 0.2 -s 3000 "$2"
	is "ping -$1: not to be cut, too long" 1 'Message too long' '100.0% packet loss'
	on left ping -"$1" -t 1 -c 1 -w 0.3 "$2"
	is "ping -$1: ends at the router" 1 'Time to live exceeded'
	on left ping -"$1" -q -c 300 -f "$2"
	is "ping -$1: flood" 0 '300 packets received'
	on left ping -"$1" -q -c 5 -l 5 "$2"
	is "ping -$1: all at once" 0 '5 packets received'
done
on left ping -c 1 -w 0.3 -I 10.0.1.2 10.0.2.2
is "ping from a chosen address" 0
on left ping -c 1 -I 10.0.9.9 10.0.2.2
is "but only one of ours" 1 '10.0.9.9: Cannot assign'
on left ping -c 1 127.0.0.1
is "ping ourselves" 0 '1 packets received'
on left ping -c 1 ::1
is "over IPv6 too" 0 '1 packets received'
on left ping -c 1 10.0.1.255
is "a broadcast is not answered" 1
on left ping -c 1 -w 0.2 192.0.2.1
is "no route in the middle: it says so" 1 'Destination Net Unreachable'
on middle ping -c 1 192.0.2.1
is "no route here: the system says so" 1 'Network is unreachable'
on left ping -c 1 -R 10.0.2.2
is "ping -R: the routers, there and back" 0 '^RR: 	10.0.2.1$' '^	10.0.2.2$' '^	10.0.1.1$'
on left ping -c 1 -V 0 -T ef -d -e -L -v 10.0.2.2
is "ping: table, tos by name, bell" 0 '1 packets received'
on left ping -c 1 -V 9 10.0.2.2
is "ping by a table that is not there" 1 'rtable 9: Invalid argument'
on left ping -T loud 10.0.2.2
is "ping with a tos that is none" 2 'tos: loud is neither'
on left ping -6 -R 2001:db8:2::2
is "no record of the route in IPv6" 2 'no record of the route'
on left ping -c 0 10.0.2.2
is "a count of 0 is a usage error" 2 'count: 0 is not between'
on left ping
is "so is no host" 2 '^usage: ping'
on left ping -c 1 no.such.host
is "a name nobody has" 1 'no.such.host'
BSD_ROOT= ping -c 1 10.0.2.2 >"$dir/last" 2>&1; status=$?
is "without a machine: one line" 1 'ping: '

bsdctl wire icmp wan dup 100% >/dev/null 2>&1
on left ping -c 2 -i 0.2 10.0.2.2
is "duplicates are named and counted" 0 'DUP!' 'duplicates, 0.0% packet loss'
bsdctl wire icmp wan dup 0% >/dev/null 2>&1

# --- traceroute ---
for f in '4 10.0.1.1 10.0.2.2' '6 2001:db8:1::1 2001:db8:2::2'; do
	set -- $f
	for how in '' -I '-P 99'; do
		on left traceroute -"$1" -n $how "$3"
		is "traceroute -$1 $how" 0 "^ 1  $2  [0-9.]+ ms  [0-9.]+ ms  [0-9.]+ ms\$" "^ 2  $3  [0-9.]+ ms"
	done
	on left traceroute -"$1" -n -q 1 -f 2 "$3" 3000
	is "traceroute -$1: from the second hop, in fragments" 0 "^ 2  $3  [0-9.]+ ms\$" '3000 byte packets'
	on left traceroute -"$1" -n -m 1 "$3"
	is "traceroute -$1: no further than asked" 0 "^ 1  $2"
	on left traceroute -"$1" -n -m 1 -I -l "$3"
	is "traceroute -$1 -l" 0 "^ 1  $2"
done
on left traceroute -n -q 1 -w 0.2 -m 3 -S 10.0.2.99
is "silence is a star, and a loss" 0 '^ 2  \* \(100% loss\)$' '^ 3  '
on left traceroute -n 192.0.2.1
is "a router without a route" 0 '^ 1  10.0.1.1  [0-9.]+ ms !N'
on left traceroute 10.0.2.2
is "names, when there are none the address twice" 0 '^ 2  10.0.2.2 \(10.0.2.2\)'
for a in 10.0.2.2 2001:db8:2::2; do
	on left traceroute -c -d -n -V 0 -t cs1 $a
	is "traceroute -c: one port, $a" 0 "^ 2  $a  "
done
on left traceroute -x 10.0.2.2
is "no extensions are shown" 2 '^traceroute: -x: '
on left traceroute -g 10.0.1.1 10.0.2.2
is "source routes are refused" 2 '-g: '
on left traceroute -s 10.0.9.9 10.0.2.2
is "an address that is not ours" 1 '10.0.9.9: Cannot assign'
on left traceroute -n 10.0.2.2 10
is "too short for its headers" 2 'packet size: 10 is less than 28'
on left traceroute -f 9 -m 3 10.0.2.2
is "first behind last" 2 'first ttl 9 is larger'

# --- the path MTU ---
on middle ifconfig fxp1 mtu 1300
on right ifconfig fxp0 mtu 1300
is "the second link becomes smaller" 0
on left ping -D -c 1 -w 0.5 -s 1400 10.0.2.2
is "the router names it" 1 'frag needed and DF set'
on left ping -D -c 1 -w 0.5 -s 1400 10.0.2.2
is "and is believed" 1 'Message too long'
on left ping -D -c 1 -s 1272 10.0.2.2
is "what fits goes through" 0
on left traceroute -n -q 1 -D 10.0.2.2 1400
is "traceroute stops at our own knowledge" 1 'Message too long'
on left ping -c 1 -s 1400 10.0.2.2
is "what may be cut goes too" 0

finish
