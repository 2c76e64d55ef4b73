# Sourced by run.sh and by tests/packages/inside.sh: the ways in which other projects use an installed libactiv. Plain
# sh. The sourcing script sets source (libactiv's), work (a folder) and CC CXX CMAKE GENERATOR PKG_CONFIG, and may set few:
# programs in C and with activ.hpp, and no others.
# shellcheck shell=sh disable=SC2154
here=$source/tests/consumer
few=${few:-}
version=$(sed -n 's/^#define ACTIV_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$source/include/activ/version.h" |
    paste -sd.)
major=${version%%.*}
minor=${version#*.}; minor=${minor%.*}

fail() { echo "FAILED: $*" >&2; exit 1; }

# run WHAT KIND PROGRAM [ARGUMENT]: runs it, and sees that it is linked as KIND says.
run() {
    what=$1 kind=$2 program=$3
    shift 3
    needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    case $kind in
    shared)
        echo "$needed" | grep -q "^libactiv\.so\.$major\.$minor\$" || fail "$what: not linked to libactiv.so"
        ;;
    static) ! echo "$needed" | grep -q libactiv || fail "$what: linked to libactiv.so" ;;
    esac
    "$program" "$@" > "$work/output" || fail "$what: $program: exit code $?"
    echo "ok: $what"
}

# with_pkg_config LABEL [LIBDIR]: the module in LIBDIR/pkgconfig, or where the system looks; shared and static, C and C++.
with_pkg_config() {
    label=$1 lib=${2:-}
    if [ -n "$lib" ]; then
        PKG_CONFIG_PATH=$lib/pkgconfig
        export PKG_CONFIG_PATH
    fi
    "$PKG_CONFIG" --validate activ || fail "$label: activ.pc"
    found=$("$PKG_CONFIG" --modversion activ)
    [ "$found" = "$version" ] || fail "$label: version $found"
    shared=$("$PKG_CONFIG" --cflags --libs activ)
    static=$("$PKG_CONFIG" --static --cflags --libs activ)
    case " $shared " in *" -lm "*) fail "$label: -lm without --static" ;; esac
    warn="-Wall -Wextra -Wpedantic -Werror"
    rm -f "$work"/pc_*
    # shellcheck disable=SC2086
    {
        $CC -std=c99 $warn "$here/consumer.c" -o "$work/pc_c" $shared -lm
        $CXX -std=c++17 $warn "$here/consumer_hpp.cpp" -o "$work/pc_hpp" $shared
        $CC -static -std=c99 $warn "$here/consumer.c" -o "$work/pc_static_c" $static
        if [ -z "$few" ]; then
            $CXX -std=c++17 $warn "$here/consumer.cpp" -o "$work/pc_cpp" $shared
            $CXX -std=c++98 $warn "$here/consumer98.cpp" -o "$work/pc_98" $shared
            $CXX -std=c++20 $warn -fno-exceptions "$here/consumer_hpp.cpp" -o "$work/pc_hpp20" $shared
            $CXX -static -std=c++17 $warn "$here/consumer.cpp" -o "$work/pc_static_cpp" $static
            $CXX -static -std=c++17 $warn "$here/consumer_hpp.cpp" -o "$work/pc_static_hpp" $static
        fi
    }
    if [ -n "$lib" ]; then
        LD_LIBRARY_PATH=$lib
        export LD_LIBRARY_PATH
    fi
    run "$label, C99, shared" shared "$work/pc_c" "$work/c.safetensors"
    run "$label, activ.hpp, shared" shared "$work/pc_hpp" "$work/hpp.safetensors"
    if [ -z "$few" ]; then
        run "$label, C++17, shared" shared "$work/pc_cpp" "$work/cpp.safetensors"
        run "$label, C++98, shared" shared "$work/pc_98"
        run "$label, activ.hpp as C++20 without exceptions, shared" shared "$work/pc_hpp20" "$work/hpp.safetensors"
    fi
    unset LD_LIBRARY_PATH
    run "$label, C99, static" static "$work/pc_static_c" "$work/c.safetensors"
    if [ -z "$few" ]; then
        run "$label, C++17, static" static "$work/pc_static_cpp" "$work/cpp.safetensors"
        run "$label, activ.hpp, static" static "$work/pc_static_hpp" "$work/hpp.safetensors"
    fi
    unset PKG_CONFIG_PATH
}

