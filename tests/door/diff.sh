#!/bin/sh
# diff.sh N STEM: what the fix changes in the shipped files.
set -u
number=$1 stem=$2

if [ ! -d "solutions/$stem" ]; then
    echo "There is no solution of lab $number in this edition of the kit." >&2
    exit 2
fi
if [ "${SPOIL:-}" != 1 ] && ! build/grade verdict "$number" >/dev/null 2>&1; then
    echo "Lab $number is not fixed yet. make hint$number helps on;" \
        "make diff$number SPOIL=1 shows the fix all the same."
    exit 1
fi
for file in "solutions/$stem"/*.c; do
    diff -u ".shipped/$stem/${file##*/}" "$file"
done
exit 0
