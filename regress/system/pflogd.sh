#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# pflogd on a machine: its file, its signals, its two processes, and how it
# ends.  TAP.
. "$(dirname "$0")/lab.subr"
D=$dir says=$D/out
export BSD_ROOT=$D/m
L=$BSD_ROOT/var/log/pflog P=$BSD_ROOT/var/run/pflogd.pid
ended() {
	[ -s "$P" ] && kill "$(cat "$P")" 2>/dev/null
	[ -s "$BSD_ROOT/dev/lock" ] && kill "$(cat "$BSD_ROOT/dev/lock")" 2>/dev/null
}
has() { grep -q -- "$1" "$D/out"; }
until_ok() { for _ in $(seq 250); do "$@" >/dev/null 2>&1 && return 0; sleep 0.02; done; return 1; }
gone() { is_gone "$1"; }
size_is() { [ "$(stat -c %s "$1" 2>/dev/null)" = "$2" ]; }
packets() { tcpdump -n -e -r "${1:-$L}" 2>/dev/null; }
start() { # start ARGUMENT ...: the daemon; it is there when this returns
	pflogd "$@" >"$D/out" 2>&1 && until_ok test -s "$P" && until_ok test -s "${file:-$L}"
}
halt() { # the daemon has ended and taken its pid file along
	local pid
	pid=$(cat "$P") && kill "$pid" && until_ok gone "$pid" && [ ! -e "$P" ]
}
: >"$D/out"

# --- without a machine ---
pflogd -x -f "$D/none" >"$D/out" 2>&1
[ $? -eq 1 ] && has 'No such file'
verdict $? "-x: no file"
echo "this is no capture file, and long enough to be one" >"$D/bad"
pflogd -x -f "$D/bad" >"$D/out" 2>&1
[ $? -eq 1 ] && has 'is no capture file'
verdict $? "-x: another file"
: >"$D/empty"
pflogd -x -f "$D/empty" >"$D/out" 2>&1
verdict $? "-x: an empty file is good"
for args in '-d 4' '-d 3601' '-d 5x' '-s 71' '-s 262145' '-z'; do
	# shellcheck disable=SC2086
	pflogd $args -D >"$D/out" 2>&1
	[ $? -eq 1 ]
	verdict $? "refused: $args"
done
pflogd -D >"$D/out" 2>&1
[ $? -eq 1 ] && has 'pflogd: '
verdict $? "no machine: said so"

# --- a machine ---
mkdir -p "$BSD_ROOT/etc" "$BSD_ROOT/var/log" "$BSD_ROOT/var/run"
bsd -r "$BSD_ROOT" -h m >"$D/out" 2>&1
verdict $? "a machine"
pflogd -D 'tcp prot 80' >"$D/out" 2>&1
[ $? -eq 1 ] && has 'syntax error'
verdict $? "an expression that is none"
pflogd -D -i lo0 >"$D/out" 2>&1
[ $? -eq 1 ] && has 'lo0: not a pflog interface'
verdict $? "an interface that is no pflog"
pflogd -D -i pflog999 >"$D/out" 2>&1
[ $? -eq 1 ] && has 'pflog999: no such interface, and it cannot be made'
verdict $? "an interface that cannot be"
pflogd -D -f "$D/none/log" >"$D/out" 2>&1
[ $? -eq 1 ] && has 'none/log: No such file'
verdict $? "a log in no folder"

start -d 5
verdict $? "it starts, and its interface is made"
ifconfig pflog0 >"$D/out" 2>&1
verdict $? "pflog0 is there"
pflogd -x >"$D/out" 2>&1
verdict $? "its file is good"
[ "$(stat -c %a "$L")" = 600 ]
verdict $? "and for its owner only"
pflogd -D >"$D/out" 2>&1
[ $? -eq 1 ] && has 'is held by another pflogd'
verdict $? "a second one is refused"
parent=$(cat "$P")
child=$(pgrep -P "$parent")
grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$child/status"
verdict $? "the logger gets no new privileges"
if [ "$(id -u)" -eq 0 ]; then
	grep -q '^Uid:[[:space:]]*0' "/proc/$child/status"
	[ $? -eq 1 ] && grep -q '^CapPrm:[[:space:]]*0*$' "/proc/$child/status"
	verdict $? "as root: the logger is somebody else"
	[ -z "$(ls -A "/proc/$child/root/" 2>/dev/null)" ]
	verdict $? "as root: the logger's root is empty"