# configure LABEL TARGET OPTION...: this folder's project, in $work/cmake.
configure() {
    label=$1 target=$2
    shift 2
    rm -rf "$work/cmake"
    "$CMAKE" -G "$GENERATOR" -S "$here" -B "$work/cmake" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
        -DACTIV_TARGET="$target" -DCMAKE_BUILD_TYPE=Debug "$@" > "$work/log" 2>&1 || { cat "$work/log"; fail "$label"; }
}

# with_cmake LABEL KIND TARGET OPTION...: configures that project, builds it and runs its programs.
with_cmake() {
    label=$1 kind=$2 target=$3
    shift 3
    configure "$label" "$target" "$@"
    programs=all
    [ -z "$few" ] || programs="consumer_c consumer_hpp"
    # shellcheck disable=SC2086
    "$CMAKE" --build "$work/cmake" -j 2 --target $programs > "$work/log" 2>&1 || { cat "$work/log"; fail "$label"; }
    run "$label, C99" "$kind" "$work/cmake/consumer_c" "$work/c.safetensors"
    run "$label, activ.hpp" "$kind" "$work/cmake/consumer_hpp" "$work/hpp.safetensors"
    if [ -z "$few" ]; then
        run "$label, C++17" "$kind" "$work/cmake/consumer_cpp" "$work/cpp.safetensors"
        run "$label, C++98" "$kind" "$work/cmake/consumer_98"
    fi
}

# with_two LABEL OPTION...: a project in C++ alone, two parts of which look for the package. Linked statically, it needs
# threads too.
with_two() {
    label=$1
    shift
    rm -rf "$work/two"
    "$CMAKE" -G "$GENERATOR" -S "$source/tests/builds/two" -B "$work/two" -DCMAKE_CXX_COMPILER="$CXX" -DFIRST=package \
        -DSECOND=package "$@" > "$work/log" 2>&1 &&
        "$CMAKE" --build "$work/two" >> "$work/log" 2>&1 || { cat "$work/log"; fail "$label"; }
    ! grep -q '^CMAKE_C_COMPILER:' "$work/two/CMakeCache.txt" || fail "$label: looks for a C compiler"
    for part in first second; do
        "$work/two/$part/$part" || fail "$label: $part: exit code $?"
    done
    echo "ok: $label"
}

# with_quickstart LABEL FOLDER OPTION...: the examples, copied from where they are installed and built there.
with_quickstart() {
    label=$1 installed=$2
    shift 2
    rm -rf "$work/quickstart"
    cp -R "$installed" "$work/quickstart"
    "$CMAKE" -G "$GENERATOR" -S "$work/quickstart" -B "$work/quickstart/build" -DCMAKE_C_COMPILER="$CC" \
        -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE=Release "$@" > "$work/log" 2>&1 &&
        "$CMAKE" --build "$work/quickstart/build" -j 2 >> "$work/log" 2>&1 || { cat "$work/log"; fail "$label"; }
    for program in apply arena classify classify_cpp fit own_formula own_loss save_load; do
        (cd "$work/quickstart/build" && "./quickstart_$program") > "$work/output" || fail "$label: $program: exit code $?"
    done
    # The zoo's file is that of the package, which has none without the command.
    said=$("$work/quickstart/build/quickstart_apply" @logish 2>&1) || true
    zoo=$(echo "$said" | sed -n "s/.*the zoo of functions, '\(.*\)', cannot be read.*/\1/p")
    case $said in
    *"f = x*log1p(sigmoid(x))"*) ;;
    *) [ -n "$zoo" ] && [ ! -e "$zoo" ] || fail "$label: apply @logish: $said" ;;
    esac
    for file in "$installed"/*.c "$installed"/*.cpp; do
        name=${file##*/}
        case $name in
        *.cpp) name=${name%.cpp}_cpp ;;
        *) name=${name%.c} ;;
        esac
        [ -x "$work/quickstart/build/quickstart_$name" ] || fail "$label: $file is built by nobody"
    done
    echo "ok: $label"
}
