#!/bin/sh
# Debian packages and source archive: builds them of an archive of the tree, has Debian's checker read them, installs them
# with apt into a fresh Debian (debootstrap, in WORK; needs root and Debian's mirror), has other projects use them there
# (inside.sh) and removes them without a trace. Of the machine's own system nothing is changed.
#
# usage: run.sh SOURCE WORK      environment: CMAKE, JOBS (1), CODENAME (of the Debian to try, this machine's)
set -eu

source=$1 work=$2
fail() { echo "FAILED: $*" >&2; exit 1; }
# says TEXT: the log has it, wherever CMake breaks its lines.
says() { tr -s ' \n' ' ' < "$work/log" | grep -q -e "$1"; }
skip() { echo "skipped: $*" >&2; exit 77; }

[ "$(id -u)" = 0 ] || skip "only root can make a Debian to install into"
for program in debootstrap dpkg-shlibdeps file git; do
    command -v $program > /dev/null || skip "there is no $program"
done
git -C "$source" rev-parse HEAD > /dev/null 2>&1 || skip "no git checkout, and so no source archive"
codename=${CODENAME:-$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}

mkdir -p "$work"
work=$(cd "$work" && pwd)
# The Debian is kept for the next run, if this one passes.
rm -rf "$work/archive" "$work/build" "$work/dest"
mkdir "$work/archive"

