#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# tools/run-tests itself, in a tree of its own: what it counts as passed,
# failed and skipped.
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
src=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$dir/tools" "$dir/regress/system" "$dir/build"
cp "$src/tools/run-tests" "$dir/tools/"
n=0
# expect NAME BODY SUM STATUS [LINE]: a test of that body gives that sum.
expect() {
	n=$((n + 1))
	printf '#!/bin/sh\n%s\n' "$2" > "$dir/regress/system/t.sh"
	chmod +x "$dir/regress/system/t.sh"
	out=$(cd "$dir" && O=build TEST_TIMEOUT=1 tools/run-tests system 2>&1)
	status=$?
	sum=$(echo "$out" | tail -n 1)
	if [ "$sum" = "$3" ] && [ $status -eq "$4" ] && echo "$out" | grep -qF -- "$5"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$out" | sed 's/^/# /'
		echo "# wanted: $3, status $4, line $5"
	fi
}
expect "good" 'echo "ok 1 - a"; echo "ok 2 - b"; echo 1..2' "2 passed, 0 failed, 0 skipped" 0
expect "bad" 'echo "ok 1"; echo "not ok 2 - b"; exit 1' "1 passed, 1 failed, 0 skipped" 1 "FAILED not ok 2 - b"
expect "says nothing" 'exit 0' "0 passed, 1 failed, 0 skipped" 1 "says nothing"
expect "dies" 'echo "ok 1"; kill -9 $$' "1 passed, 1 failed, 0 skipped" 1 "was ended by signal 9"
expect "ends badly" 'echo "ok 1"; exit 3' "1 passed, 1 failed, 0 skipped" 1 "ended with status 3"
expect "too slow" 'echo "ok 1"; sleep 20' "1 passed, 1 failed, 0 skipped" 1 "ran out of time"
expect "plan not kept" 'echo 1..3; echo "ok 1"' "1 passed, 1 failed, 0 skipped" 1 "planned 3, ran 1"
expect "bails out" 'echo "ok 1"; echo "Bail out! no"' "1 passed, 1 failed, 0 skipped" 1 "Bail out! no"
expect "skips one" 'echo "ok 1"; echo "ok 2 # SKIP no root"; echo 1..2' "1 passed, 0 failed, 1 skipped" 0 "SKIPPED ok 2 # SKIP no root"
expect "skips all" 'echo "1..0 # SKIP no namespaces"' "0 passed, 0 failed, 1 skipped" 0 "no namespaces"
expect "known wrong" 'echo "not ok 1 # TODO later"; echo 1..1' "0 passed, 0 failed, 1 skipped" 0 "TODO later"
expect "known wrong is right now" 'echo "ok 1 # TODO later"; echo 1..1' "1 passed, 0 failed, 0 skipped" 0
expect "shows the log of a failure" 'echo "# the reason"; echo "not ok 1"' "0 passed, 1 failed, 0 skipped" 1 "| # the reason"
expect "shows it when much follows" 'echo "# why"; echo "not ok 1"; seq 2 90 | sed "s/^/ok /"' "89 passed, 1 failed, 0 skipped" 1 "| # why"
expect "cmocka: two groups, a tab" 'printf "1..1\nok 1 - a\n1..1\n\tok 1 - b\n"' "2 passed, 0 failed, 0 skipped" 0

# Two that wait for each other pass if they run side by side, and what they
# say does not mix.
n=$((n + 1))
for me in t u; do
	printf '#!/bin/sh\n: >"$0.here"\ni=0\nwhile [ $i -lt 50 ]; do\n%s\n%s\ndone\n' \
	    '[ -e regress/system/t.sh.here ] && [ -e regress/system/u.sh.here ] && echo "ok 1" && exit 0' \
	    'i=$((i + 1)); sleep 0.1' >"$dir/regress/system/$me.sh"
	chmod +x "$dir/regress/system/$me.sh"
done
out=$(cd "$dir" && O=build TEST_JOBS=2 tools/run-tests system 2>&1)
[ "$(echo "$out" | tail -n 1)" = "2 passed, 0 failed, 0 skipped" ] &&
    [ "$(echo "$out" | grep -cE '^system/[tu] +[0-9]+ s +1 passed$')" -eq 2 ]
[ $? -eq 0 ] && echo "ok $n - side by side" || { echo "not ok $n - side by side"; echo "$out" | sed 's/^/# /'; }
rm "$dir/regress/system/u.sh"

# The runner of one test that dies itself is a failure, not a test less.
n=$((n + 1))
printf '#!/bin/sh\np() { sed -n "s/^PPid:.//p" /proc/$1/status; }\nkill -9 $(p $(p $$))\n' >"$dir/regress/system/t.sh"
out=$(cd "$dir" && O=build tools/run-tests system 2>&1)
[ $? -eq 1 ] && [ "$(echo "$out" | tail -n 1)" = "0 passed, 1 failed, 0 skipped" ] &&
    echo "ok $n - its runner dies" || { echo "not ok $n - its runner dies"; echo "$out" | sed 's/^/# /'; }
echo "1..$n"
