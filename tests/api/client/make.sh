#!/bin/sh
# Makes the client of the version that the headers have, and what it prints: client-VERSION-x86_64 and client-VERSION.txt,
# to be committed once for each release, and never changed (docs/ABI.md). On x86-64.
#
# usage: make.sh BUILD      BUILD: a build of the library, build/default
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
build=$1
number() { sed -n "s/^#define ACTIV_VERSION_$1 //p" "$root/include/activ/version.h"; }
version=$(number MAJOR).$(number MINOR).$(number PATCH)
client=$here/client-$version-x86_64
[ ! -e "$client" ] || { echo "make.sh: $client is there already; remove it first if no release has it" >&2; exit 2; }

# Small, and without what differs from one machine to the next.
gcc -std=c11 -Os -s -Wall -Wextra -Werror -nostartfiles -fno-stack-protector -fcf-protection=none -U_FORTIFY_SOURCE \
    -Wl,--build-id=none -Wl,-z,noseparate-code -I "$root/include" "$here/client.c" \
    -L "$build/lib" -lactiv -o "$client"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && LD_LIBRARY_PATH=$build/lib "$client") > "$here/client-$version.txt"
ls -l "$client"
