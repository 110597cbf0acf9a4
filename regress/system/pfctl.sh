#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# pfctl beside a running kernel: interfaces, groups and their addresses are
# the machine's, not the host's; a load by what has no /dev/pf says so.
. "$(dirname "$0")/lab.subr"
D=$dir says=$D/out
export BSD_WIRES=$D/wires
mkdir -p "$BSD_WIRES" "$D/fw/etc"

ended() {
	[ -s "$D/fw/dev/lock" ] && kill -9 "$(cat "$D/fw/dev/lock")" 2>/dev/null
}
# prints CONF LINE ...: pfctl -nv of CONF prints exactly these lines
prints() {
	local conf=$1
	shift
	echo "$conf" | BSD_ROOT=$D/fw pfctl -o none -nvf - >"$D/out" 2>&1 &&
	    printf '%s\n' "$@" | cmp -s - "$D/out"
}

printf 'inet 192.0.2.1/24\ninet6 2001:db8::1/64\n' >"$D/fw/etc/hostname.fxp0"
bsd -r "$D/fw" -h fw -i fxp0=wire:lan >"$D/out" 2>&1
verdict $? "a kernel with fxp0"
for _ in $(seq 100); do
	BSD_ROOT=$D/fw ifconfig fxp0 >"$D/out" 2>&1 && grep -q 2001:db8::1 "$D/out" && break
	sleep 0.05
done

prints 'block inet from fxp0' 'block drop inet from 192.0.2.1 to any'
verdict $? "fxp0 is the kernel's address"
prints 'block inet from fxp0:network' 'block drop inet from 192.0.2.0/24 to any'
verdict $? "fxp0:network is its network"
prints 'block inet to fxp0:broadcast' 'block drop inet from any to 192.0.2.255'
verdict $? "fxp0:broadcast is its broadcast address"
prints 'nat on fxp0 inet from 10/8 to any -> fxp0' 'nat on fxp0 inet from 10.0.0.0/8 to any -> 192.0.2.1'
verdict $? "fxp0 in a pool"
prints 'nat on fxp0 inet6 from fd00::/8 to any -> fxp0:0' 'nat on fxp0 inet6 from fd00::/8 to any -> 2001:db8::1'
verdict $? "fxp0:0 in a pool"
prints 'antispoof quick for fxp0 inet' 'block drop in quick on ! fxp0 inet from 192.0.2.0/24 to any' \
    'block drop in quick inet from 192.0.2.1 to any'
verdict $? "antispoof by its addresses"
prints 'antispoof for lo0 inet' 'block drop in on ! lo0 inet from 127.0.0.0/8 to any'
verdict $? "antispoof knows that lo0 is the loopback interface"
prints 'block on fxp9 from (fxp9)' 'block drop on fxp9 from (fxp9) to any'
verdict $? "(fxp9) need not be there yet"
! prints 'block from fxp9' && grep -q "stdin:1: no IP address found for fxp9" "$D/out"
verdict $? "fxp9 has to be"
prints 'block from lo0:network' 'block drop inet6 from ::1 to any' 'block drop inet from 127.0.0.0/8 to any'
verdict $? "lo0: its addresses in the order of any BSD"
prints 'block inet from fxp' "block drop inet from 192.0.2.1 to any"
verdict $? "the addresses of a group of interfaces"

# names have all the addresses that the machine's hosts file gives them
printf '10.1.2.3 web\n2001:db8::5 web\n10.1.2.4 web\n' >"$D/fw/etc/hosts"
prints 'block to web' 'block drop inet from any to 10.1.2.3' 'block drop inet6 from any to 2001:db8::5' \
    'block drop inet from any to 10.1.2.4'
verdict $? "a name has all its addresses"
prints 'block inet to web' 'block drop inet from any to 10.1.2.3' 'block drop inet from any to 10.1.2.4'
verdict $? "... those of the rule's family"
prints 'table <t> { web !10.1.2.4 }' 'table <t> { 10.1.2.3 2001:db8::5 10.1.2.4 !10.1.2.4 }'
verdict $? "... in a table"
prints 'nat on fxp0 inet6 from any to any -> web' 'nat on fxp0 inet6 all -> 2001:db8::5'
verdict $? "... in a pool"
echo web >"$D/names"
BSD_ROOT=$D/fw pfctl -t names -T add -f "$D/names" >"$D/out" 2>&1 &&
    grep -q '^3/3 addresses added' "$D/out"
verdict $? "... and in a file of addresses"
BSD_ROOT=$D/fw pfctl -k web >"$D/out" 2>&1 &&
    grep -q '^killed 0 states from 3 sources and 0 destinations' "$D/out"
verdict $? "-k asks for each address of a name"
! BSD_ROOT=$D/fw pfctl -k gateway -k web >"$D/out" 2>&1 &&
    grep -q "'web' is not one address or network" "$D/out"
verdict $? "-k gateway takes one"
! BSD_ROOT=$D/fw pfctl -t 'a b' -T add 10.0.0.1 >"$D/out" 2>&1 &&
    grep -q "'a b' is no table name" "$D/out"
verdict $? "-T makes no table that pf.conf could not name"
finish
