#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# A bridge of three wires with a station on each, and all words of ifconfig
# about it.  TAP.
. "$(dirname "$0")/lab.subr"

br() { on sw ifconfig bridge0 "$@"; }
shows() { # shows PATTERN: in ifconfig bridge0
	br >"$dir/last" && cat "$dir/last" && grep -Eq -- "$1" "$dir/last"
}
refuses() { # refuses TEXT WORD...: fails and says so
	text=$1; shift
	br "$@" >"$dir/last" 2>&1 && return 1
	cat "$dir/last"
	grep -q -- "$text" "$dir/last" && [ "$(wc -l <"$dir/last")" -eq 1 ]
}

{
	echo "lab bridged"
	for i in 1 2 3; do
		printf 'wire w%s\nmachine h%s {\ninterface fxp0 on w%s {\n' $i $i $i
		printf 'inet 10.0.0.%s 255.255.255.0\ninet6 fd00::%s 64\n}\n}\n' $i $i
	done
	echo "machine sw {"
	for i in 1 2 3; do printf 'interface fxp%s on w%s {\nup\n}\n' $i $i; done
	echo "}"
} >"$dir/lab.conf"
ok "the lab comes up" bsdctl up "$dir/lab.conf"
ok "no bridge, no way" not on h1 ping -c 1 -w 1 10.0.0.2
ok "a bridge of three" br add fxp1 add fxp2 add fxp3 up
ok "ping" on h1 ping -c 2 -i 0.1 10.0.0.2
ok "ping over IPv6" on h1 ping -c 2 -i 0.1 fd00::3
ok "fragments" on h3 ping -c 1 -s 8000 10.0.0.2
mac1=$(on h1 ifconfig fxp0 | sed -n 's/.*lladdr //p')
ok "stations are learned" shows "$mac1 fxp1 [0-9]+ flags=0<>"
ok "members have flags" shows 'fxp2 flags=3<LEARNING,DISCOVER>'
ok "the machine is a station too" sh -c 'bsdctl exec sw ifconfig fxp2 10.0.0.100/24 && bsdctl exec h1 ping -c 2 -i 0.1 10.0.0.100 &&
	bsdctl exec sw ping -c 2 -i 0.1 10.0.0.3 && bsdctl exec sw ping -c 1 10.0.0.2'
ok "tcpdump on the bridge" sh -c 'bsdctl exec h1 ping -c 4 -i 0.3 10.0.0.3 >/dev/null & timeout 20 bsdctl exec sw tcpdump -n -c 2 -i bridge0 icmp'
ok "protected members" br protected fxp1 1,5 protected fxp3 5
ok "are shown" shows 'protected 1,5'
ok "and do not meet" not on h1 ping -c 1 -w 1 10.0.0.3
ok "but others" on h1 ping -c 1 10.0.0.2
ok "not protected any more" br -protected fxp1
ok "they meet" on h1 ping -c 1 10.0.0.3
ok "a static station" br static fxp2 02:00:00:00:00:77
ok "is shown" shows '02:00:00:00:00:77 fxp2 [0-9]+ flags=1<STATIC>'
ok "addr prints stations" sh -c 'bsdctl exec sw ifconfig bridge0 addr | grep -q "02:00:00:00:00:77 fxp2"'
ok "flush leaves it" sh -c 'bsdctl exec sw ifconfig bridge0 flush && bsdctl exec sw ifconfig bridge0 addr | grep -q STATIC'
ok "deladdr" br deladdr 02:00:00:00:00:77
ok "flushall" br flushall
ok "maxaddr and timeout" br maxaddr 2 timeout 7
ok "are shown" shows 'max cache: 2, timeout: 7'
ok "it works without room for all" sh -c 'bsdctl exec h1 ping -c 1 10.0.0.2 && bsdctl exec h3 ping -c 1 10.0.0.2'
ok "flags" br -learn fxp1 -discover fxp2 blocknonip fxp3
ok "are shown" shows 'fxp1 flags=2<DISCOVER>'
ok "all" shows 'fxp3 flags=7<LEARNING,DISCOVER,BLOCKNONIP>'
ok "and taken back" br learn fxp1 discover fxp2 -blocknonip fxp3
ok "del" br del fxp3
ok "parts" not on h1 ping -c 1 -w 1 10.0.0.3
ok "addspan" br addspan fxp3
ok "is shown" shows 'fxp3 flags=100<SPAN>'
ok "a span port sees others' packets" sh -c 'bsdctl exec h1 ping -c 4 -i 0.3 10.0.0.2 >/dev/null & timeout 20 bsdctl exec h3 tcpdump -n -c 2 -i fxp0 icmp and host 10.0.0.2'
ok "delspan" br delspan fxp3
ok "no such member" refuses "fxp3 is no member" del fxp3
ok "no such interface" refuses "no such interface: fxp9" add fxp9
ok "no Ethernet" refuses "lo0 is no Ethernet" add lo0
ok "twice" refuses "member already" add fxp1
ok "no link address" refuses "no link address" static fxp1 nonsense
ok "no such address" refuses "no such address" deladdr 02:00:00:00:00:99
ok "a bad limit" refuses "not a number" maxaddr 0
ok "a bad domain" refuses "not a number" protected fxp1 32
ok "half a word" refuses "two arguments" static fxp1
ok "stp is refused" refuses "spanning tree" stp fxp1
ok "rules are refused" refuses "not supported" rules fxp1
ok "an address is refused" refuses "" 10.0.0.9/24
ok "words of a bridge elsewhere" sh -c 'bsdctl exec sw ifconfig fxp1 add fxp2 2>&1 | grep -q "add: not a bridge"'

