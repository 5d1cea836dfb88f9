#!/bin/sh
# unit.sh PROGRAM...: runs Check programs and adds up what they report.
set -u
passed=0 failed=0 skipped=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
for program in "$@"; do
    "$program" >"$out" 2>&1
    status=$?
    # "100%: Checks: 12, Failures: 0, Errors: 0", once a suite runner.
    set -- $(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$out" |
        awk '{ c += $1; f += $2 + $3 } END { print c + 0, f + 0 }')
    # A line "skipped: reason" for each that could not run here.
    skips=$(grep -c '^skipped: ' "$out")
    if [ "$1" -eq 0 ] || [ "$status" -ne 0 ] || [ "$2" -ne 0 ]; then
        cat "$out"
        echo "$program: exit status $status"
        [ "$2" -gt 0 ] || set -- "$1" 1
    fi
    grep '^skipped: ' "$out"
    printf '%-36s %3d passed, %d failed, %d skipped\n' "${program#build/}" \
        $(($1 - $2 - skips)) "$2" "$skips"
    passed=$((passed + $1 - $2 - skips)) failed=$((failed + $2))
    skipped=$((skipped + skips))
done
echo "unit: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
