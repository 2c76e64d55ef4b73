#!/bin/sh
# A function's file includes what it uses: every file of lib/functions/ that holds arithmetic compiles alone, and all
# functions together in the order of the list and in the opposite one, for the scalar tier and for the registry.
#
# usage: includes.sh COMPILER LIB LIST      LIST: the header, made by CMake, that includes each function's file
set -eu

compiler=$1 lib=$2 list=$3
failed=0 count=0

# compile TEXT FLAGS...
compile() {
    text=$1
    shift
    # What is not used in a unit of its own, kernels do use. The last line: a unit that declares nothing is an error.
    if ! printf '%bextern int unit;\n' "$text" | "$compiler" -x c -std=c11 -fsyntax-only -Wall -Wextra -Wpedantic -Werror \
        -Wno-unused-function -Wno-unused-variable -Wno-unused-const-variable -I"$lib" -I"$lib/../include" "$@" -; then
        echo "FAILED: $*:" >&2
        printf '%b' "$text" >&2
        failed=1
    fi
    count=$((count + 1))
}

kernels() {
    compile "$1" -DACTIV_TIER=scalar '-DACTIV_TIER_HEADER="simd/scalar.h"'
}

definitions() {
    compile "$1" -DACTIV_FN_DEFINITIONS
}

forth="" back="" functions=0
for file in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$list"); do
    line="#include \"$file\"\\n"
    kernels "$line"
    definitions "$line"
    forth="$forth$line" back="$line$back"
    functions=$((functions + 1))
done
for order in "$forth" "$back"; do
    kernels "$order"
    definitions "$order"
done
for file in "$lib"/functions/families/*.h "$lib"/functions/tables/*.h; do
    line="#include \"${file#"$lib/"}\"\\n"
    kernels "$line$line"
done

[ "$functions" -ge 17 ] || { echo "FAILED: only $functions functions in $list" >&2; failed=1; }
echo "$functions functions, $count units"
exit $failed
