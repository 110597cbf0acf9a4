#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# bsd(8) and its links with real processes: one kernel to a folder, wires
# whose ends come, go and are killed, tap and packet beside Linux's own stack
# (in namespaces of our own), captures in and out.  TAP.
export O="${O:-build}"
if [ -z "$LINKS_INSIDE" ]; then
	unshare -Urnm true 2>/dev/null || NONS=1
	export NONS LINKS_INSIDE=1
	[ -n "$NONS" ] && exec "$0"
	exec unshare -Urnm --kill-child --fork "$0"
fi
. "$(dirname "$0")/lab.subr"
D=$dir says=$D/out
export BSD_WIRES=$D/wires
mkdir "$BSD_WIRES"
hping=$(PATH=/usr/bin:/bin command -v ping) # the host's own

run() { "$@" >"$D/out" 2>&1; }
up() { # up MACHINE ARG ...
	local m=$1
	shift
	run bsd -r "$D/$m" -h "$m" "$@"
}
on() { local m=$1; shift; BSD_ROOT=$D/$m run "$@"; }
pid() { cat "$D/$1/dev/lock" 2>/dev/null; }
gone() { within 20 is_gone "$1"; }
down() { local p; p=$(pid "$1"); kill "${2:--TERM}" "$p" 2>/dev/null; gone "$p"; }
has() { grep -q -- "$1" "$D/out"; }
one_line() { [ "$(wc -l <"$D/out")" -eq 1 ]; }
within() { # within SECONDS COMMAND: until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do [ $SECONDS -ge $end ] && return 1; sleep 0.05; done
}
status_is() { on "$1" ifconfig "$2" && has "status: $3"; }
config() { # config MACHINE IF ADDRESS ...
	local m=$1
	mkdir -p "$D/$m/etc"
	shift
	while [ $# -gt 0 ]; do
		echo "inet $2" >"$D/$m/etc/hostname.$1"
		shift 2
	done
	echo "net.inet.ip.forwarding=1" >"$D/$m/etc/sysctl.conf"
}
ended() {
	for lock in "$D"/*/dev/lock; do
		[ -s "$lock" ] && kill -9 "$(cat "$lock")" 2>/dev/null
	done
}

# --- arguments and folders ---
run bsd; [ $? -eq 2 ] && has usage; verdict $? "no folder is a usage error"
run bsd -r "$D/x" -i fxp0; [ $? -eq 1 ] && one_line; verdict $? "-i without a kind"
run bsd -r "$D/x" -i fxp0=cable:x; [ $? -eq 1 ] && one_line && has wire.*tap.*packet.*pcap; verdict $? "an unknown kind names those there are"
run bsd -r "$D/x" -i fxp0=packet:nosuch0; [ $? -eq 1 ] && one_line && has nosuch0; verdict $? "packet: no such interface"
run bsd -r "$D/x" -i fxp0=pcap:/nosuch; [ $? -eq 1 ] && one_line && has "No such file"; verdict $? "pcap: no such file"
run bsd -r "$D/x" -i fxp0=pcap:/bin/sh; [ $? -eq 1 ] && one_line && has "no capture"; verdict $? "pcap: not a capture"
up a; verdict $? "a kernel starts"
up a; [ $? -eq 1 ] && one_line && has "process $(pid a)"; verdict $? "a second one on the folder is told who is there"
down a -KILL; up a; verdict $? "a killed kernel is no obstacle"
long=$D/$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))
mkdir -p "$long"; run bsd -r "$long"; verdict $? "a folder with a long name"
kill "$(cat "$long/dev/lock")"
down a; verdict $? "SIGTERM ends it"
[ ! -e "$D/a/dev/kern" ]; verdict $? "and its socket"
cp "$D/a/var/run/messages" "$D/out"; has ' a: started: process' && has ' a: stopped$'; verdict $? "its log tells of both"
bsd -d -n -r "$D/a" -h a >"$D/out" 2>&1 &
within 20 has started; kill -INT $!; wait $!
[ $? -eq 0 ] && has ' a: stopped$'; verdict $? "in the foreground they are on the terminal"

mkdir "$D/file" && rmdir "$D/file" && : >"$D/file"
run bsd -r "$D/file"; [ $? -eq 1 ] && one_line && has "$D/file"; verdict $? "a folder that is a file"
# (what may not be written, or has no room, needs a mount of our own)
if [ -n "$NONS" ]; then
	skip "a full disk" "namespaces are not allowed here"
else
	mkdir "$D/full" && mount -t tmpfs -o size=64k tmpfs "$D/full"
	mkdir -p "$D/full/r/dev" "$D/full/labs"
	head -c 100000 /dev/zero >"$D/full/fill" 2>/dev/null
	run bsd -r "$D/full/r"; [ $? -eq 1 ] && one_line && has "dev/lock: No space left" && [ ! -e "$D/full/r/var" ]; verdict $? "a full disk is one line"
	printf '%s\n' "lab full" "wire w" "machine a {" "interface fxp0 on w { inet 10.0.0.1/24 }" "}" >"$D/full.conf"
	FUGU_LABS=$D/full/labs run bsdctl up "$D/full.conf"
	[ $? -eq 1 ] && one_line && has "No space left"; verdict $? "of bsdctl up, too"
	! ls "$D/full/labs" | grep .; verdict $? "which leaves nothing"
	rm "$D/full/fill"
	FUGU_LABS=$D/full/labs run bsdctl up "$D/full.conf"; verdict $? "with room again, it comes up"
	FUGU_LABS=$D/full/labs run bsdctl down; verdict $? "and goes down"
	mount -o remount,ro "$D/full"
	run bsd -r "$D/full/r"; [ $? -eq 1 ] && one_line && has "full/r/var: Read-only"; verdict $? "a folder that may not be written"
	umount "$D/full"
	bare() { setpriv --bounding-set=-all --inh-caps=-all "$@"; }
	run bare bsd -r "$D/x" -i fxp0=packet:lo; [ $? -eq 1 ] && one_line && has "no privilege: needs CAP_NET_RAW"; verdict $? "packet without privilege"
	if [ -c /dev/net/tun ] && [ -r /dev/net/tun ] && (exec 3<>/dev/net/tun) 2>/dev/null; then
		run bare bsd -r "$D/x" -i fxp0=tap:t0; [ $? -eq 1 ] && one_line && has "no privilege\|may not be opened"; verdict $? "tap without privilege"
	else
		skip "tap without privilege" "no tap devices here"
	fi
fi

# --- wires ---
config l fxp0 10.7.1.1/24; echo 10.7.1.2 >"$D/l/etc/mygate"
config m fxp0 10.7.1.2/24 fxp1 10.7.2.2/24
echo net.inet.ip.forwarding=1 >"$D/m/etc/sysctl.conf"
config r fxp0 10.7.2.1/24; echo 10.7.2.2 >"$D/r/etc/mygate"
up r -i fxp0=wire:wan && up m -i fxp0=wire:lan -i fxp1=wire:wan && up l -i fxp0=wire:lan; verdict $? "three machines on two wires"
routed() { # routed TEXT PING-ARGUMENTS: needs the default routes of mygate
	local text=$1
	shift
	on l ping "$@"; verdict $? "$text"
}
on l ping -c 2 -i 0.1 10.7.1.2; verdict $? "ping of a neighbour"
on l ping -c 2 -i 0.1 -s 20000 10.7.1.2; verdict $? "ping with 20000 bytes"
routed "ping through the middle" -c 3 -i 0.1 10.7.2.1
routed "20000 bytes through the middle" -c 2 -i 0.1 -s 20000 10.7.2.1
down m -KILL; within 5 status_is l fxp0 "no carrier"; verdict $? "a killed end takes the carrier along"
up m -i fxp0=wire:lan -i fxp1=wire:wan && within 5 status_is l fxp0 active; verdict $? "and brings it back"
on l ping -c 2 -i 0.1 10.7.1.2; verdict $? "ping after the restart"
for i in 3 4 5; do config h$i fxp0 10.7.1.$i/24; up h$i -i fxp0=wire:lan || break; done; verdict $? "a hub of five ends"
on h3 ping -c 1 10.7.1.1 && on h4 ping -c 1 10.7.1.5 && on l ping -c 1 10.7.1.4; verdict $? "each hears each"
down h4 -KILL; on h3 ping -c 1 10.7.1.5; verdict $? "without one, the others go on"
down l; down m; down r; down h3; down h5
[ "$(find "$BSD_WIRES" -type s | wc -l)" -le 1 ] || ! find "$BSD_WIRES" >"$D/out"; verdict $? "who leaves takes his socket along"

# --- captures ---
hex() { od -An -v -tx1 "$1" | tr -d ' \n'; }
config p fxp0 10.7.9.1/24
up p -i "fxp0=pcap:,$D/out.pcap" && on p ping -c 1 -w 1 10.7.9.2
down p
hex "$D/out.pcap" | grep -q 08060001080006040001.*0a070902; verdict $? "what is sent is recorded"
config q fxp0 10.7.9.2/24
up q -i "fxp0=pcap:$D/out.pcap,$D/answer.pcap" && sleep 1
down q
hex "$D/answer.pcap" | grep -q 08060001080006040002.*0a070902; verdict $? "what was recorded is heard, and answered"

# --- beside Linux ---
if [ -n "$NONS" ]; then
	skip "tap and packet" "namespaces are not allowed here"
else
	mount -t tmpfs tmpfs /run
	mkdir -p /run/netns
	for ns in a b; do ip netns add $ns; ip -n $ns link set lo up; done
	ip link add va type veth peer name va0 && ip link set va0 netns a && ip link set va up
	ip link add vb type veth peer name vb0 && ip link set vb0 netns b && ip link set vb up
	for x in "a 10.8.1" "b 10.8.2"; do
		set -- $x
		ip -n $1 addr add $2.1/24 dev v${1}0; ip -n $1 link set v${1}0 up; ip -n $1 route add default via $2.2
	done
	config w fxp0 10.8.1.2/24 fxp1 10.8.2.2/24
	up w -i fxp0=packet:va -i fxp1=packet:vb; verdict $? "packet: two interfaces of the host"
	run ip -d link show va && has "allmulti 1"; verdict $? "packet: the card hears all multicasts"
	run ip netns exec a "$hping" -q -c 3 -i 0.1 -W 1 10.8.2.1; verdict $? "packet: Linux pings Linux through it"
	run ip netns exec a "$hping" -q -c 2 -i 0.1 -W 1 -s 30000 10.8.2.1; verdict $? "packet: with 30000 bytes"
	# about as large as a slot of the ring, where larger ones take another way
	for l in "va" "vb" "-n a va0" "-n b vb0"; do set -- $l; ip ${2:+-n "$2"} link set "${3:-$1}" mtu 9000; done
	within 5 on w ifconfig fxp0 mtu 9000 && within 5 on w ifconfig fxp1 mtu 9000; verdict $? "packet: an MTU as large as the host's"
	slots_pass() { for size in $(seq 1900 5 1990) 2020 4060 4100 8972; do
		ip netns exec a "$hping" -q -c 1 -W 2 -M do -s "$size" 10.8.2.1 >"$D/out" 2>&1 || { echo "# size $size"; return 1; }
	done; }
	slots_pass; verdict $? "packet: frames around the size of a slot, and of 9000 bytes"
	# stopped, while more arrive than the ring has slots for
	run ip netns exec a "$hping" -q -c 1 -W 2 10.8.1.2
	kill -STOP "$(pid w)"; run ip netns exec a "$hping" -q -c 6000 -l 6000 -w 3 10.8.1.2; kill -CONT "$(pid w)"
	all_told() { on w netstat -s -p interface && awk '/no room for/ && $1 > 1000 { told = 1 } END { exit !told }' "$D/out"; }
	within 10 all_told; verdict $? "packet: what the host had no room for is counted"
	missed=$(awk '/no room for/ { print $1 }' "$D/out")
	run ip netns exec a "$hping" -q -c 3 -i 0.1 -W 2 10.8.1.2; verdict $? "packet: and it goes on"
	on w netstat -n -I fxp0; awk -v missed="$missed" '/<Link>/ && $6 >= missed { told = 1 } END { exit !told }' "$D/out"; verdict $? "packet: Ifail has them too"
	ip -n a link set va0 down; within 5 status_is w fxp0 "no carrier"; verdict $? "packet: carrier goes"
	ip -n a link set va0 up; within 5 status_is w fxp0 active; verdict $? "packet: carrier comes"
	if command -v iperf3 >/dev/null; then
		run ip netns exec b iperf3 -s -1 -D -I "$D/iperf.pid"; sleep 0.5
		ip -n a route replace default via 10.8.1.2
		run ip netns exec a timeout 20 iperf3 -c 10.8.2.1 -n 200M; verdict $? "packet: 200 MB of TCP with offloads on"
		kill "$(cat "$D/iperf.pid" 2>/dev/null | tr -d '\0')" 2>/dev/null
	else
		skip "packet: TCP" "no iperf3"
	fi
	ip link del va; within 5 status_is w fxp0 "no carrier"; verdict $? "packet: the interface goes"
	ip link add va type veth peer name va0 && ip link set va0 netns a && ip link set va up && ip -n a link set va0 up
	within 5 status_is w fxp0 active; verdict $? "packet: and comes back"
	down w
	if [ -c /dev/net/tun ] && ip tuntap add t9 mode tap 2>/dev/null; then
		ip link del t9
		config t fxp0 10.8.5.2/24
		up t -i fxp0=tap:t0 && ip addr add 10.8.5.1/24 dev t0 && ip link set t0 up; verdict $? "tap: a device of the host"
		run "$hping" -q -c 3 -i 0.1 -W 1 10.8.5.2; verdict $? "tap: Linux pings the kernel"
		run bsdctl unplug "$D/t" fxp0 && within 5 status_is t fxp0 "no carrier"; verdict $? "tap: its cable can be pulled"
		run ip link show t0; has NO-CARRIER; verdict $? "tap: and Linux sees it"
		! run "$hping" -q -c 1 -W 1 10.8.5.2; verdict $? "tap: and is not heard"
		run bsdctl plug "$D/t" fxp0 && within 5 status_is t fxp0 active; verdict $? "tap: and put back"
		run "$hping" -q -c 2 -i 0.1 -W 1 10.8.5.2; verdict $? "tap: and heard again"
		heard() { BSD_ROOT=$D/t netstat -I fxp0 -n | awk '/Link/ { print $(NF-4) }'; }
		before=$(heard)
		on t ifconfig fxp0 down && run "$hping" -q -c 50 -i 0.01 -W 1 10.8.5.2; on t ifconfig fxp0 up
		after=$(heard)
		[ $((after - before)) -lt 20 ]; verdict $? "tap: what came while it was down is never heard ($before, $after)"
		run bsd -r "$D/x" -i fxp0=tap:t0; [ $? -eq 1 ] && one_line && has "another process"; verdict $? "tap: busy is one line"
		down t
	else
		skip "tap" "no tap devices here"
	fi
fi
finish
