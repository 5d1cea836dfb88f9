#!/bin/sh
# check.sh UNIT...: everything that must be true of the kit before it is shipped.
set -u
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# Each part prints, last, "name: N passed, N failed, N skipped".
part() {
    echo "== $1"
    shift
    "$@" 2>&1 | tee -a "$log"
    echo
}
part 'the proof' build/grade prove
part 'by hand' sh tests/door/by-hand.sh
part 'unit tests' sh tests/door/unit.sh "$@"
part 'the front door' sh tests/door/front-door.sh
part 'handouts' sh tests/door/handouts.sh check
part 'formatting' sh tests/door/format.sh

set -- $(awk '/^[a-z ]+: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped/ {
    split($0, w, /[ :,]+/)
    for (i = 1; i in w; i++) {
        if (w[i] == "passed") a += w[i - 1]
        if (w[i] == "failed") b += w[i - 1]
        if (w[i] == "skipped") c += w[i - 1]
    }
    n++
} END { print a + 0, b + 0, c + 0, n + 0 }' "$log")
# A part that died without its last line has not passed.
if [ "$4" -lt 7 ]; then
    echo "only $4 of 7 parts came to their end"
    set -- "$1" $(($2 + 1)) "$3"
fi
echo "$1 passed, $2 failed, $3 skipped"
[ "$2" -eq 0 ]
