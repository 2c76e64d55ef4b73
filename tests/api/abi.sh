#!/bin/sh
# The ABI is that of the baseline, to the last type: what abidiff calls compatible is a change, too, and has to be meant.
#
# The types are read off a library of the units that define the public API, compiled here with debug information: by
# clang and without optimization, as abidw 2.2 overlooks functions that another unit's debug information declares, which
# gcc's does for each call. The names are those of the library under test. The baseline is activ-x86_64.abi,
# and constants.txt.
#
# usage: abi.sh [--renew] SOURCE GENERATED LIBRARY WORK     environment: ABIDIFF ABIDW CLANG READELF NM
set -eu

renew=
[ "$1" != --renew ] || { renew=yes; shift; }
source=$1 generated=$2 library=$3 work=$4
include=$source/include
baseline=$source/tests/api/activ-x86_64.abi
constants=$source/tests/api/constants.txt
fail() { echo "FAILED: $*" >&2; exit 1; }
rm -rf "$work"
mkdir -p "$work"

# All rooms but the kernels', which export nothing.
find "$source/lib" -name '*.c' ! -path '*/kernels/unit.c' ! -path '*/kernels/functions.c' ! -path '*/kernels/formula.c' \
    ! -name '*_windows.c' | sort > "$work/sources"
while read -r file; do
    object=$work/$(echo "${file#"$source/lib/"}" | tr / _).o
    "$CLANG" -std=c11 -g -O0 -fPIC -fvisibility=hidden -D_POSIX_C_SOURCE=200809L -DACTIV_BUILD_SHARED \
        -I "$include" -I "$source/lib" -I "$generated" -c "$file" -o "$object" || fail "$file does not compile"
done < "$work/sources"
described=$work/libactiv.so
"$CLANG" -shared -Wl,--version-script="$source/lib/activ.map" -Wl,--unresolved-symbols=ignore-all \
    -Wl,-soname,"$("$READELF" -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" "$work"/*.o -lm -o "$described"
# Without debug information abidiff compares names alone, and finds no difference.
"$READELF" -S "$described" | grep -q '\.debug_info' || fail "there is no debug information"

exported() { "$NM" -D --defined-only "$1" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort; }
exported "$library" > "$work/names"
exported "$described" | cmp -s - "$work/names" || fail "$library exports other functions than its sources say"
count=$(wc -l < "$work/names")
[ "$count" -gt 100 ] || fail "$library exports $count functions"

"$ABIDW" --headers-dir "$include" --drop-private-types --no-corpus-path --no-comp-dir-path --no-show-locs \
    "$described" > "$work/new.abi"
seen=$(grep -c '<function-decl name=.activ_.*elf-symbol-id' "$work/new.abi" || :)
[ "$seen" -eq "$count" ] || fail "abidw describes $seen of $count functions"

# Structs that no header defines are the library's own affair; abidw 2.2 describes some of them nevertheless.
sed -n 's/^typedef struct \(activ_[a-z_]*\) \1;$/\1/p' "$include"/activ/*.h | while read -r name; do
    grep -q "^struct $name {" "$include"/activ/*.h || printf '[suppress_type]\n  name = %s\n' "$name"
done > "$work/opaque"
[ "$(grep -c name "$work/opaque")" -ge 10 ] || fail "few structs are opaque"

# Two descriptions: given the library itself and --headers-dir, abidiff 2.2 takes structs of headers for private ones.
# 0: the same. What it prints goes to work/difference.
compare() {
    code=0
    "$ABIDIFF" --suppressions "$work/opaque" "$1" "$work/new.abi" > "$work/difference" 2>&1 || code=$?
    return $code
}

# Does the comparison see anything? A function more, a struct that has grown, a parameter of another type.
broken() {
    sed "$2" "$work/new.abi" > "$work/broken.abi"
    ! cmp -s "$work/new.abi" "$work/broken.abi" || fail "nothing to break: $1"
    ! compare "$work/broken.abi" || fail "abidiff does not see $1"
}
broken "a new function" "/<elf-symbol name='activ_tier' /d; /<function-decl name='activ_tier' /,/<\/function-decl>/d"
broken "a struct that has grown" "/<class-decl name='activ_sgd_options'/s/size-in-bits='[0-9]*'/size-in-bits='192'/"
broken "a parameter of another type" "/<function-decl name='activ_lr_step' /,/<\/function-decl>/s/<return type-id='[^']*'/<return type-id='type-id-1'/"

# Constants are in no type: their enums have no name. All that the headers define, with what the compiler says of them.
sed -n '/^enum/,/}/p; /^    ACTIV_[A-Z0-9_]* = /p; /^#define ACTIV_[A-Z0-9_]* [0-9]/p' "$include"/activ/*.h |
    grep -o 'ACTIV_[A-Z0-9_]* *\(=\|[0-9]\)' | grep -o 'ACTIV_[A-Z0-9_]*' | sort -u > "$work/constants"
{
    echo '#include <activ/activ.h>'
    echo '#include <stdio.h>'
    echo 'int main(void) {'
    sed 's/.*/printf("%s %lld\\n", "&", (long long)(&));/' "$work/constants"
    echo 'return 0; }'
} > "$work/constants.c"
"$CLANG" -I "$include" "$work/constants.c" -o "$work/constants_program"
"$work/constants_program" | grep -v '^ACTIV_VERSION_' > "$work/constants.txt"
[ "$(wc -l < "$work/constants.txt")" -gt 30 ] || fail "only $(wc -l < "$work/constants.txt") constants found"

if [ -n "$renew" ]; then
    [ ! -f "$baseline" ] || compare "$baseline" || cat "$work/difference"
    [ ! -f "$constants" ] || diff "$constants" "$work/constants.txt" || :
    sed "s|path='$source/|path='|" "$work/new.abi" > "$baseline"
    cp "$work/constants.txt" "$constants"
    echo "Wrote $baseline and $constants"
    exit 0
fi
[ -f "$baseline" ] || fail "there is no $baseline"
! grep -q "path='/" "$baseline" || fail "$baseline names folders of the machine that it was made on"
meant="docs/ABI.md says what may change. If this is meant: cmake --build BUILD --target abi_baseline"
compare "$baseline" || { cat "$work/difference"; fail "the ABI has changed. $meant"; }
diff "$constants" "$work/constants.txt" || fail "constants have changed. $meant"
echo "$count functions and $(wc -l < "$constants") constants are those of the baseline."