echo "-- the source archive"
"$CMAKE" --preset package -S "$source" -B "$work/build" > "$work/log" 2>&1 || { cat "$work/log"; fail "preset package"; }
"$CMAKE" --build "$work/build" --target package_source > "$work/log" 2>&1 || { cat "$work/log"; fail "package_source"; }
version=$(sed -n 's/^#define ACTIV_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$source/include/activ/version.h" | paste -sd.)
soname=${version%.*}
archive=$work/build/activ-$version.tar.gz
cp "$archive" "$work/archive"
"$CMAKE" --build "$work/build" --target package_source > "$work/log" 2>&1
cmp "$archive" "$work/archive/activ-$version.tar.gz" || fail "the same commit gives another archive"
tar xzf "$archive" -C "$work/archive"
git -C "$source" ls-tree -r --name-only HEAD | sort > "$work/wanted"
(cd "$work/archive/activ-$version" && find . ! -type d | sed 's|^\./||') | sort | diff "$work/wanted" - ||
    fail "the archive has other files than git"
git -C "$source" ls-tree -r HEAD | awk '{ print $3 }' | sort > "$work/wanted"
(cd "$work/archive/activ-$version" && find . ! -type d -exec git hash-object --no-filters {} +) | sort |
    diff "$work/wanted" - > "$work/log" || fail "the archive has other contents than git"
echo "ok: what git has, and the same bytes again"

echo "-- packages"
tree=$work/archive/activ-$version
rm -rf "$work/build"
"$CMAKE" -G Ninja -S "$tree" -B "$work/build" -DACTIV_BUILD_TESTS=OFF -DACTIV_BUILD_EXAMPLES=OFF > "$work/log" 2>&1 ||
    { cat "$work/log"; fail "the archive's tree"; }
! (cd "$work/build" && cpack -G DEB) > "$work/log" 2>&1 || fail "packages of a build for /usr/local"
says 'cmake --preset package' || { cat "$work/log"; fail "a build for /usr/local is refused otherwise"; }
! "$CMAKE" --build "$work/build" --target package_source > "$work/log" 2>&1 || fail "a source archive without git"
says 'no git checkout' || { cat "$work/log"; fail "without git, package_source says something else"; }
! "$CMAKE" --build "$work/build" --target uninstall > "$work/log" 2>&1 || fail "uninstall, and nothing was installed"
says 'install_manifest.txt is not there' || { cat "$work/log"; fail "uninstall says something else"; }

rm -rf "$work/build"
SOURCE_DATE_EPOCH=1700000000
export SOURCE_DATE_EPOCH
{ "$CMAKE" --preset package -S "$tree" -B "$work/build" &&
    "$CMAKE" --build "$work/build" -j "${JOBS:-1}" &&
    "$CMAKE" --build "$work/build" --target package; } > "$work/log" 2>&1 || { cat "$work/log"; fail "target package"; }
cd "$work/build"
sha256sum ./*.deb > "$work/sums"
rm ./*.deb
sleep 1
"$CMAKE" --build . --target package > "$work/log" 2>&1 || { cat "$work/log"; fail "target package, again"; }
sha256sum --quiet -c "$work/sums" || fail "the same build gives other packages"
architecture=$(dpkg --print-architecture)
multiarch=$(gcc -print-multiarch)
set -- "libactiv${soname}_${version}_$architecture.deb" "libactiv-dev_${version}_$architecture.deb" \
    "activ_${version}_$architecture.deb" "libactiv-doc_${version}_all.deb"
[ "$(echo *.deb)" = "$(printf '%s\n' "$@" | sort | paste -sd' ')" ] || fail "packages: $(echo *.deb)"

# field PACKAGE NAME VALUE: what a package says of itself.
field() {
    value=$(dpkg-deb -f "$1" "$2")
    [ "$value" = "$3" ] || fail "$1: $2: '$value' instead of '$3'"
}
for package in "$@"; do
    field "$package" Maintainer "The libactiv authors"
    field "$package" Version "$version"
    field "$package" Source activ
    dpkg-deb -f "$package" Description | grep -q '^activation functions in C - ' || fail "$package: Description"
done
field "$2" Depends "libactiv$soname (= $version), libc6-dev"
dpkg-deb -f "$1" Depends | grep -q '^libc6 (>= [0-9.]*)$' || fail "$1: $(dpkg-deb -f "$1" Depends)"
dpkg-deb -f "$3" Depends | grep -q "^libactiv$soname (>= $version), libc6 (>= [0-9.]*)\$" || fail "$3: $(dpkg-deb -f "$3" Depends)"
field "$1" Section libs
field "$2" Section libdevel
field "$4" Architecture all
[ "$(dpkg-deb -I "$1" shlibs)" = "libactiv $soname libactiv$soname (>= $version)" ] || fail "$1: shlibs"
# has PACKAGE PATH...: files, without /usr.
has() {
    package=$1
    shift
    dpkg-deb -c "$package" > "$work/log"
    for path in "$@"; do
        grep -q " \./usr/$path\( ->.*\)\?\$" "$work/log" || { cat "$work/log"; fail "$package lacks /usr/$path"; }
    done
}
has "$1" "lib/$multiarch/libactiv.so.$version" "lib/$multiarch/libactiv.so.$soname" "share/doc/libactiv$soname/copyright"
has "$2" "lib/$multiarch/libactiv.so" "lib/$multiarch/libactiv.a" "lib/$multiarch/pkgconfig/activ.pc" \
    "lib/$multiarch/cmake/activ/activConfig.cmake" include/activ/activ.h include/activ/activ.hpp
has "$3" bin/activ share/man/man1/activ.1.gz share/bash-completion/completions/activ share/activ/functions.txt \
    share/doc/activ/copyright
has "$4" share/doc/activ/README.md share/doc/activ/docs/guide.md share/doc/activ/examples/quickstart/apply.c
[ "$(dpkg-deb -c "$1" | grep -c 'usr/.*[^/]$')" = 4 ] || { dpkg-deb -c "$1"; fail "$1 has more than the library"; }

# Known: the authors have no mail address; CPack calls ldconfig beside the trigger that is enough.
if command -v lintian > /dev/null; then
    lintian --allow-root --fail-on error,warning \
        --suppress-tags malformed-contact,bogus-mail-host-in-debian-changelog,maintscript-calls-ldconfig \
        "$@" > "$work/log" 2>&1 || { cat "$work/log"; fail "lintian"; }
    echo "ok: lintian"
fi

DESTDIR=$work/dest "$CMAKE" --install . > "$work/log"
[ -x "$work/dest/usr/bin/activ" ] || fail "cmake --install"
DESTDIR=$work/dest "$CMAKE" --build . --target uninstall > "$work/log" 2>&1 || { cat "$work/log"; fail "uninstall"; }
left=$(find "$work/dest" ! -type d)
[ -z "$left" ] || fail "the target uninstall leaves $left"
echo "ok: built, and named as Debian does"

echo "-- a fresh Debian $codename"
debian=$work/$codename
if [ ! -e "$debian/finished" ]; then
    rm -rf --one-file-system "$debian"
    debootstrap --variant=minbase "$codename" "$debian" > "$work/log" 2>&1 ||
        { tail -20 "$work/log"; fail "debootstrap $codename (log: $work/log)"; }
fi
rm -f "$debian/finished"
rm -rf --one-file-system "$debian/libactiv" "$debian/packages"
cp /etc/resolv.conf "$debian/etc/resolv.conf"
# A package's manual pages and pages are to be looked for, although a container's dpkg may leave them out.
rm -f "$debian"/etc/dpkg/dpkg.cfg.d/docker*
mkdir "$debian/packages" "$debian/libactiv"
cp "$@" "$debian/packages"
cp -R "$tree/tests" "$debian/libactiv"
mkdir "$debian/libactiv/include"
# For its version alone: other headers must not be found.
mkdir "$debian/libactiv/include/activ"
cp "$tree/include/activ/version.h" "$debian/libactiv/include/activ"
chroot "$debian" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    sh /libactiv/tests/packages/inside.sh /libactiv "libactiv$soname" > "$work/log" 2>&1 ||
    { cat "$work/log"; fail "inside $debian"; }
grep -e '^ok' "$work/log"
touch "$debian/finished"
rm -rf --one-file-system "$debian/libactiv" "$debian/packages" "$work/archive" "$work/build" "$work/dest"
echo "Packages work."
