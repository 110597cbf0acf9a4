#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# pf.conf in, text out: golden files, what they print loads again and prints
# the same, refusals by their message, the shipped example, and the words of
# the manual page against those of the parser.  Needs O, the build folder.
top=$(cd "$(dirname "$0")/../.." && pwd)
case ${O:=build} in /*) ;; *) O=$top/$O ;; esac
pfctl=$O/bin/pfctl
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0
say() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

cd "$top/regress/sbin/pfctl/golden" || exit 1
for in in *.in; do
	name=${in%.in}
	"$pfctl" -o none -nvf "$in" > "$tmp/out" 2>&1
	rc=$?
	if [ -f "$name.fail" ]; then
		grep -q -- "$(cat "$name.fail")" "$tmp/out" && [ $rc -eq 1 ] &&
		    [ "$(tail -1 "$tmp/out")" = "pfctl: Syntax error in config file: pf rules not loaded" ]
		say $? "pfctl: refuses $name"
		continue
	fi
	cmp -s "$tmp/out" "$name.ok" && [ $rc -eq 0 ]
	say $? "pfctl: prints $name"
	# what `load anchor' reads belongs to the anchor; printed, it has no name
	grep -q '^Loading anchor' "$name.ok" && continue
	"$pfctl" -o none -nvf "$name.ok" 2>&1 | cmp -s - "$name.ok"
	say $? "pfctl: reads again what it printed for $name"
done

# Each row: a line of pf.conf, a tab, what is said about it.
while IFS='	' read -r line message; do
	printf '\n%s\n' "$line" > "$tmp/in"
	"$pfctl" -nf - < "$tmp/in" > "$tmp/out" 2>&1
	[ $? -eq 1 ] && grep -qF -- "stdin:2: $message" "$tmp/out" || echo "$line: $(head -1 "$tmp/out")" >> "$tmp/bad"
done < ../refused.txt
[ ! -s "$tmp/bad" ]
say $? "pfctl: refuses $(wc -l < ../refused.txt) lines, each with its message"
[ ! -s "$tmp/bad" ] || sed 's/^/# /' "$tmp/bad"

printf 'pass on $a\npass on $b\nfoo\n' | "$pfctl" -nf - > "$tmp/out" 2>&1
[ "$(grep -c '^stdin:[123]: ' "$tmp/out")" -eq 3 ]
say $? "pfctl: reports every error of a file, not only the first"

printf 'x = "a b"\n\npass on $x\n' | "$pfctl" -nf - 2>&1 | grep -q "^stdin:3: syntax error near 'b', in the text of macro 'x'"
say $? "pfctl: an error in a macro's text is where the macro stands"

printf 'x = em0\ny = "on $x"\npass $y\n' | "$pfctl" -nf - 2>&1 |
    grep -q "^stdin:3: syntax error: a macro in the text of macro 'y' is not replaced" &&
    printf 'x = em0\ny = "on" $x\npass $y\n' | "$pfctl" -nf -
say $? "pfctl: a macro in a macro's quoted text is named, and one beside it is replaced"

"$pfctl" -nf "$tmp" > "$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q "^$tmp:1: cannot be read: Is a directory" "$tmp/out" &&
    printf 'include "%s"\n' "$tmp" | "$pfctl" -nf - 2>&1 | grep -q "^$tmp:1: cannot be read: Is a directory"
say $? "pfctl: a folder is no empty file"

printf 'x = em1\npass on $x\n' | "$pfctl" -D x=em0 -nvf - 2>&1 | grep -q '^pass on em0 all'
say $? "pfctl: -D is stronger than the file"

printf 'pass quick on em0\npass quick on em0\nblock from { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\n' |
    "$pfctl" -o basic -nvf - > "$tmp/out" 2>&1
grep -q '^table <__automatic_.*> const { 1.1.1.1 .* 1.1.1.6 }' "$tmp/out" &&
    [ "$(grep -c '^pass quick' "$tmp/out")" -eq 1 ] && [ "$(grep -c '^block drop inet from <__auto' "$tmp/out")" -eq 1 ]
say $? "pfctl: -o basic drops duplicates and makes tables"

# Whatever the system calls its ports and protocols can be read again, and
# means the same.
ports=$({ seq 1 1023; sed -n 's,^[^#]*[[:space:]]\([0-9]*\)/.*,\1,p' /etc/services; } 2>/dev/null | sort -un | tr '\n' ' ')
{ echo "block proto { $(seq 1 255 | tr '\n' ' ') }"; echo "block proto { tcp udp } to port { $ports }"; } > "$tmp/names"
"$pfctl" -o none -nvf "$tmp/names" > "$tmp/one" 2>&1 && "$pfctl" -o none -nvf "$tmp/one" 2>&1 | cmp -s - "$tmp/one" &&
    "$pfctl" -P -o none -nvf "$tmp/names" > "$tmp/two" 2>&1 && "$pfctl" -P -o none -nvf "$tmp/one" 2>&1 | cmp -s - "$tmp/two" &&
    [ "$(wc -l < "$tmp/one")" -eq $((255 + 2 * $(echo "$ports" | wc -w))) ]
say $? "pfctl: reads again the name of every port and protocol"

# What an anchor cannot have, by -a and by load anchor; each file of the latter
# begins with the defaults.
printf 'set limit states 5\nset skip on lo0\nblock\n' > "$tmp/anchor"
printf 'set block-policy return\nset require-order no\nblock\nload anchor "x" from "%s"\n' "$tmp/anchor" > "$tmp/in"
for how in "-a x -nf $tmp/anchor" "-nf $tmp/in"; do
	"$pfctl" $how > "$tmp/out" 2>&1
	[ $? -eq 1 ] && grep -q "^$tmp/anchor:1: options belong to the main ruleset, not to anchor x" "$tmp/out" &&
	    grep -q "^$tmp/anchor:2: options belong" "$tmp/out"
	say $? "pfctl: ${how% *} refuses options for an anchor"
done
"$pfctl" -R -a x -nf "$tmp/anchor"
say $? "pfctl: -R leaves them out"
printf 'block\n' > "$tmp/anchor"
"$pfctl" -o none -nvf "$tmp/in" 2> /dev/null | tail -2 > "$tmp/out"
[ "$(cat "$tmp/out")" = "block return all
block drop all" ]
say $? "pfctl: load anchor reads its file as -a does"

# With -v the optimiser's lines load again, too.
for in in pfsense.in openbsd7.in quick-and-lists.in; do
	"$pfctl" -o basic -nvf "$in" > "$tmp/one" 2>&1 && "$pfctl" -o none -nvf "$tmp/one" > "$tmp/two" 2>&1 &&
	    sort "$tmp/one" > "$tmp/1" && sort "$tmp/two" | cmp -s - "$tmp/1"
	say $? "pfctl: -o basic of $in loads again"
done

# -vv: numbers, nothing indented.
cat > "$tmp/vv" << 'X'
set require-order no
ether anchor "e" {
  ether pass
  ether block on { em0 em1 }
}
anchor "a" {
  pass
  anchor "b" on em0 {
    block
  }
}
X
"$pfctl" -o none -nvvf "$tmp/vv" > "$tmp/out"
cmp -s "$tmp/out" - << 'X'
set require-order no
@0 ether anchor "e" l3 all {
@0 ether pass l3 all
@1 ether block on em0 l3 all
@2 ether block on em1 l3 all
}
@0 anchor "a" all {
@0 pass all flags S/SA keep state
@1 anchor "b" on em0 all {
@0 block drop all
}
}
X
say $? "pfctl: -vv numbers the rules of each anchor"

# -v says what is to be loaded, and that only.
cat > "$tmp/parts" << 'X'
m = em0
set limit states 5
scrub in
altq on em0 priq bandwidth 1Mb queue q
nat on $m inet from 10.0.0.0/8 to any -> 192.0.2.1
table <t> { 1.1.1.1 }
pass in on em0
X
parts() { # parts FLAGS FIRST-WORDS
	[ "$("$pfctl" $1 -o none -nvf "$tmp/parts" 2>&1 | sed 's/[ =].*//' | tr '\n' ' ')" = "$2 " ]
	say $? "pfctl: $1 -v says ${2#m }"
}
parts "-A" "m altq"
parts "-N" "m table nat"
parts "-R" "m table scrub pass"
parts "-N -R" "m table scrub nat pass"
parts "-O" "m set"
parts "-R -O" "m set table scrub pass"
parts "-m" "m set altq table scrub nat pass"

