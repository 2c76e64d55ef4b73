#!/bin/sh
# The errors of libactiv, oneDNN and PyTorch in ULP, by one yardstick: one command for the whole measurement.
#
#     bench/accuracy.sh [--exhaustive] [--keep-peers] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench, and runs
# `activ accuracy` and bench_accuracy. On a sample, in under a minute, it prints the tables; with --exhaustive, over all
# 2^32 inputs, it writes them into docs/numerics.md: a minute or two for each function and core, but for staf, a
# sum of 25 sines, which takes an hour. --keep-peers takes oneDNN's and PyTorch's figures from the last run. Other options
# go to `activ accuracy`: --tier all, --jobs N. The results are in build/bench/accuracy.json and accuracy-peers.json.
#
# The exit status is 1 if a bound is exceeded.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
exhaustive='' keep=''
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "$0"
        exit 0
        ;;
    --exhaustive) exhaustive=--exhaustive ;;
    --keep-peers) keep=yes ;;
    *) break ;;
    esac
    shift
done

. "$root/cmake/packages.sh"
need gcc "compiles the library and the measurement"
need g++ "compiles the calls of PyTorch"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need python3 "makes the tables"
need libdnnl-dev "oneDNN"
need libtorch-dev "PyTorch, without Python"
need libopenblas0-serial "the BLAS that PyTorch loads; one thread"
install_needed

build=$root/build/bench
log=$build.log
mkdir -p "$root/build"
echo "Building into ${build#"$PWD/"} ..." >&2
# Afresh: a directory configured for another compiler would lose the options given here.
if ! {
    cmake --fresh -G Ninja -S "$root" -B "$build" -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
        -DACTIV_BUILD_TESTS=OFF -DACTIV_BUILD_EXAMPLES=OFF -DACTIV_BUILD_TOOL=ON -DACTIV_BUILD_BENCH_PEERS=ON &&
    cmake --build "$build" -j 2 --target bench_accuracy activ_tool
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 2
fi

# Ceilings of the caller's would be hard to notice in the table.
unset ACTIV_MAX_TIER ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA ATEN_CPU_CAPABILITY
ours=$build/accuracy.json peers=$build/accuracy-peers.json status=0
if [ -z "$keep" ] || [ ! -s "$peers" ]; then
    echo "oneDNN and PyTorch ..." >&2
    "$build/bench/bench_accuracy" $exhaustive > "$peers.new"
    mv "$peers.new" "$peers"
fi
echo "libactiv ..." >&2
"$build/src/activ" accuracy $exhaustive --json "$@" > "$ours" || status=$?
[ $status -le 1 ] || exit $status
if [ -n "$exhaustive" ]; then
    "$root/bench/accuracy_table.py" "$ours" --peers "$peers" --doc "$root/docs/numerics.md"
    echo "Written: docs/numerics.md" >&2
else
    "$root/bench/accuracy_table.py" "$ours" --peers "$peers"
fi
[ $status = 0 ] || echo "A bound is exceeded: see ok in ${ours#"$PWD/"}" >&2
exit $status
