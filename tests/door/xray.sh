#!/bin/sh
# xray.sh N STEM: the ladder alone. IN=solutions, FIRST=client|server, SVG=file,
# PCAP=file, EVENTS=file.
set -u
number=$1 stem=$2 tree=${IN:-labs}

case $tree in
labs | solutions) ;;
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
title="lab $number, ${stem#*-}"
[ "$tree" = solutions ] && title="$title, fixed"
set -- --drop-root --title "$title"
[ -n "${FIRST:-}" ] && set -- "$@" --first "$FIRST"
[ -n "${SVG:-}" ] && set -- "$@" --svg "$SVG"
[ -n "${PCAP:-}" ] && set -- "$@" --pcap "$PCAP"
[ -n "${EVENTS:-}" ] && set -- "$@" --events "$EVENTS"
[ -r "tests/$stem.net" ] && set -- "$@" --sysctl "tests/$stem.net"
exec build/xray "$@" -- "build/$tree/$stem/server" -- "build/$tree/$stem/client"
