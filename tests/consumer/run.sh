#!/bin/sh
# Installs a finished build into a DESTDIR and uses it as other projects would: through pkg-config and through
# find_package, shared and static, moved elsewhere, and embedded as sources. Each program is run.
#
# usage: run.sh [--quick] BUILD SOURCE PREFIX LIBDIR DEFAULT WORK   (tests/CMakeLists.txt fills these in)
#   --quick: each way in C and with activ.hpp only, and the library embedded is configured, not compiled
#   DEFAULT: shared or static, what activ::activ should be
# environment: CC CXX CMAKE GENERATOR PKG_CONFIG
set -eu

few=
if [ "$1" = --quick ]; then
    few=yes
    shift
fi
build=$1 source=$2 prefix=$3 libdir=$4 default=$5 work=$6
. "$source/tests/consumer/ways.sh"

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

doc=$(find "$work/dest" -name CHANGELOG.md)
doc=${doc%/*}
[ -n "$doc" ] || fail "not installed: CHANGELOG.md"
[ ! -e "$doc/docs/internals" ] || fail "installed: docs/internals"
links=0
for page in "$doc"/*.md "$doc"/docs/*.md; do
    # What is for the library's authors, and the bindings, stay in the tree.
    for link in $(grep -o '](\(\.\./\)*[A-Za-z_/-]*\.\(md\|svg\)' "$page" | sed 's/](//' | grep -v -e internals/ -e bindings/); do
        links=$((links + 1))
        [ -e "${page%/*}/$link" ] || fail "${page#"$doc/"}: nothing is installed at its link $link"
    done
done
[ "$links" -gt 20 ] || fail "links of the pages: only $links"
echo "ok: pages, and what they link to"
if [ -e "$root/bin/activ" ]; then
    # It finds a library beside it by itself; one in an absolute folder is the loader's business.
    case $libdir in
    /*) LD_LIBRARY_PATH=$full_libdir "$root/bin/activ" version ;;
    *) "$root/bin/activ" version ;;
    esac > "$work/output" || fail "activ version: exit code $?"
    grep -qx "activ $version" "$work/output" || fail "activ version: $(cat "$work/output")"
    case $libdir in
    /*) ;;
    *) "$root/bin/activ" eval @logish 1 > /dev/null || fail "activ eval @logish: exit code $?" ;;
    esac
    echo "ok: the activ command"
fi

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

    kinds="shared static"
    [ -z "$few" ] || kinds=static
    for kind in $kinds; do
        with_two "find_package in C++ alone, $kind" "$package" -DACTIV_TARGET=activ::activ_$kind
    done
    with_quickstart "examples as installed" "$doc/examples/quickstart" "$package"

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
        "$work/moved/here/bin/activ" eval @logish 1 > /dev/null || fail "activ eval @logish, moved: exit code $?"
        echo "ok: the activ command, moved"
    fi
    ;;
esac

echo "-- embedded"
# Of one tier: the library is compiled twice here.
set -- -DACTIV_SOURCE="$source" "-DACTIV_FUNCTIONS=relu;tanh;mish;silu;prelu" -DACTIV_TIERS=scalar
embed() {
    if [ -n "$few" ]; then
        what=$1
        shift 2
        configure "$what" "$@"
        echo "ok: $what, configured"
    else
        with_cmake "$@"
    fi
}
embed "add_subdirectory, of the functions that it needs" static activ::activ -DACTIV_FROM=subdirectory "$@"
DESTDIR=$work/embedded "$CMAKE" --install "$work/cmake" > /dev/null
[ ! -e "$work/embedded" ] || fail "an embedded libactiv installs itself"
echo "ok: installs nothing"
embed "FetchContent, shared, of the functions that it needs" shared activ::activ -DACTIV_FROM=fetch \
    -DBUILD_SHARED_LIBS=ON "$@"

echo "-- removed"
DESTDIR=$work/gone "$CMAKE" --install "$build" > "$work/log" || { cat "$work/log"; fail "install"; }
# uninstall: as the target does it, but with a manifest of our own.
uninstall() { DESTDIR=$work/gone "$CMAKE" -D MANIFEST="$work/manifest" -P "$source/cmake/Uninstall.cmake" > "$work/log" 2>&1; }
cp "$build/install_manifest.txt" "$work/manifest"
theirs="$work/gone$prefix/include/activ/not; ours.h"
mkdir -p "${theirs%/*}" "$work/gone/folder"
touch "$theirs"
printf '\n/folder\n' >> "$work/manifest"
! uninstall || fail "uninstall removes a folder"
grep -q 'gone/folder' "$work/log" || { cat "$work/log"; fail "uninstall does not name the folder"; }
left=$(find "$work/gone" ! -type d)
[ "$left" = "$theirs" ] || fail "uninstall leaves: $left"
# Of the folders that are only ours the one with their file is left.
left=$(find "$work/gone" -type d -name activ)
[ "$left" = "${theirs%/*}" ] || fail "uninstall leaves the folders: $left"
# As all else is gone, it has only to say so, and takes names as they are.
rmdir "$work/gone/folder"
echo "${theirs#"$work/gone"}" >> "$work/manifest"
uninstall || { cat "$work/log"; fail "uninstall, the second time"; }
[ ! -e "$theirs" ] || fail "uninstall: '$theirs' is still there"
left=$(find "$work/gone" -type d -name activ)
[ -z "$left" ] || fail "uninstall leaves the folders: $left"
[ -d "$work/gone$prefix/include" ] || fail "uninstall removes a folder that others use"
! uninstall || fail "uninstall without a manifest"
tr -s ' \n' ' ' < "$work/log" | grep -q "$work/manifest is not there" || { cat "$work/log"; fail "uninstall without a manifest"; }
echo "ok: what the manifest names, and nothing else"

rm -rf "$work"
echo "All ways in work."
