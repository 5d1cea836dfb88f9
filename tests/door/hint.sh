#!/bin/sh
# hint.sh N STEM: the next hint of the handout; all of them once it is fixed.
set -u
number=$1 stem=$2 handout=handouts/$2.md count=build/hints/$2

if [ ! -r "$handout" ]; then
    echo "$handout is missing, and the hints are in it." >&2
    exit 2
fi

# Hint number $1, without the markup of its fold.
show() {
    awk -v want="$1" '
        /<summary>Hint [0-9]/ {
            inside = index($0, "Hint " want) > 0
            if (inside) {
                sub(/.*<summary>/, ""); sub(/<\/summary>.*/, "")
                print
            }
            next
        }
        /<\/details>/ { inside = 0 }
        inside { print }
    ' "$handout" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

mkdir -p build/hints
given=0
[ -r "$count" ] && read -r given <"$count"
case $given in
[0-3]) ;;
*) given=0 ;;
esac
if build/grade verdict "$number" >/dev/null 2>&1; then
    given=3
    echo "Lab $number is fixed; here are all of its hints."
    for i in 1 2 3; do echo; show "$i"; done
elif [ "$given" -lt 3 ]; then
    given=$((given + 1))
    show "$given"
    echo
    if [ "$given" -lt 3 ]; then
        echo "Hint $given of 3. Next: make lab$number, or make hint$number again."
    else
        echo "That was the last one. The fix itself: make diff$number SPOIL=1"
    fi
else
    for i in 1 2 3; do show "$i"; echo; done
    echo "There are no more than these. The fix itself: make diff$number SPOIL=1"
fi
echo "$given" >"$count"
