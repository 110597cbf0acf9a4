#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Boot and memory.  Time from the start of bsd(8) until it says that the
# machine is ready, beside that of a program that does nothing; with links,
# and with a configuration that netstart(8) runs: that waits a moment for the
# other end of a link, and until IPv6 has proved its addresses.  Then the memory of an idle
# kernel: resident, its own part of that (anonymous), and its share of what it
# has in common with others.  Medians of RUNS (20) boots.
O=$(realpath "${O:-build}")
RUNS=${RUNS:-20}
D=$(mktemp -d "${TMPDIR:-/tmp}/fugu-boot.XXXXXX") || exit 1
export BSD_WIRES=$D/wires
mkdir "$BSD_WIRES"
machines=()

machine_end() { # machine_end FOLDER: ends its kernel and waits for it
	local pid
	pid=$(cat "$1/dev/lock" 2>/dev/null) || return 0
	[ -n "$pid" ] && kill "$pid" 2>/dev/null
	while [ -n "$pid" ] && [ -e "/proc/$pid/exe" ]; do sleep 0.002; done
}
end() {
	for m in "${machines[@]}"; do machine_end "$m"; done
	rm -rf "$D"
}
trap end EXIT
trap 'exit 1' INT TERM

us() { echo "${EPOCHREALTIME/./}"; }
median() { sort -n | sed -n "$(((RUNS + 1) / 2))p"; }
row() { awk -v n="$1" -v v="$2" -v u="$3" 'BEGIN { printf "%-44s %12.1f %s\n", n, v, u }'; }

# boots NAME OPTION...: median time of bsd with these options
boots() {
	local name=$1 i t
	shift
	for ((i = 0; i < RUNS; i++)); do
		t=$(us)
		"$O/bin/bsd" -r "$D/m" "$@" || exit 1
		echo $(($(us) - t))
		machine_end "$D/m"
	done | median >"$D/median"
	row "$name" "$(awk '{ print $1 / 1000 }' "$D/median")" ms
}
memory() { # memory NAME FOLDER
	local pid
	pid=$(cat "$2/dev/lock") || exit 1
	awk -v n="$1" '
	    /^VmRSS:/ { rss = $2 } /^RssAnon:/ { anon = $2 } /^Pss:/ { pss = $2 }
	    END { printf "%-44s %12.2f MiB, %.2f its own, %.2f with its share\n",
	        n, rss / 1024, anon / 1024, pss / 1024 }' \
	    "/proc/$pid/status" "/proc/$pid/smaps_rollup"
}

machines=("$D/m" "$D/idle" "$D/links")
for ((i = 0; i < RUNS; i++)); do
	t=$(us)
	/bin/true
	echo $(($(us) - t))
done | median >"$D/median"
row "boot: a program that does nothing" "$(awk '{ print $1 / 1000 }' "$D/median")" ms
boots "boot: no link" -n
links=()
for ((i = 0; i < 16; i++)); do links+=(-i "fxp$i=wire:w$i"); done
boots "boot: 16 wires" -n "${links[@]}"
mkdir -p "$D/m/etc"
printf 'inet 192.0.2.1 255.255.255.0\ninet6 2001:db8::1 64\n' >"$D/m/etc/hostname.fxp0"
echo 192.0.2.2 >"$D/m/etc/mygate"
echo net.inet.ip.forwarding=1 >"$D/m/etc/sysctl.conf"
boots "boot: a wire, addresses, route, sysctl" -i fxp0=wire:w
mv "$D/m/etc/hostname.fxp0" "$D/m/etc/hostname.lo1"
sed -i 's/2.1 .*/2.1 255.255.255.255/; s/::1 64/::1 128/' "$D/m/etc/hostname.lo1"
rm "$D/m/etc/mygate"
boots "boot: addresses on lo1, sysctl" -i fxp0=wire:w

"$O/bin/bsd" -n -r "$D/idle" || exit 1
"$O/bin/bsd" -n -r "$D/links" "${links[@]}" || exit 1
sleep 1
memory "memory: no link" "$D/idle"
memory "memory: 16 wires" "$D/links"
