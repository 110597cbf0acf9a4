#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# netstat(1): sockets with who has them, memory, an interface over time; and
# what it refuses.  TAP.
. "$(dirname "$0")/lab.subr"
D=$dir says=$D/out
export BSD_ROOT=$D/a
mkdir "$D/a"
pinger=
ended() {
	[ -n "$pinger" ] && kill "$pinger" 2>/dev/null
	[ -s "$D/a/dev/lock" ] && kill "$(cat "$D/a/dev/lock")" 2>/dev/null
	wait
}
shows() { # shows PATTERN COMMAND
	local p=$1
	shift
	timeout 10 "$@" >"$D/out" 2>&1 && grep -Eq -- "$p" "$D/out"
	verdict $? "$* shows $p"
}
silent() { # silent COMMAND: good, and nothing to say
	timeout 10 "$@" >"$D/out" 2>&1 && [ ! -s "$D/out" ]
	verdict $? "$* shows nothing"
}
refuses() { # refuses STATUS LINE COMMAND: the first line it says
	local status=$1 line=$2
	shift 2
	timeout 10 "$@" >"$D/out" 2>&1
	[ $? -eq "$status" ] && [ "$(head -n 1 "$D/out")" = "$line" ]
	verdict $? "$* is refused: $line"
}
timeout 120 bsd -r "$D/a" -n -h a -i fxp0=wire:"$D/w" >"$D/log" 2>&1 &
for _ in $(seq 100); do ifconfig lo0 >"$D/out" 2>&1 && break; sleep 0.05; done
ifconfig fxp0 inet 10.0.0.1/24 up || exit 1

silent netstat -an
ping -n -c 60 10.0.0.9 >"$D/ping" 2>&1 &
pinger=$!
for _ in $(seq 60); do netstat -an | grep -q '^ip ' && break; sleep 0.05; done
shows "^ip +[0-9]+ +0  .* 1\$" netstat -an
shows "^ip .* 1 +$(id -u) +$pinger +[0-9]+\$" netstat -anv
shows '^ip ' netstat -an -f inet -p raw
shows '^ip ' netstat -ln
silent netstat -an -f inet6
silent netstat -an -p udp
refuses 1 "netstat: nosuch: unknown or uninstrumented protocol" netstat -a -p nosuch
kill "$pinger"
wait "$pinger" 2>/dev/null
pinger=
for _ in $(seq 60); do netstat -an | grep -q '^ip ' || break; sleep 0.05; done
silent netstat -an

shows '^[0-9]+/[0-9]+/65536 Kbytes allocated to network' netstat -m
shows '^rtentry +[1-9][0-9]* +[1-9]' netstat -mv
ping -n -c 3 127.0.0.1 >"$D/ping" 2>&1 &
pinger=$!
shows '^ +[1-9][0-9]* +0 +[0-9]+ +0 +0 ' netstat -I lo0 -w 1 -c 2
wait "$pinger"
pinger=
[ "$(wc -l <"$D/out")" -eq 4 ]
verdict $? "two lines of head and two of figures"
refuses 1 "netstat: nosuch0: no such interface" netstat -I nosuch0 -w 1 -c 1
refuses 2 "netstat: wait: 0 is not a number from 1 to 86400" netstat -w 0
refuses 2 "netstat: ipx: unknown address family" netstat -f ipx
u="usage: netstat [-alnv] [-f inet | inet6] [-p protocol]"
for args in "-m -a" "-r -p udp" "-i -f inet" "-s -T 1" "-c 3" "-b" "-m -i" "-ib -d" "-r -q" "-m -n"; do
	# shellcheck disable=SC2086
	refuses 2 "$u" netstat $args
done
finish
