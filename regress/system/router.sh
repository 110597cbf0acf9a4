#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# The first story of the README: three machines in a row, worked with as a
# user would, by real processes and without privilege.
. "$(dirname "$0")/lab.subr"

ok "the example lab comes up" bsdctl up "$top/etc/examples/router/lab.conf"
no "it does not come up twice" bsdctl up "$top/etc/examples/router/lab.conf"
keep bsdctl list
says "list shows the middle machine with its process" 'router +middle +bsd +[0-9]+'
ok "IPv4 crosses the middle" on left ping -q -c 2 -i 0.1 10.0.2.2
ok "IPv6 crosses the middle" on left ping -q -c 2 -i 0.1 2001:db8:2::2
ok "20000 bytes cross in IPv4 fragments" on left ping -q -c 1 -s 20000 10.0.2.2
ok "60000 bytes cross in IPv6 fragments" on left ping -q -c 1 -s 60000 2001:db8:2::2
keep on left ping -c 1 -t 1 -w 1 10.0.2.2
says "a TTL of 1 ends in the middle" '10.0.1.1: Time to live exceeded'
keep on left ping -c 1 -t 1 -w 1 2001:db8:2::2
says "a hop limit of 1 ends in the middle" '2001:db8:1::1: Time to live exceeded'
keep on left traceroute -n 10.0.2.2
says "traceroute names the middle" ' 1  10.0.1.1 '
says "and the end" ' 2  10.0.2.2 '
keep on left traceroute -n 2001:db8:2::2
says "over IPv6 too" ' 2  2001:db8:2::2 '
no "no route: an error, not silence" on middle ping -c 1 -w 1 192.0.2.1
keep on left route -n get 10.0.2.2
says "route get finds the gateway" 'gateway: 10.0.1.1'
ok "a route can be added" on left route -q add 198.51.100.0/24 10.0.1.1
no "but not twice" on left route -q add 198.51.100.0/24 10.0.1.1
ok "a second priority can" on left route -q add -priority 48 198.51.100.0/24 10.0.1.1
ok "a route can be deleted" on left route -q delete 198.51.100.0/24
no "a route by nowhere is refused" on left route -q add 203.0.113.0/24 192.0.2.9
keep on left netstat -rn
says "netstat shows the default route" '^default +10.0.1.1 +UGS'
says "and the gateway's link address" '^10.0.1.1 +([0-9a-f]{2}:){5}[0-9a-f]{2} +UHLc'
keep on left arp -an
says "arp shows the gateway" '^10.0.1.1 +([0-9a-f]{2}:){5}[0-9a-f]{2} +fxp0'
keep on left ndp -an
says "ndp does" '^2001:db8:1::1 +([0-9a-f]{2}:){5}[0-9a-f]{2} +fxp0'
no "an entry that is not there is an error" on left arp 10.0.1.77
keep on middle netstat -s -p ip
says "the middle counted what it forwarded" '[1-9][0-9]* packets forwarded'

timeout 20 bsdctl exec middle tcpdump -n -c 2 -i fxp0 icmp >"$dir/last" 2>"$dir/tcpdump" &
dump=$!
sleep 1
on left ping -q -c 3 -i 0.2 10.0.2.2 >/dev/null 2>&1
wait "$dump"
says "tcpdump sees the request by a filter in the kernel" 'IP 10.0.1.2 > 10.0.2.2: ICMP echo request'
ok "tcpdump says once where it listens" test "$(grep -c 'listening on fxp0, link-type EN10MB\|reading from' "$dir/tcpdump")" -eq 1

ok "a cable can be pulled" bsdctl unplug middle fxp1
keep on middle ifconfig fxp1
says "the interface has no carrier" 'status: no carrier'
no "nothing crosses" on left ping -q -c 1 -w 1 10.0.2.2
ok "it can be put back" bsdctl plug middle fxp1
ok "and all crosses again" on left ping -q -c 3 -i 0.3 10.0.2.2
keep bsdctl unplug middle em7
says "an interface that is not there is named" '^bsdctl: middle: there is no interface em7$'
keep bsdctl plug middle lo0
says "and one without a cable" '^bsdctl: middle: lo0 is on no link$'
ok "a wire can be made to lose all" bsdctl wire router wan loss 100%
no "and does" on left ping -q -c 2 -i 0.1 -w 1 10.0.2.2
ok "and be mended" bsdctl wire router wan loss 0%
ok "and carries again" on left ping -q -c 1 -w 3 10.0.2.2

