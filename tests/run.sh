#!/bin/sh
# Builds everything and runs the tests. On Debian it first installs the packages that are missing, and says so.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
compiler=gcc
slow=
foreign=yes

usage() {
    cat << 'END'
usage: tests/run.sh [--slow] [--native] [--compiler gcc|clang]

Installs what is missing (Debian packages; says which and why), builds into build/ and runs the tests: on this
machine's CPU, then for AArch64 under qemu.

  --slow             the slow tests too; the quick ones once more with the address and undefined behaviour sanitizers,
                     and those that use threads with the thread sanitizer (build/asan, build/tsan); and on a CPU with
                     AVX2 but not AVX-512 that tier emulated (with AVX-512, that the emulation compiles);
                     and all of it compiled by clang
  --native           nothing for AArch64
  --compiler NAME    gcc (the default) or clang
END
}

refuse() {
    echo "tests/run.sh: $*" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --slow) slow=yes ;;
    --native) foreign= ;;
    --compiler)
        [ $# -gt 1 ] || refuse "--compiler needs a name: gcc or clang"
        compiler=$2
        shift
        ;;
    --help | -h) usage; exit 0 ;;
    *) refuse "unknown argument '$1' (see --help)" ;;
    esac
    shift
done
case $compiler in
gcc) preset=default ;;
clang) preset=clang ;;
*) refuse "--compiler: '$compiler' is neither gcc nor clang" ;;
esac

# There the ordinary tests run on NEON anyway.
[ "$(uname -m)" != aarch64 ] || foreign=

# With AVX-512 the emulation is only compiled, so that it does not fall behind the vocabulary unseen.
emulated=
if [ -n "$slow" ] && grep -qw avx2 /proc/cpuinfo; then
    emulated=tests
    ! grep -qw avx512vl /proc/cpuinfo || emulated=vocabulary
fi

. "$root/cmake/packages.sh"
need gcc "compiles the library"
need g++ "compiles a C++ program that uses it"
need clang "compiles the public headers, and with --compiler clang everything"
need clang-format-14 "checks the style of the sources"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need pkg-config "finds libraries, and is one of the ways to find libactiv"
need libcmocka-dev "the tests are written with it"
need libmpfr-dev "reference values in high precision"
need zlib1g-dev "the examples read .gz files"
need dataset-fashion-mnist "the examples' images"
need gnuplot-nox "draws the examples' figures"
need man-db "reads the manual page"
need groff-base "formats the manual page"
need python3 "a second reader of the checkpoint files"
need abigail-tools "compares the ABI with its baseline"
need python3-numpy "arrays of the Python bindings"
need python3-torch "the Python bindings' modules for PyTorch"
need python3-pytest "the Python bindings' tests are written with it"
need python3-venv "installs the Python bindings for their tests"
need python3-setuptools "builds the Python package"
need python3-wheel "builds the Python package"
need cargo "builds the Rust bindings"
need rustc "compiles the Rust bindings"
need locales "the source of a locale with a decimal comma"
need qemu-user "runs programs for other CPUs"
[ -z "$slow" ] || need libclang-rt-14-dev "fuzzes the readers"
[ -z "$slow" ] || need chromium "looks at the examples' report"
[ -z "$slow" ] || need debootstrap "makes a fresh Debian to try the packages in"
[ -z "$slow" ] || need dpkg-dev "finds what the packages depend on"
[ -z "$slow" ] || need file "tells CPack what is a program"
[ -z "$slow" ] || need git "makes the source archive"
[ -z "$slow" ] || need valgrind "looks for values that were never written (tests/valgrind.sh)"
[ -z "$slow" ] || need lintian "checks the packages"
if [ -n "$slow" ] && [ "$(uname -m)" = x86_64 ]; then
    need musl-tools "another C library (tests/platforms.sh)"
    need gcc-i686-linux-gnu "compiles for 32-bit x86"
    need libc6-dev-i386-cross "its C library"
    need gcc-riscv64-linux-gnu "compiles for RISC-V"
    need libc6-dev-riscv64-cross "its C library"
    need gcc-arm-linux-gnueabihf "compiles for 32-bit Arm"
    need libc6-dev-armhf-cross "its C library"
    need gcc-mingw-w64-x86-64 "compiles for Windows"
    need wine64 "runs programs for Windows"
    need emscripten "compiles for WebAssembly"
    need nodejs "runs WebAssembly"
    need gcc-s390x-linux-gnu "compiles for a big-endian CPU, which is refused"
    need libc6-dev-s390x-cross "its C library"
