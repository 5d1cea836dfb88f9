#!/bin/sh
# handouts.sh          runs the handouts' examples again, writes what they print
#                      into them, and draws their figures
# handouts.sh check    runs and compares; changes nothing
set -u
mode=${1:-refresh} drawn=$(mktemp -d) || exit 1
trap 'rm -rf "$drawn"' EXIT
passed=0 failed=0

# The figure of lab $1, pair $2 (shipped, solutions), as file $3. With order
# control and a step axis the same pair draws the same picture.
draw() {
    number=${1%%-*}
    IN=$2 FIRST=client SVG=$3 QUIET=1 sh tests/door/xray.sh "${number#0}" "$1"
}

# Whether a run draws what is in handouts/figures/$3. A pair whose course the
# kernel's clock may bend (retransmissions in lab 18, "N more waiting" where much
# is under way) draws something else now and then; five runs that all do mean
# that the figure is old.
still_true() {
    for run in 1 2 3 4 5; do
        draw "$1" "$2" "$drawn/$3" || return 1
        cmp -s "$drawn/$3" "handouts/figures/$3" && return 0
    done
    echo "handouts/figures/$3 is not what $run runs draw; make handouts"
    return 1
}

[ "$mode" = refresh ] && mkdir -p handouts/figures
for suite in tests/[0-9][0-9]-*.c; do
    stem=$(basename "$suite" .c)
    for tree in shipped solutions; do
        name=$stem-$tree.svg
        [ "$tree" = solutions ] && name=$stem-fixed.svg
        if [ "$mode" = check ]; then
            if still_true "$stem" "$tree" "$name"; then
                passed=$((passed + 1))
            else
                failed=$((failed + 1))
            fi
        elif draw "$stem" "$tree" "$drawn/$name"; then
            cat "$drawn/$name" >"handouts/figures/$name"
        else
            echo "handouts/figures/$name cannot be drawn"
            failed=$((failed + 1))
        fi
    done
done
[ "$mode" = refresh ] || echo "figures: $passed passed, $failed failed, 0 skipped"
set -- handouts/[0-9][0-9]-*.md
build/handouts "$mode" "$@" || failed=$((failed + 1))
[ "$failed" -eq 0 ]
