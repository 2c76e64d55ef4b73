#!/bin/sh
# What other people's builds do to the library, and it to them: configured in many ways, and the commands read that
# would be run. Few parts compile.
#
# usage: run.sh [--quick] SOURCE WORK   (tests/CMakeLists.txt fills these in)
#   --quick: configured only; some of the build types, flags and targets; two projects that both embed the library in
#            one order only
# environment: CC CMAKE NINJA, CXX and CROSS_CC (may be empty: a compiler for C++, one for AArch64)
set -eu

quick=
if [ "$1" = --quick ]; then
    quick=yes
    shift
fi
source=$1 work=$2

fail() { echo "FAILED: $*" >&2; exit 1; }

# configure OPTION...: a project that embeds the library ($project), and all commands of its build in $work/commands.
project=$source/tests/builds
configure() {
    rm -rf "$work/build"
    "$CMAKE" -G Ninja -S "$project" -B "$work/build" -DCMAKE_MAKE_PROGRAM="$NINJA" \
        -DACTIV_SOURCE="$source" "$@" > "$work/log" 2>&1 || return 1
    "$NINJA" -C "$work/build" -t commands > "$work/commands"
}
configured() { configure "$@" || { cat "$work/log"; fail "cannot be configured: $*"; }; }
commands_of() { grep -e "$1" "$work/commands"; }

rm -rf "$work"
mkdir -p "$work"
native=-DCMAKE_C_COMPILER=$CC

echo "-- build types"
set -- "" Debug Release
[ -n "$quick" ] || set -- "$@" RelWithDebInfo MinSizeRel Unknown
for type; do
    configured "$native" -DCMAKE_BUILD_TYPE="$type"
    commands_of 'kernels/unit\.c$' > "$work/tiers" || fail "'$type': no tiers"
    while read -r command; do
        level=$(echo "$command" | tr ' ' '\n' | grep -e '^-O' | tail -1)
        case $level in
        -O2 | -O3) ;;
        *) fail "build type '$type': a tier is compiled with '$level'" ;;
        esac
    done < "$work/tiers"
    ! commands_of '-c .*\.c$' | grep -e ' -W[a-z]' -e ' -pedantic' || fail "warnings that the project did not ask for"
done
echo "ok: tiers are optimized, and nobody is warned"

echo "-- flags that change the arithmetic"
set -- -Ofast
[ -n "$quick" ] || set -- "$@" -ffast-math -funsafe-math-optimizations
for flags; do
    configured "$native" -DCMAKE_C_FLAGS="$flags" -DBUILD_SHARED_LIBS=ON
    link=$(commands_of '-shared' | sed 's/^: && //; s/ && :$//')
    [ -n "$link" ] || fail "$flags: no command links the library"
    (cd "$work/build" && eval "$link '-###'") > "$work/linked" 2>&1 || true
    grep -q collect2 "$work/linked" || grep -q '/ld' "$work/linked" || fail "$flags: $(cat "$work/linked")"
    ! grep -q crtfastmath "$work/linked" || fail "$flags: the library changes its host's floating-point mode"
    ! commands_of '-c .*\.c$' | grep -v -e '-fno-fast-math -fno-unsafe-math-optimizations -fno-finite-math-only' ||
        fail "$flags: reaches the library's code"
done
echo "ok: they stay outside"

echo "-- kinds of library"
configured "$native" -DACTIV_BUILD_STATIC=OFF -DACTIV_INSTALL=ON
grep -q 'libactiv\.so' "$work/commands" && ! grep -q 'libactiv\.a' "$work/commands" || fail "shared alone"
configured "$native" -DACTIV_BUILD_SHARED=OFF -DACTIV_INSTALL=ON -DBUILD_SHARED_LIBS=ON
! grep -q 'libactiv\.so' "$work/commands" && grep -q 'libactiv\.a' "$work/commands" || fail "static alone"
grep -q '^Libs: .*-lactiv -lm' "$work/build/activ/activ.pc" || fail "static alone: activ.pc leaves out what it needs"
! configure "$native" -DACTIV_BUILD_SHARED=OFF -DACTIV_BUILD_STATIC=OFF || fail "no kind is a library"
grep -q 'both OFF' "$work/log" || fail "no kind: $(cat "$work/log")"
echo "ok: one alone"

echo "-- some functions, some tiers, and -Ofast"
! configure "$native" "-DACTIV_FUNCTIONS=gelu;gelo" || fail "ACTIV_FUNCTIONS=gelo"
grep -q "no function is called 'gelo'" "$work/log" || fail "gelo: $(cat "$work/log")"
! configure "$native" -DACTIV_TIERS=sse || fail "ACTIV_TIERS=sse"
grep -q "'sse' is no tier" "$work/log" || fail "sse: $(cat "$work/log")"
configured "$native" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-Ofast "-DACTIV_FUNCTIONS=softmax;swiglu;elu" \
    -DACTIV_TIERS=scalar -DACTIV_BUILD_SHARED=OFF -DACTIV_BUILD_TOOL=ON -DCATALOG=ON
