#!/bin/bash
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# What the tools print, word for word: sessions/*.txt are sessions at a
# terminal, run again.  TAP, a line for each command.
#
#	## remark
#	$ command
#	what it prints, both outputs
#	? 2			its exit status, if that is not 0
#
# Machines a and b have a wire fxp0 between them, 10.0.0.1/24 and 2001:db8::1/64
# to .2 and ::2; commands are for a, `on b command' for b.  They run in bash in
# a folder of their own, DIR.  Times, pids and counts of packets that nobody
# can foretell are written as letters (see steady()).
#
# UPDATE=1 writes the sessions anew from what was printed: read the diff.
top=$(cd "$(dirname "$0")/../.." && pwd)
O=$(realpath "${O:-$top/build}")
D=$(mktemp -d /tmp/fugu-lang.XXXXXX) || exit 1
export D BSD_WIRES=$D/wires FUGU_LABS=$D/labs PATH=$O/bin:$PATH LC_ALL=C TZ=UTC
export HOME=$D/work
unset BSD_RTABLE LD_PRELOAD
n=0 bad=0
end() {
	machines_down
	rm -rf "$D"
}
trap end EXIT
machines_down() {
	for m in a b; do
		[ -s "$D/$m/dev/lock" ] || continue
		pid=$(cat "$D/$m/dev/lock")
		kill "$pid" 2>/dev/null
		for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || break; sleep 0.02; done
	done
	rm -rf "$D/a" "$D/b" "$D/work" "$D/wires"
}
machines_up() {
	mkdir -p "$D/a/etc" "$D/b/etc" "$D/work" "$D/wires"
	for m in a b; do
		i=$([ $m = a ] && echo 1 || echo 2)
		printf '10.0.0.1 alpha\n10.0.0.2 beta\n2001:db8::2 beta6\n' >"$D/$m/etc/hosts"
		(cd "$D/work" && exec timeout 300 bsd -r "$D/$m" -n -h $m -i fxp0=wire:"$D/w") >"$D/log.$m" 2>&1 &
		for _ in $(seq 200); do BSD_ROOT=$D/$m ifconfig lo0 >/dev/null 2>&1 && break; sleep 0.02; done
		BSD_ROOT=$D/$m ifconfig fxp0 lladdr 02:00:00:00:00:0$i
	done
	for m in a b; do
		i=$([ $m = a ] && echo 1 || echo 2)
		BSD_ROOT=$D/$m ifconfig fxp0 inet 10.0.0.$i/24 up
		BSD_ROOT=$D/$m ifconfig fxp0 inet6 2001:db8::$i/64
	done
	for _ in $(seq 200); do
		BSD_ROOT=$D/a ifconfig fxp0 | grep -q tentative || BSD_ROOT=$D/b ifconfig fxp0 | grep -q tentative || break
		sleep 0.05
	done
}
on() { # on MACHINE COMMAND
	local m=$1
	shift
	BSD_ROOT=$D/$m "$@"
}
heard() { # heard COMMAND: what route monitor prints meanwhile, without the poking
	route -n monitor $MONITOR >news 2>&1 &
	local pid=$!
	for _ in $(seq 100); do
		ifconfig lo0 inet 127.9.9.9/32 alias
		ifconfig lo0 inet 127.9.9.9 -alias
		ifconfig lo0 -debug debug
		grep -q '127.9.9.9\|name lo0' news && break
		sleep 0.05
	done
	sleep 0.1
	"$@" >done.out 2>&1
	ifconfig lo0 inet 127.8.8.8/32 alias link2
	for _ in $(seq 100); do grep -q '127\.8\.8\.8\|LINK2' news && break; sleep 0.05; done
	ifconfig lo0 inet 127.8.8.8 -alias -link2 -debug
	kill $pid
	wait $pid 2>/dev/null
	# a message is what follows a line "got message"
	awk '/^got message/ { if (m != "" && m !~ /127\.[89]\.|name lo0/) printf "%s", m; m = "" } { m = m $0 "\n" }
	END { if (m !~ /127\.[89]\.|name lo0/) printf "%s", m }' news
}
# Sockets of a program: udp and udp6, a listener with a connection to itself.
cat >"$D/sockets.py" <<'E'
import signal, socket as s, time
def sock(family, kind, address):
    x = s.socket(family, kind)
    x.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
    if family == s.AF_INET6:
        x.setsockopt(s.IPPROTO_IPV6, s.IPV6_V6ONLY, 1)
    for _ in range(100): # a machine hears a little later that a program has ended
        try:
            x.bind(address)
            break
        except OSError:
            time.sleep(0.05)
    return x
