#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Several routing tables: a host with two routers, one for each table; what
# programs of either table reach, and how the tables are shown.  TAP.
. "$(dirname "$0")/lab.subr"

shows() { # shows PATTERN COMMAND...
	pattern=$1; shift
	"$@" >"$dir/last" 2>&1
	cat "$dir/last"
	grep -Eq -- "$pattern" "$dir/last"
}

cat >"$dir/lab.conf" <<'LAB'
lab tables
wire lan
wire far
machine host {
	interface fxp0 on lan {
		inet 10.0.1.10 255.255.255.0
		inet6 fd01::10 64
	}
}
machine r1 {
	interface fxp0 on lan {
		inet 10.0.1.1 255.255.255.0
		inet6 fd01::1 64
	}
	interface fxp1 on far {
		inet 10.0.2.1 255.255.255.0
		inet6 fd02::1 64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine r2 {
	interface fxp0 on lan {
		inet 10.0.1.2 255.255.255.0
		inet6 fd01::2 64
	}
	interface fxp1 on far {
		inet 10.0.2.2 255.255.255.0
		inet6 fd02::2 64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
machine server {
	interface fxp0 on far {
		inet 10.0.2.10 255.255.255.0
		inet6 fd02::10 64
	}
	gateway 10.0.2.1
	gateway fd02::1
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
ok "no second table yet" shows 'no such table' on host route -T 1 show
ok "nor for netstat" shows 'no routing table 1' on host netstat -rn -T 1
ok "nor for exec" shows 'no such table' on host route -T 1 exec true
ok "routes of table 0" sh -c 'bsdctl exec host route -q add default 10.0.1.1 && bsdctl exec host route -q add -inet6 default fd01::1'
ok "routes of table 1" sh -c 'bsdctl exec host route -q -T 1 add default 10.0.1.2 && bsdctl exec host route -q -T 1 add -inet6 default fd01::2'
ok "a gateway nobody reaches is refused" shows 'Network is unreachable' on host route -T 2 add default 192.0.2.1
ok "and makes no table" shows 'no such table' on host route -T 2 show
ok "table 0 goes by r1" shows '^ 1  10.0.1.1 ' on host traceroute -n 10.0.2.10
ok "table 1 goes by r2" shows '^ 1  10.0.1.2 ' on host route -T 1 exec traceroute -n 10.0.2.10
ok "table 0 goes by r1, IPv6" shows '^ 1  fd01::1 ' on host traceroute -n fd02::10
ok "table 1 goes by r2, IPv6" shows '^ 1  fd01::2 ' on host route -T 1 exec traceroute -n fd02::10
ok "ping by table 1" on host route -T 1 exec ping -c 2 -i 0.1 10.0.2.10
ok "the machine's own address by table 1" on host route -T 1 exec ping -c 1 10.0.1.10
ok "and 127.0.0.1" on host route -T 1 exec ping -c 1 127.0.0.1
ok "route get by table" shows 'gateway: 10.0.1.2' on host route -n -T 1 get 10.0.2.10
ok "netstat -r by table" shows '^default +10.0.1.2 +UGS ' on host netstat -rn -T 1
ok "has only its own" sh -c '[ "$(bsdctl exec host netstat -rn -T 1 | grep -c fxp0)" -eq 2 ]'
ok "netstat -R: domain" shows '^Rdomain 0$' on host netstat -R
ok "netstat -R: interfaces" shows '^  Interfaces: lo0 fxp0$' on host netstat -R
ok "netstat -R: tables" shows '^  Routing tables: 0 1$' on host netstat -R
ok "no table 256" shows '256 is not a number from 0 to 255' on host netstat -rT 256
ok "nor for route" shows 'not a number up to 255' on host route -T 256 show
ok "rdomain is refused, and says why" shows 'one routing domain' on host ifconfig fxp0 rdomain 1
if command -v curl >/dev/null 2>&1 && command -v python3 >/dev/null 2>&1; then
	mkdir "$dir/www"
	head -c 500000 /dev/urandom >"$dir/www/file"
	bsdctl exec server python3 -m http.server -d "$dir/www" --bind :: 8080 >/dev/null 2>&1 &
	pids="$pids $!"
	bsdctl exec host route -T 1 exec python3 -m http.server -d "$dir/www" --bind :: 8081 >/dev/null 2>&1 &
	pids="$pids $!"
	fetch() { "$@" >"$dir/got" 2>"$dir/err" && cmp "$dir/got" "$dir/www/file"; }
	ok "an unmodified program by table 1" within fetch on host route -T 1 exec curl -s -S -m 10 http://10.0.2.10:8080/file
	ok "over IPv6" fetch on host route -T 1 exec curl -g -s -S -m 10 'http://[fd02::10]:8080/file'
	if have busybox && supervises "$(id -u)"; then
		ok "a static program by table 1" fetch on host route -T 1 exec busybox wget -q -O - http://10.0.2.10:8080/file
	fi
	use() { on "$1" netstat -rn -T 1 | awk '$1 == "default" { s += $5 } END { print s }'; }
	before=$(use host)
	ok "a server of table 1 is reached" within fetch on server curl -s -S -m 10 http://10.0.1.10:8081/file
	# at least its SYN and eight pieces of 64 KB
	ok "and answers by it" sh -c "[ $(use host) -ge $((before + 9)) ]"
	ok "it shares the port with table 0" shows 'in use' on host python3 -c 'import socket; s = socket.socket(); s.bind(("", 8081)); s.listen()'
fi
bsdctl exec host route -T 1 monitor >"$dir/monitor" 2>&1 &
pids="$pids $!"
sleep 0.5
on host route -q add 192.0.2.0/24 10.0.1.1
on host route -q -T 1 add 198.51.100.0/24 10.0.1.2
ok "monitor of a table" within shows '^ 198.51.100.0 10.0.1.2 255.255.255.0' cat "$dir/monitor"
ok "hears only of it" not grep -q 192.0.2 "$dir/monitor"
ok "flush of a table" on host route -q -T 1 flush
ok "leaves the other" shows '^default +10.0.1.1' on host netstat -rn
ok "no way by table 1" not on host route -T 1 exec ping -c 1 -w 1 10.0.2.10
finish
