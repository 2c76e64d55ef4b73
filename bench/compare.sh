#!/bin/sh
# The speed of libactiv beside oneDNN, PyTorch and memcpy: one command for the whole measurement.
#
#     bench/compare.sh [--quick] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench, and runs bench_compare
# twice: as the machine is, and with everybody capped to AVX2, which needs a process of its own. Prints both tables and
# the goals, and writes build/bench/compare.json and build/bench/compare-avx2.json. About 4 minutes; --quick leaves out
# the arrays of 2^24 elements: a few seconds. Other options go to bench_compare (see bench_compare --help).
#
# One thread; figures are medians of interleaved turns, so a busy machine does little harm to the ratios. To keep other
# work off the core altogether: taskset -c 1 bench/compare.sh
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
--help | -h)
    sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "$0"
    exit 0
    ;;
--quick)
    shift
    set -- --n 4096,65536 "$@"
    ;;
esac

. "$root/cmake/packages.sh"
need gcc "compiles the library and the comparison"
need g++ "compiles the calls of PyTorch"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need libdnnl-dev "oneDNN"
need libtorch-dev "PyTorch, without Python"
need libopenblas0-serial "the BLAS that PyTorch loads; one thread"
install_needed

build=$root/build/bench
log=$build.log
mkdir -p "$root/build"
echo "Building into ${build#"$PWD/"} ..."
# Afresh: a directory configured for another compiler would lose the options given here.
if ! {
    cmake --fresh -G Ninja -S "$root" -B "$build" -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
        -DACTIV_BUILD_TESTS=OFF -DACTIV_BUILD_EXAMPLES=OFF -DACTIV_BUILD_TOOL=ON -DACTIV_BUILD_BENCH_PEERS=ON &&
    cmake --build "$build" -j 2 --target bench_compare activ_tool
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 2
fi

# Ceilings of the caller's would be hard to notice in the table.
unset ACTIV_MAX_TIER ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA ATEN_CPU_CAPABILITY
"$build/bench/bench_compare" --json "$build/compare.json" "$@"
echo
"$build/bench/bench_compare" --json "$build/compare-avx2.json" --cap avx2 "$@"
echo
echo "Written: ${build#"$PWD/"}/compare.json, ${build#"$PWD/"}/compare-avx2.json"
