#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# TCP beside Linux's over the same veth pair: bulk by one connection and 16 in
# both directions, small requests and responses, short connections, and what an
# idle connection costs.  The client is Linux's; the server is Linux's, then a
# Fugu machine's by packet(4).  Requests and short connections also with the
# client on the machine and the server on Linux.  All in one run on one machine:
# read the ratios.
#
# Who sends bulk does so by CUBIC, which Linux and Fugu both have.  Where the
# host's default is another, there is a line by that: BBR goes by the shortest
# round trip of the last seconds, some microseconds here, and lets a reader on a
# busy processor starve.
#
# What bounds bulk: a byte is copied by the sender into its socket and by the
# receiver out of its own, for Linux that is all.  With Fugu it is copied into
# the packet ring and into the program's socket pair as well (on the way out:
# out of the pair and into the frame), 4 copies for 2, and 3 processes share
# the processors instead of 2.  bsd's own share is shown as its user time.
#
# What bounds short connections and requests: the processes wait for each other
# in turn, and each packet wakes bsd, then bsd the program, where Linux does the
# first part within the sender's call.  A connection costs bsd a socket pair,
# and a program that begins one two control calls that are waited for.
#
# On a machine that others use, a group of processes (autogroups) has its share
# as a whole: chrt -r 10 before this script keeps others out.
O=$(realpath "${O:-build}")
if [ -z "$TCP_INSIDE" ]; then
	user=-Ur
	[ "$(id -u)" -eq 0 ] && user= # buffers as large as a router has them
	if ! unshare $user -nm true 2>/dev/null; then
		echo "# tcp: skipped: needs namespaces"
		exit 0
	fi
	export O TCP_INSIDE=1
	exec unshare $user -nm --kill-child --fork "$0"
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

default=$(cat /proc/sys/net/ipv4/tcp_congestion_control)
N=${IDLE:-4000} # connections that do nothing

# Ticks (user, system) and resident bytes of memory of the machine's kernel.
ticks() { awk '{ print $14, $15 }' "/proc/$bsd/stat"; }
resident() { awk '/^Anonymous:/ { print $2 * 1024 }' "/proc/$bsd/smaps_rollup"; }
# Bytes of the host's slabs that hold $1, their slack with them; "" unknown.
slabs() {
	awk -v re="^($1)\$" '$1 ~ re { sum += $15 * $6 * 4096; known = 1 }
		END { if (known) print sum }' /proc/slabinfo 2>/dev/null
}
# What a TCP socket of Linux is made of, but for its dentry, which all files share.
linux_slabs='TCP|sock_inode_cache|filp|tcp_bind_bucket|tcp_bind2_bucket'

idle_begin() { # N connections that have asked once and then do nothing
	coproc idle { exec ip netns exec a timeout 200 "$load" idle 10.9.1.2 7 "$N" 180; }
	pids="$pids $idle_PID"
	read -r -t 150 line <&"${idle[0]}" && [ "$line" = idle ]
}
idle_end() {
	kill "$idle_PID"
	wait "$idle_PID" 2>/dev/null
}

answers() { # the server does
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ip netns exec a timeout 20 "$load" rr 10.9.1.2 7 1 0.1 >/dev/null 2>&1 && return
		sleep 0.2
	done
}

measure() { # measure NAME
	answers
	r() { ip netns exec a timeout 30 "$load" "$@"; }
	for way in "bulk received" "get sent"; do
		set -- "$1" $way
		echo "tcp $1: bulk $3 $(r $2 10.9.1.2 7 1 "$S" cubic) Gbit/s, by 16 connections $(r $2 10.9.1.2 7 16 "$S" cubic)"
	done
	[ "$default" = cubic ] ||
	    echo "tcp $1: bulk received by $default $(r bulk 10.9.1.2 7 1 "$S") Gbit/s, by 16 connections $(r bulk 10.9.1.2 7 16 "$S")"
	small "$1" 10.9.1.2
}
small() { # small NAME SERVER
	echo "tcp $1: requests $(r rr "$2" 7 1 "$S")/s by one, $(r rr "$2" 7 64 "$S")/s by 64 connections"
	echo "tcp $1: connections $(r crr "$2" 7 1 "$S")/s"
}

ip link set vb netns b
ip -n b addr add 10.9.1.2/24 dev vb
ip -n b link set vb up
ip netns exec b "$load" serve 7 cubic & server=$! pids=$!
measure Linux
before=$(slabs "$linux_slabs")
idle_begin || echo "# tcp Linux: not all of $N connections"
after=$(slabs "$linux_slabs")
if [ -n "$before" ]; then # both ends are Linux's
	of_linux=$(((after - before) / (2 * N)))
else
	of_linux="$(awk '$1 == "TCP" { print $2 }' /proc/net/protocols) and more (slabs may not be read)"
fi
idle_end
kill "$server"
ip -n b addr del 10.9.1.2/24 dev vb
ip -n b link set vb netns $$ && ip link set vb up
mkdir -p "$D/m/etc"
echo "inet 10.9.1.2/24" >"$D/m/etc/hostname.fxp0"
"$O/bin/bsd" -r "$D/m" -i fxp0=packet:vb || exit 1
bsd=$(cat "$D/m/dev/lock")
BSD_ROOT=$D/m "$load" serve 7 cubic & pids=$!
answers
before=$(resident)
idle_begin || echo "# tcp Fugu: not all of $N connections"
after=$(resident)
parts=$(BSD_ROOT=$D/m "$O/bin/netstat" -mv | awk '$1 ~ /^(tcpcb|inpcb|socket|file)$/ { print $1, $2; sum += $2 } END { print "together", sum }')
echo "tcp idle: a connection of $N is$(echo "$parts" | awk '{ printf " %s %s", $1, $2 }') bytes by sizeof;" \
    "resident $(((after - before) / N)) of bsd, $of_linux of Linux's slabs"
idle_end
measure Fugu
before=$(ticks)
gbit=$(ip netns exec a timeout 30 "$load" bulk 10.9.1.2 7 1 "$S" cubic)
echo "$before $(ticks) $gbit $S" | awk '{ n = $5 * $6; if (n > 0)
	printf "tcp Fugu: bsd spends %.1f ms in itself and %.1f ms in the host for a Gbit received\n", ($3 - $1) * 10 / n, ($4 - $2) * 10 / n }'
ip netns exec a "$load" serve 7 cubic & pids="$pids $!"
r() { BSD_ROOT=$D/m timeout 30 "$load" "$@"; }
for i in 1 2 3 4 5 6 7 8 9 10; do
	r rr 10.9.1.1 7 1 0.1 >/dev/null 2>&1 && break
	sleep 0.2
done
small "Fugu's client" 10.9.1.1
