#!/bin/sh
# Runs in a fresh Debian: installs the packages of /packages with apt, uses them, and removes them.
#
# usage: inside.sh SOURCE LIBRARY      (run.sh fills these in)
set -eu

source=$1 library=$2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq

# What dpkg -L cannot know: all files but those that any use of apt changes.
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /libactiv \
        -o -path /var/cache -o -path /var/lib/apt -o -path /var/log \) -prune -o ! -path '/var/lib/dpkg/*-old' -print | sort
}

echo "-- the command alone, with what it depends on"
files > /tmp/before
apt-get install -qq -y --no-install-recommends "/packages/$library"_*.deb /packages/activ_*.deb
version=$(dpkg-query -W -f '${Version}' activ)
[ "$(activ version)" = "activ $version" ] || { echo "FAILED: activ version: $(activ version)"; exit 1; }
[ "$(activ eval relu 2)" = "$(printf '2\t2\t1')" ] || { echo "FAILED: activ eval: $(activ eval relu 2)"; exit 1; }
[ "$(activ eval @isru 0)" = "$(printf '0\t0\t1')" ] || { echo "FAILED: activ eval: $(activ eval @isru 0)"; exit 1; }
# The library cannot go without the command, nor stay away.
! dpkg --remove "$library" || { echo "FAILED: $library can be removed under activ"; exit 1; }
files | grep -qx /usr/bin/activ || { echo "FAILED: the list of files lacks /usr/bin/activ"; exit 1; }
apt-get purge -qq -y activ "$library"
files | diff /tmp/before - || { echo "FAILED: left behind by activ"; exit 1; }
! dpkg --install /packages/libactiv-dev_*.deb || { echo "FAILED: libactiv-dev without $library"; exit 1; }
dpkg --purge libactiv-dev
echo "ok: installed, run, removed: no file is left"

echo "-- all packages"
apt-get install -qq -y --no-install-recommends gcc g++ cmake make pkg-config > /dev/null
files > /tmp/before
apt-get install -qq -y --no-install-recommends /packages/*.deb
dpkg --verify "$library" libactiv-dev activ libactiv-doc > /tmp/verified
[ ! -s /tmp/verified ] || { cat /tmp/verified; echo "FAILED: dpkg --verify"; exit 1; }
ldconfig -p | grep -q "libactiv\.so\.[0-9.]* .*$(gcc -print-multiarch)" || { echo "FAILED: ldconfig knows no libactiv"; exit 1; }

work=/tmp/consumer CC=gcc CXX=g++ CMAKE=cmake PKG_CONFIG=pkg-config
GENERATOR="Unix Makefiles"
mkdir -p "$work"
. "$source/tests/consumer/ways.sh"
with_pkg_config pkg-config
for kind in shared static; do
    with_cmake "find_package, activ_$kind" $kind activ::activ_$kind -DACTIV_FROM=package
done
with_cmake "find_package, activ" shared activ::activ -DACTIV_FROM=package -DACTIV_WANTED="$major.$minor"
with_two "find_package in C++ alone"
with_quickstart "examples of libactiv-doc" /usr/share/doc/activ/examples/quickstart

apt-get purge -qq -y activ libactiv-doc libactiv-dev "$library"
files | diff /tmp/before - || fail "left behind"
! ldconfig -p | grep libactiv || fail "ldconfig still knows libactiv"
rm -rf "$work" /tmp/before /tmp/verified
echo "ok: removed: no file is left"
