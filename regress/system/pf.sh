#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# The packet filter between a LAN and a WAN: the shipped lab and its pf.conf
# with real programs, loads that fail and change nothing, and with Linux
# namespaces on both sides.
. "$(dirname "$0")/lab.subr"

# web MACHINE PORT TEXT: a server that answers every request with TEXT
cat >"$dir/web.py" <<'PY'
import http.server, socket, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"{sys.argv[2]} to {self.client_address[0]}\n".encode()
        if self.path == "/big": text = bytes(3000000)
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *a): pass
class S(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
S(("::", int(sys.argv[1])), H).serve_forever()
PY
comes() { # comes MACHINE URL: within a while somebody answers there
	i=0
	while ! on "$1" curl -g -s -m 2 -o /dev/null "$2"; do
		i=$((i + 1)); [ $i -lt 50 ] || return 1; sleep 0.1
	done
}

listens() { # tcpdump, whose words go to the log, has begun
	i=0
	until grep -q '^listening on' "$dir/log"; do
		i=$((i + 1)); [ $i -lt 200 ] || return 1; sleep 0.1
	done
}

# --- the shipped firewall, everything Fugu ---
ok "the firewall lab comes up" bsdctl up "$top/etc/examples/firewall/lab.conf"
keep on fw pfctl -s info
says "pf runs" 'Status: Enabled'
keep on fw pfctl -s rules
says "rules are as the file says" '^block drop in log quick on fxp1 from <unwanted> to any$'
keep on fw pfctl -s nat
says "so is translation" '^rdr pass log on fxp1 inet proto tcp from any to \(fxp1:?[0-9]*\) port = (8080|http-alt) -> 10.0.0.80 port 80$'
later web python3 "$dir/web.py" 80 web
later world python3 "$dir/web.py" 80 world
ok "the LAN reaches the web" comes client http://192.0.2.2/
ok "the world's way in is open" comes world http://192.0.2.1:8080/
keep on client curl -s -m 5 http://192.0.2.2/
says "... as the firewall (nat)" '^world to ::ffff:192\.0\.2\.1$'
keep on world curl -s -m 5 http://192.0.2.1:8080/
says "the world reaches the server (rdr)" '^web to ::ffff:192\.0\.2\.2$'
keep on fw pfctl -s states
says "a state shows its translation" '^all tcp 192\.0\.2\.1:[0-9]+ \(10\.0\.0\.10:[0-9]+\) -> 192\.0\.2\.2:80 '
keep on client sh -c 'curl -s -m 20 http://192.0.2.2/big | wc -c'
says "3 MB through nat" '^3000000$'
keep on world sh -c 'curl -s -m 20 http://192.0.2.1:8080/big | wc -c'
says "3 MB through rdr" '^3000000$'
keep on client curl -g -s -m 5 'http://[2001:db8:2::2]/'
says "IPv6 without translation" '^world to 2001:db8:1::10$'
ok "ping from the LAN" on client ping -q -c 2 192.0.2.2
ok "ping6 from the LAN" on client ping -q -c 2 2001:db8:2::2
ok "large pings, in fragments" on client ping -q -c 2 -s 4000 192.0.2.2
ok "large pings, IPv6" on client ping -q -c 2 -s 4000 2001:db8:2::2
ok "the firewall answers a ping from the world" on world ping -q -c 1 192.0.2.1
keep on client traceroute -n -q 1 -w 2 192.0.2.2
says "traceroute through nat ends at the world" ' 2 +192\.0\.2\.2 '
keep on world curl -s -S -m 5 http://192.0.2.1:9/
says "block return refuses at once" 'refused|Failed to connect'
no "an unwanted host gets no answer" on world ping -q -c 1 -w 1 -I 198.51.100.66 192.0.2.1
keep on fw pfctl -t unwanted -T show -v
says "... and the table counted it" 'In/Block: +\[ Packets: [1-9]'

# --- the log ---
bsdctl exec fw timeout 20 tcpdump -n -e -ttt -c 1 -i pflog0 port 99 >"$dir/log" 2>&1 &
dump=$!
listens
on world curl -s -m 2 http://192.0.2.1:99/ >/dev/null 2>&1
on world curl -s -m 2 http://192.0.2.1:99/ >/dev/null 2>&1
wait $dump
cp "$dir/log" "$dir/last"
says "tcpdump on pflog0 shows rule and interface" 'rule 0/0\(match\): block in on fxp1: 192\.0\.2\.2\.[0-9]+ > 192\.0\.2\.1\.99'

# what an anchor logs, with a filter about pf and one about the packet
echo 'pass in log quick proto tcp to port 81' | bsdctl exec fw pfctl -q -a guests -f -
bsdctl exec fw timeout 20 tcpdump -n -e -ttt -c 1 -i pflog0 'action pass and on fxp1 and tcp port 81' >"$dir/log" 2>&1 &
dump=$!
listens
on world curl -s -m 2 http://192.0.2.1:99/ >/dev/null 2>&1
on world curl -s -m 2 http://192.0.2.1:81/ >/dev/null 2>&1
wait $dump
cp "$dir/log" "$dir/last"
says "... and the anchor, with a filter expression" 'rule [0-9]+\.guests\.0/0\(match\): pass in on fxp1: 192\.0\.2\.2\.[0-9]+ > 192\.0\.2\.1\.81'

# --- anchors, tables, states while it runs ---
ok "an anchor is filled" sh -c 'echo "pass in proto tcp to port 22" | bsdctl exec fw pfctl -a guests -f -'
keep on fw pfctl -a guests -s rules
says "... and shown" '^pass in proto tcp from any to any port = (ssh|22) flags S/SA keep state$'
keep on fw pfctl -s Anchors
says "... and listed" 'guests'
ok "a table entry more" on fw pfctl -t unwanted -T add 192.0.2.2
no "now the world is unwanted" on world ping -q -c 1 -w 1 192.0.2.1
ok "... and less" on fw pfctl -t unwanted -T delete 192.0.2.2
ok "the world is back" on world ping -q -c 1 192.0.2.1
keep on fw pfctl -k 10.0.0.10
says "states are killed" 'killed [1-9][0-9]* states'

# --- the examples of pf.conf(5), which are for this lab ---
awk -v d="$dir/ex" '/^\.Sh EXAMPLES/ { on = 1; next } /^\.Sh/ { on = 0 }
    on && /^\.Bd/ { f = d (++n); next } /^\.Ed/ { f = "" }
    on && f != "" { gsub(/\\e/, "\\"); gsub(/\\\(dq/, "\""); print > f }' "$top/share/man/man5/pf.conf.5"
later web python3 "$dir/web.py" 443 web443
comes web http://10.0.0.80:443/
for ex in 1 2; do
	ok "example $ex of pf.conf(5) loads" on fw pfctl -F all -f "$dir/ex$ex"
	keep on client curl -s -m 5 http://192.0.2.2/
	says "... the inner host reaches the world, as the firewall" '^world to ::ffff:192\.0\.2\.1$'
	for port in 80 443; do
		keep on world curl -s -m 5 http://192.0.2.1:$port/
		says "... its server is reached at port $port" '^web(443)? to ::ffff:192\.0\.2\.2$'
	done
	keep on world curl -s -S -m 5 http://192.0.2.1:22/
	says "... and nothing else is" 'refused|Failed to connect'
	ok "... a table entry" on fw pfctl -t bad -T add 192.0.2.2
	on fw pfctl -q -F states
	no "... keeps a host out" on world curl -s -m 2 http://192.0.2.1:80/
done
ok "the rules of the lab again" on fw pfctl -F all -f "$top/etc/examples/pf.conf"

# --- loads that fail change nothing ---
on fw pfctl -s rules >"$dir/before"; on fw pfctl -s nat >>"$dir/before"
on fw pfctl -s Tables >>"$dir/before"; on fw pfctl -s timeouts >>"$dir/before"
printf 'table <new> { 1.2.3.4 }\nset timeout tcp.first 7\npass all\nblock in on fxp0 proto tcp to port nonsense\n' >"$dir/bad.conf"
no "a file with an error is refused" on fw pfctl -f "$dir/bad.conf"
keep on fw pfctl -f "$dir/bad.conf"
says "... with file, line and reason" 'bad.conf:4: .*nonsense'
printf 'set limit table-entries 2\ntable <big> { 1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 }\npass all\n' >"$dir/full.conf"
no "a file over a limit is refused by the kernel" on fw pfctl -f "$dir/full.conf"
printf 'pass out route-to (fxp1 192.0.2.2) all\n' >"$dir/route.conf"
keep on fw pfctl -f "$dir/route.conf"
says "what is not there yet is named" 'route.conf:1: .*route-to'
same() {
	on fw pfctl -s rules >"$dir/after"; on fw pfctl -s nat >>"$dir/after"
	on fw pfctl -s Tables >>"$dir/after"; on fw pfctl -s timeouts >>"$dir/after"
	diff "$dir/before" "$dir/after"
}
ok "everything is as before" same
on fw pfctl -q -a guests -F rules # an example has filled it
on client ping -q -i 0.02 -c 100 192.0.2.2 >"$dir/ping" 2>&1 &
ping=$!
i=0
while [ $i -lt 20 ]; do # killed anywhere in its work
	timeout -s KILL 0.0$i bsdctl exec fw pfctl -f "$top/etc/examples/pf.conf" >/dev/null 2>&1
	i=$((i + 1))
done
wait $ping
ok "... also after pfctl was killed at any moment" same
cp "$dir/ping" "$dir/last"
says "... and no packet that crossed was lost" '100 packets received'
# two at once: one of them, whole, or the other
sed 's/port = 8080/port = 8081/; s/port 8080/port 8081/' "$top/etc/examples/pf.conf" >"$dir/two.conf"
echo 'pass in on fxp1 proto udp to port 5000' >>"$dir/two.conf"
on fw pfctl -q -f "$dir/two.conf"
{ on fw pfctl -s nat; on fw pfctl -s rules; } | sed 's/:[0-9]*)/)/' >"$dir/is2"
on fw pfctl -q -f "$top/etc/examples/pf.conf"
{ on fw pfctl -s nat; on fw pfctl -s rules; } | sed 's/:[0-9]*)/)/' >"$dir/is1"
two_at_once() {
	cmp -s "$dir/is1" "$dir/is2" && return 1
	for i in 1 2 3 4 5 6 7 8 9 10; do
		on fw pfctl -q -f "$dir/two.conf" 2>/dev/null & one=$!
		on fw pfctl -q -f "$top/etc/examples/pf.conf" 2>/dev/null & other=$!
		wait $one; a=$?
		wait $other; b=$?
		[ $a -eq 0 ] || [ $b -eq 0 ] || return 1
		{ on fw pfctl -s nat; on fw pfctl -s rules; } | sed 's/:[0-9]*)/)/' >"$dir/is"
		cmp -s "$dir/is" "$dir/is1" || cmp -s "$dir/is" "$dir/is2" || return 1
	done
}
ok "two pfctl at once: the rules are of one of them" two_at_once
ok "... and the lab's again" on fw pfctl -q -f "$top/etc/examples/pf.conf"
# IPv6 behind nat too
sed '/^antispoof/d; s/^block log all$/match out on $wan inet6 from ($lan:network) nat-to ($wan)\n&/' "$top/etc/examples/pf.conf" >"$dir/nat6.conf"
ok "IPv6 with nat-to" on fw pfctl -q -F states -f "$dir/nat6.conf"
keep on client curl -g -s -m 5 'http://[2001:db8:2::2]/'
says "... the world sees the firewall" '^world to 2001:db8:2::1$'
ok "... ping6 through it" on client ping -q -c 2 2001:db8:2::2
keep on client traceroute -n -q 1 -w 2 2001:db8:2::2
says "... traceroute through it: the firewall" ' 1 +2001:db8:1::1 '
says "... and the world" ' 2 +2001:db8:2::2 '
ok "the lab's rules once more" on fw pfctl -q -F states -f "$top/etc/examples/pf.conf"
ok "off" on fw pfctl -d
ok "and on" on fw pfctl -e
no "a second time is an error" on fw pfctl -e
for p in $pids; do kill "$p" 2>/dev/null; done
pids=
bsdctl down >/dev/null 2>&1

# --- Linux on both sides ---
if ! (exec 3<>/dev/net/tun) 2>/dev/null; then
	skip "Linux on both sides" "this user may not open /dev/net/tun"
	echo "1..$n"; exit $bad
fi
mkdir -p "$dir/ns/fw/etc"
cp "$top/etc/examples/pf.conf" "$dir/ns/fw/etc/pf.conf"
cat >"$dir/ns/lab.conf" <<'LAB'
lab pfns
wire lan
wire wan
netns inside {
	interface eth0 on lan {
		inet 10.0.0.80/24
		inet6 2001:db8:1::80/64
	}
	gateway 10.0.0.1
	gateway 2001:db8:1::1
}
machine fw {
	interface fxp0 on lan {
		inet 10.0.0.1/24
		inet6 2001:db8:1::1/64
	}
	interface fxp1 on wan {
		inet 192.0.2.1/24
		inet6 2001:db8:2::1/64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
netns outside {
	interface eth0 on wan {
		inet 192.0.2.2/24
		inet6 2001:db8:2::2/64
	}
	gateway 2001:db8:2::1
}
LAB
ok "a lab with namespaces comes up" bsdctl up "$dir/ns/lab.conf"
later inside python3 "$dir/web.py" 80 inside
later outside python3 "$dir/web.py" 80 outside
ok "Linux: from inside out" comes inside http://192.0.2.2/
ok "Linux: from outside in" comes outside http://192.0.2.1:8080/
keep on inside curl -s -m 5 http://192.0.2.2/
says "Linux: nat" '^outside to ::ffff:192\.0\.2\.1$'
keep on outside curl -s -m 5 http://192.0.2.1:8080/
says "Linux: rdr" '^inside to ::ffff:192\.0\.2\.2$'
keep on inside sh -c 'curl -s -m 20 http://192.0.2.2/big | wc -c'
says "Linux: 3 MB through nat" '^3000000$'
keep on outside sh -c 'curl -s -m 20 http://192.0.2.1:8080/big | wc -c'
says "Linux: 3 MB through rdr" '^3000000$'
keep on inside curl -g -s -m 5 'http://[2001:db8:2::2]/'
says "Linux: IPv6" '^outside to 2001:db8:1::80$'
ok "Linux: ping" on inside /bin/ping -q -c 2 -W 3 192.0.2.2
ok "Linux: ping6" on inside /bin/ping -q -c 2 -W 3 2001:db8:2::2
ok "Linux: large ping in fragments" on inside /bin/ping -q -c 2 -W 3 -s 4000 192.0.2.2
ok "Linux: large ping6 in fragments" on inside /bin/ping -q -c 2 -W 3 -s 4000 2001:db8:2::2
keep on outside curl -s -S -m 5 http://192.0.2.1:9/
says "Linux: refused at once" 'refused|Failed to connect'
if command -v traceroute >/dev/null; then
	keep on inside /usr/sbin/traceroute -n -q 1 -w 2 192.0.2.2
	says "Linux: traceroute through nat ends outside" ' 2 +192\.0\.2\.2 '
	keep on inside /usr/sbin/traceroute -6 -n -q 1 -w 2 2001:db8:2::2
	says "Linux: traceroute of IPv6 ends outside" ' 2 +2001:db8:2::2 '
else
	skip "Linux: traceroute through nat ends outside" "not installed"
	skip "Linux: traceroute of IPv6 ends outside" "not installed"
fi
if command -v iperf3 >/dev/null; then
	later outside iperf3 -s
	sleep 0.5
	keep on inside iperf3 -c 192.0.2.2 -t 2
	says "Linux: iperf3 through nat" 'receiver'
	sed -n 's/.*sec *\(.*bits.sec\).*receiver/# \1/p' "$dir/last"
	keep on inside iperf3 -c 192.0.2.2 -t 1 -u -b 20M
	says "Linux: UDP through nat" 'receiver'
	on fw pfctl -q -F states -f "$dir/nat6.conf"
	keep on inside iperf3 -6 -c 2001:db8:2::2 -t 1
	says "Linux: iperf3 through nat of IPv6" 'receiver'
	keep on inside /bin/ping -q -c 2 -W 3 -s 4000 2001:db8:2::2
	says "Linux: large ping6 through nat" ' 2 received'
else
	skip "Linux: iperf3 through nat" "not installed"
fi
finish
