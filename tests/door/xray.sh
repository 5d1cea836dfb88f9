#!/bin/sh
# xray.sh N STEM: the ladder of one lab's pair. IN=labs|shipped|solutions,
# FIRST=client|server, SVG=file, PCAP=file, EVENTS=file, QUIET=1. With TOOL=why
# the answer in words instead: LADDER=1, JSON=1. Runs in an empty folder;
# tests/STEM.xray may hold further options, as for a lab whose client reads what
# its server prints.
set -u
number=$1 stem=$2 tree=${IN:-labs} top=$PWD

case $tree in
labs | shipped | solutions) ;;
*) echo "IN=$tree is neither labs nor solutions." >&2; exit 2 ;;
esac
case ${FIRST:-client} in
client | server) ;;
*) echo "FIRST=$FIRST is neither client nor server." >&2; exit 2 ;;
esac
for program in server client; do
    if [ ! -x "build/$tree/$stem/$program" ]; then
        cat "build/$tree/$stem/$program.diag" 2>/dev/null
        echo "$tree/$stem/$program.c does not compile, or is missing." >&2
        exit 2
    fi
done

# The path of a file named by whoever called, seen from anywhere.
from_top() { case $1 in /*) echo "$1" ;; *) echo "$top/$1" ;; esac; }

title="lab $number, ${stem#*-}"
[ "$tree" = solutions ] && title="$title, fixed"
net=$top/tests/$stem.net more=$top/tests/$stem.xray
set -- --drop-root --title "$title"
[ -n "${LADDER:-}" ] && set -- "$@" --ladder
[ -n "${JSON:-}" ] && set -- "$@" --json
[ -n "${QUIET:-}" ] && set -- "$@" --quiet
[ -n "${FIRST:-}" ] && set -- "$@" --first "$FIRST"
[ -n "${SVG:-}" ] && set -- "$@" --svg "$(from_top "$SVG")"
[ -n "${PCAP:-}" ] && set -- "$@" --pcap "$(from_top "$PCAP")"
[ -n "${EVENTS:-}" ] && set -- "$@" --events "$(from_top "$EVENTS")"
[ -r "$net" ] && set -- "$@" --sysctl "$net"
# shellcheck disable=SC2046 # one line of words
[ -r "$more" ] && set -- "$@" $(cat "$more")

scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$scratch" # whom root becomes must be able to read in it
cd "$scratch" || exit 3
"$top/build/${TOOL:-xray}" "$@" -- "$top/build/$tree/$stem/server" \
    -- "$top/build/$tree/$stem/client"
status=$?
# An answer, whichever it is, is no error.
[ "${TOOL:-}" = why ] && [ "$status" -lt 3 ] && status=0
exit "$status"
