#!/bin/sh
# The speed of libactiv's row-wise functions beside oneDNN, XNNPACK, PyTorch and memcpy: one command for the whole
# measurement.
#
#     bench/rows.sh [--quick] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench, and runs bench_rows
# twice: as the machine is, and with everybody capped to AVX2, which needs a process of its own. Prints both tables and
# the goals, and writes build/bench/rows.json and build/bench/rows-avx2.json. About a minute; --quick takes a few rounds
# only. Other options go to bench_rows (see bench_rows --help). Exit status 1: a goal was missed.
#
# One thread; figures are medians of interleaved turns, so a busy machine does little harm to the ratios. To keep other
# work off the core altogether: taskset -c 1 bench/rows.sh
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
--help | -h)
    sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "$0"
    exit 0
    ;;
--quick)
    shift
    set -- --rounds 15 "$@"
    ;;
esac

. "$root/bench/build.sh"
build_bench bench_rows

status=0
"$build/bench/bench_rows" --json "$build/rows.json" "$@" || status=$?
[ $status -le 1 ] || exit $status
echo
"$build/bench/bench_rows" --json "$build/rows-avx2.json" --cap avx2 "$@" || status=$?
[ $status -le 1 ] || exit $status
echo
echo "Written: ${build#"$PWD/"}/rows.json, ${build#"$PWD/"}/rows-avx2.json"
exit $status