keep = [sock(s.AF_INET, s.SOCK_DGRAM, ('10.0.0.1', 514)), sock(s.AF_INET6, s.SOCK_DGRAM, ('::', 4242))]
server = sock(s.AF_INET, s.SOCK_STREAM, ('', 22))
server.listen()
keep += [s.create_connection(('127.0.0.1', 22)), server.accept()[0]]
six = sock(s.AF_INET6, s.SOCK_STREAM, ('2001:db8::1', 4243))
six.listen()
keep[0].connect(('10.0.0.2', 514))
print('ready', flush=True)
signal.pause()
E
sockets() { # sockets COMMAND ...: each while those sockets are open
	rm -f ready # of those before
	LD_PRELOAD=$O/lib/libbsdsys.so python3 "$D/sockets.py" >ready 2>&1 &
	local pid=$!
	for _ in $(seq 200); do grep -qs ready ready && break; sleep 0.05; done
	for c in "$@"; do $c | sed /TIME_WAIT/d; done
	kill $pid
	wait $pid 2>/dev/null || :
}
export O
export -f on heard sockets
# What differs from run to run becomes a letter.
steady() {
	sed -E -e "s|$D/work|DIR|g; s|$D|TOP|g" \
	    -e 's/time=[0-9.]+ ms/time=T ms/; s/  [0-9.]+ ms/  T ms/g; s/[0-9.]+(\/[0-9.]+){3} ms/T ms/' \
	    -e 's/ on [A-Z][a-z]{2} [A-Z][a-z]{2} .*20[0-9]{2}$/ on DATE/; s/pid: [1-9][0-9]*/pid: P/' \
	    -e 's/\b(20m0s|19m[0-9]{1,2}s) */T /; s/\b[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+\b/TIME/' \
	    -e 's/, id [0-9]+, seq/, id I, seq/; s/(127\.0\.0\.1)\.[0-9]{5}/\1.PORT_/g' "$1"
}
# run COMMAND: as the session would show it
run() {
	local status
	(cd "$D/work" && BSD_ROOT=$D/a timeout 60 bash -c "$1") >"$D/said" 2>&1 </dev/null
	status=$?
	steady "$D/said"
	[ $status -eq 0 ] || echo "? $status"
}
# check FILE LINE COMMAND WANTED
check() {
	n=$((n + 1))
	run "$3" >"$D/got"
	printf '%s' "$4" >"$D/wanted"
	{ echo "\$ $3"; cat "$D/got"; } >>"$D/new"
	if cmp -s "$D/got" "$D/wanted"; then
		echo "ok $n - $1:$2: $3"
		return
	fi
	bad=1
	echo "not ok $n - $1:$2: $3"
	diff -u "$D/wanted" "$D/got" | sed -e 1,2d -e 's/^/# /'
}
session() {
	local name command="" at=0 nr=0 wanted="" line
	name=$(basename "$1")
	machines_up
	: >"$D/new"
	while IFS= read -r line; do
		nr=$((nr + 1))
		case $line in
		'$ '* | '## '*)
			[ -n "$command" ] && check "$name" $at "$command" "$wanted"
			command= wanted= at=$nr
			[ "${line:0:1}" = '#' ] && echo "$line" >>"$D/new" || command=${line:2} ;;
		*) wanted+=$line$'\n' ;;
		esac
	done <"$1"
	[ -n "$command" ] && check "$name" $at "$command" "$wanted"
	[ -n "$UPDATE" ] && cp "$D/new" "$1"
	machines_down
}
cd "$top/regress/lang/sessions" || exit 1
for f in ${SESSIONS:-*.txt}; do session "$f"; done
echo "1..$n"
exit $bad