# --- a firewall that nobody sees: h1 inside, h2 outside, no address between ---
cat >"$dir/web.py" <<'PY'
import http.server, socket, sys, threading
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here\n" + bytes(300000))
    def do_POST(self):
        n = int(self.headers["Content-Length"])
        self.send_response(200 if len(self.rfile.read(n)) == n else 400)
        self.end_headers()
    def log_message(self, *a): pass
class S(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
for port in 80, 81:
    threading.Thread(target=S(("::", port), H).serve_forever).start()
PY
cat >"$dir/pf.conf" <<'EOF'
block log all
block return in log on fxp1 proto tcp to any port 81
pass quick inet6 proto icmp6 icmp6-type { neighbrsol neighbradv }
pass in on fxp1 inet proto icmp
pass in on fxp1 inet6 proto icmp6
pass in on fxp1 proto tcp to any port 80
pass out on fxp2
EOF
gets() { on "$1" curl -g -s -m 5 "$2" | head -c 4 | grep -q here; }
closed() { on h1 curl -g -s -S -m 20 "$1"; [ $? -eq 7 ]; } # a timeout is 28
listens() { grep -q '^listening on' "$dir/log"; }
later h2 python3 "$dir/web.py"
ok "a server behind the bridge" within gets h1 http://10.0.0.2:81/
ok "the bridge has no address" on sw ifconfig fxp2 inet 10.0.0.100 delete
ok "rules for what crosses it" on sw pfctl -e -f "$dir/pf.conf"
ok "ping from inside" on h1 ping -c 2 -i 0.1 10.0.0.2
ok "and over IPv6" on h1 ping -c 2 -i 0.1 fd00::2
ok "not from outside" not on h2 ping -c 1 -w 1 10.0.0.1
ok "nor over IPv6" not on h2 ping -c 1 -w 1 fd00::1
ok "a large one, in fragments" on h1 ping -c 2 -i 0.1 -s 8000 10.0.0.2
ok "and over IPv6" on h1 ping -c 2 -i 0.1 -s 8000 fd00::2
ok "TCP to the open port" gets h1 http://10.0.0.2/
ok "and over IPv6" gets h1 "http://[fd00::2]/"
keep on sw pfctl -s states
says "by a state" 'tcp 10\.0\.0\.[12]:.*10\.0\.0\.[12]:'
timeout 60 bsdctl exec sw tcpdump -l -n -e -c 1 -i pflog0 tcp port 81 >"$dir/pflog" 2>"$dir/log" &
dump=$!
ok "the log is read" within listens
ok "the closed port is refused, not silent" closed http://10.0.0.2:81/
ok "and over IPv6" closed "http://[fd00::2]:81/"
wait $dump
keep cat "$dir/pflog"
says "and logged with the member" 'block in on fxp1: .*10\.0\.0\.2\.81'
keep on sw netstat -s -p ip
says "drops are counted" '[1-9][0-9]* .*filter'
ok "no filter, no rules" on sw pfctl -d
ok "ping from outside" on h2 ping -c 1 10.0.0.1
# the bridge's end of h2's link takes less than all others: they learn that from
# the bridge, as from a router
ok "a smaller link" sh -c 'bsdctl exec sw ifconfig fxp2 mtu 1300 && bsdctl exec sw ifconfig fxp1 10.0.0.100/24 &&
	bsdctl exec sw ifconfig fxp1 inet6 fd00::100/64'
head -c 200000 /dev/zero >"$dir/bulk"
mtu_of() { on "$1" route -n get "$2" >"$dir/last"; cat "$dir/last"; grep -Eq "^ +[0-9]+ +1300 " "$dir/last"; }
large() { on "$1" curl -g -s -S -f -m 60 --data-binary "@$dir/bulk" "http://$2:81/"; }
for a in 10.0.0.2 '[fd00::2]'; do
	ok "$a: TCP across it finds the MTU" large h1 $a
	ok "$a: the bridge's own machine is there" within gets sw "http://$a:81/"
	ok "$a: it does so, too" large sw $a
	b=${a#?}
	[ "${a#[}" = "$a" ] && b=$a || b=${b%?}
	ok "$b: is learned" mtu_of h1 $b
	ok "$b: is learned there too" mtu_of sw $b
done
keep on sw netstat -s -p bridge
says "what was too large is counted" "[1-9][0-9]* frames longer than the next member's MTU"
ok "destroy" br destroy
ok "nothing is left" not on h1 ping -c 1 -w 1 10.0.0.2
finish
