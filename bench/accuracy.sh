#!/bin/sh
# The errors of libactiv, oneDNN and PyTorch in ULP, by one yardstick: one command for the whole measurement. XNNPACK
# and Eigen, which have few of the functions, are measured too, and stand in the JSON only.
#
#     bench/accuracy.sh [--exhaustive] [--keep-peers] [OPTION ...]
#
# Installs the Debian packages that are missing (and says so), builds a release in build/bench, and runs
# `activ accuracy` and bench_accuracy. On a sample, in under a minute, it prints the tables; with --exhaustive, over all
# 2^32 inputs, it writes them into docs/numerics.md: a minute or two for each function and core, but for staf, a
# sum of 25 sines, which takes an hour. --keep-peers takes the others' figures from the last run. Other options go to
# `activ accuracy`: --tier all, --jobs N. The results are in build/bench/accuracy.json and accuracy-peers.json.
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

. "$root/bench/build.sh"
need python3 "makes the tables"
build_bench bench_accuracy activ_tool

ours=$build/accuracy.json peers=$build/accuracy-peers.json status=0
if [ -z "$keep" ] || [ ! -s "$peers" ]; then
    echo "oneDNN, XNNPACK, Eigen and PyTorch ..." >&2
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
