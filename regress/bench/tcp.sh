#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# TCP beside Linux's over the same veth pair: bulk by one connection and 16,
# small requests and responses, short connections, and what an idle connection
# costs.  The client is Linux's always; the server is Linux's, then a Fugu
# machine's by packet(4).  All in one run on one machine: read the ratios.
O=$(realpath "${O:-build}")
if [ -z "$TCP_INSIDE" ]; then
	if ! unshare -Urnm true 2>/dev/null; then
		echo "# tcp: skipped: needs namespaces"
		exit 0
	fi
	export O TCP_INSIDE=1
	exec unshare -Urnm --kill-child --fork "$0"
fi
D=$(mktemp -d /tmp/fugu-tcp.XXXXXX)
pids=
trap 'kill $pids $(cat "$D"/*/dev/lock 2>/dev/null) 2>/dev/null; rm -rf "$D"' EXIT
mount -t tmpfs tmpfs /run && mkdir /run/netns
for ns in a b; do ip netns add $ns; ip -n $ns link set lo up; done
ip link add va type veth peer name vb
ip link set va netns a
ip -n a addr add 10.9.1.1/24 dev va
ip -n a link set va up
load=$O/bench/tcpload_bench
S=${SECONDS_EACH:-2}

measure() { # measure NAME
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ip netns exec a timeout 20 "$load" rr 10.9.1.2 7 1 0.1 >/dev/null 2>&1 && break
		sleep 0.2
	done
	r() { ip netns exec a timeout 30 "$load" "$@"; }
	echo "tcp $1: bulk $(r bulk 10.9.1.2 7 1 "$S") Gbit/s, 16 connections $(r bulk 10.9.1.2 7 16 "$S") Gbit/s"
	echo "tcp $1: requests $(r rr 10.9.1.2 7 1 "$S")/s by one, $(r rr 10.9.1.2 7 64 "$S")/s by 64 connections"
	echo "tcp $1: connections $(r crr 10.9.1.2 7 1 "$S")/s"
}

ip link set vb netns b
ip -n b addr add 10.9.1.2/24 dev vb
ip -n b link set vb up
ip netns exec b "$load" serve 7 & pids=$!
measure Linux
kill "$pids"
ip -n b addr del 10.9.1.2/24 dev vb
ip -n b link set vb netns $$ && ip link set vb up
mkdir -p "$D/m/etc"
echo "inet 10.9.1.2/24" >"$D/m/etc/hostname.fxp0"
"$O/bin/bsd" -r "$D/m" -i fxp0=packet:vb || exit 1
BSD_ROOT=$D/m "$load" serve 7 & pids=$!
measure Fugu