echo 'pass proto tcp to port { 22, != http }' | "$pfctl" -P -o none -nvf - > "$tmp/out" 2>&1
[ "$(cut -d' ' -f 9-10 "$tmp/out" | tr '\n' ';')" = "= 22;!= 80;" ]
say $? "pfctl: -P prints ports as numbers"
"$pfctl" -h > "$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q '^usage: pfctl' "$tmp/out"
say $? "pfctl: -h says how to use it"
echo 'pass to nosuch.invalid' | "$pfctl" -S -nf - 2>&1 | grep -q '^stdin:1: no IP address found for nosuch.invalid' &&
    echo 'pass to localhost' | "$pfctl" -S -nf -
say $? "pfctl: -S asks no name server"
[ "$(printf 'a = 1\nb = em0\npass on $b\n' | "$pfctl" -nvvf - 2>&1 >/dev/null)" = "warning: macro 'a' not used" ]
say $? "pfctl: -vv names macros that are not used"

[ "$(printf 'pass in proto tcp synproxy state\npass proto tcp synproxy state\n' | "$pfctl" -nf - 2>&1)" = \
    "stdin:2: warning: synproxy state is for connections that come in" ]
say $? "pfctl: synproxy without in is a warning"

# Words that mean nothing beside the others are refused by name.
nogood() {
	what=$1
	shift
	"$pfctl" "$@" > "$tmp/out" 2>&1 < /dev/null
	[ $? -eq 1 ] && grep -qF -- "$what" "$tmp/out"
	say $? "pfctl: $* is refused: $what"
}
nogood "-n goes with -f and -T only" -n -F all
nogood "-i goes with" -i em0 -s info
nogood "-i goes with" -i em0 -nf /dev/null
nogood "-j goes with -s and -T show only" -j -nf /dev/null
nogood "unknown word 'bogus'" -s bogus
nogood "unknown word 'bogus'" -F bogus
nogood "unknown word 'bogus'" -t x -T bogus
nogood "unknown word 'bogus'" -o bogus -nf /dev/null
nogood "unknown word 'bogus'" -x bogus
nogood "-r and -S exclude each other" -r -S -s states
nogood "names beginning with '_'" -a _1 -F rules
nogood "one anchor" -a 'x/*' -f /dev/null
nogood "-z goes with" -z -s info
nogood "-M goes with" -M -s rules
nogood "go with -f only" -o none -s rules
nogood "go with -f only" -m -e
nogood "do not go with -a" -a x -e
nogood "-T load goes with -f" -T load
nogood "can be given twice" -k 1.1.1.1 -k 1.1.1.2 -k 1.1.1.3
nogood "usage:" -e left over
nogood "usage:"

