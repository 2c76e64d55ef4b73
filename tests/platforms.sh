#!/bin/sh
# Other platforms: builds the library for each and runs the programs that say whether it is the same there.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
all="musl i686 riscv64 armhf mingw wasm s390x"

usage() {
    cat << END
usage: tests/platforms.sh [NAME ...]

Builds the library for other platforms into build/NAME by its CMake preset and runs the digests, the bytes of
checkpoints, files and the command. docs/platforms.md says what each is.

  NAME     one of $all; none: all of them

s390x is big-endian, and has to be refused. The environment's JOBS says how many compilers run at once (1).
Exit status: 1 if one failed, 2 for a name that is none, 77 if none failed but the machine lacks something for one.
END
}

for name; do
    case $name in
    -h | --help)
        usage
        exit 0 ;;
    -*)
        echo "tests/platforms.sh: unknown option $name (see --help)" >&2
        exit 2 ;;
    esac
    case " $all " in
    *" $name "*) ;;
    *)
        echo "tests/platforms.sh: no platform is called '$name': $all" >&2
        exit 2 ;;
    esac
done
cd "$root" || exit 2
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all

failed=
missing=

fail() {
    echo "FAILED: $*" >&2
    failed=yes
}

# have NAME PROGRAM PACKAGE: is the program here?
have() {
    command -v "$2" > /dev/null && return 0
    echo "MISSING: $1: no $2 (Debian: $3)" >&2
    missing=yes
    return 1
}

# The tiers of this machine's CPU.
native_tiers() {
    tiers=scalar
    [ "$(uname -m)" != aarch64 ] || tiers="scalar neon"
    if grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then
        tiers="scalar avx2"
        for flag in avx512f avx512dq avx512bw avx512vl; do
            grep -qw $flag /proc/cpuinfo || { echo "$tiers"; return 0; }
        done
        tiers="scalar avx2 avx512"
    fi
    echo "$tiers"
}

# platform NAME TIERS: configures, builds, runs; the digests have to be those of exactly these tiers.
platform() {
    log=build/$1/platforms.log
    mkdir -p "build/$1"
    if ! { cmake --preset "$1" -DACTIV_BUILD_TESTS=ON -DACTIV_WARNINGS_AS_ERRORS=ON &&
           cmake --build --preset "$1" -j "${JOBS:-1}"; } > "$log" 2>&1; then
        tail -40 "$log"
        fail "$1 does not build"
        return 1
    fi
    if ! ctest --preset "$1" --verbose > "$log" 2>&1; then
        tail -40 "$log"
        fail "$1"
        return 1
    fi
    ran=$(sed -n 's/^[0-9]*: \([a-z0-9]*\): \([0-9]*\) of \2 digests.*$/\1/p' "$log" | paste -sd' ')
    if [ "$ran" != "$2" ] && [ -z "${ACTIV_MAX_TIER:-}" ]; then
        fail "$1 ran '$ran' instead of '$2'"
        return 1
    fi
    threads="1, 2, 3 and 8 threads"
    [ "$1" != wasm ] || threads="1 thread"
    grep -q "small, scalar: checked with $threads" "$log" || { fail "$1: no checkpoints by $threads"; return 1; }
    echo "ok  $1: $ran"
}

# Moves of 32 or 64 bytes that need an aligned address, other than of constants: the stack of Windows is not aligned so.
check_moves() {
    for tier in avx2 avx512; do
        for object in "build/mingw/lib/CMakeFiles/activ_tier_$tier.dir/kernels/"*.obj; do
            x86_64-w64-mingw32-objdump -d --no-show-raw-insn "$object" > build/mingw/code.txt ||
                { fail "mingw: $object cannot be disassembled"; return 1; }
            grep -q '[yz]mm' build/mingw/code.txt || { fail "mingw: no vectors in $object"; return 1; }
            if grep -E 'vmov(ap[sd]|dqa|dqa32|dqa64) .*[yz]mm' build/mingw/code.txt | grep '(%r' | grep -v '(%rip)'; then
                fail "mingw: aligned moves in $object (GCC bug 54412)"
                return 1
            fi
        done
    done
    echo "ok  mingw: no vector is moved as if the stack were aligned to it"
}

refused() {
    rm -rf build/s390x
    if cmake -S . -B build/s390x -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER=s390x-linux-gnu-gcc \
        > build/s390x.log 2>&1; then
        fail "s390x: configured, although it is big-endian"
    elif ! tr -s '\n ' ' ' < build/s390x.log | grep -q 'cannot be built for this target, which is big-endian'; then
        cat build/s390x.log
        fail "s390x: refused, but not for its order of bytes"
    else
        echo "ok  s390x: refused, as it is big-endian"
    fi
}

mkdir -p build
for name; do
    case $name in
    musl)
        have musl musl-gcc musl-tools && platform musl "$(native_tiers)" ;;
    i686)
        have i686 i686-linux-gnu-gcc gcc-i686-linux-gnu && have i686 qemu-i386 qemu-user && platform i686 scalar ;;
    riscv64)
        have riscv64 riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu && have riscv64 qemu-riscv64 qemu-user &&
            platform riscv64 scalar ;;
    armhf)
        have armhf arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf && have armhf qemu-arm qemu-user &&
            platform armhf scalar ;;
    mingw)
        PATH=$PATH:/usr/lib/wine
        have mingw x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64 && have mingw wine64 wine64 &&
            platform mingw "$(native_tiers)" && check_moves ;;
    wasm)
        have wasm emcc emscripten && have wasm node nodejs && platform wasm scalar ;;
    s390x)
        have s390x s390x-linux-gnu-gcc gcc-s390x-linux-gnu && refused ;;
    esac
done
[ -z "$failed" ] || exit 1
[ -z "$missing" ] || exit 77
