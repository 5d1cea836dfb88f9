#!/bin/sh
# The front door, as students meet it: wrong numbers, broken programs, missing
# files. Works on a copy of the tree; the last line is
# "front door: N passed, N failed, N skipped".
set -u
copy=$(mktemp -d) || exit 1
out=$copy/out
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0
tree=$copy/tree
mkdir "$tree"
# tar keeps times, or everything would be compiled again.
tar -cf - --exclude ./.git --exclude ./build/soak . | tar -xf - -C "$tree"
cd "$tree" || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS
lab=02-short-read

ok() { passed=$((passed + 1)); }
no() {
    failed=$((failed + 1))
    echo "front door: $*"
    sed 's/^/    /' "$out" | head -n 30
}
# try WANT-STATUS COMMAND...: runs it; what it says is in $out. WANT is 0, or
# "bad" for any other status. More than one line of make's own is a stack.
try() {
    want=$1
    shift
    "$@" >"$out" 2>&1 </dev/null
    status=$?
    case $want in
    0) [ "$status" -eq 0 ] ;;
    *) [ "$status" -ne 0 ] ;;
    esac || { no "$* exits with $status, not $want"; return; }
    [ "$(grep -c '\*\*\*' "$out")" -le 1 ] || { no "$*: a stack of make errors"; return; }
    ok
}
says() { if grep -q -- "$1" "$out"; then ok; else no "nothing says: $1"; fi; }

# ---- numbers and names ----
for goal in lab99 test99 hint0 diff77 reset99 xray99 labx; do
    try bad make $goal
    says "There is no lab"
done
try 0 make help
try 0 make list
says 'short-read'
try 0 make doctor
try 0 make all
says 'Next: make lab1'
try bad make xray2 IN=elsewhere
says 'neither labs nor solutions'
try bad build/grade lab abc
says 'There is no lab abc'
try bad build/grade nonsense
says 'usage:'

# ---- the lab as shipped, then with the solution ----
try 0 make lab2
says 'next  '
says 'make hint2'
try bad make test2
try 0 make hint2
says 'Hint 1'
try 0 make hint2
says 'Hint 2'
try bad make diff2
says 'SPOIL=1'
try 0 make diff2 SPOIL=1
says 'FIX:'
cp solutions/$lab/server.c labs/$lab/server.c
try 0 make test2
says 'is fixed'
try 0 make lab02
try 0 make hint2
says 'Hint 3'
try 0 make diff2
try 0 make test
says 'fixed  '

# ---- nothing of a student's is lost ----
echo '/* mine */' >>labs/$lab/server.c
cp labs/$lab/server.c "$copy/mine.c"
try 0 make reset2
says 'build/saved/'
if cmp -s labs/$lab/server.c .shipped/$lab/server.c; then ok; else no 'reset2 does not reset'; fi
if cmp -s "$copy/mine.c" build/saved/$lab-*/server.c; then ok; else no 'what was there is lost'; fi
echo '/* again */' >>labs/$lab/server.c
try 0 make reset2
if [ "$(ls build/saved | wc -l)" -eq 2 ]; then ok; else no 'the second reset saved nothing new'; fi
try 0 make reset2
says 'nothing to do'
try 0 make clean
if [ -d build/saved ]; then ok; else no 'clean removed what was saved'; fi

# ---- programs that are not what they should be ----
echo 'int main(void) { return oops; }' >labs/$lab/server.c
try bad make lab2
says 'oops'
says 'does not compile'
try 0 make test
says 'does not build'
cp tests/door/broken/silent.c labs/$lab/server.c
try bad make test2
says 'should listen on port'
try 0 make lab2
cp tests/door/broken/deaf.c labs/$lab/server.c
try bad make test2
says 'sleeps in pause(2)'
cp tests/door/broken/flood.c labs/$lab/server.c
try bad make test2
says 'processor time'
echo 'int main(void) { return *(volatile int *)0; }' >labs/$lab/server.c
try bad make test2
says 'killed by SIGSEGV'
rm labs/$lab/server.c
try bad make lab2
says 'make reset2'
rm -r labs/$lab
try bad make test2
says 'make reset2'
try 0 make test
try 0 make reset2
try 0 make lab2

# ---- arguments of the lab programs ----
try 0 make all
for folder in build/solutions/*/; do
    for program in server client; do
        for bad in abc 70000 -1 '' 7x; do
            "$folder$program" "$bad" >"$out" 2>&1
            status=$?
            if [ $status -eq 2 ] && [ "$(grep -c '^usage: ' "$out")" -eq 1 ] &&
                [ "$(wc -l <"$out")" -eq 1 ]; then ok; else
                no "$folder$program '$bad' exits with $status"
            fi
        done
        "$folder$program" 0 1 2 3 4 5 6 7 8 9 >"$out" 2>&1
        if [ $? -eq 2 ]; then ok; else no "$folder$program with ten arguments"; fi
    done
    # A port that is in use, in a network where nothing else listens.
    if build/enter --probe >/dev/null; then
        build/enter --drop-root -- sh -c '
            "$1/server" 7999 >/dev/null 2>&1 & first=$!
            until grep -q ":1F3F 00000000:0000 0A" /proc/net/tcp; do
                kill -0 $first || exit 1
            done
            "$1/server" 7999 2>&1
            kill $first' sh "$folder" >"$out" 2>&1
        says EADDRINUSE
    else
        skipped=$((skipped + 1))
    fi
done

# ---- the next lab ----
try bad make new-lab
says 'NAME=kebab-name'
try bad make new-lab NAME='Not Good'
try bad make new-lab NAME=short-read
says 'There is a lab of that name'
try 0 make new-lab NAME=wrong-turn
says 'is laid out'
new=$(ls -d labs/*-wrong-turn) number=$(echo "$new" | sed 's/[^0-9]*0*\([0-9]*\).*/\1/')
try bad make "test$number"
says 'not written yet'
try 0 make "lab$number"
try bad make test
says "lab $number: the kit itself is not sound"
rm -r labs/*-wrong-turn solutions/*-wrong-turn .shipped/*-wrong-turn \
    tests/*-wrong-turn.c tests/*/*-wrong-turn handouts/*-wrong-turn.md

# ---- nothing is left running ----
if unshare --user --map-root-user --pid --fork --mount-proc true 2>/dev/null; then
    # In a pid namespace of its own, so that all that is left is what we left.
    # A glob forks nothing that would be counted too.
    cat >"$copy/leaves-nothing" <<'END'
count() { set -- /proc/[0-9]*; left=$#; }
"$@" >/dev/null 2>&1
for try in 1 2 3 4 5 6 7 8 9 10; do
    count
    [ "$left" -eq 1 ] && exit 0
    cat /proc/[0-9]*/comm >/dev/null 2>&1 # what ends is given a moment
done
cat /proc/[0-9]*/comm
exit 1
END
    for how in 'make lab2' 'make test2' 'make test' \
        'timeout -s INT 1 build/grade soak' \
        'timeout -s KILL 1 build/grade soak' \
        'timeout -s TERM 1 make test2'; do
        # shellcheck disable=SC2086 # words of a command
        if RUNS=1000 unshare --user --map-root-user --pid --fork --mount-proc \
            sh "$copy/leaves-nothing" $how >"$out" 2>&1; then ok; else
            no "something is left after: $how"
        fi
    done
else
    echo 'skipped: no pid namespace to count processes in'
    skipped=$((skipped + 1))
fi

echo "front door: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