tiers=$(commands_of 'kernels/unit\.c$' | grep -o 'ACTIV_TIER=[a-z0-9]*' | tr '\n' ' ')
[ "$tiers" = "ACTIV_TIER=scalar " ] || fail "ACTIV_TIERS=scalar: $tiers"
if [ -z "$quick" ]; then
    "$NINJA" -C "$work/build" > "$work/log" 2>&1 || { cat "$work/log"; fail "some functions, one tier"; }
    functions=$("$work/build/catalog") || fail "catalog"
    [ "$functions" = "sigmoid elu silu softmax swiglu scalar" ] || fail "softmax, swiglu and elu: $functions"
    # The command's loops end by what infinities and NaN compare to.
    timeout 100 "$work/build/activ/src/activ" accuracy elu > "$work/log" || { cat "$work/log"; fail "-Ofast: activ accuracy"; }
    grep -q elu "$work/log" || { cat "$work/log"; fail "-Ofast: activ accuracy says nothing"; }
    # Formulas: of the functions those that are built, and what is no function of the catalogue.
    timeout 100 "$work/build/activ/src/activ" eval 'x*elu(exp(x)) + erf(x)' 1 > "$work/log" || fail "a formula of what is built"
    ! timeout 100 "$work/build/activ/src/activ" eval 'x*tanh(exp(x))' 1 > "$work/log" 2>&1 || fail "a formula of tanh"
    grep -q "unknown function 'tanh'" "$work/log" || { cat "$work/log"; fail "a formula of tanh"; }
fi
echo "ok: those, and what they need"

echo "-- a project that installs what needs the library"
set -- activ::activ
[ -n "$quick" ] || set -- "$@" activ::activ_static activ::activ_shared
for target; do
    configured "$native" -DEXPORTS=ON -DACTIV_TARGET=$target -DACTIV_INSTALL=ON
done
echo "ok: with ACTIV_INSTALL=ON"

echo "-- two projects of one build in C++ alone, which both embed the library"
if [ -n "${CXX:-}" ]; then
    project=$source/tests/builds/two
    few="-DACTIV_FUNCTIONS=relu -DACTIV_TIERS=scalar"
    set -- "subdirectory fetch"
    [ -n "$quick" ] || set -- "$@" "fetch subdirectory" "subdirectory subdirectory"
    for ways; do
        # shellcheck disable=SC2086
        configured "$native" -DCMAKE_CXX_COMPILER="$CXX" -DFIRST="${ways% *}" -DSECOND="${ways#* }" $few
        [ "$(commands_of '-c .*/cpu/cpu\.c$' | wc -l)" = 1 ] || fail "$ways: the library is not compiled once"
    done
    if [ -z "$quick" ]; then
        "$NINJA" -C "$work/build" > "$work/log" 2>&1 || { cat "$work/log"; fail "two projects"; }
        for name in first second; do
            "$work/build/$name/$name" || fail "two projects: $name: exit code $?"
        done
    fi
    # shellcheck disable=SC2086
    ! configure "$native" -DCMAKE_CXX_COMPILER="$CXX" -DFIRST=subdirectory -DSECOND=subdirectory -DOTHER=9.9.9 $few ||
        fail "two versions in one build"
    grep -q 'Two versions of libactiv' "$work/log" || { cat "$work/log"; fail "two versions"; }
    project=$source/tests/builds
    echo "ok: it is there once"
else
    echo "SKIPPED: no C++ compiler"
fi

echo "-- a compiler for another target, and nothing said about it"
if [ -n "${CROSS_CC:-}" ]; then
    configured -DCMAKE_C_COMPILER="$CROSS_CC"
    tiers=$(commands_of 'kernels/unit\.c$' | grep -o 'ACTIV_TIER=[a-z0-9]*' | sort -u | tr '\n' ' ')
    [ "$tiers" = "ACTIV_TIER=neon ACTIV_TIER=scalar " ] || fail "tiers for AArch64: $tiers"
    "$NINJA" -C "$work/build" activ/lib/CMakeFiles/activ_objects.dir/cpu/cpu.c.o > "$work/log" 2>&1 ||
        { cat "$work/log"; fail "cpu.c for AArch64"; }
    echo "ok: the compiler says which tiers there are"
else
    echo "SKIPPED: no aarch64-linux-gnu-gcc"
fi
rm -rf "$work"
