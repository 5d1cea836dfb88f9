#!/bin/sh
# The fixed programs, the harness, the x-ray and the grader under ASan, UBSan
# and valgrind, in a copy of the tree. Takes minutes. The last line is
# "sanitizers: N passed, N failed, N skipped".
set -u
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); }
no() {
    failed=$((failed + 1))
    echo "sanitizers: $*"
}
mkdir "$copy/tree"
tar -cf - --exclude ./.git --exclude ./build . | tar -xf - -C "$copy/tree"
cd "$copy/tree" || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS

# What a sanitizer finds ends the program with a status that fails its test; a
# wait takes longer, so the deadlines do. Leaks are valgrind's part: in a
# process that has entered a namespace LeakSanitizer cannot look at itself.
export LAB_SANITIZED=1 TIME_SCALE=4
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1
flags='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
make test CFLAGS="$flags" >"$copy/out" 2>&1
if grep -qE 'ERROR: AddressSanitizer|runtime error:' "$copy/out"; then
    no 'the harness or the grader'
    grep -E -A 20 'ERROR: AddressSanitizer|runtime error:' "$copy/out"
else
    ok
fi
for stem in solutions/*/; do
    stem=$(basename "$stem")
    if build/tests/"$stem" --case contract "build/solutions/$stem" >"$copy/one" 2>&1
    then ok; else
        no "$stem, fixed, under ASan and UBSan"
        head -n 40 "$copy/one"
    fi
    # The picture of the plain programs, drawn by a sanitized x-ray.
    if build/xray --quiet --svg "$copy/x.svg" --pcap "$copy/x.pcap" \
        --events "$copy/x.events" -- "build/shipped/$stem/server" \
        -- "build/shipped/$stem/client" >"$copy/one" 2>&1; then ok; else
        no "$stem, the x-ray under ASan and UBSan"
        head -n 40 "$copy/one"
    fi
done
unset LAB_SANITIZED ASAN_OPTIONS UBSAN_OPTIONS

if command -v valgrind >/dev/null 2>&1; then
    make clean >/dev/null
    make all CFLAGS='-O1 -g' >/dev/null 2>&1
    for stem in solutions/*/; do
        stem=$(basename "$stem")
        net=
        [ -r "tests/$stem.net" ] && net="--sysctl tests/$stem.net"
        make "build/solutions/$stem/server" "build/solutions/$stem/client" >/dev/null
        # The client of a fixed pair ends by itself; the server is ended by a
        # signal, at which valgrind reports as well.
        # shellcheck disable=SC2086 # two words or none
        build/enter $net -- sh -c '
            cd "$1" || exit 1
            v="valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --track-fds=no"
            $v --log-file="$2/server.vg" ./server >server.out 2>"$2/server.log" & pid=$!
            $v --log-file="$2/client.vg" ./client >"$2/client.out" 2>"$2/client.log"
            status=$?
            kill -TERM $pid; wait $pid
            [ $status -ne 9 ] && ! grep -q "ERROR\|== Invalid\|uninitialised\|definitely" \
                "$2/server.vg" "$2/client.vg"' sh "build/solutions/$stem" "$copy" \
            >"$copy/one" 2>&1
        if [ $? -eq 0 ]; then ok; else
            no "$stem, fixed, under valgrind"
            cat "$copy/one" "$copy"/*.vg
        fi
    done
else
    skipped=1
fi
echo "sanitizers: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
