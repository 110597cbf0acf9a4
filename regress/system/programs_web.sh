#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Web servers and their clients on Fugu's sockets, unmodified: nginx with
# workers, as a server and as a proxy, python's server, curl, wget, ab, git;
# through PF with nat and rdr, both families.
. "$(dirname "$0")/programs.subr"
have curl && have nginx && have python3 || {
	echo "ok 1 - web # SKIP no curl, nginx or python3"; echo 1..1; exit 0; }

mkdir "$dir/www"
head -c 10000000 /dev/urandom >"$dir/www/big"
echo small >"$dir/www/small"
chmod -R a+rX "$dir/www"
nginx_conf() { # nginx_conf NAME: its own files, the same servers
	mkdir -p "$dir/$1"
	cat >"$dir/$1.conf" <<CONF
worker_processes 2;
pid $dir/$1/pid;
error_log $dir/$1/error;
events { worker_connections 256; use epoll; }
http {
	access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
	client_body_temp_path $dir/$1/a; proxy_temp_path $dir/$1/b;
	fastcgi_temp_path $dir/$1/c; uwsgi_temp_path $dir/$1/d; scgi_temp_path $dir/$1/e;
	server {
		listen 8080 reuseport;
		listen [::]:8080 reuseport ipv6only=on;
		root $dir/www;
		location /who { default_type text/plain; return 200 "\$remote_addr to \$server_addr\n"; }
	}
	server {
		listen 8081;
		location / { proxy_pass http://10.81.2.2:8080; }
	}
}
CONF
}
nginx_conf inside; nginx_conf outside
whole() { # whole MACHINE URL: the file comes whole
	on "$1" curl -g -s -S -m 40 -o "$dir/got" "$2" && cmp "$dir/www/big" "$dir/got"
}

ok "a lab with a firewall comes up" lab_up
later in nginx -c "$dir/inside.conf" -g 'daemon off;'
later out nginx -c "$dir/outside.conf" -g 'daemon off;'
ok "nginx listens inside" open out 10.81.2.1 8080
ok "nginx listens outside" open in 10.81.2.2 8080
keep on in curl -s -m 10 http://10.81.2.2:8080/who
says "nat: it sees the firewall" '^10\.81\.2\.1 to 10\.81\.2\.2$'
keep on out curl -s -m 10 http://10.81.2.1:8080/who
says "rdr: it sees the client, at its own address" '^10\.81\.2\.2 to 10\.81\.1\.10$'
keep on out curl -g -s -m 10 'http://[2001:db8:811::10]:8080/who'
says "IPv6, filtered only" '^2001:db8:812::2 to 2001:db8:811::10$'
ok "10 MB by sendfile through nat" whole in http://10.81.2.2:8080/big
ok "10 MB by sendfile through rdr" whole out http://10.81.2.1:8080/big
ok "10 MB by sendfile, IPv6" whole out 'http://[2001:db8:811::10]:8080/big'
ok "10 MB through nginx as a proxy" whole out http://10.81.2.1:8081/big
keep on out curl -s -m 10 --interface 10.81.2.3 http://10.81.2.1:8080/who
says "curl --interface with an address" '^10\.81\.2\.3 to '
keep on out curl -s -m 10 --interface fxp0 http://10.81.2.1:8080/who
says "curl --interface with a name" '^10\.81\.2\.2 to '
keep on out curl -s -S -m 10 --interface nosuch0 http://10.81.2.1:8080/who
says "... and with a name that is not there" "[Cc]ouldn't bind to interface 'nosuch0'|[Ff]ailed|bind"
keep on out curl -s -m 10 --local-port 5000-5010 -w '%{local_port}\n' -o /dev/null http://10.81.2.1:8080/who
says "curl --local-port" '^50(0[0-9]|10)$'
keep on out curl -s -m 20 -Z -o /dev/null -o /dev/null -o /dev/null -w '%{http_code}\n' \
    http://10.81.2.1:8080/big http://10.81.2.1:8081/small http://10.81.2.1:8080/small
says "curl with several at once" '^200$'
if have ab; then
	keep on in ab -q -k -n 4000 -c 20 http://10.81.2.2:8080/small
	says "ab: 4000 requests on 20 connections that are kept" '^Complete requests: +4000$'
	says "... none failed" '^Failed requests: +0$'
	sed -n 's/^Requests per second: *\([0-9.]*\).*/# \1 requests a second through nat/p' "$dir/last"
	keep on out ab -q -n 400 -c 8 http://10.81.2.1:8080/small
	says "ab: 400 connections" '^Failed requests: +0$'
else
	skip "ab" "not installed"
fi
ok "nginx reloads its configuration under load" sh -c "
	timeout 50 bsdctl exec out ab -q -n 300 -c 4 http://10.81.2.1:8080/small >'$dir/load' 2>&1 &
	for i in 1 2 3; do bsdctl exec in nginx -c '$dir/inside.conf' -s reload; sleep 0.2; done
	wait; cat '$dir/load'; grep -qE '^Failed requests: +0$' '$dir/load'"
ok "... and still answers" whole out http://10.81.2.1:8080/big
ok "nginx stops" on in nginx -c "$dir/inside.conf" -s stop
later in nginx -c "$dir/inside.conf" -g 'daemon off;'
ok "... and begins again at once" open out 10.81.2.1 8080
grep -E '\[(emerg|alert|crit|error)\]' "$dir"/inside/error "$dir"/outside/error >"$dir/last"
ok "nginx has no errors in its log" sh -c "cat '$dir/last'; [ ! -s '$dir/last' ]"

if have wget; then
	ok "wget, 10 MB" sh -c "timeout 40 bsdctl exec in wget -q -T 20 -O - http://10.81.2.2:8080/big | cmp - '$dir/www/big'"
	ok "wget goes on where it stopped" sh -c "head -c 6000000 '$dir/www/big' >'$dir/part'
		timeout 40 bsdctl exec in wget -q -T 20 -c -O '$dir/part' http://10.81.2.2:8080/big && cmp '$dir/part' '$dir/www/big'"
else
	skip "wget" "not installed"
fi
later in python3 -m http.server -d "$dir/www" --bind :: 8082
ok "python3 -m http.server listens, both families" open out 10.81.2.1 8082
ok "10 MB from python through rdr" whole out http://10.81.2.1:8082/big
ok "10 MB from python over IPv6" whole out 'http://[2001:db8:811::10]:8082/big'
if have git; then
	git init -q "$dir/repo" && cp "$dir/www/big" "$dir/repo/" && git -C "$dir/repo" add big &&
	    git -C "$dir/repo" -c user.name=t -c user.email=t@t commit -q -m all &&
	    git clone -q --bare "$dir/repo" "$dir/www/repo.git" && git -C "$dir/www/repo.git" update-server-info
	chmod -R a+rX "$dir/www"
	ok "git clones over http" on out git clone -q http://10.81.2.1:8080/repo.git "$dir/clone"
	ok "... all of it" cmp "$dir/clone/big" "$dir/www/big"
	ok "a git daemon" sh -c "bsdctl exec in git daemon --export-all --base-path='$dir/www' --port=8083 --detach --pid-file='$dir/git.pid'"
	# it detaches first and listens then
	ok "... says who it is" within test -s "$dir/git.pid"
	pids="$pids $(cat "$dir/git.pid")"
	ok "... and is reached" open out 10.81.2.1 8083
	ok "... is cloned from" on out git clone -q git://10.81.2.1:8083/repo.git "$dir/clone2"
else
	skip "git" "not installed"
fi
keep on fw pfctl -s states
says "PF saw it: nat" '10\.81\.2\.1:[0-9]+ \(10\.81\.1\.10:[0-9]+\) -> 10\.81\.2\.2:8080'
says "PF saw it: rdr" '10\.81\.1\.10:808[0-9] \(10\.81\.2\.1:808[0-9]\) <- 10\.81\.2\.2:'
finish
