#!/bin/sh
# The book chapter's experiments on FashionMNIST, all of them, and a page that shows what came out: installs the Debian
# packages that are missing (and says so), builds, runs the programs one after the other, makes index.html.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
quick= data= out= seed=1
threads=$(getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)

usage() {
    cat << 'END'
usage: examples/run.sh [--quick] [--data DIR] [--out DIR] [--seed N] [--threads N]

Runs the chapter's experiments on FashionMNIST, about a quarter of an hour on two cores, and writes what came out to
report/index.html, a page that needs nothing else: a first version after two minutes, the whole at the end. Ctrl-C ends
it; what is finished stays, and the same command goes on from there.

  --quick        a first look in less than a minute: few epochs, one seed
  --data DIR     folder of the four IDX files, raw or .gz (default /usr/share/datasets/fashion-mnist)
  --out DIR      where page, numbers, figures and networks go (default report/ in the checkout)
  --seed N       the first seed (default 1); the same seeds give the same numbers
  --threads N    networks in work at the same time (default: one for each CPU)

It installs the Debian packages that are missing, and says which before it does. The programs that it runs are
build/examples/examples/fashion_mnist_* and can be run alone: each has a --help.
END
}

refuse() {
    echo "examples/run.sh: $*" >&2
    exit 2
}

whole() {
    case $2 in
    '' | *[!0-9]*) refuse "$1: '$2' is not a whole number" ;;
    esac
}

while [ $# -gt 0 ]; do
    option=$1 value=
    case $option in
    --*=*)
        value=${option#*=}
        option=${option%%=*}
        ;;
    --data | --out | --seed | --threads)
        [ $# -gt 1 ] || refuse "$option needs a value"
        value=$2
        shift
        ;;
    esac
    case $option in
    --help | -h) usage; exit 0 ;;
    --quick) quick=yes ;;
    --data) [ -n "$value" ] || refuse "--data: '' names no folder"; data=$value ;;
    --out) [ -n "$value" ] || refuse "--out: '' names no folder"; out=$value ;;
    --seed) whole --seed "$value"; seed=$value ;;
    --threads) whole --threads "$value"; threads=$value ;;
    *) refuse "unknown argument '$1' (see --help)" ;;
    esac
    shift
done

