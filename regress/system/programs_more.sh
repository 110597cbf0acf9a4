#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# More of what runs on and behind a router, on Fugu's sockets, unmodified: name
# servers (named), time (chrony), SNMP, TLS (stunnel, haproxy), node, Java,
# nmap, tracepath, socat with multicasts; through PF with nat and rdr, both families.  What
# is not installed is skipped.
. "$(dirname "$0")/programs.subr"
have nc && have curl && have python3 || { echo "ok 1 - more # SKIP no nc, curl or python3"; echo 1..1; exit 0; }
mkdir "$dir/www"
chmod 777 "$dir" # some give up their rights
head -c 3000000 /dev/urandom >"$dir/www/big"
chmod -R a+rX "$dir/www"
whole() { # whole MACHINE URL: the file comes whole
	on "$1" curl -g -k -s -S -m 40 -o "$dir/got" "$2" && cmp "$dir/www/big" "$dir/got"
}
ok "a lab with a firewall comes up" lab_up

if have named && have dig; then
	cat >"$dir/named.conf" <<CONF
options {
	directory "$dir"; pid-file "$dir/named.pid"; session-keyfile "$dir/session.key";
	listen-on port 8500 { any; }; listen-on-v6 port 8500 { any; };
	recursion no; dnssec-validation no; allow-transfer { any; };
};
controls { };
zone "test" { type primary; file "$dir/test.zone"; };
CONF
	{
		printf '$TTL 60\n@ SOA ns.test. root.test. 1 60 60 60 60\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.7\n'
		i=0
		while [ $i -lt 90 ]; do
			i=$((i + 1)); echo "big TXT \"$(printf '%060d' $i)\""; echo "h$i AAAA 2001:db8::$i"
		done
	} >"$dir/test.zone"
	later in named -g -n 2 -c "$dir/named.conf"
	ok "named listens" open out 10.81.2.1 8500
	for how in "+notcp @10.81.2.1" "+tcp @10.81.2.1" "+notcp @2001:db8:811::10" "+tcp @2001:db8:811::10"; do
		keep on out dig +short +time=5 +tries=2 -p 8500 $how www.test A
		says "named answers dig $how" '^192\.0\.2\.7$'
	done
	keep on out dig +time=5 +tries=2 -p 8500 @10.81.2.1 big.test TXT
	says "... what is too long for a datagram by TCP" '\(TCP\)'
	keep on out dig +time=5 -p 8500 @2001:db8:811::10 test AXFR
	says "... all of a zone" 'XFR size: 18[0-9] records'
else
	skip "named" "not installed, or no dig"
fi

# A server and who asks it; neither may touch the clock of the host.
if have chronyd; then
	printf 'port 8510\nlocal stratum 3\nallow all\ncmdport 0\nbindcmdaddress /\npidfile %s\n' "$dir/chronyd.pid" >"$dir/chrony.conf"
	later in chronyd -x -d -U -f "$dir/chrony.conf"
	for a in 10.81.2.1 2001:db8:811::10; do
		printf 'server %s port 8510 iburst\ncmdport 0\nbindcmdaddress /\npidfile %s\n' "$a" "$dir/chronyq.pid" >"$dir/chronyq.conf"
		keep on out chronyd -Q -t 20 -d -U -f "$dir/chronyq.conf"
		says "chrony asks chrony at $a" 'System clock wrong by -?0\.0'
	done
else
	skip "chrony" "not installed"
fi

if have snmpd && have snmpget; then
	printf 'rocommunity public\nrocommunity6 public\nsysLocation a fugu lab\n' >"$dir/snmpd.conf"
	later in snmpd -f -Lo -C -c "$dir/snmpd.conf" -p "$dir/snmpd.pid" udp:8520 udp6:8520 tcp:8520
	ok "snmpd listens" open out 10.81.2.1 8520
	for a in udp:10.81.2.1:8520 tcp:10.81.2.1:8520 'udp6:[2001:db8:811::10]:8520'; do
		keep on out snmpget -m '' -v2c -c public -t 3 "$a" 1.3.6.1.2.1.1.6.0
		says "snmpget asks snmpd by $a" 'a fugu lab'
	done
else
	skip "snmp" "not installed"
fi

later out python3 -m http.server -d "$dir/www" --bind :: 8531
ok "a web server behind the next two" open in 10.81.2.2 8531
if have openssl; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 9 -subj /CN=fugu 2>/dev/null
	cat "$dir/cert.pem" "$dir/key.pem" >"$dir/both.pem"
fi
if have stunnel && [ -s "$dir/both.pem" ]; then
	cat >"$dir/stunnel.conf" <<CONF
foreground = yes
pid =
[web]
accept = :::8530
connect = 10.81.2.2:8531
cert = $dir/both.pem
CONF
	later in stunnel "$dir/stunnel.conf"
	ok "stunnel listens" open out 10.81.2.1 8530
	ok "3 MB by TLS through stunnel" whole out https://10.81.2.1:8530/big
	ok "... IPv6" whole out 'https://[2001:db8:811::10]:8530/big'
else
	skip "stunnel" "not installed, or no openssl"
fi
if have haproxy && [ -s "$dir/both.pem" ]; then
	cat >"$dir/haproxy.cfg" <<CONF
global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend f
  bind :::8532 v4v6 ssl crt $dir/both.pem alpn h2,http/1.1 defer-accept
  default_backend b
backend b
  server s1 10.81.2.2:8531
