#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Forwarding between two namespaces of the host: Linux's own, a kernel on the
# same veth pairs by packet(4), what such a link can carry with no stack at all
# (raw), and a kernel by tap(4).  UDP of 64, 512 and 1500 bytes at full rate, in
# packets that arrive in a second, and iperf3 both ways.  All in one run on one
# machine: read the ratios.  The sender shares the processors with what it
# measures.
O=$(realpath "${O:-build}")
load=$O/bench/udpload_bench
if [ -z "$FORWARD_INSIDE" ]; then
	if ! unshare -Urnm true 2>/dev/null || ! command -v iperf3 >/dev/null; then
		echo "# forward: skipped: needs namespaces and iperf3"
		exit 0
	fi
	export O FORWARD_INSIDE=1
	exec unshare -Urnm --kill-child --fork "$0"
fi
D=$(mktemp -d /tmp/fugu-forward.XXXXXX)
trap 'kill $(cat "$D"/*/dev/lock 2>/dev/null) 2>/dev/null; rm -rf "$D"' EXIT
mount -t tmpfs tmpfs /run && mkdir /run/netns
for ns in a b; do ip netns add $ns; ip -n $ns link set lo up; done
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ip_forward=0

side() { # side NS NET: addresses of the far end v$NS0
	ip -n "$1" addr add "$2.1/24" dev "v${1}0"
	ip -n "$1" link set "v${1}0" up
	ip -n "$1" route replace default via "$2.2"
}
veth_up() {
	for x in a b; do
		ip link add v$x type veth peer name v${x}0
		ip link set v${x}0 netns $x
		ip link set v$x up
	done
	side a 10.8.1
	side b 10.8.2
}
machine() { # machine NAME LINKA LINKB
	mkdir -p "$D/$1/etc"
	echo "inet 10.8.1.2/24" >"$D/$1/etc/hostname.fxp0"
	echo "inet 10.8.2.2/24" >"$D/$1/etc/hostname.fxp1"
	echo "net.inet.ip.forwarding=1" >"$D/$1/etc/sysctl.conf"
	"$O/bin/bsd" -r "$D/$1" -i "fxp0=$2" -i "fxp1=$3"
}
counted() { ip -n b -s -j link show vb0 | sed -E 's/.*"rx":\{"bytes":[0-9]+,"packets":([0-9]+).*/\1/'; }
flood() { # flood SIZE: packets a second that reach b
	local before after
	ip netns exec a "$load" send 10.8.2.1 9 "$1" "${FLOWS:-1}" 2 &
	sleep 0.5
	before=$(counted)
	sleep 1
	after=$(counted)
	wait $!
	echo $((after - before))
}
stream() { # stream NS-CLIENT NS-SERVER ADDRESS: Gbit/s
	ip netns exec "$2" iperf3 -s -1 -D
	sleep 0.3
	ip netns exec "$1" timeout 20 iperf3 -c "$3" -t 2 -f g 2>/dev/null | awk '/receiver/ { print $7 }'
}
measure() {
	ip netns exec b "$load" sink 9 & local sink=$!
	ip netns exec a ping -q -c 2 -i 0.2 -W 1 10.8.2.1 >/dev/null || { echo "forward $1: no way through"; kill "$sink"; return; }
	for size in 64 512 1500; do
		echo "forward $1, $size bytes: $(flood $size) packets/s"
	done
	echo "forward $1, iperf3: $(stream a b 10.8.2.1) and back $(stream b a 10.8.1.1) Gbit/s"
	kill "$sink"
}

veth_up
ip addr add 10.8.1.2/24 dev va
ip addr add 10.8.2.2/24 dev vb
sysctl -qw net.ipv4.ip_forward=1
measure Linux
sysctl -qw net.ipv4.ip_forward=0
ip addr del 10.8.1.2/24 dev va
ip addr del 10.8.2.2/24 dev vb
machine packet packet:va packet:vb && measure packet
kill "$(cat "$D/packet/dev/lock")"
# neighbours are told, since nobody answers for them
lladdr() { ip -n "$1" -j link show "v${1}0" | sed -E 's/.*"address":"([0-9a-f:]+)".*/\1/'; }
ip -n a neigh replace 10.8.1.2 lladdr "$(lladdr b)" dev va0
ip -n b neigh replace 10.8.2.2 lladdr "$(lladdr a)" dev vb0
"$load" pass va vb & raw=$!
measure raw
kill "$raw"
ip link del va
ip link del vb
sleep 0.2
# the holders of the namespaces, for tap's netns=
for ns in a b; do ip netns exec $ns sleep 600 & eval "p$ns=$!"; done
sleep 0.1
if [ -c /dev/net/tun ] && machine tap "tap:va0,netns=$pa" "tap:vb0,netns=$pb" 2>"$D/why"; then
	side a 10.8.1
	side b 10.8.2
	measure tap
else
	echo "# forward: tap skipped: $(cat "$D/why" 2>/dev/null)"
fi
kill "$pa" "$pb"
