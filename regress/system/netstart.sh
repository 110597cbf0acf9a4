#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# A machine whose etc is wrong: bsd(8) says so by status 3 and runs, bsdctl(8)
# says which machine and takes the lab down again.  TAP.
. "$(dirname "$0")/lab.subr"
D=$dir says=$D/out
locks() { find "$D" -path '*/dev/lock' -exec cat {} + 2>/dev/null; }
ended() {
	bsdctl down >/dev/null 2>&1
	for pid in $(locks); do kill "$pid" 2>/dev/null; done
}
has() { grep -q -- "$1" "$D/out"; }
mkdir -p "$D/a/etc" "$D/b/etc"
echo "inet 10.0.0.1/24" >"$D/a/etc/hostname.fxp0"
echo "inet 10.0.0.300/24" >"$D/b/etc/hostname.fxp0"
lab() { # lab SYSCTL: two machines, b with that line
	printf '%s\n' "lab ns$$" 'wire w' 'machine a {' 'interface fxp0 on w {' 'inet 10.0.0.1 255.255.255.0' '}' '}' \
	    'machine b {' 'interface fxp0 on w {' 'inet 10.0.0.2 255.255.255.0' '}' "sysctl $1" '}' >"$D/lab.conf"
}
lab net.inet.nosuch=1

timeout 20 bsd -r "$D/b" -h b -i fxp0=wire:"$D/w" >"$D/out" 2>&1
[ $? -eq 3 ]
verdict $? "bsd ends with status 3"
has '10\.0\.0\.300'
verdict $? "the word that is wrong is named"
pid=$(cat "$D/b/dev/lock")
kill -0 "$pid" && BSD_ROOT=$D/b ifconfig fxp0 10.0.0.2/24 >"$D/out" 2>&1
verdict $? "the machine runs and can be put right"
kill "$pid"
gone "$pid"

# The filter guards the start, and a machine whose pf.conf is bad.
echo "inet 10.0.0.2/24" >"$D/b/etc/hostname.fxp0"
printf 'pass all\nblock in from nonsense.invalid.\n' >"$D/b/etc/pf.conf"
BSD_ROOT=$D/b netstart -n >"$D/out" 2>&1
[ "$(grep -n 'pfctl' "$D/out" | cut -d: -f2 | tr '\n' ' ')" = "pfctl -qef - pfctl -qf $D/b/etc/pf.conf " ] &&
    [ "$(head -1 "$D/out")" = "pfctl -qef -" ]
verdict $? "the filter is enabled before anything else"
timeout 20 bsd -r "$D/b" -h b -i fxp0=wire:"$D/w" >"$D/out" 2>&1
[ $? -eq 3 ] && has 'not loaded'
verdict $? "a bad pf.conf is reported"
pid=$(cat "$D/b/dev/lock")
BSD_ROOT=$D/b pfctl -s rules >"$D/out" 2>&1
has '^block drop all$' && ! has '^pass all'
verdict $? "and everything stays blocked"
echo 'pass all' >"$D/b/etc/pf.conf"
BSD_ROOT=$D/b netstart >"$D/out" 2>&1 && BSD_ROOT=$D/b pfctl -s rules >"$D/out" 2>&1 && has '^pass all' && ! has block
verdict $? "put right, netstart loads it"
printf 'block nonsense\n' >"$D/b/etc/pf.conf"
BSD_ROOT=$D/b netstart >"$D/out" 2>&1; BSD_ROOT=$D/b pfctl -s rules >"$D/out" 2>&1
has '^pass all'
verdict $? "bad again, the good rules stay"
kill "$pid"
gone "$pid"
rm "$D/b/etc/pf.conf"
echo "inet 10.0.0.300/24" >"$D/b/etc/hostname.fxp0"

(cd "$D" && timeout 30 bsdctl up lab.conf) >"$D/out" 2>&1
[ $? -eq 1 ]
verdict $? "bsdctl up ends with status 1"
has '^bsdctl: .*machine b: netstart failed'
verdict $? "it names the machine"
! has 'machine a'
verdict $? "and not the other"
left=0
for pid in $(locks); do gone "$pid" || left=1; done
[ $left -eq 0 ]
verdict $? "no machine is left running"
lab net.inet.ip.forwarding=1
(cd "$D" && timeout 30 bsdctl up lab.conf) >"$D/out" 2>&1
verdict $? "put right, it comes up"
timeout 10 bsdctl exec a ping -n -c 1 10.0.0.2 >"$D/out" 2>&1
verdict $? "and is reached"
(cd "$D" && timeout 30 bsdctl down ns$$) >"$D/out" 2>&1
verdict $? "and goes down"

# Who interrupts it, at any moment, leaves nothing.
left=0
for t in 0.005 0.02 0.05 0.1 0.3 0.6; do
	timeout -s INT $t bsdctl up "$D/lab.conf" >"$D/out" 2>&1 || [ -z "$(bsdctl list)" ] || left=1
	bsdctl down >/dev/null 2>&1
done
verdict $left "bsdctl up, interrupted, leaves nothing"
! pgrep -f "bsd -r $FUGU_LABS/" >"$D/out"
verdict $? "no kernel either"
finish
