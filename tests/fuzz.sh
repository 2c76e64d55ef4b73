#!/bin/sh
# Fuzzing, by libFuzzer with the address and undefined behaviour sanitizers (clang; build/fuzz).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
seconds=600
coverage=
all="safetensors spec network checkpoint idx npy tiers"

usage() {
    cat << END_OF_USAGE
usage: tests/fuzz.sh [--seconds N] [--coverage] [TARGET ...]

Runs each target for N seconds (default $seconds) from its corpus in tests/fuzz/corpus/TARGET. New inputs go to
build/fuzz/corpus/TARGET, what is wrong to build/fuzz/found. Targets: $all.

  --coverage    instead: which share of the lines of the files that read the bytes the corpus of each target in the
                tree runs through, by llvm-cov. What is left are their writers, and systems that refuse
END_OF_USAGE
}

refuse() {
    echo "tests/fuzz.sh: $*" >&2
    exit 2
}

targets=
while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
        [ $# -gt 1 ] || refuse "--seconds needs a number"
        seconds=$2
        case $seconds in *[!0-9]* | '' | 0) refuse "--seconds: '$seconds' is no number of seconds" ;; esac
        shift
        ;;
    --coverage) coverage=yes ;;
    --help | -h) usage; exit 0 ;;
    -*) refuse "unknown argument '$1' (see --help)" ;;
    *)
        case " $all " in *" $1 "*) ;; *) refuse "there is no target '$1', but: $all" ;; esac
        targets="$targets $1"
        ;;
    esac
    shift
done
targets=${targets:-$all}

. "$root/cmake/packages.sh"
need clang "compiles the targets"
need libclang-rt-14-dev "libFuzzer and the sanitizers"
[ -z "$coverage" ] || need llvm-14 "counts the lines that were run"
need cmake "configures the build"
need ninja-build "runs the build"
need zlib1g-dev "the examples read .gz files"
install_needed
cd "$root"

# The files whose lines are counted: what reads the bytes.
parser_of() {
    case $1 in
    safetensors) echo "lib/checkpoint/safetensors.c lib/checkpoint/json.c" ;;
    spec) echo "lib/fn/spec.c lib/base/settings.c" ;;
    network) echo "lib/graph/describe.c lib/base/description.c" ;;
    checkpoint) echo "lib/checkpoint/checkpoint.c lib/optim/describe.c" ;;
    idx) echo "examples/fashion_mnist/common/data.c" ;;
    npy) echo "examples/fashion_mnist/common/npy.c" ;;
    tiers) ;; # no parser
    esac
}

if [ -n "$coverage" ]; then
    build=build/fuzz-coverage
    cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DCMAKE_C_FLAGS="-fprofile-instr-generate -fcoverage-mapping" -DACTIV_BUILD_TOOL=OFF -DACTIV_FUZZ=ON \
        -DACTIV_FUZZ_REPLAY=ON -DACTIV_BUILD_SHARED=OFF > $build.log 2>&1 || { cat $build.log >&2; exit 1; }
    cmake --build $build -j 2
    for target in $targets; do
        files=$(parser_of "$target")
        [ -n "$files" ] || continue
        program=$build/tests/fuzz/fuzz_$target
        LLVM_PROFILE_FILE=$build/$target.raw $program "tests/fuzz/corpus/$target" > /dev/null
        llvm-profdata-14 merge -o $build/$target.data $build/$target.raw
        # shellcheck disable=SC2086
        llvm-cov-14 report $program -instr-profile=$build/$target.data $files > $build/$target.txt
        share=$(awk '$1 == "TOTAL" { print $10 }' $build/$target.txt)
        echo "$target: $share of the lines of $files"
    done
    exit 0
fi

cmake --preset fuzz > /dev/null
cmake --build --preset fuzz -j 2
mkdir -p build/fuzz/found
failed=
for target in $targets; do
    mkdir -p "build/fuzz/corpus/$target"
    echo "-- $target, $seconds s"
    "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix="build/fuzz/found/$target-" "build/fuzz/corpus/$target" \
        "tests/fuzz/corpus/$target" || failed="$failed $target"
done
[ -z "$failed" ] || { echo "tests/fuzz.sh: FAILED:$failed; the inputs are in build/fuzz/found" >&2; exit 1; }
echo "tests/fuzz.sh: nothing found."
