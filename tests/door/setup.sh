#!/bin/sh
# Installs what is missing, with this system's own package manager, and does
# nothing where nothing is missing.
set -u

have() { command -v "$1" >/dev/null 2>&1; }
have_compiler() { have "${CC:-cc}" || have gcc || have clang; }
have_check() { have pkg-config && pkg-config --atleast-version=0.15 check; }

# A compiler without the C library's headers compiles nothing.
have_headers() {
    echo '#include <stdio.h>' | "${CC:-cc}" -E - >/dev/null 2>&1
}

missing=
if ! have_compiler || ! have_headers; then missing="$missing compiler"; fi
have make || missing="$missing make"
have pkg-config || missing="$missing pkg-config"
have_check || missing="$missing check"
if [ -z "$missing" ]; then
    echo "Nothing to install: compiler, make, pkg-config and check are here."
    exit 0
fi
echo "Missing:$missing"

if have apt-get; then
    compiler='gcc libc6-dev' check=check pkgconfig=pkg-config
    install='env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends'
    update='apt-get update -qq'
elif have dnf; then
    compiler='gcc glibc-devel' check=check-devel pkgconfig=pkgconf-pkg-config
    install='dnf install -y -q' update=true
elif have pacman; then
    compiler=gcc check=check pkgconfig=pkgconf
    install='pacman -S --needed --noconfirm' update='pacman -Sy --noconfirm'
elif have apk; then
    compiler='gcc musl-dev linux-headers' check=check-dev pkgconfig=pkgconf
    install='apk add -q' update='apk update -q'
else
    echo "No apt-get, dnf, pacman or apk here: install$missing by hand." >&2
    exit 1
fi

packages=
for one in $missing; do
    case $one in
    compiler) packages="$packages $compiler" ;;
    check) packages="$packages $check" ;;
    pkg-config) packages="$packages $pkgconfig" ;;
    *) packages="$packages $one" ;;
    esac
done

sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! have sudo; then
        echo "Not root, and no sudo: have somebody run: $install$packages" >&2
        exit 1
    fi
    sudo=sudo
fi
echo "Installing:$packages"
# The words of the commands are meant to be split. What they say is shown when
# it does not work.
log=$(mktemp) || exit 1
if ! { $sudo $update && $sudo $install $packages; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    echo "Could not install:$packages" >&2
    exit 1
fi
rm -f "$log"
if ! have_compiler || ! have_check; then
    echo "Installed:$packages, and something is still missing." >&2
    exit 1
fi
echo "Done."
