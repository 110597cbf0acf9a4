#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Programs that no library reaches, by the supervisor of bsdctl exec: a static
# one of our own (guest.c) through its stories and with calls at random, busybox
# as client and server through a firewall, gobgpd with a session to exabgp; their
# children; what becomes of both when one of them is killed; what is refused.
. "$(dirname "$0")/programs.subr"
supervises "$(id -u)" || { echo "ok 1 - static # SKIP kernel.yama.ptrace_scope is not 0"; echo 1..1; exit 0; }
here=$(cd "$(dirname "$0")" && pwd)
ok "a lab with a firewall comes up" lab_up

# --- our own ---
if have cc && cc -static -pthread -o "$dir/guest" "$here/guest.c" 2>"$says"; then
	for story in stream ends events forks datagrams threads leader unshared signals wrong numbers; do
		ok "static, IPv4: $story" on in "$dir/guest" $story
		ok "static, IPv6: $story" on in "$dir/guest" 6 $story
	done
	ok "descriptors of the host stay the host's" on in "$dir/guest" host
	keep on in "$dir/guest" interfaces
	says "interfaces are the machine's" '^fxp0 10\.81\.1\.10$'
	ok "... and no others" not grep -qvE '^(lo0 127\.0\.0\.1|fxp0 10\.81\.1\.10)$' "$dir/last"
	# by the supervisor with sanitizers, where there is one
	san=${T:-$top/build-san}/bin/bsdctl
	[ -x "$san" ] || san=bsdctl
	for seed in 1 2 3; do
		ok "calls at random, $seed" env ASAN_OPTIONS=log_path="$dir/san" UBSAN_OPTIONS=log_path="$dir/san" \
		    timeout 60 "$san" exec in "$dir/guest" random $seed 3000
	done
	if have busybox; then
		keep env ASAN_OPTIONS=log_path="$dir/san" timeout 60 "$san" exec -s in busybox sh -c "for i in 4 5 6 7; do
			'$dir/guest' random \$i 3000 & p=\"\$p \$!\"; done; set -- \$p; sleep 0.2; kill -9 \$1 \$2; wait \$3 && wait \$4 && echo unharmed"
		says "four processes at once, of which two are killed" '^unharmed$'
	fi
	ok "wrong ones, too" env ASAN_OPTIONS=log_path="$dir/san" timeout 60 "$san" exec in "$dir/guest" wrong numbers
	ok "the supervisor did nothing that it should not" [ "$(cat "$dir"/san* 2>/dev/null | tee "$says" | wc -l)" -eq 0 ]
	# a small table of descriptors has its message descriptors at its end
	ok "few descriptors allowed" on in sh -c "ulimit -n 100; exec bsdctl exec in '$dir/guest' stream datagrams threads"
	ok "without a warning" [ ! -s "$says" ]

	if have musl-gcc && musl-gcc -D_GNU_SOURCE -o "$dir/other" "$here/guest.c" 2>"$says"; then
		ok "linked with another C library" on in "$dir/other" stream datagrams threads
		ok "... below a shell" on in sh -c "'$dir/other' 6 stream host && true"
		ok "... below a shell that is supervised" on -s in sh -c "'$dir/other' 6 events && true"
		keep on in "$dir/other" exec sh -c "'$dir/other' interfaces"
		says "... and what it executes" '^fxp0 10\.81\.1\.10$'
	else
		skip "another C library" "no musl-gcc"
	fi

	# --- children ---
	keep on in "$dir/guest" exec "$dir/guest" interfaces
	says "a static child of a static program" '^fxp0 10\.81\.1\.10$'
	keep on in "$dir/guest" exec python3 -c 'import socket
a, b = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
b.bind(("127.0.0.1", 0)); a.sendto(b"heads off", b.getsockname()); print(b.recv(99).decode(), socket.if_nameindex())'
	says "a child with the library, too" "^heads off .*'fxp0'"
	keep on in sh -c "'$dir/guest' interfaces"
	says "a static child of a shell with the library" '^fxp0 10\.81\.1\.10$'
	keep on -s in sh -c "'$dir/guest' interfaces"
	says "exec -s: what a shell runs is reached as well" '^fxp0 10\.81\.1\.10$'
	cat >"$dir/raw.c" <<'C'
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) { perror(syscall(SYS_socket, 16, 3, 0) == -1 ? "netlink" : "host"); return (0); }
C
	cc -o "$dir/raw" "$dir/raw.c"
	keep on -s in "$dir/raw"
	says "exec -s: and a program that makes calls past its C library" '^netlink: Protocol not supported$'
	ok "exec -s: stories under a shell" on -s in sh -c "'$dir/guest' stream datagrams wrong && '$dir/guest' 6 threads"
	keep on -s in python3 -c 'import socket