else
	n=$((n + 1)); echo "ok $n - # SKIP not root"
	n=$((n + 1)); echo "ok $n - # SKIP not root"
fi

# --- what it writes ---
ping -q -c 1 127.0.0.1 >"$D/out" 2>&1
echo 'pass log (all) on lo0' | pfctl -q -f - >"$D/out" 2>&1 && pfctl -q -e >>"$D/out" 2>&1
verdict $? "rules that log"
echoes() { packets "$@" | grep -c 'rule 0/0(match): pass .* on lo0: 127.0.0.1 > 127.0.0.1: ICMP echo'; }
has() { kill -ALRM "$(cat "$P")"; [ "$(echoes)" -ge "$1" ]; }
ping -q -c 3 -i 0.1 127.0.0.1 >"$D/out" 2>&1
until_ok has 12 # request and reply, out and in
verdict $? "ALRM: packets are in the file, with rule, action and interface"
pflogd -x
verdict $? "... which is whole"

# --- rotation ---
mv "$L" "$L.0"
kill -HUP "$parent"
until_ok size_is "$L" 24 && pflogd -x
verdict $? "HUP: a new file where the old one was moved away"
[ "$(echoes "$L.0")" -ge 12 ] && pflogd -x -f "$L.0"
verdict $? "... which has what it had"
ping -q -c 1 127.0.0.1 >"$D/out" 2>&1
until_ok has 4
verdict $? "... and the new one what comes"
halt
verdict $? "TERM: it ends, and its pid file with it"

# --- what is there already ---
size=$(stat -c %s "$L")
start && halt && size_is "$L" "$size"
verdict $? "a good file is gone on with"
head -c 10 "$L" >"$D/cut"
cp "$D/cut" "$L"
start && halt && size_is "$L" 24 && cmp -s "$L".bad.* "$D/cut"
verdict $? "a bad file is kept aside, and a new one begun"

# --- an expression, which is locked ---
rm -f "$L"
start 'action pass and icmp[icmptype] = icmp-echoreply'
ping -q -c 2 -i 0.1 127.0.0.1 >"$D/out" 2>&1
until_ok has 4 && ! packets | grep -q 'echo request'
verdict $? "an expression chooses"
halt

# --- no room ---
rm -f "$L"
(trap '' XFSZ; ulimit -S -f 8; start)
verdict $? "with room for 8 kilobytes"
ping -q -c 9 -i 0.02 127.0.0.1 >"$D/out" 2>&1
until_ok has 36
verdict $? "some packets fit"
size=$(stat -c %s "$L")
ping -q -c 6 -i 0.02 127.0.0.1 >"$D/out" 2>&1
for _ in 1 2 3; do kill -ALRM "$(cat "$P")"; sleep 0.1; done
size_is "$L" "$size" && pflogd -x
verdict $? "what does not fit is taken back, and the file whole"
mv "$L" "$L.1"
kill -HUP "$(cat "$P")"
until_ok has 24 && pflogd -x
verdict $? "... and is written where there is room"
halt
rm -f "$L"

# --- ends ---
start
parent=$(cat "$P") child=$(pgrep -P "$parent")
kill -KILL "$child"
until_ok gone "$parent" && [ ! -e "$P" ]
verdict $? "the parent ends with its logger"
start
parent=$(cat "$P") child=$(pgrep -P "$parent")
kill -KILL "$parent"
until_ok gone "$child"
verdict $? "the logger ends with its parent"
start
verdict $? "and a new one may take the place"
parent=$(cat "$P")
ifconfig pflog0 destroy
for _ in 1 2 3 4; do until_ok gone "$parent" && break; done
gone "$parent"
verdict $? "it ends when its interface goes"
start
parent=$(cat "$P")
kill "$(cat "$BSD_ROOT/dev/lock")"
until_ok gone "$parent"
verdict $? "it ends with the machine"
cp "$L" "$D/before"
bsd -r "$BSD_ROOT" -h m >"$D/out" 2>&1
start && echo 'pass log (all) on lo0' | pfctl -q -f - && pfctl -q -e
ping -q -c 1 127.0.0.1 >"$D/out" 2>&1
until_ok has 4 && head -c "$(stat -c %s "$D/before")" "$L" | cmp -s - "$D/before"
verdict $? "the machine is back: the file is gone on with"
halt
finish