"$pfctl" -nf "$top/etc/examples/pf.conf" > "$tmp/out" 2>&1 && [ ! -s "$tmp/out" ]
say $? "pfctl: etc/examples/pf.conf loads"

# The examples of the page, one file each, are what a kernel would take.
awk -v d="$tmp/ex" '/^\.Sh EXAMPLES/ { on = 1; next } /^\.Sh/ { on = 0 }
    on && /^\.Bd/ { f = d (++n); next } /^\.Ed/ { f = "" }
    on && f != "" { sub(/\\e$/, "\\"); print > f }' "$top/share/man/man5/pf.conf.5"
"$pfctl" -nf "$tmp/ex1" && "$pfctl" -nf "$tmp/ex2" && [ "$("$pfctl" -nvf "$tmp/ex1" | grep -c '^rdr')" -eq 2 ]
say $? "pf.conf.5: its examples load"

sed -n '/^\.Sh GRAMMAR/,/^\.Sh/p' "$top/share/man/man5/pf.conf.5" | tr -c 'a-z0-9-' '\n' |
    grep -E '^[a-z]' | sort -u > "$tmp/man"
sed -n 's/^.{ "\([a-z0-9-]*\)", [A-Z0-9]* },$/\1/p' "$top/sbin/pfctl/parse.y" | sort -u > "$tmp/words"
[ -s "$tmp/words" ] && [ -z "$(comm -13 "$tmp/man" "$tmp/words")" ]
say $? "pf.conf.5: its grammar has every word of the parser"
sed -n '/^\.Sh GRAMMAR/,/^\.Sh/p' "$top/share/man/man5/pf.conf.5" | grep -o '"[a-z][a-z0-9-]*"' | tr -d '"' |
    sort -u > "$tmp/quoted"
[ -s "$tmp/quoted" ] && [ -z "$(comm -23 "$tmp/quoted" "$tmp/words")" ]
say $? "pf.conf.5: its grammar has no word that the parser lacks"

# What pfctl refuses to load is what the page says.
sed -n '/^\.Ss What this kernel does not do/,/^\.Sh/p' "$top/share/man/man5/pf.conf.5" | tr ' ,' '\n\n' > "$tmp/lacks"
sed -n 's/^\t{ "\([^"]*\)", uses_.*/\1/p' "$top/sbin/pfctl/pf_refuse.c" > "$tmp/refused"
tr ' ' '\n' < "$tmp/refused" | sort -u | comm -12 - "$tmp/words" > "$tmp/words.refused"
[ "$(wc -l < "$tmp/refused")" -gt 25 ] && [ "$(wc -l < "$tmp/words.refused")" -gt 25 ] &&
    while read -r word; do
	grep -qxF -- "$word" "$tmp/lacks" || echo "$word"
    done < "$tmp/words.refused" > "$tmp/missing" && [ ! -s "$tmp/missing" ]
say $? "pf.conf.5: names every word that is refused at load"
[ ! -s "$tmp/missing" ] || sed 's/^/# /' "$tmp/missing"
echo "1..$n"