s = [socket.socket(type=socket.SOCK_DGRAM) for i in range(800)]
for x in s: x.bind(("127.0.0.1", 0))
for x in s: s[0].sendto(b"%d" % x.fileno(), x.getsockname())
print(sum(x.recv(9) == b"%d" % x.fileno() for x in s), "of 800")'
	says "exec -s: the library beside the supervisor, on numbers that it looks at" '^800 of 800$'
	keep on -s in sh -c "bsdctl exec -s out true"
	says "a supervisor below another is refused" '^bsdctl: out: no supervisor: it is supervised already$'
	keep on -s in sh -c "bsdctl exec out '$dir/guest' host"
	says "... and warned of" "^bsdctl: warning: $dir/guest is linked statically: .*: no supervisor: it is supervised already\$"

	if [ "$(id -u)" -eq 0 ] && unshare -Urpf true 2>/dev/null; then
		ok "in a namespace of users and of processes" on -s in unshare -Urpf "$dir/guest" stream datagrams
	fi
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env FUGU_LABS="$dir/nobody/labs" "$@"; }
	mkdir -m 777 "$dir/nobody"
	if [ "$(id -u)" -eq 0 ] && supervises 65534 && nobody bsdctl list >/dev/null 2>&1; then
		cp "$(command -v bsdctl)" "$dir/bsdctl"
		sed 's/^lab .*/lab nobody/' "$dir/lab/lab.conf" >"$dir/nobody/lab.conf"
		ok "a lab of somebody without privilege" nobody bsdctl up "$dir/nobody/lab.conf"
		ok "... a static program on it" nobody bsdctl exec in "$dir/guest" stream datagrams threads wrong
		keep nobody bsdctl exec in su -c true </dev/null
		says "... one that may not have the rights of its file" '^bsdctl: warning: su is run without the rights'
		chmod 711 "$dir/bsdctl" # what cannot be read cannot be seen by others
		keep nobody "$dir/bsdctl" exec in "$dir/guest" host
		says "... and one that no supervisor may look into" ': no supervisor: the memory of other processes is closed: '
		ok "... the lab ends" nobody bsdctl down
	else
		skip "without privilege" "this is no root, others may not use the build, or not see their processes"
	fi

	# --- ends ---
	waits() { # its port, once it waits
		rm -f "$dir/lasting"
		bsdctl exec in "$dir/guest" lasting >"$dir/lasting" 2>&1 & p=$!
		within grep -qs '^port' "$dir/lasting" && port=$(sed -n 's/^port //p' "$dir/lasting")
	}
	supervisors() { pgrep -f "bsdctl exec in $dir/guest lasting"; }
	listens() { bsdctl exec in netstat -an -f inet -p tcp | grep -q "127\.0\.0\.1\.$1 .*LISTEN"; }
	waits
	ok "a guest waits in accept" listens "$port"
	kill -9 $p
	ok "killed, its sockets are closed" within not listens "$port"
	ok "... and its supervisor ends" within not supervisors
	waits
	kill -9 $(supervisors)
	ok "a guest whose supervisor is killed does not hang" within grep -q '^Function not implemented' "$dir/lasting"
	ok "... and gets no socket of the host's" [ "$(grep -c '^Function not implemented' "$dir/lasting")" -eq 2 ]
	wait $p
	waits
	kill -9 "$(bsdctl list | awk '$2 == "in" { print $4 }')"
	ok "a guest whose machine is killed is told so" within grep -q '^Network is down' "$dir/lasting"
	wait $p
	ok "... it comes up again" bsdctl up "$dir/lab/lab.conf"
else
	skip "a static program" "no compiler that links statically"
fi

