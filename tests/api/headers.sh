#!/bin/sh
# Every public header compiles alone, twice, and with all others, in each language that the library promises,
# with every compiler found here; and activ.h includes them all.
#
# usage: headers.sh INCLUDE     environment: CC CXX (the build's compilers)
set -eu

include=$1
flags="-fsyntax-only -Wall -Wextra -Wpedantic -Werror -I$include"
failed=0

# compile COMPILER LANGUAGE STANDARD TEXT
compile() {
    # shellcheck disable=SC2086
    # The last line: a translation unit that declares nothing is an error of its own.
    if ! printf '%bextern int unit;\n' "$4" | "$1" -x "$2" -std="$3" $flags -; then
        echo "FAILED: $1 -std=$3:" >&2
        printf '%b' "$4" >&2
        failed=1
    fi
}

# each COMPILER LANGUAGE STANDARD...
each() {
    compiler=$1 language=$2
    shift 2
    for standard; do
        forth="" back=""
        for header in "$include"/activ/*.h; do
            line="#include <activ/${header##*/}>\\n"
            compile "$compiler" "$language" "$standard" "$line$line"
            forth="$forth$line" back="$line$back"
        done
        compile "$compiler" "$language" "$standard" "$forth"
        compile "$compiler" "$language" "$standard" "$back"
        echo "$compiler -std=$standard"
    done
}

# Each compiler once, under whatever names it is known here.
compilers() {
    for name; do
        command -v "$name" || :
    done | xargs -r realpath | sort -u
}
for compiler in $(compilers "$CC" gcc clang clang-14); do
    each "$compiler" c c99 c11
done
for compiler in $(compilers "$CXX" g++); do
    each "$compiler" c++ c++98 c++17
done
for compiler in $(compilers clang clang-14); do
    each "$compiler" c++ c++98 c++17
done

for header in "$include"/activ/*.h; do
    name=${header##*/}
    if [ "$name" != activ.h ] && ! grep -qx "#include \"$name\"" "$include/activ/activ.h"; then
        echo "FAILED: activ.h does not include $name" >&2
        failed=1
    fi
done
exit $failed
