#!/bin/sh
# watch.sh N STEM: make labN, and again whenever a file of the lab is saved.
set -u
number=$1 stem=$2

while :; do
    [ -t 1 ] && printf '\033[H\033[2J'
    make "lab$number"
    echo "watching labs/$stem; Ctrl-C ends"
    build/watch "labs/$stem" || exit 2
done
