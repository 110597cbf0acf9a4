#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# A firewall between two namespaces of the host: nftables on Linux's own
# forwarding, and pf on the same veth pairs by packet(4); stateful, and with
# nat.  UDP of 64 bytes at full rate, in packets that arrive in a second, and
# iperf3 both ways; rules that differ in their source, and none matches, without
# states.  Then how long a load takes: 10 k rules, a table of 1 M
# addresses, beside `nft -f' of the same.  All in one run on one machine: read
# the ratios.  The sender shares the processors with what it measures.
O=$(realpath "${O:-build}")
load=$O/bench/udpload_bench
if [ -z "$PFBENCH_INSIDE" ]; then
	if ! unshare -Urnm true 2>/dev/null || ! command -v iperf3 nft >/dev/null; then
		echo "# pf: skipped: needs namespaces, iperf3 and nft"
		exit 0
	fi
	export O PFBENCH_INSIDE=1
	[ "$(id -u)" -eq 0 ] && as=-nm || as=-Urnm # nft needs large buffers
	exec unshare $as --kill-child --fork "$0"
fi
D=$(mktemp -d /tmp/fugu-pf.XXXXXX)
trap 'kill $(cat "$D"/*/dev/lock 2>/dev/null) 2>/dev/null; rm -rf "$D"' EXIT
mount -t tmpfs tmpfs /run && mkdir /run/netns
for ns in a b; do ip netns add $ns; ip -n $ns link set lo up; done
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ip_forward=0

side() { # side NS NET: addresses of the far end v$NS0
	ip -n "$1" addr add "$2.1/24" dev "v${1}0"
	ip -n "$1" link set "v${1}0" up
	ip -n "$1" route replace default via "$2.2"
}
veth_up() {
	for x in a b; do
		ip link add v$x type veth peer name v${x}0
		ip link set v${x}0 netns $x
		ip link set v$x up
	done
	side a 10.8.1
	side b 10.8.2
}
machine() { # machine NAME LINKA LINKB
	mkdir -p "$D/$1/etc"
	echo "inet 10.8.1.2/24" >"$D/$1/etc/hostname.fxp0"
	echo "inet 10.8.2.2/24" >"$D/$1/etc/hostname.fxp1"
	echo "net.inet.ip.forwarding=1" >"$D/$1/etc/sysctl.conf"
	"$O/bin/bsd" -r "$D/$1" -i "fxp0=$2" -i "fxp1=$3"
}
counted() { ip -n b -s -j link show vb0 | sed -E 's/.*"rx":\{"bytes":[0-9]+,"packets":([0-9]+).*/\1/'; }
flood() { # flood SIZE: packets a second that reach b
	local before after
	ip netns exec a "$load" send 10.8.2.1 9 "$1" "${FLOWS:-1}" 2 &
	sleep 0.5
	before=$(counted)
	sleep 1
	after=$(counted)
	wait $!
	echo $((after - before))
}
stream() { # stream NS-CLIENT NS-SERVER ADDRESS: Gbit/s
	ip netns exec "$2" iperf3 -s -1 -D
	sleep 0.3
	ip netns exec "$1" timeout 20 iperf3 -c "$3" -t 2 -f g 2>/dev/null | awk '/receiver/ { print $7 }'
}
measure() {
	ip netns exec b "$load" sink 9 & local sink=$!
	ip netns exec a ping -q -c 2 -i 0.2 -W 1 10.8.2.1 >/dev/null || { echo "pf $1: no way through"; kill "$sink"; return; }
	echo "pf $1, 64 bytes: $(flood 64) packets/s"
	echo "pf $1, iperf3: $(stream a b 10.8.2.1) and back $(stream b a 10.8.1.1) Gbit/s"
	kill "$sink"
}
rate() { # rate NAME: of packets of which no state is known
	ip netns exec b "$load" sink 9 & local sink=$!
	echo "pf $1, 64 bytes: $(flood 64) packets/s"
	kill "$sink"
}
seconds() { # seconds COMMAND...: how long it took, or that it failed
	local t=$EPOCHREALTIME
	"$@" >"$D/out" 2>&1 || { echo "failed: $(head -2 "$D/out")"; return; }
	awk "BEGIN { printf \"%.2f s\\n\", $EPOCHREALTIME - $t }"
}

