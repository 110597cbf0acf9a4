#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Servers of other kinds than the web's on Fugu's sockets, unmodified: redis,
# rsync, unbound, haproxy, lighttpd, apache with each of its ways to share a
# listener, python's asyncio and threads, OpenBGPD; through PF with nat and
# rdr, both families.  What is not installed is skipped.
. "$(dirname "$0")/programs.subr"
have nc && have curl && have python3 || { echo "ok 1 - servers # SKIP no nc, curl or python3"; echo 1..1; exit 0; }
mkdir "$dir/www"
head -c 3000000 /dev/urandom >"$dir/www/big"
echo small >"$dir/www/small"
chmod -R a+rX "$dir/www"
whole() { # whole MACHINE URL: the file comes whole
	on "$1" curl -g -s -S -m 40 -o "$dir/got" "$2" && cmp "$dir/www/big" "$dir/got"
}
ok "a lab with a firewall comes up" lab_up

if have redis-server && have redis-cli; then
	later in redis-server --port 8400 --bind 0.0.0.0 :: --protected-mode no --save ""
	ok "redis listens" open out 10.81.2.1 8400
	keep on out redis-cli -h 10.81.2.1 -p 8400 set fugu fish
	says "redis through rdr" '^OK$'
	keep on out redis-cli -h 2001:db8:811::10 -p 8400 get fugu
	says "... IPv6" '^fish$'
	keep on out redis-benchmark -h 10.81.2.1 -p 8400 -n 4000 -c 40 -P 4 -q -t set,get
	says "... 40 clients with pipelines" 'GET: [0-9.]+ requests per second'
else
	skip "redis" "not installed"
fi

if have rsync; then
	mkdir "$dir/up"
	cat >"$dir/rsyncd.conf" <<CONF
port = 8410
use chroot = $([ "$(id -u)" -eq 0 ] && echo yes || echo no)
[www]
path = $dir/www
[up]
path = $dir/up
read only = no
$([ "$(id -u)" -eq 0 ] && printf 'uid = root\ngid = root\n')
CONF
	later in rsync --daemon --no-detach --config="$dir/rsyncd.conf"
	ok "rsync listens" open out 10.81.2.1 8410
	ok "rsync fetches through rdr" on out rsync -a rsync://10.81.2.1:8410/www/ "$dir/fetched/"
	ok "... all of it" cmp "$dir/fetched/big" "$dir/www/big"
	ok "rsync sends, IPv6" on out rsync -a "$dir/www/big" 'rsync://[2001:db8:811::10]:8410/up/'
	ok "... all of it" cmp "$dir/up/big" "$dir/www/big"
else
	skip "rsync" "not installed"
fi

if have unbound && have dig; then
	cat >"$dir/unbound.conf" <<CONF
server:
  interface: 0.0.0.0@8420
  interface: ::0@8420
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  num-threads: 2
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "$dir"
  pidfile: "$dir/unbound.pid"
  use-syslog: no
  module-config: "iterator"
  local-zone: "test." static
  local-data: "www.test. IN A 192.0.2.7"
remote-control:
  control-enable: no
CONF
	later in unbound -d -c "$dir/unbound.conf"
	ok "unbound listens" open out 10.81.2.1 8420
	for how in "+notcp @10.81.2.1" "+tcp @10.81.2.1" "+notcp @2001:db8:811::10" "+tcp @2001:db8:811::10"; do
		keep on out dig +short +time=5 +tries=2 -p 8420 $how www.test A
		says "unbound answers dig $how" '^192\.0\.2\.7$'
	done
else
	skip "unbound" "not installed, or no dig"
fi

if have lighttpd; then
	cat >"$dir/lighttpd.conf" <<CONF
server.document-root = "$dir/www"
server.port = 8430
server.bind = "10.81.2.2"
server.modules = ( "mod_access" )
CONF
	later out lighttpd -D -f "$dir/lighttpd.conf"
	ok "lighttpd listens" open in 10.81.2.2 8430
	ok "3 MB from lighttpd through nat" whole in http://10.81.2.2:8430/big
else
	skip "lighttpd" "not installed"
fi

later out python3 -m http.server -d "$dir/www" --bind :: 8431
ok "a backend for haproxy" open in 10.81.2.2 8431
if have haproxy; then
	cat >"$dir/haproxy.cfg" <<CONF
global
  nbthread 2
$([ "$(id -u)" -eq 0 ] && mkdir "$dir/empty" && printf "  chroot $dir/empty\n  uid 65534\n  gid 65534\n")
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend f
  bind :8432
  bind :::8432 v6only
  default_backend b
backend b
  option httpchk GET /small
  server s1 10.81.2.2:8431 check inter 300
CONF
	later in haproxy -db -f "$dir/haproxy.cfg"
	ok "haproxy listens" open out 10.81.2.1 8432
	ok "3 MB through haproxy, which gave up its root and has threads" whole out http://10.81.2.1:8432/big
	ok "... IPv6 to IPv4" whole out 'http://[2001:db8:811::10]:8432/big'
else
	skip "haproxy" "not installed"
fi

