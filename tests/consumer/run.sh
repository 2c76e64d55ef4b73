#!/bin/sh
# Installs a finished build into a DESTDIR and uses it as other projects would: through pkg-config and through
# find_package, shared and static, moved elsewhere, and embedded as sources. Each program is run.
#
# usage: run.sh BUILD SOURCE PREFIX LIBDIR DEFAULT WORK   (tests/CMakeLists.txt fills these in)
#   DEFAULT: shared or static, what activ::activ should be
# environment: CC CXX CMAKE GENERATOR PKG_CONFIG
set -eu

build=$1 source=$2 prefix=$3 libdir=$4 default=$5 work=$6
here=$source/tests/consumer
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

rm -rf "$work"
mkdir -p "$work"
DESTDIR=$work/dest "$CMAKE" --install "$build" > "$work/log" || { cat "$work/log"; fail "install"; }
root=$work/dest$prefix

echo "-- files"
case $libdir in
/*) full_libdir=$work/dest$libdir ;;
*) full_libdir=$root/$libdir ;;
esac
for file in libactiv.a libactiv.so libactiv.so.$major.$minor libactiv.so.$version pkgconfig/activ.pc \
    cmake/activ/activConfig.cmake cmake/activ/activConfigVersion.cmake cmake/activ/activTargets.cmake; do
    [ -e "$full_libdir/$file" ] || fail "not installed: $file"
done
umbrella=$(find "$work/dest" -name activ.h)
[ -n "$umbrella" ] || fail "not installed: activ.h"
for header in "$source"/include/activ/*.h "$source"/include/activ/*.hpp; do
    cmp -s "$header" "${umbrella%/*}/${header##*/}" || fail "not installed: ${header##*/}"
done
[ -n "$(find "$work/dest" -name LICENSE)" ] || fail "not installed: LICENSE"
! grep -rqF -e "$build" -e "$source" "${umbrella%/*}" "$full_libdir/pkgconfig" "$full_libdir/cmake" ||
    fail "an installed file names the folder it was built in"
echo "ok: all there"
if [ -e "$root/bin/activ" ]; then
    # It finds a library beside it by itself; one in an absolute folder is the loader's business.
    case $libdir in
    /*) LD_LIBRARY_PATH=$full_libdir "$root/bin/activ" version ;;
    *) "$root/bin/activ" version ;;
    esac > "$work/output" || fail "activ version: exit code $?"
    grep -qx "activ $version" "$work/output" || fail "activ version: $(cat "$work/output")"
    echo "ok: the activ command"
fi

# with_pkg_config LABEL LIBDIR: the module in LIBDIR/pkgconfig, shared and static, C and C++.
with_pkg_config() {
    label=$1 lib=$2
    PKG_CONFIG_PATH=$lib/pkgconfig
    export PKG_CONFIG_PATH
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
        $CXX -std=c++17 $warn "$here/consumer.cpp" -o "$work/pc_cpp" $shared
        $CXX -std=c++98 $warn "$here/consumer98.cpp" -o "$work/pc_98" $shared
        $CXX -std=c++17 $warn "$here/consumer_hpp.cpp" -o "$work/pc_hpp" $shared
        $CXX -std=c++20 $warn -fno-exceptions "$here/consumer_hpp.cpp" -o "$work/pc_hpp20" $shared
        $CC -static -std=c99 $warn "$here/consumer.c" -o "$work/pc_static_c" $static
        $CXX -static -std=c++17 $warn "$here/consumer.cpp" -o "$work/pc_static_cpp" $static
        $CXX -static -std=c++17 $warn "$here/consumer_hpp.cpp" -o "$work/pc_static_hpp" $static
    }
    LD_LIBRARY_PATH=$lib
    export LD_LIBRARY_PATH
    run "$label, C99, shared" shared "$work/pc_c" "$work/c.safetensors"
    run "$label, C++17, shared" shared "$work/pc_cpp" "$work/cpp.safetensors"
    run "$label, C++98, shared" shared "$work/pc_98"
    run "$label, activ.hpp, shared" shared "$work/pc_hpp" "$work/hpp.safetensors"
    run "$label, activ.hpp as C++20 without exceptions, shared" shared "$work/pc_hpp20" "$work/hpp.safetensors"
    unset LD_LIBRARY_PATH
    run "$label, C99, static" static "$work/pc_static_c" "$work/c.safetensors"
    run "$label, C++17, static" static "$work/pc_static_cpp" "$work/cpp.safetensors"
    run "$label, activ.hpp, static" static "$work/pc_static_hpp" "$work/hpp.safetensors"
    unset PKG_CONFIG_PATH
}

# with_cmake LABEL KIND TARGET OPTION...: builds this folder's project and runs its programs.
with_cmake() {
    label=$1 kind=$2 target=$3
    shift 3
    rm -rf "$work/cmake"
    "$CMAKE" -G "$GENERATOR" -S "$here" -B "$work/cmake" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
        -DACTIV_TARGET="$target" -DCMAKE_BUILD_TYPE=Release "$@" > "$work/log" 2>&1 &&
        "$CMAKE" --build "$work/cmake" -j 2 >> "$work/log" 2>&1 || { cat "$work/log"; fail "$label"; }
    run "$label, C99" "$kind" "$work/cmake/consumer_c" "$work/c.safetensors"
    run "$label, C++17" "$kind" "$work/cmake/consumer_cpp" "$work/cpp.safetensors"
    run "$label, C++98" "$kind" "$work/cmake/consumer_98"
    run "$label, activ.hpp" "$kind" "$work/cmake/consumer_hpp" "$work/hpp.safetensors"
}

# An absolute LIBDIR cannot be moved, and is reached through a sysroot.
case $libdir in
/*)
    echo "-- installed into a DESTDIR, library folder $libdir"
    PKG_CONFIG_SYSROOT_DIR=$work/dest
    export PKG_CONFIG_SYSROOT_DIR
    with_pkg_config "pkg-config" "$full_libdir"
    unset PKG_CONFIG_SYSROOT_DIR
    ;;
*)
    echo "-- installed into a DESTDIR"
    with_pkg_config "pkg-config" "$full_libdir"
    package=-Dactiv_DIR=$full_libdir/cmake/activ
    for kind in shared static; do
        with_cmake "find_package, activ_$kind" $kind activ::activ_$kind -DACTIV_FROM=package "$package" \
            -DACTIV_WANTED="$major.$minor"
    done
    with_cmake "find_package, activ" "$default" activ::activ -DACTIV_FROM=package "$package"

    # While the major version is 0, another minor version is another library.
    for wanted in "$major.$((minor + 1))" "$((major + 1)).0" 0.0; do
        ! "$CMAKE" -G "$GENERATOR" -S "$here" -B "$work/refused" -DCMAKE_C_COMPILER="$CC" \
            -DCMAKE_CXX_COMPILER="$CXX" -DACTIV_FROM=package -DACTIV_TARGET=activ::activ "$package" \
            -DACTIV_WANTED="$wanted" > "$work/log" 2>&1 || fail "version $wanted is satisfied by $version"
        grep -q "version: $version" "$work/log" || { cat "$work/log"; fail "version $wanted"; }
        echo "ok: version $wanted is refused"
    done

    echo "-- moved elsewhere"
    mkdir "$work/moved"
    mv "$root" "$work/moved/here"
    with_pkg_config "pkg-config, moved" "$work/moved/here/$libdir"
    with_cmake "find_package, moved" "$default" activ::activ -DACTIV_FROM=package \
        -DCMAKE_PREFIX_PATH="$work/moved/here"
    if [ -e "$work/moved/here/bin/activ" ]; then
        "$work/moved/here/bin/activ" version > /dev/null || fail "activ version, moved: exit code $?"
        echo "ok: the activ command, moved"
    fi
    ;;
esac

echo "-- embedded"
functions="-DACTIV_FUNCTIONS=relu;tanh;mish;silu;prelu"
with_cmake "add_subdirectory, of the functions that it needs" static activ::activ -DACTIV_FROM=subdirectory \
    -DACTIV_SOURCE="$source" "$functions"
DESTDIR=$work/embedded "$CMAKE" --install "$work/cmake" > /dev/null
[ ! -e "$work/embedded" ] || fail "an embedded libactiv installs itself"
echo "ok: installs nothing"
with_cmake "FetchContent, shared, of the functions that it needs" shared activ::activ -DACTIV_FROM=fetch \
    -DACTIV_SOURCE="$source" -DBUILD_SHARED_LIBS=ON "$functions"

rm -rf "$work"
echo "All ways in work."
