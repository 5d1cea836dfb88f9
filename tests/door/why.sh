#!/bin/sh
# The answer in words, on every pair whose answer is known: the shipped one of
# each lab fails as that lab says, the fixed one ends in order. As it comes, the
# client first, the server first; RUNS= times each, LABS="2 5" for some labs. Then
# the wrong fixes, the client first: what is true of each, by hand, stands in
# tests/unit/why/wrong-fixes.txt. The last line is "why: N passed, N failed, N skipped".
set -u
passed=0 failed=0 skipped=0 right=0 pairs=0 top=$PWD

# What is to be said of a pair, in the JSON that says it: any of these words.
expected() { # TREE STEM FIRST
    case $1/$2/$3 in
    # Its server still dies by abort(), as it is told to. The difference is in
    # its log, and that is not on the wire.
    solutions/04-*) echo '"aborted"' ;;
    # With the server first nobody is connected to itself, and without an order
    # it is a race.
    shipped/19-*/server) echo '"in-order"' ;;
    shipped/19-*/free) echo '"cause":"self-connect" "in-order"' ;;
    shipped/*) echo "\"lab\":\"$2\"" ;;
    *) echo '"in-order"' ;;
    esac
}

try() { # TREE STEM FIRST
    want=$(expected "$1" "$2" "$3")
    number=${2%%-*}
    answer=$(IN=$1 FIRST=${3#free} TOOL=why JSON=1 \
        sh tests/door/xray.sh "${number#0}" "$2" 2>&1)
    for word in $want; do
        case $answer in
        *'{"cause":'*'{"cause":'*) ;; # two: one too many
        *"$word"*) passed=$((passed + 1)); return 0 ;;
        esac
    done
    failed=$((failed + 1))
    echo "$1/$2, ${3} first: not $want"
    echo "    $answer"
    return 1
}

for suite in tests/[0-9][0-9]-*.c; do
    stem=$(basename "$suite" .c)
    number=${stem%%-*}
    case " ${LABS:-${number#0}} " in *" ${number#0} "*) ;; *) continue ;; esac
    for tree in shipped solutions; do
        all=1 run=0
        while [ "$run" -lt "${RUNS:-1}" ]; do
            for first in free client server; do
                try "$tree" "$stem" "$first" || all=0
            done
            run=$((run + 1))
        done
        pairs=$((pairs + 1)) right=$((right + all))
    done
done
echo "$right of $pairs pairs had the right answer every time"

# Prints the causes of a wrong fix, joined by "+", or the verdict without one.
ask() { # STEM NAME
    fix=$top/build/wrong/$1/$2
    set -- "$1" --json --drop-root --first client
    [ -r "tests/$1.net" ] && set -- "$@" --sysctl "$top/tests/$1.net"
    grep -qs -e --early "tests/$1.xray" && set -- "$@" --early
    shift
    build/why "$@" -- "$fix/server" -- "$fix/client" >"$answer"
    words=$(grep -o '"cause":"[a-z-]*"' "$answer" | cut -d '"' -f 4 | paste -sd+ -)
    [ -n "$words" ] || words=$(cut -d '"' -f 4 "$answer")
    echo "$words"
}

answer=$(mktemp) || exit 1
trap 'rm -f "$answer"' EXIT
while read -r fix answers; do
    stem=${fix%/*} number=${fix%%-*}
    case " ${LABS:-${number#0}} " in *" ${number#0} "*) ;; *) continue ;; esac
    if [ ! -x "build/wrong/$fix/server" ]; then
        skipped=$((skipped + 1))
        continue
    fi
    said=$(ask "$stem" "${fix#*/}")
    case " $answers " in
    *" $said "*) passed=$((passed + 1)) ;;
    *)
        failed=$((failed + 1))
        echo "wrong/$fix: $said, not $answers"
        ;;
    esac
done <tests/unit/why/wrong-fixes.txt
echo "why: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