# --- busybox ---
if have busybox && ! bsdctl exec in busybox true 2>&1 | grep -q .; then
	mkdir "$dir/www"; echo "from busybox" >"$dir/www/index.html"; head -c 2000000 /dev/urandom >"$dir/www/big"
	later in busybox httpd -f -p 8000 -h "$dir/www"
	ok "busybox httpd listens" open in 127.0.0.1 8000
	keep on out busybox wget -q -O - http://10.81.2.1:8000/
	says "busybox wget from busybox httpd, through rdr" '^from busybox$'
	keep on out busybox wget -q -O - 'http://[2001:db8:811::10]:8000/'
	says "... IPv6" '^from busybox$'
	ok "... 2 MB" on out busybox wget -q -O "$dir/big" http://10.81.2.1:8000/big
	ok "... which are intact" cmp "$dir/big" "$dir/www/big"
	keep on out busybox wget -q -O - http://10.81.2.1:8999/
	says "... refused as on any host" 'Connection refused$'
	for m in in out; do echo '10.81.2.1 the.wall' >"$(bsdctl list | awk -v m=$m '$2 == m { print $5 }')/etc/hosts"; done
	keep on out busybox cat /etc/hosts
	says "/etc/hosts is the machine's" '^10\.81\.2\.1 the\.wall$'
	keep on in busybox ping -c 1 10.81.2.2
	says "busybox ping: a raw socket" '^1 packets transmitted, 1 packets received'
	keep on in busybox ping6 -c 1 2001:db8:812::2
	says "... IPv6" '^1 packets transmitted, 1 packets received'
	later out busybox nc -ll -p 8500 -e busybox cat
	ok "busybox nc listens" open out 127.0.0.1 8500
	keep on in busybox sh -c 'echo through the wall | busybox timeout 5 busybox nc 10.81.2.2 8500'
	says "a static shell and its static children" '^through the wall$'
	keep on in busybox sh -c 'curl -s http://127.0.0.1:8000/'
	says "... and a child with the library" '^from busybox$'
else
	skip "busybox" "no static busybox"
fi

# --- Go ---
if have gobgpd && have exabgp; then
	cat >"$dir/gobgp.conf" <<'CONF'
[global.config]
  as = 65001
  router-id = "10.81.2.1"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.81.2.2"
    peer-as = 65002
    auth-password = "signed"
  [neighbors.timers.config]
    connect-retry = 1
[[neighbors]]
  [neighbors.config]
    neighbor-address = "2001:db8:812::2"
    peer-as = 65002
  [neighbors.timers.config]
    connect-retry = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
CONF
	cat >"$dir/exa.conf" <<'CONF'
neighbor 10.81.2.1 {
	router-id 10.81.2.2; local-address 10.81.2.2; local-as 65002; peer-as 65001; md5-password signed;
	static { route 192.0.2.0/24 next-hop 10.81.2.2; }
}
neighbor 2001:db8:812::1 {
	router-id 10.81.2.2; local-address 2001:db8:812::2; local-as 65002; peer-as 65001;
	family { ipv6 unicast; }
	static { route 2001:db8:99::/48 next-hop 2001:db8:812::2; }
}
CONF
	later fw gobgpd -f "$dir/gobgp.conf"
	later out env exabgp.daemon.user="$(id -un)" exabgp.daemon.drop=false exabgp.tcp.bind="10.81.2.2 2001:db8:812::2" \
	    exabgp.tcp.port=179 exabgp.api.cli=false exabgp.log.destination=stderr exabgp "$dir/exa.conf"
	knows() { on fw gobgp "$@" >"$dir/last" 2>&1; grep -q "$want" "$dir/last"; }
	want='10.81.2.2 *65002 .*Establ'
	ok "gobgpd has a session with exabgp, signed" within knows neighbor
	want='2001:db8:812::2 *65002 .*Establ'
	ok "... IPv6" within knows neighbor
	want='192.0.2.0/24 *10.81.2.2 *65002'
	ok "... and a route from it, asked by another Go program" within knows global rib
	want='2001:db8:99::/48 *2001:db8:812::2 *65002'
	ok "... IPv6" within knows global rib -a ipv6
	cat >"$dir/dns.py" <<'PY'
import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("10.81.2.2", 53))
while True: # every name has one address
    q, a = u.recvfrom(512)
    end = q.index(b"\0", 12) + 5
    v4 = q[end - 4:end - 2] == b"\0\1"
    u.sendto(q[:2] + b"\x81\x80\0\1" + (b"\0\1" if v4 else b"\0\0") + b"\0\0\0\0" + q[12:end] +
             (b"\xc0\x0c\0\1\0\1\0\0\0\x09\0\4" + bytes([127, 0, 0, 1]) if v4 else b""), a)
PY
	bsdctl exec out python3 "$dir/dns.py" 2>"$dir/later.dns" & pids="$pids $!"
	echo 'nameserver 10.81.2.2' >"$(bsdctl list | awk '$2 == "fw" { print $5 }')/etc/resolv.conf"
	named() { on fw env GODEBUG=netdns=go gobgp -u bgp.router.example neighbor >"$dir/last" 2>&1; grep -q Establ "$dir/last"; }
	ok "Go's own resolver asks the machine's name server" within named
	if have busybox; then
		keep on fw busybox nslookup -type=a bgp.router.example 10.81.2.2
		says "... and busybox's" '^Address: 127\.0\.0\.1$'
	fi
else
	skip "gobgpd" "no gobgpd or no exabgp"
fi
finish
