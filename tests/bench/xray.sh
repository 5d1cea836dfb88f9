#!/bin/sh
# What the x-ray costs: an ordinary pair from start to drawn, a traced call
# against an untraced one and against strace, and 5,000 connections. Medians,
# of one machine in one state: compare them within one run only.
set -u
CC=${CC:-cc}
XRAY=${XRAY:-build/xray}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
pair=$work/pair
$CC -std=gnu17 -O1 -Icommon -o "$pair" tests/bench/xray-pair.c common/lab.c \
    -pthread || exit 1

. tests/bench/median
say() { printf '%-52s %10s   goal %s\n' "$1" "$2" "$3"; }

one() { "$XRAY" --svg "$work/svg" -- "$pair" server 7000 -- "$pair" client 7000 1 1; }
say 'an ordinary pair, start to drawn (ms)' \
    "$(awk -v us="$(median 21 one)" 'BEGIN { printf "%.1f", us / 1000 }')" 60

# 500 requests are 2,000 calls in both programs together; what a run with one
# request costs is taken off.
traced() { "$XRAY" --quiet -- "$pair" server 7000 -- "$pair" client 7000 1 "$1"; }
private() { unshare -Urn sh -c "$1"; }
bare() {
    private "ip link set lo up; $2 $pair server 7000 & server=\$!
        until $pair client 7000 1 1 2>/dev/null; do :; done
        $2 $pair client 7000 1 $1; kill \$server"
}
per_call() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (a - b) / 1998 }'; }
with=$(per_call "$(median 5 traced 500)" "$(median 5 traced 1)")
say 'a traced call (us)' "$with" '-'
if command -v unshare >/dev/null && command -v ip >/dev/null; then
    say 'an untraced call (us)' \
        "$(per_call "$(median 5 bare 500 '')" "$(median 5 bare 1 '')")" '-'
    if command -v strace >/dev/null; then
        say 'a call under strace -f (us)' "$(per_call \
            "$(median 5 bare 500 'strace -f -o /dev/null')" \
            "$(median 5 bare 1 'strace -f -o /dev/null')")" '-'
    fi
fi

crowd() {
    "$XRAY" --limit 600 --svg "$work/svg" --events "$work/events" -- \
        "$pair" server 7000 -- "$pair" client 7000 5000 1
}
begun=$(now)
crowd >"$work/text"
say '5,000 connections, start to drawn (s)' \
    "$(awk -v ns=$(($(now) - begun)) 'BEGIN { printf "%.2f", ns / 1e9 }')" 'seconds'
again() { "$XRAY" --load "$work/events" --svg "$work/svg"; }
say '5,000 connections, model and pictures (ms)' \
    "$(awk -v us="$(median 3 again)" 'BEGIN { printf "%.0f", us / 1000 }')" '-'
tail -n 1 "$work/text"
