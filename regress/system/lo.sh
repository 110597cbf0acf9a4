#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# More than one lo: their group and others, and their addresses from here and
# from a neighbour.  TAP.
. "$(dirname "$0")/lab.subr"

# names GROUP: the interfaces that ifconfig shows for it
names() { on a ifconfig "$1" | sed -n 's/^\([a-z0-9]*\): flags.*/\1/p' | tr '\n' ' '; }
is() { [ "$(names "$1")" = "$2" ]; }

cat >"$dir/lab.conf" <<'LAB'
lab lo
wire lan
machine a {
	interface fxp0 on lan {
		inet 10.0.1.1 255.255.255.0
		inet6 fd01::1 64
	}
}
machine b {
	interface fxp0 on lan {
		inet 10.0.1.2 255.255.255.0
		inet6 fd01::2 64
	}
	gateway 10.0.1.1
	gateway fd01::1
}
LAB
ok "the lab comes up" bsdctl up "$dir/lab.conf"
ok "one lo, one in its group" is lo "lo0 "
ok "lo1 with addresses" sh -c 'bsdctl exec a ifconfig lo1 192.0.2.1/32 && bsdctl exec a ifconfig lo1 inet6 fd99::1 prefixlen 128'
ok "lo2 by its first group" on a ifconfig lo2 group router
ok "lo1 too" on a ifconfig lo1 group router
ok "three in lo" is lo "lo0 lo1 lo2 "
ok "two in router" is router "lo1 lo2 "
ok "groups are shown" sh -c 'bsdctl exec a ifconfig lo1 | grep -Eq "groups: .*lo.* router"'
ok "twice is refused" not on a ifconfig lo1 group router
ok "lo is for ever" not on a ifconfig lo1 -group lo
ok "reached from here" on a ping -c 1 192.0.2.1
ok "in IPv6" on a ping -c 1 fd99::1
ok "reached from outside" on b ping -c 1 192.0.2.1
ok "in IPv6" on b ping -c 1 fd99::1
printf 'set skip on lo\nblock all\n' >"$dir/pf.conf"
ok "rules for all but lo" sh -c "bsdctl exec a pfctl -q -f '$dir/pf.conf' && bsdctl exec a pfctl -q -e"
ok "pass what is local" on a ping -c 1 192.0.2.1
ok "in IPv6" on a ping -c 1 fd99::1
ok "and block the rest" not on b ping -c 1 -w 1 192.0.2.1
ok "no more" on a pfctl -q -d
ok "-group" on a ifconfig lo1 -group router
ok "one in router" is router "lo2 "
ok "destroy" sh -c 'bsdctl exec a ifconfig lo1 destroy && bsdctl exec a ifconfig lo2 destroy'
ok "the group has gone" not on a ifconfig router
ok "and the address" not on a ping -c 1 -w 1 192.0.2.1
ok "lo0 stays" not on a ifconfig lo0 destroy
finish
