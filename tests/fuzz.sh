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

  --coverage    instead: which share of the lines of each target's parser the corpus in the tree runs through, by
                llvm-cov; fails where it is less than 90 %
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

# The parser of a target: the lines that are counted. A word is a file, with all its functions, or FILE:NAME,NAME with
# these alone, or FILE:-NAME,NAME without these: what writes, and what works on what has been read. The target spec has
# two parsers. What the corpora leave are, for the most part, arguments of the caller's that are NULL, limits larger than
# any input here (2^19 tensors, specs of 65536 characters), and files that the system cuts short while they are read.
parser_of() {
    case $1 in
    safetensors) echo "lib/checkpoint/safetensors.c lib/checkpoint/json.c" ;;
    spec)
        echo "lib/fn/spec.c:-is_default,write_functions,is_initial,activ_fn_write_spec" \
            "lib/base/settings.c:-write_real,activ_write_setting,activ_write_quoted,activ_setting_of_float"
        ;;
    formulas) echo "lib/formula/parse.c lib/formula/nodes.c lib/formula/derive.c lib/formula/compile.c" \
        "lib/formula/formula.c:-activ_formula_bytes lib/fn/formula.c" ;;
    network)
        echo "lib/graph/describe.c:-is_written,write_setting,activ_graph_describe_node,activ_graph_describe" \
            "lib/base/description.c"
        ;;
    checkpoint)
        echo "lib/checkpoint/checkpoint.c:-free_list,list_states,make_list,write_texts,save_named,save,$(
        )activ_checkpoint_save,activ_checkpoint_save_params,activ_checkpoint_save_training" \
            "lib/optim/describe.c:-write_settings,activ_optimizer_describe"
        ;;
    idx) echo "examples/fashion_mnist/common/data.c:element_size,read_some,read_header,read_elements,idx_read,idx_free" ;;
    npy) echo "examples/fashion_mnist/common/npy.c:-write_header,npy_write" ;;
    tiers) ;; # no parser
    esac
}
least=90 # percent of a parser's lines

# Lines that were run, and lines, of each word of a parser. $1: the program, $2: its data.
count_lines() {
    program=$1 data=$2
    shift 2
    for word in "$@"; do
        file=${word%%:*} names=
        case $word in *:*) names=${word#*:} ;; esac
        llvm-cov-14 report "$program" -instr-profile="$data" -show-functions "$file" |
            awk -v file="$file" -v names="$names" '
                BEGIN {
                    without = sub(/^-/, "", names)
                    count = split(names, list, ",")
                    for (i = 1; i <= count; i++)
                        missing[list[i]] = 1
                }
                NF == 10 && $2 ~ /^[0-9]+$/ && $1 != "TOTAL" {
                    name = $1
                    sub(/^.*:/, "", name)
                    named = name in missing || name in found
                    if (name in missing) {
                        delete missing[name]
                        found[name] = 1
                    }
                    if (count == 0 || (without ? !named : named)) {
                        lines += $5
                        missed += $6
                    }
                }
                END {
                    for (name in missing) {
                        print "tests/fuzz.sh: " file " has no function " name > "/dev/stderr"
                        exit 1
                    }
                    print lines - missed, lines, file
                }'
    done
}

if [ -n "$coverage" ]; then
    build=build/fuzz-coverage
    mkdir -p $build
    cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DCMAKE_C_FLAGS="-fprofile-instr-generate -fcoverage-mapping" -DACTIV_BUILD_TOOL=OFF -DACTIV_FUZZ=ON \
        -DACTIV_FUZZ_REPLAY=ON -DACTIV_BUILD_SHARED=OFF > $build.log 2>&1 || { cat $build.log >&2; exit 1; }
    programs=
    for target in $targets; do
        programs="$programs fuzz_$target"
    done
    # shellcheck disable=SC2086
    cmake --build $build -j 2 --target $programs > $build.log 2>&1 || { cat $build.log >&2; exit 1; }
    failed=
    for target in $targets; do
        [ -n "$(parser_of "$target")" ] || continue
        program=$build/tests/fuzz/fuzz_$target
        LLVM_PROFILE_FILE=$build/$target.raw "$program" "tests/fuzz/corpus/$target" > /dev/null
        llvm-profdata-14 merge -o $build/"$target".data $build/"$target".raw
        [ "$target" = spec ] && parsers="spec formulas" || parsers=$target
        for parser in $parsers; do
            # shellcheck disable=SC2046
            count_lines "$program" $build/"$target".data $(parser_of "$parser") > "$build/$parser.txt"
            awk -v parser="$parser" -v least=$least '
                { run += $1; lines += $2; text = text sprintf("    %5.1f %%  %s\n", 100 * $1 / $2, $3) }
                END {
                    printf "%s: %.1f %% of its parser'"'"'s %d lines\n%s", parser, 100 * run / lines, lines, text
                    exit 100 * run < least * lines
                }' "$build/$parser.txt" || failed="$failed $parser"
        done
    done
    [ -z "$failed" ] || { echo "tests/fuzz.sh: less than $least %:$failed" >&2; exit 1; }
    exit 0
fi

cmake --preset fuzz > /dev/null
cmake --build --preset fuzz -j 2
mkdir -p build/fuzz/found
failed=
running=

fuzz() {
    mkdir -p "build/fuzz/corpus/$1"
    dictionary=
    [ ! -f "tests/fuzz/$1.dict" ] || dictionary=-dict=tests/fuzz/$1.dict
    # shellcheck disable=SC2086
    "build/fuzz/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix="build/fuzz/found/$1-" $dictionary "build/fuzz/corpus/$1" \
        "tests/fuzz/corpus/$1" > "build/fuzz/$1.log" 2>&1
}

# The two that run have to end; what they said.
finish() {
    for job in $running; do
        target=${job#*:}
        wait "${job%%:*}" || failed="$failed $target"
        echo "-- $target, $seconds s"
        cat "build/fuzz/$target.log"
    done
    running=
}

for target in $targets; do
    fuzz "$target" &
    running="$running $!:$target"
    case $running in *:*:*) finish ;; esac
done
finish
[ -z "$failed" ] || { echo "tests/fuzz.sh: FAILED:$failed; the inputs are in build/fuzz/found" >&2; exit 1; }
echo "tests/fuzz.sh: nothing found."
