#!/bin/sh
# All figures of docs/performance.md: one command for the whole measurement.
#
#     bench/performance.sh [--quick] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench and runs
# bench/performance.py: trainings with one thread and with two beside PyTorch's, what activations cost, the latency of
# one row, and matrix products beside OpenBLAS and oneDNN. Prints the tables and writes build/bench/performance.json.
# About 10 minutes on two cores; --quick takes one, and is good for seeing that it works. Other options go to
# performance.py (see bench/performance.py --help). Nothing else should run meanwhile.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
--help | -h)
    sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "$0"
    exit 0
    ;;
esac

. "$root/bench/build.sh"
need zlib1g-dev "the training program reads .gz files"
need dataset-fashion-mnist "the images"
need python3-torch "PyTorch"
need python3-numpy "reads the images"
need libopenblas0-pthread "the BLAS for PyTorch with two threads"
bench_options=-DACTIV_BUILD_EXAMPLES=ON
build_bench fashion_mnist_train bench_latency bench_gemm

exec /usr/bin/python3 -B "$root/bench/performance.py" --build "$build" --json "$build/performance.json" "$@"
