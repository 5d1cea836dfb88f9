#!/bin/sh
# What the kit costs, as ratios within one run: absolute times mean nothing on a
# machine that is shared. Each figure is the median of several.
set -u
CC=${CC:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS

. tests/bench/median
ratio() { awk -v a="$2" -v b="$3" -v n="$1" -v g="$4" 'BEGIN {
    printf "%-52s %8.2f   goal %s\n", n, a / b, g }'; }

flags='-std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Icommon -O1 -g'
# shellcheck disable=SC2086 # flags are words
compile() { $CC $flags -o "$work/x" "$1" build/obj/common/lab.o -pthread; }
all_programs() {
    ls labs/*/server.c labs/*/client.c | xargs -P "$(nproc)" -I{} sh -c \
        "$CC $flags -o $work/\$(echo {} | tr / _).out {} build/obj/common/lab.o -pthread"
}
edit_verdict() { touch labs/02-short-read/server.c; make test2; }
fresh_test() { rm -rf build/labs build/shipped build/solutions; make test; }

make test >/dev/null 2>&1
one=$(median 9 compile labs/02-short-read/server.c)
echo "$one us to compile one program; ratios, medians, $(nproc) processors"
ratio 'edit to verdict / compile of that file' "$(median 9 edit_verdict)" "$one" '2'
all=$(median 3 all_programs)
ratio 'make test, programs from clean / compile of labs/' "$(median 3 fresh_test)" "$all" '3 (with the proof)'
build/grade tree >/dev/null 2>&1
ratio 'judging alone (labs/ and solutions/) / compile of labs/' "$(median 3 build/grade tree)" "$all" '-'

# The median of all passing contract tests on the solutions.
for suite in build/tests/[0-9][0-9]-*; do
    stem=${suite#build/tests/}
    [ -x "build/solutions/$stem/server" ] || continue
    "$suite" --case contract --report 3 "build/solutions/$stem" \
        3>"$work/report" >/dev/null 2>&1
    grep '^@test contract' "$work/report"
done | awk '$4 == "passed" { print $5 }' | sort -n >"$work/tests"
awk '{ t[NR] = $1 } END { printf "%-52s %8.1f   goal 10\n",
    "median of " NR " passing contract tests, ms", t[int((NR + 1) / 2)] / 1000 }' \
    "$work/tests"

build/bench/fd-leak build/solutions/06-fd-leak/server
for bench in tests/bench/*.sh; do
    [ "$bench" = tests/bench/run.sh ] || sh "$bench"
done
