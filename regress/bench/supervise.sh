#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# What calls cost a program, in microseconds: on the host's sockets, with the
# library preloaded, and static below a supervisor.  The last three are the
# host's in each case: what a program pays that is supervised for nothing.
top=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$(realpath "${O:-$top/build}")/bin:$PATH
D=$(mktemp -d /tmp/fugu-supervise.XXXXXX)
FUGU_LABS=$D/labs
export PATH FUGU_LABS
trap 'bsdctl down >/dev/null 2>&1; rm -rf "$D"' EXIT
for how in dynamic static; do
	flag=
	[ $how = static ] && flag=-static
	cc -O2 $flag -pthread -o "$D/$how" "$top/regress/system/guest.c" 2>/dev/null || {
		echo "# supervise: skipped: no compiler that links statically"
		exit 0
	}
done
printf 'lab costs\nmachine a {\n}\n' >"$D/lab.conf"
bsdctl up "$D/lab.conf" || exit 1
"$D/dynamic" costs >"$D/host" && bsdctl exec a "$D/dynamic" costs >"$D/preloaded" && bsdctl exec a "$D/static" costs >"$D/supervised" || exit 1
printf '%-24s %10s %10s %10s %8s\n' "us for" host preloaded supervised ratio
paste -d ' ' "$D/host" "$D/preloaded" "$D/supervised" |
	awk '{ printf "%-24s %10.2f %10.2f %10.2f %8.1f\n", $1, $2, $4, $6, $6 / $4 }'
