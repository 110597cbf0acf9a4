#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# tun and tap with an unmodified program behind them: two machines, a small
# tunnel of Python over UDP between them, ping and TCP through it.  TAP.
. "$(dirname "$0")/lab.subr"

refuses() { # refuses TEXT COMMAND...: fails and says so
	text=$1; shift
	"$@" >"$dir/last" 2>&1 && return 1
	grep -q -- "$text" "$dir/last"
}

have python3 || { skip programs "no python3"; finish; }

cat >"$dir/tunnel.py" <<'PY'
# tunnel.py DEVICE PEER: packets of the device in UDP datagrams, and back
import os, select, socket, sys
dev = os.open(sys.argv[1], os.O_RDWR)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5555))
s.connect((sys.argv[2], 5555))
poll = select.poll()
poll.register(dev, select.POLLIN)
poll.register(s, select.POLLIN)
while True:
    for fd, event in poll.poll():
        try:
            if fd == dev:
                p = os.read(dev, 65540)
                if not p:
                    sys.exit(3)         # the interface has gone
                s.send(p)
            else:
                os.write(dev, s.recv(65540))
        except ConnectionRefusedError:
            pass
PY
cat >"$dir/lab.conf" <<'LAB'
lab tunnel
wire lan
machine a {
	interface fxp0 on lan {
		inet 10.0.1.1 255.255.255.0
	}
}
machine b {
	interface fxp0 on lan {
		inet 10.0.1.2 255.255.255.0
	}
}
LAB
tunnel() { # tunnel MACHINE DEVICE PEER
	bsdctl exec "$1" python3 "$dir/tunnel.py" "$2" "$3" >"$dir/tunnel.$1" 2>&1 &
	pids="$pids $!"
}
ok "the lab comes up" bsdctl up "$dir/lab.conf"
tunnel a /dev/tun0 10.0.1.2
tunnel b /dev/tun0 10.0.1.1
ok "an open of the device makes the interface" within on b ifconfig tun0
within on a ifconfig tun0 >/dev/null 2>&1
ok "addresses" sh -c 'bsdctl exec a ifconfig tun0 10.9.0.1 10.9.0.2 && bsdctl exec b ifconfig tun0 10.9.0.2 10.9.0.1 &&
	bsdctl exec a ifconfig tun0 inet6 fd09::1 fd09::2 prefixlen 128 && bsdctl exec b ifconfig tun0 inet6 fd09::2 fd09::1 prefixlen 128'
ok "ping through it" on a ping -c 2 -i 0.1 10.9.0.2
ok "ping over IPv6" on a ping -c 2 -i 0.1 fd09::2
ok "a packet of many fragments" on a ping -c 1 -s 9000 10.9.0.2
if command -v curl >/dev/null 2>&1; then
	mkdir "$dir/www"
	head -c 300000 /dev/urandom >"$dir/www/file"
	on a ifconfig tun0 mtu 1400
	on b ifconfig tun0 mtu 1400
	bsdctl exec b python3 -m http.server -d "$dir/www" --bind :: 8080 >/dev/null 2>&1 &
	pids="$pids $!"
	fetch() { on a curl -g -s -S -m 20 -o "$dir/got" "$1" && cmp "$dir/got" "$dir/www/file"; }
	ok "TCP through it" within fetch http://10.9.0.2:8080/file
	ok "TCP over IPv6" fetch 'http://[fd09::2]:8080/file'
fi
ok "tcpdump sees its packets" sh -c 'bsdctl exec a ping -c 3 -i 0.3 10.9.0.2 >/dev/null & timeout 20 bsdctl exec a tcpdump -n -c 2 -i tun0 icmp'
ok "one descriptor at a time" refuses "busy" on a python3 -c 'import os; os.open("/dev/tun0", os.O_RDWR)'
ok "no number, no device" refuses "No such file" on a python3 -c 'import os; os.open("/dev/tun007", os.O_RDWR)'
ok "who destroys it ends the program's read" sh -c 'bsdctl exec a ifconfig tun0 destroy'
gone() { ! kill -0 "${pids%% *}" 2>/dev/null; }
pids=${pids# }
ok "which ends" within gone
for p in $pids; do kill "$p" 2>/dev/null; done
pids=
ok "the interface goes with the program" within refuses "no such interface" on b ifconfig tun0
tunnel a /dev/tap7 10.0.1.2
tunnel b /dev/tap7 10.0.1.1
ok "tap" sh -c 'bsdctl exec a ifconfig tap7 create; bsdctl exec a ifconfig tap7 10.8.0.1/24 && bsdctl exec b ifconfig tap7 10.8.0.2/24'
ok "ping through frames" within on a ping -c 1 -w 1 10.8.0.2
ok "cloners are named" sh -c 'bsdctl exec a ifconfig -C | grep -q "tun tap"'
finish
