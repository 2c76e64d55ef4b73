#!/bin/sh
# The shared library as a package ships it, stripped, stays below 1.5 MB with all tiers.
#
# usage: size.sh LIBRARY LIMIT WORK     environment: STRIP READELF
set -eu

library=$1 limit=$2 work=$3
fail() { echo "FAILED: $*" >&2; exit 1; }
mkdir -p "$work"

"$STRIP" --strip-unneeded -o "$work/stripped" "$library"
"$READELF" -S -W "$work/stripped" > "$work/sections"
! grep -q '\.symtab' "$work/sections" || fail "$STRIP leaves the symbols"
# Of the sections that take room in the file and are loaded: name and size.
sed -n -e 's/^ *\[[ 0-9]*\] \(\.[^ ]*\) *PROGBITS .* \([0-9a-f]*\) 00 *[A-Z]*A.*/\1 \2/p' \
    -e 's/^ *\[[ 0-9]*\] \(\.rel[^ ]*\) *RELA* .* \([0-9a-f]*\) 18 .*/\1 \2/p' "$work/sections" > "$work/loaded"
grep -q '^\.text ' "$work/loaded" || fail "readelf shows no code"
bytes=$(wc -c < "$work/stripped")
while read -r name size; do
    echo "$((0x$size)) $name"
done < "$work/loaded" | sort -rn | head -n 6
echo "$bytes bytes of at most $limit"
[ "$bytes" -le "$limit" ] || fail "the stripped library is larger than $limit bytes"
rm -rf "$work"
