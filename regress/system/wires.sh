#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# What can be bad about a wire, from lab.conf and changed while it runs, as a
# user sees it.  TAP.
. "$(dirname "$0")/lab.subr"

cat >"$dir/lab.conf" <<'LAB'
lab wires
wire w delay 60ms seed 7
machine a {
	interface fxp0 on w {
		inet 10.95.0.1/24
		inet6 2001:db8:95::1 64
	}
}
machine b {
	interface fxp0 on w {
		inet 10.95.0.2/24
		inet6 2001:db8:95::2 64
	}
}
LAB
wire() { bsdctl wire wires w "$@"; }

ok "the lab comes up" bsdctl up "$dir/lab.conf"
keep wire
says "a wire is shown at each of its ends" '^wires/a fxp0: loss 0% .* delay 60ms'
says "the other, too" '^wires/b fxp0: .* delay 60ms jitter 0ms bandwidth 0'
for host in 10.95.0.2 2001:db8:95::2; do
	keep on a ping -n -c 1 $host
	says "delay of lab.conf: 120 ms there and back, $host" 'time=1[2-9][0-9]\.|time=[2-9][0-9][0-9]\.'
done
ok "delay ends" wire delay 0
keep on a ping -n -c 8 -i 0.05 10.95.0.2
says "and is gone" 'time=[0-9]?[0-9]\.'
ok "jitter" wire jitter 200ms
keep on a ping -n -c 8 -i 0.05 -w 3 10.95.0.2
says "answers come late" 'time=[1-9][0-9][0-9]'
ok "everything twice" wire jitter 0 dup 100
keep on a ping -n -c 2 -i 0.1 10.95.0.2
says "ping sees duplicates" '[0-9]+ duplicates'
ok "half is lost" wire dup 0 loss 50%
keep on a ping -n -q -c 40 -i 0.01 -w 1 10.95.0.2
says "and that is about what ping says" ' [5-9][0-9]\.[0-9]% packet loss'
ok "bits are flipped" wire loss 0 corrupt 100%
keep on a ping -n -q -c 30 -i 0.01 -w 1 10.95.0.2
says "hardly anything gets through" ' [89][0-9]\.[0-9]% packet loss|100\.0% packet loss'
ok "and the wire is good again" wire corrupt 0
ok "as ping says" on a ping -n -q -c 2 -i 0.1 -w 3 10.95.0.2
ok "80 kbit/s" wire bandwidth 80K
keep on a ping -n -c 1 -s 1000 10.95.0.2
says "carry 1000 bytes in a tenth of a second each way" 'time=2[0-9][0-9]\.|time=[3-9][0-9][0-9]\.'
refused "a bad value is one line that names it" 'loss 101%' wire loss 101%
refused "an unknown property" 'colour' wire colour red
refused "a property without a value" 'loss has no value' wire loss
keep bsdctl wire wires
says "all wires of a lab" '^w:$'
says "and their ends" '^wires/b fxp0: '
refused "an unknown lab" 'no lab called nosuch' bsdctl wire nosuch
refused "an unknown wire" 'no running machine of lab wires is on a wire called v' bsdctl wire wires v
ok "a reset wire" wire bandwidth 0
ok "works as ever" on a ping -n -q -c 1 -w 3 2001:db8:95::2
finish