if have apache2; then
	for mpm in prefork worker event; do
		mkdir -p "$dir/apache"
		cat >"$dir/apache.conf" <<CONF
ServerRoot /usr/lib/apache2
ServerName x
LoadModule mpm_${mpm}_module modules/mod_mpm_$mpm.so
LoadModule authz_core_module modules/mod_authz_core.so
Listen 10.81.2.2:8440
Listen [2001:db8:812::2]:8440
PidFile $dir/apache/pid
ErrorLog $dir/apache/err
DocumentRoot $dir/www
DefaultRuntimeDir $dir/apache
$([ "$(id -u)" -eq 0 ] && printf 'User nobody\nGroup nogroup\n')
CONF
		# in a session of its own: it ends its whole group
		bsdctl exec out setsid apache2 -D FOREGROUND -f "$dir/apache.conf" >/dev/null 2>&1 &
		ok "apache ($mpm) listens" open in 10.81.2.2 8440
		ok "... 3 MB through nat" whole in http://10.81.2.2:8440/big
		ok "... IPv6" whole in 'http://[2001:db8:812::2]:8440/big'
		kill "$(cat "$dir/apache/pid")"
		ok "... ends" within sh -c "! bsdctl exec in nc -z -w 2 10.81.2.2 8440"
	done
else
	skip "apache" "not installed"
fi

cat >"$dir/aio.py" <<'PY'
import asyncio, sys
async def echo(r, w):
    while d := await r.read(65536): w.write(d); await w.drain()
    w.close()
class Up(asyncio.DatagramProtocol):
    def connection_made(self, t): self.t = t
    def datagram_received(self, d, a): self.t.sendto(d.upper(), a)
async def serve():
    await asyncio.get_running_loop().create_datagram_endpoint(Up, ("0.0.0.0", 8450))
    s = await asyncio.start_server(echo, None, 8450)
    await s.serve_forever()
async def one(host, n):
    r, w = await asyncio.open_connection(host, 8450)
    data = bytes([n % 251]) * 200000
    w.write(data); w.write_eof()
    assert await r.read(-1) == data
    w.close()
async def ask(host):
    await asyncio.gather(*(one(host, n) for n in range(40)))
    print("40 echoes")
asyncio.run(serve() if len(sys.argv) == 1 else ask(sys.argv[1]))
PY
later in python3 "$dir/aio.py"
ok "asyncio listens" open out 10.81.2.1 8450
for host in 10.81.2.1 2001:db8:811::10; do
	keep on out python3 "$dir/aio.py" $host
	says "asyncio: 40 streams at once with $host" '^40 echoes$'
done
keep on out sh -c 'printf datagram | nc -u -w 1 10.81.2.1 8450'
says "... and datagrams" 'DATAGRAM'
cat >"$dir/threads.py" <<'PY'
import http.client, sys, threading
good = []
def get(n):
    c = http.client.HTTPConnection("10.81.2.2", 8431, timeout=30)
    for i in range(5):
        c.request("GET", "/small"); r = c.getresponse()
        if r.status == 200 and r.read() == b"small\n": good.append(1)
    c.close()
ts = [threading.Thread(target=get, args=(n,)) for n in range(16)]
for t in ts: t.start()
for t in ts: t.join()
print(len(good), "answers")
PY
keep on in python3 "$dir/threads.py"
says "http.client in 16 threads through nat" '^80 answers$'

if have bgpd && have bgpctl && have exabgp && [ "$(id -u)" -eq 0 ] && id _openbgpd >/dev/null 2>&1; then
	[ -d /run/openbgpd ] || { mkdir /run/openbgpd; ended() { rmdir /run/openbgpd; }; } # its new root
	cat >"$dir/bgpd.conf" <<CONF
AS 65003
router-id 192.0.2.3
socket "$dir/bgpd.sock"
listen on 2001:db8:811::10 port 8460
network 2001:db8:bbbb::/48
neighbor 2001:db8:812::2 {
	remote-as 65004
	multihop 5
	passive
}
allow from any
allow to any
CONF
	chmod 600 "$dir/bgpd.conf"
	cat >"$dir/exabgp.conf" <<CONF
neighbor 2001:db8:811::10 {
	router-id 192.0.2.4; local-address 2001:db8:812::2; local-as 65004; peer-as 65003; connect 8460;
	family { ipv6 unicast; }
	static { route 2001:db8:aaaa::/48 next-hop 2001:db8:812::2; }
}
CONF
	later in bgpd -d -f "$dir/bgpd.conf"
	ok "bgpd listens, executed anew behind its chroot" open out 2001:db8:811::10 8460
	bsdctl exec out env exabgp.daemon.user=root exabgp.daemon.drop=false exabgp.api.cli=false \
	    exabgp.log.destination=stderr exabgp "$dir/exabgp.conf" >"$dir/exabgp.log" 2>&1 &
	pids="$pids $!"
	ok "... and learns a route from exabgp through PF" within sh -c "
		bsdctl exec in bgpctl -s '$dir/bgpd.sock' show rib 2>/dev/null | grep -q '2001:db8:aaaa::/48'"
else
	skip "bgpd" "not installed, or not root"
fi
finish
