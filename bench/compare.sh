#!/bin/sh
# The speed and the errors of libactiv beside oneDNN, XNNPACK, Eigen, PyTorch, and memcpy: one command for the whole
# measurement.
#
#     bench/compare.sh [--quick] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench, and runs bench_compare
# twice: as the machine is, and with everybody capped to AVX2, which needs a process of its own. Prints the times, the
# largest errors of a sample in the normal range and in the tails, and the goals; writes build/bench/compare.json and
# build/bench/compare-avx2.json. About 2 minutes; --quick leaves out the arrays of 2^24 elements: a few seconds.
# Other options go to bench_compare (see bench_compare --help).
#
# Which contenders count, by function, is the same in both runs and is printed.
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

. "$root/bench/build.sh"
build_bench bench_compare activ_tool

"$build/bench/bench_compare" --json "$build/compare.json" "$@"
echo
"$build/bench/bench_compare" --json "$build/compare-avx2.json" --cap avx2 "$@"
echo
echo "Written: ${build#"$PWD/"}/compare.json, ${build#"$PWD/"}/compare-avx2.json"
