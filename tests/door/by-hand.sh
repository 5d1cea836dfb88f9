#!/bin/sh
# Every pair as a student starts it by hand, without a harness: the client of a
# shipped pair ends with 1, that of a fixed pair with 0. RUNS= times each. The
# last line is "by hand: N passed, N failed, N skipped".
set -u
passed=0 failed=0 skipped=0 top=$PWD
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if ! build/enter --probe >/dev/null && [ "$(id -u)" -ne 0 ]; then
    echo 'skipped: no private network here, and the ports are anybody'\''s'
    echo 'by hand: 0 passed, 0 failed, 1 skipped'
    exit 0
fi

# ./server & ./client, in a network and a folder of their own; a lab that needs
# another order of starts has it in tests/STEM.hand.
cat >"$work/by-hand" <<'END'
[ -r "$1" ] && exec sh "$1"
./server >server.out 2>server.log &
server=$!
./client >client.out 2>client.log
status=$?
kill "$server"
exit "$status"
END
chmod 755 "$work"
for suite in tests/[0-9][0-9]-*.c; do
    stem=$(basename "$suite" .c)
    for tree in shipped solutions; do
        want=1
        [ "$tree" = solutions ] && want=0
        folder=$work/$stem-$tree
        mkdir -m 777 "$folder"
        cp "build/$tree/$stem/server" "build/$tree/$stem/client" "$folder/"
        hand=$work/$stem.hand
        [ -r "tests/$stem.hand" ] && cp "tests/$stem.hand" "$hand"
        set --
        [ -r "tests/$stem.net" ] && set -- --sysctl "$top/tests/$stem.net"
        run=0
        while [ "$run" -lt "${RUNS:-1}" ]; do
            run=$((run + 1))
            (cd "$folder" && "$top/build/enter" --drop-root "$@" -- \
                sh "$work/by-hand" "$hand") >"$work/out" 2>&1
            status=$?
            if [ "$status" -eq "$want" ]; then
                passed=$((passed + 1))
            else
                failed=$((failed + 1))
                echo "by hand: $tree/$stem ends with $status, not $want"
                tail -n 5 "$folder/client.log" "$work/out" 2>/dev/null
            fi
        done
    done
done
echo "by hand: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
