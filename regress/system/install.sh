#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# What make does: nothing in a tree that nobody touched, exactly what includes
# a header that somebody did; and what make install puts where, by working
# with it.  TAP.
. "$(dirname "$0")/lab.subr"
cd "$top" || exit 1
O=${bin%/bin}
O=${O#"$top/"} # as the rules of make call it
cc=$(cut -d' ' -f1 "$O/.flags")
build() { make CC="$cc" O="$O" "$@"; }

# --- the build ---
if [ -e "$O/.flags" ] && ! grep -q fsanitize "$O/.flags"; then
	ok "an untouched tree has nothing to build" build -q all
	# compiled DIRECTORY: objects there that make would make again, in $dir/last
	compiled() { grep -o -- "-o $O/$1[^ ]*\.o " "$dir/last" | sort -u; }
	users() { # users HEADER: objects whose source reads it, as the compiler says
		find "$O/sys" "$O/lib" "$O/sbin" "$O/usr.sbin" "$O/usr.bin" -name '*.d' -exec grep -l -- "[ /]$1\( \|\$\)" {} + |
		    sed "s|^|-o |; s|\.d\$|.o |" | sort -u
	}
	for h in sys/sys/mbuf.h sys/arch/user/include/machine/host.h lib/libconf/conf.h usr.sbin/bsdctl/lab.h; do
		keep build -n -W "$h" all
		compiled "" >"$dir/made"
		users "$h" >"$dir/users"
		ok "$h: all that include it, $(wc -l <"$dir/made") objects, no other" diff "$dir/users" "$dir/made"
		ok "and there are some" test -s "$dir/made"
	done
else
	skip "what make does" "this build is not the one of make"
fi

# --- the installation ---
inst=$dir/inst
ok "make install" build install DESTDIR="$inst" PREFIX=/opt/f
PATH=$inst/opt/f/bin:$(echo "$PATH" | sed "s|^$bin:||")
home=$inst/opt/f/libexec/fugu
ok "no name of the host's own programs is taken" sh -c "! ls '$inst/opt/f/bin' | grep -vx 'bsd\|bsdctl\|pfctl\|pflogd'"
missing=
for d in "$top"/sbin/* "$top"/usr.sbin/* "$top"/usr.bin/*; do
	[ -x "$home/bin/$(basename "$d")" ] || missing="$missing $d"
done
ok "every program is there" test -z "$missing" -a -x "$home/bin/bsd"
ok "... and what they are called too" test "$(readlink "$home/bin/ping6")" = ping -a "$(readlink "$home/bin/traceroute6")" = traceroute
missing=
for p in $(cd "$top" && find share/man sbin usr.sbin usr.bin sys/arch -name '*.[1-9]'); do
	cmp -s "$top/$p" "$home/share/man/man${p##*.}/$(basename "$p")" || missing="$missing $p"
done
ok "every page is there" test -z "$missing"
for p in man8/bsdctl.8 man5/pf.conf.5 man7/bsdsys.7; do
	ok "$p where man(1) looks" cmp "$inst/opt/f/share/man/$p" "$home/share/man/$p"
done
ok "the library is there" cmp "$inst/opt/f/lib/libbsdsys.so" "$O/lib/libbsdsys.so"
ok "the installed example comes up" bsdctl up "$inst/opt/f/share/fugu/examples/router/lab.conf"
ok "and is crossed" on left ping -q -c 2 -i 0.1 10.0.2.2
keep on left sh -c 'command -v ping; echo $LD_PRELOAD'
says "by the installed ping" "^$home/bin/ping\$"
says "with the installed library" "^$home/bin/../lib/libbsdsys.so\$"
if have python3; then
	ok "which other programs use" on left python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("10.0.2.2", 9)); assert s.getsockname()[0] == "10.0.1.2"'
fi
ok "it goes down" bsdctl down router
ok "twice is no error" build install DESTDIR="$inst" PREFIX=/opt/f
finish
