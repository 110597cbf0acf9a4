#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# arp(8) and ndp(8): two machines on a wire learn of each other; neighbours
# are set by hand, published, read from files and deleted; what is wrong is
# refused in one line and changes nothing.  TAP.
. "$(dirname "$0")/lab.subr"
D=$dir says=$D/out
export BSD_WIRES=$D/wires BSD_ROOT=$D/a
mkdir "$BSD_WIRES" "$D/a" "$D/b"
reader=
ended() {
	for m in a b; do
		[ -s "$D/$m/dev/lock" ] && kill "$(cat "$D/$m/dev/lock")" 2>/dev/null
	done
	[ -n "$reader" ] && kill -9 "$reader" 2>/dev/null
	wait
}
does() { # does COMMAND: without an error
	timeout 10 "$@" >"$D/out" 2>&1
	verdict $? "$*"
}
shows() { # shows PATTERN COMMAND
	local p=$1
	shift
	timeout 10 "$@" >"$D/out" 2>&1 && grep -Eq -- "$p" "$D/out"
	verdict $? "$* shows $p"
}
lacks() { # lacks PATTERN COMMAND
	local p=$1
	shift
	timeout 10 "$@" >"$D/out" 2>&1 && ! grep -Eq -- "$p" "$D/out"
	verdict $? "$* has no $p"
}
refuses() { # refuses STATUS LINE COMMAND: that line and no other
	local status=$1 line=$2
	shift 2
	timeout 10 "$@" >"$D/out" 2>&1
	[ $? -eq "$status" ] && [ "$(cat "$D/out")" = "$line" ]
	verdict $? "$* is refused: $line"
}
for m in a b; do
	timeout 120 bsd -r "$D/$m" -n -h $m -i fxp0=wire:"$D/wires/w" >"$D/$m.log" 2>&1 &
done
for m in a b; do
	for _ in $(seq 100); do
		BSD_ROOT=$D/$m ifconfig lo0 >"$D/out" 2>&1 && break
		sleep 0.05
	done
	last=$([ $m = a ] && echo 1 || echo 2)
	BSD_ROOT=$D/$m ifconfig fxp0 inet 10.0.0.$last/24 up || exit 1
	BSD_ROOT=$D/$m ifconfig fxp0 inet6 2001:db8::$last/64 || exit 1
done

# --- learned ones
does ping -n -c 1 10.0.0.2
shows '^10\.0\.0\.2 +[0-9a-f:]{17} +fxp0 +(20m0s|19m[0-9]+s) +$' arp -an
shows '^10\.0\.0\.1 .* permanent l$' arp -n 10.0.0.1
does arp -d 10.0.0.2
refuses 1 "arp: 10.0.0.2: no entry" arp -n 10.0.0.2
refuses 1 "arp: delete 10.0.0.2: no entry" arp -d 10.0.0.2
refuses 1 "arp: delete 10.0.0.1: an address of this machine itself" arp -d 10.0.0.1
does ping -n -c 1 10.0.0.2

# --- by hand
does arp -s 10.0.0.2 2:0:0:0:0:2
shows '^10\.0\.0\.2 +02:00:00:00:00:02 +fxp0 +permanent *$' arp -an
shows '02:00:00:00:00:02 +UHLS' netstat -rn -f inet
ping -n -c 1 -w 1 10.0.0.2 >"$D/out" 2>&1
[ $? -ne 0 ]
verdict $? "nobody answers at a wrong link address"
refuses 1 "arp: set 10.0.0.2: entry exists (-F replaces it)" arp -s 10.0.0.2 2:0:0:0:0:3
shows '^10\.0\.0\.2 +02:00:00:00:00:02' arp -an
does arp -F -s 10.0.0.2 2:0:0:0:0:3 temp
shows '^10\.0\.0\.2 +02:00:00:00:00:03 +fxp0 +(20m0s|19m[0-9]+s) *$' arp -an
refuses 1 "arp: set 10.0.0.1: an address of this machine itself" arp -s 10.0.0.1 2:0:0:0:0:3
refuses 1 "arp: set 192.0.2.1: not on a link of this machine" arp -s 192.0.2.1 2:0:0:0:0:3
refuses 1 "arp: 3:0:0:0:0:3: a group's address, not a station's" arp -s 10.0.0.7 3:0:0:0:0:3
refuses 1 "arp: 2:0:0:0:3: not a link address" arp -s 10.0.0.7 2:0:0:0:3
refuses 1 "arp: soon: no such word" arp -s 10.0.0.7 2:0:0:0:0:3 soon
does arp -a -d
lacks '^10\.0\.0\.2 ' arp -an
does ping -n -c 1 10.0.0.2