veth_up
# --- Linux ---
ip addr add 10.8.1.2/24 dev va
ip addr add 10.8.2.2/24 dev vb
sysctl -qw net.ipv4.ip_forward=1
nft -f - <<'NFT'
table ip f { chain through { type filter hook forward priority 0; policy drop;
	ct state established,related accept
	ct state new accept
}
}
NFT
measure "nftables, stateful"
nft -f - <<'NFT'
table ip n { chain post { type nat hook postrouting priority 100;
	oifname "vb" masquerade
}
}
NFT
measure "nftables, nat"
nft flush ruleset
hosts() { awk -v n="$1" -v f="$2" 'BEGIN { for (i = 0; i < n; i++) printf f "\n", 203 + i / 65536, i / 256 % 256, i % 256 }'; }
for n in 100 1000 10000; do
	{ echo "table ip f { chain through { type filter hook forward priority 0; policy accept;"
	hosts $n "ip saddr %d.0.%d.%d drop"
	echo "}; }"; } >"$D/hosts.nft"
	nft -f "$D/hosts.nft" && rate "nftables, $n rules"
	nft flush ruleset
done
sysctl -qw net.ipv4.ip_forward=0
ip addr del 10.8.1.2/24 dev va
ip addr del 10.8.2.2/24 dev vb

# --- pf ---
machine fw packet:va packet:vb
pfctl() { BSD_ROOT=$D/fw "$O/bin/pfctl" "$@"; } # for it alone: the sender has Linux's sockets
measure "off"
echo "block all
pass" >"$D/pf.conf"
pfctl -qef "$D/pf.conf" && measure "stateful"
echo "match out on fxp1 nat-to (fxp1)
block all
pass" >"$D/pf.conf"
pfctl -qf "$D/pf.conf" && measure "nat"

for n in 100 1000 10000; do
	{ hosts $n "block in quick from %d.0.%d.%d"; echo "pass no state"; } >"$D/hosts.conf"
	pfctl -q -o none -f "$D/hosts.conf" && rate "$n rules"
done

# --- loads ---
awk 'BEGIN { for (i = 0; i < 10000; i++)
	printf "pass in proto tcp from 10.%d.%d.0/24 to any port %d\n", i / 256 % 256, i % 256, 1 + i % 60000 }' >"$D/rules.conf"
awk 'BEGIN { print "table ip r { chain c {"; for (i = 0; i < 10000; i++)
	printf "ip saddr 10.%d.%d.0/24 tcp dport %d ct state new accept\n", i / 256 % 256, i % 256, 1 + i % 60000; print "}\n}" }' >"$D/rules.nft"
echo "pf, 10 k rules: pfctl -n $(seconds pfctl -nf "$D/rules.conf"), pfctl -f $(seconds pfctl -f "$D/rules.conf"), nft -f $(seconds nft -f "$D/rules.nft")"
awk 'BEGIN { for (i = 0; i < 1000000; i++)
	printf "%d.%d.%d.%d\n", 11 + i / 65536 % 100, i / 256 % 256, i * 7 % 256, i % 256 }' | sort -u >"$D/list"
echo "set limit table-entries 2000000
table <t> persist file \"$D/list\"
block in from <t>
pass" >"$D/table.conf"
{ echo "table ip s { set t { type ipv4_addr; elements = {"; sed 's/$/,/' "$D/list"; printf "}\n}\n}\n"; } >"$D/table.nft"
echo "pf, table of $(wc -l <"$D/list"): pfctl -f $(seconds pfctl -f "$D/table.conf"), nft -f $(seconds nft -f "$D/table.nft")"
