#!/bin/sh
# Every public header compiles alone, twice, and with all others, in each language that the library promises,
# with every compiler found here; and activ.h and activ.hpp include them all. Those for C++ do so with more warnings, and
# all together without exceptions and run-time types, too; alone, which takes a second each, in C++17 only.
#
# usage: headers.sh [--quick] INCLUDE     environment: CC CXX (the build's compilers)
#
#   --quick    those for C++ alone not one by one, and not by the build's compiler, which has tests/cpp
set -eu

alone=c++17
if [ "$1" = --quick ]; then
    alone=
    shift
fi
include=$1
flags="-fsyntax-only -Wall -Wextra -Wpedantic -Werror -I$include"
failed=0

# compile COMPILER LANGUAGE STANDARD TEXT FLAG...
compile() {
    compiler_=$1 language_=$2 standard_=$3 text_=$4
    shift 4
    # shellcheck disable=SC2086
    # The last line: a translation unit that declares nothing is an error of its own.
    if ! printf '%bextern int unit;\n' "$text_" | "$compiler_" -x "$language_" -std="$standard_" $flags "$@" -; then
        echo "FAILED: $compiler_ -std=$standard_ $*:" >&2
        printf '%b' "$text_" >&2
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

# each_hpp COMPILER STANDARD...: the headers that are for C++ only.
each_hpp() {
    compiler=$1
    shift
    for standard; do
        back=""
        for header in "$include"/activ/*.hpp; do
            line="#include <activ/${header##*/}>\\n"
            [ "$standard" != "$alone" ] || compile "$compiler" c++ "$standard" "$line$line" -Wconversion -Wshadow
            back="$line$back"
        done
        compile "$compiler" c++ "$standard" "$back" -Wconversion -Wshadow
        compile "$compiler" c++ "$standard" "#include <activ/activ.h>\\n$back" -Wconversion -Wshadow -fno-exceptions \
            -fno-rtti
        echo "$compiler -std=$standard, .hpp"
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
for compiler in $(compilers "$CXX" g++ clang clang-14); do
    each "$compiler" c++ c++98 c++17
    [ -z "$alone" ] && [ "$compiler" = "$(compilers "$CXX")" ] || each_hpp "$compiler" c++17 c++20
done
# An older standard is told so.
if printf '#include <activ/activ.hpp>\n' | "$CXX" -x c++ -std=c++14 $flags - 2> /dev/null; then
    echo "FAILED: activ.hpp compiles as C++14" >&2
    failed=1
fi

for header in "$include"/activ/*.h; do
    name=${header##*/}
    if [ "$name" != activ.h ] && ! grep -qx "#include \"$name\"" "$include/activ/activ.h"; then
        echo "FAILED: activ.h does not include $name" >&2
        failed=1
    fi
done
for header in "$include"/activ/*.hpp; do
    name=${header##*/}
    if [ "$name" != activ.hpp ] && ! grep -qx "#include \"$name\"" "$include/activ/activ.hpp"; then
        echo "FAILED: activ.hpp does not include $name" >&2
        failed=1
    fi
done
exit $failed