# --- wake on LAN: b hears it
BSD_ROOT=$D/b tcpdump -n -c 1 -i fxp0 -x ether proto 0x0842 >"$D/wake" 2>"$D/wake.err" &
reader=$!
for _ in $(seq 100); do grep -q listening "$D/wake.err" && break; sleep 0.05; done
for _ in $(seq 50); do
	arp -W 2:0:0:0:0:7 fxp0 >"$D/out" 2>&1
	kill -0 "$reader" 2>/dev/null || break
	sleep 0.1
done
wait "$reader"
reader=
cp "$D/wake" "$D/out"
grep -q 'ffff ffff ffff 0200 0000 0007' "$D/out"
verdict $? "arp -W wakes a station"
refuses 1 "arp: 2:0: not a link address" arp -W 2:0
refuses 1 "arp: nosuch0: no such interface" arp -W 2:0:0:0:0:7 nosuch0
refuses 1 "arp: -V 1: the only routing domain is 0" arp -V 1 -a

# --- files
printf '# two\n10.0.0.20 2:0:0:0:0:20\n\n10.0.0.2 2:0:0:0:0:2 pub # ours\n' >"$D/file"
does arp -F -f "$D/file"
shows '^10\.0\.0\.20 +02:00:00:00:00:20 .* permanent *$' arp -an
printf '10.0.0.30 2:0:0:0:0:30\n10.0.0.31 2:0:0:0:0:1g\n' >"$D/file"
refuses 1 "arp: $D/file:2: 2:0:0:0:0:1g: not a link address" arp -f "$D/file"
lacks '^10\.0\.0\.30 ' arp -an
refuses 1 "arp: $D/none: No such file or directory" arp -f "$D/none"
does arp -ad

# --- published: b asks, a answers for .9
does arp -s 10.0.0.9 2:0:0:0:0:9 pub
BSD_ROOT=$D/b ping -n -c 1 -w 1 10.0.0.9 >"$D/out" 2>&1
BSD_ROOT=$D/b shows '^10\.0\.0\.9 +02:00:00:00:00:09' arp -an

# --- the routing socket's news; who does not read is told once what he missed
route monitor >"$D/news" 2>&1 &
reader=$!
heard() { for _ in $(seq 100); do grep -q "$1" "$D/news" && return 0; sleep 0.05; done; cp "$D/news" "$D/out"; return 1; }
sleep 0.3
does arp -s 10.0.0.40 2:0:0:0:0:40
heard '^ 10\.0\.0\.40 02:00:00:00:00:40 255\.255\.255\.255'
verdict $? "route monitor tells of a neighbour set by hand"
kill -STOP "$reader"
for i in $(seq 1 250); do echo "10.0.0.$i 2:0:0:0:1:0"; done | grep -v '\.[12] ' >"$D/file"
for _ in $(seq 8); do arp -F -f "$D/file" && arp -ad; done >"$D/out" 2>&1
verdict $? "3968 changes while the reader is stopped"
kill -CONT "$reader"
heard '^ 10\.0\.0\.250 '
sleep 0.5
does arp -s 10.0.0.41 2:0:0:0:0:41
heard '^ 10\.0\.0\.41 '
[ "$(grep -c '^RTM_DESYNC' "$D/news")" -eq 1 ] && [ "$(grep -c '^RTM_[AD]' "$D/news")" -lt 3968 ]
verdict $? "it hears of some, then RTM_DESYNC once"
sed -n '/^RTM_DESYNC/,$p' "$D/news" | grep -q '10\.0\.0\.41 '
verdict $? "and news again after that"
kill "$reader"
wait "$reader" 2>/dev/null
reader=
does arp -ad

