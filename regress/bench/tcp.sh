#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# TCP beside Linux's over the same veth pair: bulk by one connection and 16,
# small requests and responses, short connections, and what an idle connection
# costs.  The client is Linux's always; the server is Linux's, then a Fugu
# machine's by packet(4).  All in one run on one machine: read the ratios.
#
# What bounds bulk: a byte is copied by the sender into its socket and by the
# receiver out of its own, for Linux that is all.  With Fugu it is copied into
# the packet ring and into the program's socket pair as well (on the way out:
# out of the pair and into the frame), 4 copies for 2, and 3 processes share
# the processors instead of 2.  bsd's own share is shown as its user time.
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

# Ticks (user, system) and resident pages of the machine's kernel.
ticks() { awk '{ print $14, $15 }' "/proc/$bsd/stat"; }
pages() { awk '{ print $2 }' "/proc/$bsd/statm"; }

answers() { # the server does
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ip netns exec a timeout 20 "$load" rr 10.9.1.2 7 1 0.1 >/dev/null 2>&1 && return
		sleep 0.2
	done
}

measure() { # measure NAME
	answers
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
bsd=$(cat "$D/m/dev/lock")
BSD_ROOT=$D/m "$load" serve 7 & pids=$!
answers
before=$(pages)
ip netns exec a timeout 30 "$load" idle 10.9.1.2 7 200 3 & idle=$!
sleep 2
echo "$before $(pages)" | awk '{ printf "tcp Fugu: an idle connection costs %.0f bytes of bsd, its descriptor with it\n", ($2 - $1) * 4096 / 200 }'
wait "$idle"
measure Fugu
before=$(ticks)
gbit=$(ip netns exec a timeout 30 "$load" bulk 10.9.1.2 7 1 "$S")
echo "$before $(ticks) $gbit $S" | awk '{ n = $5 * $6; if (n > 0)
	printf "tcp Fugu: bsd spends %.1f ms in itself and %.1f ms in the host for a Gbit received\n", ($3 - $1) * 10 / n, ($4 - $2) * 10 / n }'
