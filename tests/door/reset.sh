#!/bin/sh
# reset.sh N STEM: the shipped files again. Nothing of a student's is lost: what
# differs goes to build/saved/ first, and nothing there is ever overwritten.
set -eu
stem=$2 changed=

for file in ".shipped/$stem"/*.c; do
    mine=labs/$stem/${file##*/}
    cmp -s "$file" "$mine" || changed="$changed ${file##*/}"
done
if [ -z "$changed" ]; then
    echo "labs/$stem is as it was shipped; nothing to do."
    exit 0
fi
if [ -d "labs/$stem" ] && [ -n "$(ls -A "labs/$stem")" ]; then
    mkdir -p build/saved
    saved=build/saved/$stem-$(date +%Y%m%d-%H%M%S)
    i=1
    until mkdir "$saved" 2>/dev/null; do
        i=$((i + 1))
        saved=${saved%.*}.$i
        [ "$i" -lt 1000 ] || { echo "cannot make $saved" >&2; exit 1; }
    done
    cp -Rp "labs/$stem/." "$saved/"
    echo "Your files are now in $saved"
fi
mkdir -p "labs/$stem"
for name in $changed; do
    cp ".shipped/$stem/$name" "labs/$stem/$name"
    echo "labs/$stem/$name is as it was shipped"
done
rm -f "build/hints/$stem"
