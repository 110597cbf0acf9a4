#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# lab.conf(5): what is taken and what is refused, by bsdctl up -n, which only
# reads.  Every refusal has its file and line.  TAP.
. "$(dirname "$0")/../system/lab.subr"

# good NAME: the lab on stdin is taken, without a word
good() {
	cat >"$dir/lab.conf"
	keep bsdctl up -n "$dir/lab.conf"
	[ $? -eq 0 ] && ! [ -s "$dir/last" ]
	verdict $? "$1" "$dir/last"
}
# bad LINE TEXT: the lab on stdin is refused; one of the lines says so
bad() {
	cat >"$dir/lab.conf"
	keep bsdctl up -n "$dir/lab.conf"
	[ $? -eq 1 ] && grep -qxF -- "$dir/lab.conf:$1: $2" "$dir/last"
	verdict $? "$2" "$dir/last"
}

for f in "$top"/etc/examples/*/*.conf; do
	ok "example ${f#"$top/etc/examples/"}" bsdctl up -n "$f"
done
good "everything a lab has" <<'LAB'
# a remark
lab all-of_it
wire w1 loss 1% dup 0.5 reorder 2% corrupt 0.001% delay 2ms jitter 100us bandwidth 10M seed 3
wire w2 delay 1s \
	jitter 5
a = 10.0.0.1
machine m1 {
	interface em0 on w1 { inet 10.0.0.1/24 }
	interface em1 link packet:eth1
	interface em2 link tap:t0,netns=12 {
		inet6 2001:db8::1 64
		mtu 9000
	}
	interface vlan7 {
		vnetid 7 parent em0
		inet $a 255.255.255.0
	}
	gateway 10.0.0.254
	sysctl net.inet.ip.forwarding=1
}
netns n1 {
	interface eth0 on w1 {
		inet 10.0.0.2/24
		inet alias 10.0.0.3 255.255.255.0
		inet6 2001:db8::2 prefixlen 64
		inet6 alias 2001:db8::3/64
		mtu 1400
	}
	gateway 10.0.0.254
	sysctl net.ipv4.ip_forward=1
	run ip route add 192.0.2.0/24 via 10.0.0.1
}
LAB
cat >"$dir/one.conf" <<'LAB'
machine $name { interface em0 on $net { inet $a/24 } }
LAB
good "files and macros" <<'LAB'
net = "w"
a = 10.0.0.1
b = /no/path
wire $net
name = x
include "one.conf"
name = y
include "one.conf"
LAB
echo 'include "lab.conf"' >"$dir/two.conf"
printf 'include "two.conf"\ninclude "two.conf"\n' >"$dir/lab.conf"
keep bsdctl up -n "$dir/lab.conf"
says "files that include each other" 'two.conf:1: .*lab.conf: included too deep'
says "and their number" 'conf:[12]: (two|lab).conf: more than 100 files'
bad 2 "macro 'nosuch' not defined" <<'LAB'
wire w
wire $nosuch
LAB
bad 1 "macro a: expected a value" <<'LAB'
a =
LAB
bad 1 "$dir/none.conf: No such file or directory" <<'LAB'
include "none.conf"
LAB
good "a hub of machines and namespaces" <<'LAB'
wire w
machine a { interface em0 on w }
machine b { interface em0 on w }
netns c { interface e on w }
netns d { interface e on w }
LAB

# --- what is not taken ---
bad 1 "foo: unknown word" <<'LAB'
foo bar
LAB
bad 1 "lab: wrong number of words" <<'LAB'
lab
LAB
bad 1 "a.b: not a name for a lab" <<'LAB'
lab a.b
LAB
bad 1 "wires: not a name for a machine" <<'LAB'
machine wires { interface em0 on w }
LAB
bad 1 "abcdefghijklmnopqrstuvwxyzabcdefgh: name of a wire is longer than 31" <<'LAB'
wire abcdefghijklmnopqrstuvwxyzabcdefgh
LAB
bad 2 "wire w is there already" <<'LAB'
wire w
wire w
LAB
bad 2 "machine a is there already" <<'LAB'
machine a { gateway 10.0.0.1 }
netns a { gateway 10.0.0.1 }
LAB
bad 4 "interface em0 is there already" <<'LAB'
wire w
machine a {
	interface em0 on w
	interface em0 on w
}
LAB
bad 2 "no wire called v" <<'LAB'
machine a {
	interface em0 on v
}
LAB
bad 1 "loss has no value" <<'LAB'
wire w loss
LAB
for v in "loss 101%" "loss 1x" "loss -1" "delay 5min" "bandwidth 1T" "seed x" "colour red" "dup nan"; do
	bad 1 "$v: no property of a wire" <<LAB
wire w $v
LAB
done
bad 1 "expected { after a" <<'LAB'
machine a
LAB
bad 2 "interface em0: expected on WIRE or link KIND:SPEC" <<'LAB'
machine a {
	interface em0
}
LAB
bad 2 "interface: wrong number of words" <<'LAB'
machine a {
	interface em0 on
}
LAB
bad 2 "expected on or link, not at" <<'LAB'
machine a {
	interface em0 at w
}
LAB
bad 2 "packet: not KIND:SPEC" <<'LAB'
machine a {
	interface em0 link packet
}
LAB
bad 2 "interface em0: a namespace's is on a wire" <<'LAB'
netns a {
	interface em0 link packet:eth0
}
LAB
bad 4 "a namespace has only inet, inet6 and mtu, not: up" <<'LAB'
wire w
netns a {
	interface em0 on w {
		up
	}
}
LAB
bad 4 "a namespace has only inet, inet6 and mtu, not: inet 10.0.0.1 255.255.255.0 10.0.0.255" <<'LAB'
wire w
netns a {
	interface em0 on w {
		inet 10.0.0.1 255.255.255.0 10.0.0.255
	}
}
LAB
bad 2 "run is for namespaces; a machine has etc/hostname.if(5)" <<'LAB'
machine a {
	run true
}
LAB
bad 2 "expected name=value, not net.inet.ip.forwarding" <<'LAB'
machine a {
	sysctl net.inet.ip.forwarding
}
LAB
bad 2 "wire cannot stand here" <<'LAB'
machine a {
	wire w
}
LAB
bad 1 "gateway cannot stand here" <<'LAB'
gateway 10.0.0.1
LAB
bad 2 "gateway opens no block" <<'LAB'
machine a {
	gateway 10.0.0.1 {
}
LAB
bad 1 "} without {" <<'LAB'
}
LAB
printf 'wire w\n' >"$dir/lab.conf"
refused "a lab without machines" "lab.conf: no machine" bsdctl up -n "$dir/lab.conf"
refused "no such file" "nosuch: No such file" bsdctl up -n "$dir/nosuch"
refused "a folder" "Is a directory" bsdctl up -n "$dir"
bsdctl up -n >/dev/null 2>&1
ok "up -n without a file is a usage error" test $? -eq 2
bsdctl up -x "$dir/lab.conf" >/dev/null 2>&1
ok "and so is another option" test $? -eq 2
ok "nothing was started or left" test ! -e "$FUGU_LABS"
finish