# --- a route by an interface: what it leads to are neighbours
for a in 10.20.0.5/16 10.21.0.5/16 2001:db8:5::5/64; do
	f=inet
	case $a in *:*) f=inet6 ;; esac
	BSD_ROOT=$D/b ifconfig fxp0 $f "$a" alias || bad=1
done
shows '^add net 10.20/16: gateway 10.0.0.1$' route add -iface 10.20/16 10.0.0.1
shows '^add host 10.21.0.5: gateway fxp0$' route add -host 10.21.0.5 fxp0
does route add 2001:db8:5::/64 fxp0
does ping -n -c 1 10.20.0.5
does ping -n -c 1 10.21.0.5
for _ in $(seq 40); do ping -n -c 1 -w 1 2001:db8:5::5 >"$D/out" 2>&1 && break; sleep 0.1; done
does ping -n -c 1 2001:db8:5::5
shows '^10\.20/16 +10\.0\.0\.1 +UCS ' netstat -rn -f inet
shows '^10\.20\.0\.5 +[0-9a-f:]{17} +UHLc ' netstat -rn -f inet
shows '^10\.21\.0\.5 +[0-9a-f:]{17} +UHLc .* 4 fxp0' netstat -rn -f inet
does arp -s 10.20.0.5 2:0:0:0:0:5
shows '^1$' sh -c "arp -an | grep -c '^10.20.0.5 '"
does arp -d 10.20.0.5
does ping -n -c 1 10.20.0.5
does route change 10.20/16 10.0.0.2
lacks '^10\.20\.0\.5 ' netstat -rn -f inet
shows '^10\.20/16 +10\.0\.0\.2 +UGS ' netstat -rn -f inet
does route -q flush
lacks 'UHLc|S ' netstat -rn
does ping -n -c 1 10.0.0.2

# --- IPv6
for _ in $(seq 40); do ping -n -c 1 -w 1 2001:db8::2 >"$D/out" 2>&1 && break; sleep 0.1; done
shows '^2001:db8::2 +[0-9a-f:]{17} +fxp0 +([0-9]+m)?[0-9]+s +R ' ndp -an
does ndp -d 2001:db8::2
refuses 1 "ndp: delete 2001:db8::2: no entry" ndp -d 2001:db8::2
does ndp -s 2001:db8::9 2:0:0:0:0:9 proxy
shows '^2001:db8::9 +02:00:00:00:00:09 +fxp0 +permanent M p$' ndp -an
BSD_ROOT=$D/b ping -n -c 1 -w 1 2001:db8::9 >"$D/out" 2>&1
BSD_ROOT=$D/b shows '^2001:db8::9 +[0-9a-f]' ndp -n 2001:db8::9
does ndp -s fe80::9%fxp0 2:0:0:0:0:9
shows '^fe80::9%fxp0 +02:00:00:00:00:09 +fxp0 +permanent M *$' ndp -n fe80::9%fxp0
refuses 1 "ndp: set fe80::8: on which interface? (address%interface)" ndp -s fe80::8 2:0:0:0:0:9
refuses 1 "ndp: set 2001:db9::1: not on a link of this machine" ndp -s 2001:db9::1 2:0:0:0:0:9
refuses 1 "ndp: set 2001:db8::7: temp: a neighbor set by hand stays until it is deleted" ndp -s 2001:db8::7 2:0:0:0:0:9 temp
printf '2001:db8::20 2:0:0:0:0:20\n2001:db8::21 x\n' >"$D/file"
refuses 1 "ndp: $D/file:2: x: not a link address" ndp -f "$D/file"
lacks '^2001:db8::20 ' ndp -an
does ndp -c
lacks ' [NRSDPM] [Rp]*$' ndp -an
does ping -n -c 1 2001:db8::2
finish
