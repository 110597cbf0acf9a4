#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Two namespaces of the host with a Fugu router between them: Linux's own
# stack on both sides, joined by TAP devices.
. "$(dirname "$0")/lab.subr"
lping=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v ping) # the host's own

if ! (exec 3<>/dev/net/tun) 2>/dev/null; then
	skip namespaces "this user may not open /dev/net/tun"
	finish
fi
cat >"$dir/lab.conf" <<'LAB'
lab ns
wire a
wire b
netns h1 {
	interface eth0 on a {
		inet 10.91.1.2/24
		inet6 2001:db8:911::2/64
	}
	gateway 10.91.1.1
	gateway 2001:db8:911::1
}
machine fw {
	interface fxp0 on a {
		inet 10.91.1.1/24
		inet6 2001:db8:911::1/64
	}
	interface fxp1 on b {
		inet 10.91.2.1/24
		inet6 2001:db8:912::1/64
	}
	sysctl net.inet.ip.forwarding=1
	sysctl net.inet6.ip6.forwarding=1
}
netns h2 {
	interface eth0 on b {
		inet 10.91.2.2/24
		inet6 2001:db8:912::2/64
	}
	gateway 10.91.2.1
	gateway 2001:db8:912::1
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
ok "ARP against Linux: the router answers" on h1 "$lping" -q -c 1 -W 2 10.91.1.1
ok "ND against Linux: the router answers" on h1 "$lping" -q -c 1 -W 2 2001:db8:911::1
ok "and asks: it pings Linux" on fw ping -q -c 1 10.91.2.2
ok "over IPv6 too" on fw ping -q -c 1 2001:db8:912::2
ok "IPv4 crosses" on h1 "$lping" -q -c 3 -i 0.1 -W 2 10.91.2.2
ok "IPv6 crosses" on h1 "$lping" -q -c 3 -i 0.1 -W 2 2001:db8:912::2
ok "20000 bytes cross in IPv4 fragments" on h1 "$lping" -q -c 1 -W 2 -s 20000 10.91.2.2
ok "20000 bytes cross in IPv6 fragments" on h1 "$lping" -q -c 1 -W 2 -s 20000 2001:db8:912::2
keep on h1 ip -6 neigh show 2001:db8:911::1
says "Linux knows the router's link address" 'lladdr .* (REACHABLE|DELAY|STALE|PROBE)'
keep on h1 "$lping" -c 1 -W 2 -t 1 10.91.2.2
says "a TTL of 1 ends at the router" '10.91.1.1.*Time to live exceeded'
ok "the router's second MTU becomes 1300" on fw ifconfig fxp1 mtu 1300
keep on h1 "$lping" -c 2 -i 0.2 -W 2 -M do -s 1400 10.91.2.2
says "Linux learns the path MTU of 1300" 'mtu ?= ?1300'
keep on h1 "$lping" -6 -c 2 -i 0.2 -W 2 -M do -s 1400 2001:db8:912::2
says "and over IPv6" 'mtu ?= ?1300|Packet too big'
ok "and 1500 again" on fw ifconfig fxp1 mtu 1500
if command -v python3 >/dev/null; then
	cat >"$dir/udp.py" <<'PY'
import socket, sys
host, fam = sys.argv[2], socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
s = socket.socket(fam, socket.SOCK_DGRAM)
s.settimeout(5)
if sys.argv[1] == "serve":
    s.bind((host, 9999))
    for _ in range(50):
        d, a = s.recvfrom(65536)
        s.sendto(d, a)
else:
    for i in range(50):
        d = bytes([i]) * (1 + i * 100)
        s.sendto(d, (host, 9999))
        assert s.recvfrom(65536)[0] == d
PY
	for a in 10.91.2.2 2001:db8:912::2; do
		on h2 python3 "$dir/udp.py" serve $a >/dev/null 2>&1 &
		sleep 0.7
		ok "50 UDP datagrams there and back, $a" on h1 python3 "$dir/udp.py" ask $a
		wait $!
	done
fi
if command -v iperf3 >/dev/null; then
	for a in 10.91.2.2 2001:db8:912::2; do
		on h2 iperf3 -s -1 >/dev/null 2>&1 &
		sleep 0.7
		ok "iperf3 moves 200 MB with offloads on, $a" on h1 iperf3 -c $a -n 200M
		wait $!
	done
fi
ok "the lab goes down" bsdctl down ns

# A hub of namespaces and machines, each namespace by a port of its own.
cat >"$dir/hub.conf" <<'LAB'
lab hub
wire w
netns a { interface eth0 on w { inet 10.92.0.1/24
	inet6 2001:db8:92::1 64 } }
netns b { interface eth0 on w { inet alias 10.92.0.2 255.255.255.0
	inet6 2001:db8:92::2 prefixlen 64 } }
machine c { interface fxp0 on w { inet 10.92.0.3/24
	inet6 2001:db8:92::3 64 } }
machine d { interface fxp0 on w { inet 10.92.0.4/24 } }
LAB
ok "a hub of two namespaces and two machines" bsdctl up "$dir/hub.conf"
ok "a namespace reaches the other" on a "$lping" -q -c 2 -i 0.1 -W 2 10.92.0.2
ok "over IPv6 too" on b "$lping" -q -c 2 -i 0.1 -W 2 2001:db8:92::1
ok "and a machine" on b "$lping" -q -c 2 -i 0.1 -W 2 10.92.0.4
ok "a machine reaches a namespace" on c ping -q -c 1 10.92.0.1
ok "over IPv6 too" on c ping -q -c 1 2001:db8:92::2
ok "with 20000 bytes" on a "$lping" -q -c 1 -W 2 -s 20000 10.92.0.3
keep on a.eth0 ifconfig
says "the port bridges" '^bridge0: flags=.*UP'
no "and has no address to be heard by" grep 'inet6 fe80::[^1]' "$dir/last"
if have iperf3; then
	later b iperf3 -s -1
	ok "100 MB of TCP through two ports" within on a iperf3 -c 10.92.0.2 -n 100M
fi
keep bsdctl wire hub w
says "a port is an end of the wire" '^hub/a.eth0 fxp0: loss 0%'
ok "what namespaces send can be lost" bsdctl wire hub w loss 100%
no "and is" on a "$lping" -q -c 2 -i 0.1 -W 1 10.92.0.2
ok "or be late" bsdctl wire hub w loss 0 delay 100ms
keep on a "$lping" -c 1 -W 3 10.92.0.2
says "by a tenth of a second each way" 'time=2[0-9][0-9] ms|time=[3-9][0-9][0-9] ms'
keep on a sh -c 'command -v ping; echo "$BSD_ROOT$LD_PRELOAD"'
no "a program in a namespace is the host's, whatever PATH says" grep "$bin" "$dir/last"

# Its holder is killed, and its number is another process's now.
holder=$(cat "$FUGU_LABS/hub/a.netns")
kill -9 "$holder"
sleep 300 &
stranger=$!
pids="$pids $stranger"
echo "$stranger" >"$FUGU_LABS/hub/a.netns"
does_not_run() { keep bsdctl list; grep -qE '^hub +a +netns +- ' "$dir/last"; }
ok "a namespace whose holder was killed does not run" within does_not_run
ok "down goes on without it" bsdctl down hub
ok "and leaves a stranger of its number alone" kill -0 "$stranger"

# The whole as an ordinary user, whose device for TAPs is open to all.
plain() { # plain COMMAND...: as nobody, with that device
	unshare -m sh -c 'mount --bind "$0/tun" /dev/net/tun && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' \
		"$dir" env FUGU_LABS="$dir/user/labs" PATH="$PATH" "$@"
}
mkdir -m 777 "$dir/user"
mknod "$dir/tun" c 10 200 2>/dev/null && chmod 666 "$dir/tun"
if [ "$(id -u)" -ne 0 ] || ! plain sh -c 'exec 3<>/dev/net/tun && unshare -Urn true' 2>/dev/null; then
	skip "an ordinary user's namespaces" "not root, or no user namespaces here"
	finish
fi
ok "an ordinary user has the same lab" plain bsdctl up "$dir/lab.conf"
ended() { plain bsdctl down >/dev/null 2>&1; }
ok "and crosses it" plain bsdctl exec h1 "$lping" -q -c 3 -i 0.1 -W 2 10.91.2.2
ok "over IPv6 too" plain bsdctl exec h1 "$lping" -q -c 3 -i 0.1 -W 2 2001:db8:912::2
keep plain bsdctl exec h1 id -u
says "is root there" '^0$'
keep plain bsdctl exec fw id -u
says "and himself elsewhere" '^65534$'
ok "it goes down" plain bsdctl down ns
ok "and the hub comes up" plain bsdctl up "$dir/hub.conf"
ok "and is one" plain bsdctl exec a "$lping" -q -c 2 -i 0.1 -W 2 10.92.0.2
ok "and goes down" plain bsdctl down hub
chmod 600 "$dir/tun"
refused "the device closed to him is one line" '^bsd: fw: fxp0: tap:eth0,.*/dev/net/tun may not be opened by this user' \
	plain bsdctl up "$dir/lab.conf"
keep plain bsdctl list
no "and nothing is left" grep . "$dir/last"
finish
