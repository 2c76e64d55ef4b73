#!/bin/sh
# The committed digests (functions/digests.txt) from many compilers: builds the library and test_digests with gcc and
# clang at several levels of optimisation, and for AArch64, which runs under qemu; every tier has to reproduce every
# digest; where it is not optimized or emulated, those from fewer inputs. gcc's -O3 is what the presets default and
# aarch64 compile by, whose own tests have the digests. Builds are kept in DIRECTORY, so that the next run only compiles
# what changed.
#
# usage: tests/same_bits_everywhere.sh DIRECTORY
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
'' | -*) echo "usage: tests/same_bits_everywhere.sh DIRECTORY" >&2; exit 2 ;;
esac
mkdir -p "$1"
work=$(cd "$1" && pwd)
failed=0
tiers_of_native=

# try MACHINE COMPILER FLAGS...
try() {
    machine=$1 compiler=$2
    shift 2
    name=$machine-$compiler$(printf %s "$*" | tr ' ' '-')
    if ! command -v "$compiler" > /dev/null; then
        echo "FAILED: $name: no $compiler here" >&2
        failed=1
        return 0
    fi
    emulator=
    set -- "-DCMAKE_C_FLAGS=$*" -DCMAKE_BUILD_TYPE=None -DACTIV_DIGESTS_ONLY=ON -DACTIV_BUILD_TESTS=ON \
        -DACTIV_BUILD_EXAMPLES=OFF -DACTIV_BUILD_TOOL=OFF -DACTIV_INSTALL=OFF
    if [ "$machine" = aarch64 ]; then
        set -- "$@" --toolchain "$root/cmake/aarch64-linux-gnu.cmake"
        emulator="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    fi
    log=$work/$name.log
    if ! { cmake -S "$root" -B "$work/$name" -G Ninja -DCMAKE_C_COMPILER="$compiler" "$@" &&
           cmake --build "$work/$name" --target test_digests test_checkpoint_bytes -j "${JOBS:-1}"; } > "$log" 2>&1; then
        cat "$log"
        echo "FAILED: $name does not build" >&2
        failed=1
        return 0
    fi
    # From all inputs, or large, they take minutes there, or hours. tests/run.sh --slow has the digests of all on AArch64.
    few= large=--large
    case $machine$* in
    aarch64* | *-O0*) few=--quick large= ;;
    esac
    # $emulator, $few and $large are words or nothing.
    if ! $emulator "$work/$name/tests/test_digests" $few "$root/tests/functions/digests.txt" > "$log" 2>&1; then
        cat "$log"
        echo "FAILED: $name" >&2
        failed=1
        return 0
    fi
    if ! $emulator "$work/$name/tests/test_checkpoint_bytes" $large "$work/$name.safetensors" >> "$log" 2>&1; then
        cat "$log"
        echo "FAILED: $name" >&2
        failed=1
        return 0
    fi
    tiers=$(sed -n 's/^\([a-z0-9]*\): .* digests$/\1/p' "$log" | paste -sd' ')
    # A build that has lost a tier must not pass for want of it.
    if [ "$machine" = aarch64 ]; then
        expected="scalar neon"
    else
        tiers_of_native=${tiers_of_native:-$tiers}
        expected=$tiers_of_native
    fi
    if [ -z "$tiers" ] || { [ "$tiers" != "$expected" ] && [ -z "${ACTIV_MAX_TIER:-}" ]; }; then
        echo "FAILED: $name ran '$tiers' instead of '$expected'" >&2
        failed=1
        return 0
    fi
    echo "ok  $name: $tiers"
}

for compiler in gcc clang; do
    for level in -O0 -O2; do
        try native $compiler $level
    done
    try native $compiler -O3 -march=native
done
try native clang -O3
if [ "$(uname -m)" != aarch64 ]; then
    for level in -O0 -O2; do
        try aarch64 aarch64-linux-gnu-gcc $level
    done
fi
exit $failed
