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

[ "$mode" = refresh ] && mkdir -p handouts/figures
for suite in tests/[0-9][0-9]-*.c; do
    stem=$(basename "$suite" .c)
    for tree in shipped solutions; do
        name=$stem-$tree.svg
        [ "$tree" = solutions ] && name=$stem-fixed.svg
        if ! draw "$stem" "$tree" "$drawn/$name"; then
            echo "handouts/figures/$name cannot be drawn"
            failed=$((failed + 1))
        elif [ "$mode" = refresh ]; then
            cat "$drawn/$name" >"handouts/figures/$name"
        elif cmp -s "$drawn/$name" "handouts/figures/$name"; then
            passed=$((passed + 1))
        else
            echo "handouts/figures/$name is not what a run draws; make handouts"
            failed=$((failed + 1))
        fi
    done
done
[ "$mode" = refresh ] || echo "figures: $passed passed, $failed failed, 0 skipped"
set -- handouts/[0-9][0-9]-*.md
build/handouts "$mode" "$@" || failed=$((failed + 1))
[ "$failed" -eq 0 ]
