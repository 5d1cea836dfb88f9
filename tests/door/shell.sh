#!/bin/sh
# shell.sh N STEM: a shell in the lab's private network.
set -u
number=$1 stem=$2

PATH=$PWD/build/labs/$stem:$PWD/build:$PATH
PS1="lab$number\$ "
export PATH PS1
set --
[ -r "tests/$stem.net" ] && set -- --sysctl "tests/$stem.net"
echo "A network of its own: server & client, ss -tanp, strace -f, xray -- server -- client"
echo "work in here without root; nothing in it reaches the outside. exit leaves it."
if [ -t 0 ] && command -v bash >/dev/null 2>&1; then
    exec build/enter "$@" -- bash --norc --noprofile
fi
exec build/enter "$@" -- "${SHELL:-sh}"