ok "a new wire: one end" bsdctl plug left fxp1=wire:direct
ok "the other" bsdctl plug right fxp1=wire:direct
ok "an address" on left ifconfig fxp1 198.51.100.1/24
ok "and its neighbour" on right ifconfig fxp1 198.51.100.2/24
ok "see each other" on left ping -q -c 1 -w 3 198.51.100.2
ok "it can be bad as any" bsdctl wire router direct loss 100%
no "and is" on left ping -q -c 1 -w 1 198.51.100.2
ok "an interface can be taken away" bsdctl remove left fxp1
no "and is gone" on left ifconfig fxp1
# a kernel that is stopped: who asks it says that it waits, and goes on when it does
keep bsdctl list
pid=$(awk '$2 == "middle" { print $4 }' "$dir/last")
waits() { grep -q "^$1: no answer from the kernel of .*middle.* yet$" "$dir/says.$1"; }
asks=
ask() { # ask TOOL COMMAND...
	t=$1; shift
	"$@" >"$dir/out.$t" 2>"$dir/says.$t" &
	asks="$asks $t:$!"
}
kill -STOP "$pid"
ask ifconfig on middle ifconfig fxp0
ask netstat on middle netstat -rn
ask pfctl on middle pfctl -si
ask bsdctl bsdctl wire router wan loss 0%
for t in ifconfig netstat pfctl bsdctl; do ok "a stopped kernel: $t says that it waits" within waits $t; done
kill -CONT "$pid"
for t in $asks; do wait "${t#*:}"; ok "and goes on with it: ${t%:*}" test $? -eq 0; done

keep bsdctl list
pid=$(awk '$2 == "middle" { print $4 }' "$dir/last")
left=$(awk '$2 == "left" { print $4 }' "$dir/last")
bsdctl exec middle ping -i 0.2 10.0.2.2 >"$dir/ping" 2>&1 &
ping=$!
bsdctl exec middle route -n monitor >"$dir/monitor" 2>&1 &
monitor=$!
sleep 0.5
ok "a kernel can be killed" kill -9 "$pid"
sleep 0.3
no "programs that waited for it end: ping" kill "$ping"
no "... route monitor" kill "$monitor"
cp "$dir/ping" "$dir/last"
says "... and say why" 'ping: Network is down'
no "its machine answers no more" on middle ifconfig
ok "up brings it back" bsdctl up "$top/etc/examples/router/lab.conf"
ok "with its addresses and routes" on left ping -q -c 2 -i 0.2 -w 5 10.0.2.2
keep bsdctl list
says "the others were left alone" "^router +left +bsd +$left "
ok "down cleans up" bsdctl down router
ok "and up works again after it" bsdctl up "$top/etc/examples/router/lab.conf"
ok "with all of it" on left ping -q -c 1 -w 3 10.0.2.2
keep bsdctl list
kill -9 $(awk '$3 == "bsd" { print $4 }' "$dir/last")
no_pid() { keep bsdctl list; [ "$(grep -c ' bsd    - ' "$dir/last")" -eq 3 ]; }
ok "all kernels can be killed, and are seen to be gone" within no_pid
ok "up does not stumble over what they left" bsdctl up "$top/etc/examples/router/lab.conf"
ok "and the lab is whole" on left ping -q -c 1 -w 3 10.0.2.2
ok "down ends the lab" bsdctl down
keep bsdctl list
ok "and nothing is left" test ! -s "$dir/last" -a ! -e "$FUGU_LABS/router"

printf 'wire w\nmachine a {\n\tinterface x0 on y\n\tfoo\n}\nmachine a {\n}\n' >"$dir/bad.conf"
keep bsdctl up "$dir/bad.conf"
says "a lab file's unknown wire has file and line" 'bad.conf:3: no wire called y'
says "and so has its unknown word" 'bad.conf:4: foo: unknown word'
says "and a second machine of one name" 'bad.conf:6: machine a is there already'
no "no such machine is an error" bsdctl exec nobody true
keep bsd -r "$dir/new" -i em0=carrot:x
says "a machine with a bad link is none" 'em0: carrot:x: no such kind of link'
ok "and leaves no folder" test ! -e "$dir/new"
mkdir -p "$dir/new/etc" && echo kept >"$dir/new/etc/myname"
keep bsd -r "$dir/new" -i "em0=wire:$dir/w0" -i em1=carrot:x
ok "nor anything in one that was there" test "$(cd "$dir/new" && find . | sort | tr '\n' ' ')" = ". ./etc ./etc/myname "
finish
