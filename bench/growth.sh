#!/bin/sh
# The table of growth in docs/performance.md: one command for the whole measurement.
#
#     bench/growth.sh [--quick] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench and runs bench/growth.py:
# time of a training step and peak of memory by width, depth, batch and threads, beside PyTorch's. Prints the tables and
# writes build/bench/growth.json. Less than 10 minutes on two cores; --quick takes one, and is good for seeing that it
# works. Other options go to growth.py (see bench/growth.py --help). Nothing else should run meanwhile.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
--help | -h)
    sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "$0"
    exit 0
    ;;
esac

. "$root/bench/build.sh"
need python3-torch "PyTorch"
need python3-numpy "PyTorch's programs import it"
need libopenblas0-pthread "the BLAS for PyTorch with two threads"
build_bench bench_growth

exec /usr/bin/python3 -B "$root/bench/growth.py" --build "$build" --json "$build/growth.json" "$@"