CONF
	later in haproxy -db -f "$dir/haproxy.cfg"
	ok "haproxy listens" open out 10.81.2.1 8532
	ok "3 MB by TLS and HTTP/2 through haproxy, which defers" whole out https://10.81.2.1:8532/big
	ok "... IPv6" whole out 'https://[2001:db8:811::10]:8532/big'
	keep grep -c 'DEFER_ACCEPT' "$dir/later.in"
	says "... it got what it asked for" '^0$'
else
	skip "haproxy" "not installed, or no openssl"
fi

if have node; then
	cat >"$dir/srv.js" <<'JS'
const http = require('http'), dgram = require('dgram')
http.createServer((q, r) => {
  let n = 0
  q.on('data', d => n += d.length)
  q.on('end', () => { r.writeHead(200, {'x-len': n}); r.end(Buffer.alloc(300000, 'a')) })
}).listen(8540, '::')
const u = dgram.createSocket('udp6')
u.on('message', (m, a) => u.send(m.toString().toUpperCase(), a.port, a.address))
u.bind(8540)
JS
	cat >"$dir/ask.js" <<'JS'
const http = require('http'), dgram = require('dgram'), host = process.argv[2]
const agent = new http.Agent({keepAlive: true, maxSockets: 10})
let done = 0
for (let i = 0; i < 40; i++) {
  const q = http.request({host, port: 8540, method: 'POST', agent}, r => {
    let n = 0
    r.on('data', d => n += d.length)
    r.on('end', () => { if (n == 300000 && r.headers['x-len'] == '100000' && ++done == 40) { console.log('40 answers'); udp() } })
  })
  q.on('error', e => { console.log(e); process.exit(1) })
  q.end(Buffer.alloc(100000, 'b'))
}
function udp() {
  const u = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
  u.on('message', m => { console.log('' + m); process.exit(0) })
  u.send('datagram', 8540, host)
}
JS
	later in node "$dir/srv.js"
	ok "node listens" open out 10.81.2.1 8540
	for a in 10.81.2.1 2001:db8:811::10; do
		keep on out node "$dir/ask.js" $a
		says "node: requests on ten connections to $a" '^40 answers$'
		says "... and a datagram" '^DATAGRAM$'
	done
else
	skip "node" "not installed"
fi

if have java && have javac; then
	cat >"$dir/Web.java" <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import java.net.*;
import java.net.http.*;
import java.util.Arrays;
import java.util.concurrent.Executors;

public class Web {
  public static void main(String[] a) throws Exception {
    if (a.length == 0) serve(); else ask(a[0]);
  }
  static void serve() throws Exception {
    HttpServer s = HttpServer.create(new InetSocketAddress(8550), 0);
    s.createContext("/", x -> {
      byte[] b = x.getRequestBody().readAllBytes();
      x.sendResponseHeaders(200, b.length);
      x.getResponseBody().write(b);
      x.close();
    });
    s.setExecutor(Executors.newFixedThreadPool(4));
    s.start();
  }
  static void ask(String url) throws Exception {
    HttpClient c = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    byte[] d = new byte[100000];
    int n = 0;
    for (int i = 0; i < 10; i++) {
      d[i] = (byte) i;
      HttpRequest q = HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.ofByteArray(d)).build();
      if (Arrays.equals(d, c.send(q, HttpResponse.BodyHandlers.ofByteArray()).body())) n++;
    }
    System.out.println(n + " echoes");
    System.exit(0);
  }
}
JAVA
	javac -d "$dir" "$dir/Web.java" >"$says" 2>&1
	later in java -cp "$dir" Web
	ok "java listens" open out 10.81.2.1 8550
	for a in 10.81.2.1 '[2001:db8:811::10]'; do
		keep on out java -cp "$dir" Web "http://$a:8550/"
		says "java: HttpClient asks HttpServer at $a" '^10 echoes$'
	done
else
	skip "java" "not installed"
fi

if have nmap; then
	keep on out nmap -sT -Pn -n -p 8531,8598,8599 10.81.2.1
	says "nmap -sT: a port that is closed, behind rdr" '^8599/tcp +closed'
	keep on in nmap -sT -Pn -n -p 8531,9 10.81.2.2
	says "nmap -sT: one that is open" '^8531/tcp +open'
	keep on in nmap -6 -sT -Pn -n -p 8531,9 2001:db8:812::2
	says "... IPv6" '^8531/tcp +open'
else
	skip "nmap" "not installed"
fi

if have tracepath; then
	keep on in tracepath -n 10.81.2.2
	says "tracepath: the router, by what ICMP says" '^ *1: +10\.81\.1\.1 '
	says "... and the end" '10\.81\.2\.2 .*reached'
	on fw ifconfig fxp1 mtu 1300
	keep on in tracepath -n 10.81.2.2
	says "... a narrow link" '10\.81\.1\.1 .*pmtu 1300'
	on fw ifconfig fxp1 mtu 1500
else
	skip "tracepath" "not installed"
fi

if have socat; then
	# groups on the link between fw and out
	later out socat -u UDP4-RECV:8560,ip-add-membership=239.81.2.1:10.81.2.2 "OPEN:$dir/group4,creat,append"
	later out socat -u UDP6-RECV:8561,ipv6-join-group=[ff02::8181]:fxp0 "OPEN:$dir/group6,creat,append"
	group4() { echo "to the group" | on fw socat -u - UDP4-DATAGRAM:239.81.2.1:8560,ip-multicast-if=10.81.2.1; grep -qs 'to the group' "$dir/group4"; }
	group6() { echo "to the group" | on fw socat -u - 'UDP6-DATAGRAM:[ff02::8181%fxp1]:8561'; grep -qs 'to the group' "$dir/group6"; }
	ok "socat: a group of IPv4" within group4
	ok "socat: a group of IPv6" within group6
else
	skip "socat" "not installed"
fi
finish
