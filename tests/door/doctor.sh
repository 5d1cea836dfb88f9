#!/bin/sh
# What this machine allows, and the command that mends what it does not.
set -u
ok() { printf '  ok       %s\n' "$*"; }
no() { printf '  missing  %s\n' "$*"; bad=1; }
bad=0

have() { command -v "$1" >/dev/null 2>&1; }
if have "${CC:-cc}"; then ok "${CC:-cc}: $(${CC:-cc} --version | head -n 1)"; else
    no "a C compiler: make setup"; fi
if have pkg-config && pkg-config --atleast-version=0.15 check; then
    ok "check $(pkg-config --modversion check)"; else
    no "check 0.15 or later: make setup"; fi
if build/enter --probe >build/doctor.txt; then
    ok "$(head -n 1 build/doctor.txt)"
else
    while read -r line; do no "$line"; done <build/doctor.txt
    echo "           Without them the labs that need their own ports are not judged."
fi
rm -f build/doctor.txt
for tool in ss lsof strace tcpdump netstat; do
    if have "$tool"; then ok "$tool"; else
        printf '  missing  %s: only the handouts use it\n' "$tool"; fi
done
exit $bad
