#!/bin/sh
# new-lab.sh NAME: the files of the next lab, whose suite fails until it is
# filled in. No existing file is touched.
set -eu
name=${1:-}

case $name in
'' | *[!a-z0-9-]* | -* | *- | *--* | [0-9]*)
    echo "make new-lab NAME=kebab-name: small letters, digits and single dashes," \
        "a letter first. Name the failure, not the call." >&2
    exit 2
    ;;
esac
last=0
for suite in tests/[0-9][0-9]-*.c; do
    file=${suite#tests/}
    if [ "${file#[0-9][0-9]-}" = "$name.c" ]; then
        echo "There is a lab of that name: $suite" >&2
        exit 2
    fi
    number=${file%%-*}
    number=${number#0}
    [ "$number" -gt "$last" ] && last=$number
done
number=$((last + 1))
if [ "$number" -gt 99 ]; then
    echo "Lab numbers have two digits, and 99 is taken." >&2
    exit 2
fi
stem=$(printf '%02d-%s' "$number" "$name")

# fill TEMPLATE FILE
fill() {
    mkdir -p "$(dirname "$2")"
    sed -e "s/@NUMBER@/$number/g" -e "s/@NAME@/$name/g" -e "s/@STEM@/$stem/g" \
        -e "s/@PORT@/$((7000 + number))/g" "tests/door/new-lab/$1" >"$2"
}
fill server.c "labs/$stem/server.c"
fill client.c "labs/$stem/client.c"
fill server.c "solutions/$stem/server.c"
fill suite.c "tests/$stem.c"
fill handout.md "handouts/$stem.md"
mkdir -p "tests/wrong-fixes/$stem" "tests/right-fixes/$stem" ".shipped/$stem"
cp "labs/$stem/server.c" "labs/$stem/client.c" ".shipped/$stem/"

cat <<END
Lab $number is laid out. Its suite fails until you have written:
  labs/$stem/server.c, client.c     the pair that fails, with no sign of where
  solutions/$stem/server.c          the same with the fix, at most 15 lines
  tests/$stem.c                     symptom and contract
  tests/wrong-fixes/$stem/          at least three: NAME.server.c or NAME.client.c
  tests/right-fixes/$stem/          at least two other ways
  handouts/$stem.md
then: make ship$number; make handouts; make prove LABS=$number; make lab$number
handouts/adding-a-lab.md goes through all of it.
END
