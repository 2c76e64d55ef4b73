#!/bin/sh
# Every operation that simd/scalar.h defines is explained in simd/simd.h, defined in each tier's header, and used by
# the vocabulary's test.
#
# usage: complete.sh LIB_SIMD VOCABULARY_C
set -eu

simd=$1 test=$2
failed=0

defined() {
    sed -n -e 's/^V_INLINE [a-z ]*[ *]\(\(s\|[vima][a-z]*\)_[a-z0-9_]*\)(.*/\1/p' \
        -e 's/^#define \(\(s\|[vima][a-z]*\)_[a-z0-9_]*\)(.*/\1/p' "$1" | sort -u
}
named() { grep -o '[A-Za-z0-9_]*' "$1" | sort -u; }

# all_in COMMAND FILE: what the command prints of the file has each of $operations.
operations=$(defined "$simd/scalar.h")
all_in() {
    missing=$({ "$1" "$2"; echo --; echo "$operations"; } |
        awk '$0 == "--" { listed = 1; next } !listed { there[$0] = 1; next } !($0 in there)')
    [ -z "$missing" ] || { echo "FAILED: $2 lacks" $missing >&2; failed=1; }
}
for file in "$simd/simd.h" "$test"; do
    all_in named "$file"
done
for header in "$simd"/*.h; do
    case ${header##*/} in
    simd.h | blocks.h | elementary.h | math.h | piecewise.h | random.h) ;;
    *) all_in defined "$header" ;;
    esac
done
count=$(echo "$operations" | wc -l)
[ "$count" -ge 50 ] || { echo "FAILED: only $count operations found in $simd/scalar.h" >&2; failed=1; }
echo "$count operations"
exit $failed
