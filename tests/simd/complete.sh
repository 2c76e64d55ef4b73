#!/bin/sh
# Every operation that simd/scalar.h defines is explained in simd/simd.h, defined in each tier's header, and used by
# the vocabulary's test.
#
# usage: complete.sh LIB_SIMD VOCABULARY_C
set -eu

simd=$1 test=$2
failed=0

names() {
    sed -n -e 's/^V_INLINE [a-z ]*[ *]\(\(s\|[vima][a-z]*\)_[a-z0-9_]*\)(.*/\1/p' \
        -e 's/^#define \(\(s\|[vima][a-z]*\)_[a-z0-9_]*\)(.*/\1/p' "$1" | sort -u
}

count=0
for name in $(names "$simd/scalar.h"); do
    count=$((count + 1))
    for file in "$simd/simd.h" "$test"; do
        grep -qw -- "$name" "$file" || { echo "FAILED: $name is missing in $file" >&2; failed=1; }
    done
    for header in "$simd"/*.h; do
        case ${header##*/} in
        simd.h | blocks.h | elementary.h | math.h | piecewise.h | random.h) ;;
        *) names "$header" | grep -qx "$name" || { echo "FAILED: $header lacks $name" >&2; failed=1; } ;;
        esac
    done
done
[ "$count" -ge 50 ] || { echo "FAILED: only $count operations found in $simd/scalar.h" >&2; failed=1; }
echo "$count operations"
exit $failed