fi
[ -z "$emulated" ] || need libsimde-dev "AVX-512 for CPUs without it"
if [ -n "$foreign" ]; then
    need gcc-aarch64-linux-gnu "compiles for AArch64"
    need libc6-dev-arm64-cross "AArch64's C library"
fi
install_needed

cd "$root"
cmake --preset "$preset" -DACTIV_BUILD_TESTS=ON -DACTIV_BUILD_EXAMPLES=ON -DACTIV_BUILD_TOOL=ON \
    -DACTIV_WARNINGS_AS_ERRORS=ON
cmake --build --preset "$preset" -j 2

# ctest's last lines are the summary: how many passed, and the names of those that did not. With --slow what NAME_all
# tries whole, and what NAME_some tries of NAME, is not tried in part, too.
run_tests() {
    failed=0
    if [ -n "$slow" ]; then
        parts=$(ctest --test-dir "build/$1" -N | sed -n 's/^ *Test *#[0-9]*: \(.*\)_all$/\1/p' | paste -sd'|')
        ctest --preset "$1" --exclude-regex "^($parts)\$|_some\$" || failed=$?
        ctest --test-dir "build/$1" --label-regex slow --output-on-failure --no-tests=error -j 2 || failed=$?
    else
        ctest --preset "$1" || failed=$?
    fi
    return $failed
}

status=0
run_tests "$preset" || status=$?

# Runs a command where ThreadSanitizer's programs start: some kernels put more randomness into addresses (vm.mmap_rnd_bits)
# than it knows of, and its programs then end at once.
for_tsan() {
    if build/tsan/tests/test_share > /dev/null 2>&1; then
        "$@"
    else
        setarch "$(uname -m)" -R "$@"
    fi
}

if [ -n "$slow" ]; then
    others="asan tsan"
    [ $compiler = clang ] || others="$others clang"
    for other in $others; do
        cmake --preset $other -DACTIV_BUILD_TESTS=ON -DACTIV_BUILD_EXAMPLES=ON -DACTIV_BUILD_TOOL=ON \
            -DACTIV_WARNINGS_AS_ERRORS=ON
        cmake --build --preset $other -j 2
    done
    ctest --preset asan || status=$?
    for_tsan ctest --preset tsan || status=$?
    # What depends on the compiler, beside the digests (same_bits_everywhere).
    [ $compiler = clang ] || ctest --preset clang -R '^(stack|tool_formulas)$' || status=$?
fi

if [ -n "$emulated" ]; then
    cmake --preset avx512-emulated -DACTIV_BUILD_TESTS=ON -DACTIV_WARNINGS_AS_ERRORS=ON
    if [ $emulated = tests ]; then
        cmake --build --preset avx512-emulated -j 2
        ctest --preset avx512-emulated || status=$?
    else
        cmake --build --preset avx512-emulated --target test_vocabulary_avx512 || status=$?
    fi
fi

if [ -n "$foreign" ]; then
    digests_only=OFF
    programs=quick_tests
    [ -z "$slow" ] || programs=all
    fetch_foreign arm64 "$root/build/aarch64-sysroot" \
        libcmocka0 libcmocka-dev libmpfr6 libmpfr-dev libgmp10 libgmp-dev || digests_only=ON
    cmake --preset aarch64 --no-warn-unused-cli -DACTIV_BUILD_TESTS=ON -DACTIV_WARNINGS_AS_ERRORS=ON \
        -DACTIV_DIGESTS_ONLY=$digests_only
    cmake --build --preset aarch64 -j 2 --target $programs
    run_tests aarch64 || status=$?
    if [ $digests_only = ON ]; then
        echo "tests/run.sh: for AArch64 only the digests were tested, as its test libraries could not be fetched." >&2
    fi
fi
exit $status
