#!/bin/sh
# A part of the tests under valgrind, which sees what sanitizers do not: values that were never written, in the very
# program that is shipped, kernels of AVX2 included (it knows no AVX-512). Those that are left out compare numbers that
# valgrind rounds in another way (long double, conversions to subnormal float32), or take hours. Exit code 77: there is no
# valgrind.
#
# usage: valgrind.sh PROGRAMS ABI WORK      PROGRAMS: where the build has test_NAME; ABI: activ-x86_64.abi
set -eu

programs=$(cd "$1" && pwd) abi=$2 work=$3
command -v valgrind > /dev/null || { echo "No valgrind (apt-get install valgrind)"; exit 77; }
rm -rf "$work"
mkdir -p "$work"
cd "$work"
failed=0
try() {
    name=$1
    shift
    code=0
    ACTIV_MAX_TIER=avx2 valgrind -q --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite,indirect,possible "$programs/test_$name" "$@" > "$name.log" 2>&1 || code=$?
    [ $code = 0 ] || { echo "FAILED: $name: exit code $code" >&2; tail -n 60 "$name.log" >&2; failed=1; }
    [ $code != 0 ] || echo "ok  $name"
}

try context
try structs "$abi"
try guards --thin 13
try fn
try custom
try fn_moe
try from_y
try same_bits --thin 197
try tensor
try dlpack
try graph_build
try graph_own_loss
try optim
try network
try training
try safetensors
try analysis_histogram
try analysis_neurons
try analysis_layers
[ $failed = 0 ] || exit 1
rm -rf "$work"