# Relative folders are those of whoever calls; the default belongs to the checkout.
absolute() {
    case $1 in
    /*) echo "$1" ;;
    *) echo "$PWD/$1" ;;
    esac
}
[ -n "$out" ] && out=$(absolute "$out") || out=$root/report
[ -z "$data" ] || data=$(absolute "$data")
[ -z "$data" ] || [ -d "$data" ] || refuse "--data: '$data' is no folder"

. "$root/cmake/packages.sh"
need gcc "compiles the library and the examples"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need zlib1g-dev "reads the data set's .gz files"
need gnuplot-nox "draws the figures"
need python3 "makes the page"
[ -n "$data" ] || need dataset-fashion-mnist "the data set: 70000 images of clothes"
install_needed

build=$root/build/examples
log=$build.log
mkdir -p "$root/build"
echo "Building into ${build#"$PWD/"} (about a minute the first time) ..."
# On a terminal ninja's "[34/120]" overwrites itself; elsewhere nothing but the failure is of interest.
if [ -t 1 ]; then
    show() { tee "$log" | awk '/^\[[0-9]+\/[0-9]+\]/ { printf "\r%s\033[K", substr($1, 1, 60); fflush(); n = 1 } END { if (n) printf "\r\033[K" }'; }
else
    show() { cat > "$log"; }
fi
status=$build.status
rm -f "$status"
{
    {
        cmake -G Ninja -S "$root" -B "$build" -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release \
            -DACTIV_BUILD_TESTS=OFF -DACTIV_BUILD_TOOL=ON &&
        cmake --build "$build" -j "$threads" && echo built > "$status"
    } 2>&1 || :
} | show
if [ ! -f "$status" ]; then
    cat "$log" >&2
    exit 2
fi
rm -f "$status"

mkdir -p "$out/steps" || refuse "--out: '$out' cannot be made"
[ -w "$out" ] || refuse "--out: '$out' cannot be written to"
echo "Results go to ${out#"$PWD/"}."

programs=$build/examples/fashion_mnist_
tier=$("$build/src/activ" tier | sed -n 's/ (runs)$//p')
version=$("$build/src/activ" version | sed 's/^activ //')
started=$(date +%s)

# Steps of the whole run, and how long each takes on two cores of an AMD EPYC (seconds): for the time left, which is
# scaled by how long the finished ones took.
if [ -n "$quick" ]; then
    steps="surfaces:4 gradients:1 train:5 compare:13 outputs:1 dead_neurons:12 exercises:24"
else
    steps="surfaces:4 gradients:1 train:12 trained:180 compare:320 outputs:2 dead_neurons:32 exercises:185 momentum:135"
fi
count=$(echo "$steps" | wc -w | tr -d ' ')
number=0 expected_done=0 spent=0
for step in $steps; do
    expected_left=$((${expected_left:-0} + ${step#*:}))
done

duration() {
    if [ "$1" -lt 90 ]; then
        echo "$1 s"
    else
        echo "$((($1 + 30) / 60)) min"
    fi
}

page() { # WHAT IS STILL RUNNING, or nothing
    set -- "$out" ${quick:+--quick} --tier "$tier" --version "$version" --threads "$threads" ${1:+--running "$1"}
    [ "$number" -lt "$count" ] || set -- "$@" --seconds "$(cat "$out/seconds")"
    python3 -B "$root/examples/report/report.py" "$@"
}

# step NAME WHAT PROGRAM ARGUMENTS...: unless it was done with this program and these arguments already.
step() {
    name=$1 what=$2 program=$programs$3
    shift 3
    number=$((number + 1))
    for known in $steps; do
        [ "${known%%:*}" != "$name" ] || expected=${known#*:}
    done
    [ -z "$data" ] || set -- "$@" --data "$data"
    set -- "$@" --seed "$seed" --threads "$threads"
    # Seconds of finished steps against what was expected of them, in percent.
    pace=100
    [ "$expected_done" -lt 5 ] || pace=$((100 * spent / expected_done))
    mark="$(cksum < "$program") $*"
    echo
    if [ -f "$out/steps/$name" ] && [ "$(sed 1d "$out/steps/$name")" = "$mark" ]; then
        echo "[$number/$count] $what: done in an earlier run."
        expected_left=$((expected_left - expected))
        return
    fi
    echo "[$number/$count] $what. About $(duration $((expected * pace / 100))), $(duration $((expected_left * pace / 100))) to the end of all."
    begun=$(date +%s)
    rm -f "$out/steps/$name"
    code=0
    "$program" "$@" || code=$?
    if [ "$code" -ne 0 ]; then
        [ "$code" -ne 130 ] || echo "Interrupted. Run the same command again to go on; ${out#"$PWD/"}/index.html shows what is finished."
        number=0
        page "" || :
        exit "$code"
    fi
    took=$(($(date +%s) - begun))
    spent=$((spent + took)) expected_done=$((expected_done + expected)) expected_left=$((expected_left - expected))
    printf '%s\n%s\n' "$took" "$mark" > "$out/steps/$name"
}

trap ':' INT # the program that runs says what to do next
training="--save-epochs 1,5"
[ -z "$quick" ] || training="--epochs 3"
step surfaces "The functions and their surfaces" surfaces --out "$out"
step gradients "Gradients at the start" gradients --out "$out"
# shellcheck disable=SC2086
step train "One network" train --out "$out" --save "$out/train.safetensors" $training
page "the comparison"
if [ -n "$quick" ]; then
    few="--activations sigmoid,tanh,relu,gelu,prelu,none --epochs 3 --optimizer adamw"
    step compare "The comparison: 6 networks" compare --quick --out "$out"
    # shellcheck disable=SC2086
    step outputs "Outputs after training" outputs $few --out "$out"
    # shellcheck disable=SC2086
    step dead_neurons "Dead neurons" dead_neurons $few --seeds 1 --out "$out"
    step exercises "Exercises: dead neurons, and a function of one's own" exercises --quick --only remedies,own --out "$out"
else
    echo "A first version of the page: ${out#"$PWD/"}/index.html"
    # First, as it keeps its networks after each epoch, and the comparison needs the same at the end.
    step trained "Activations that are trained, three seeds" exercises --only trained --out "$out"
    page "the comparison"
    step compare "The comparison: 13 activations, three seeds" compare --out "$out"
    page "dead neurons"
    step outputs "Outputs after training" outputs --out "$out"
    step dead_neurons "Dead neurons" dead_neurons --out "$out"
    page "the exercises"
    step exercises "Exercises" exercises --out "$out"
    page "the comparison with momentum 0.9"
    # staf alone would take as long as five others.
    step momentum "The comparison with momentum 0.9, one seed" compare --momentum 0.9 --seeds 1 --out "$out/momentum-0.9" \
        --activations sigmoid,tanh,relu,gelu,mish,leaky_relu,silu,hardswish,prelu,rrelu,trainable_elu,none
fi
# Of all steps, those of earlier runs too.
cat "$out"/steps/* | awk '/^[0-9]+$/ { sum += $1 } END { print sum + 0 }' > "$out/seconds"
page ""
echo
echo "Done after $(duration $(($(date +%s) - started))). Open ${out#"$PWD/"}/index.html"
echo "To go on: ${build#"$PWD/"}/examples/fashion_mnist_train --activation \"x*tanh(exp(x))\" --epochs 3, or any of fashion_mnist_*"
echo "and quickstart_* beside it (quickstart_classify is a whole classifier in one screen of C)."
