#!/bin/sh
# An epoch of SimpleNetwork on FashionMNIST with functions whose parameters are vectors, or that few have: it learns, and
# nothing becomes NaN.
#
# usage: epoch.sh FASHION_MNIST_TRAIN
set -eu

failed=0
for spec in bspline rational_a fourier swigelu telu 'prelu(weight=0.1)'; do
    json=$("$1" --activation "$spec" --epochs 1 --threads 2 --json | tail -n 1)
    case $json in
    *nan* | *NaN* | *inf*) echo "FAILED: $spec: $json" >&2; failed=1 ;;
    esac
    right=$(echo "$json" | sed -n 's/.*"test_accuracy": *\([0-9]*\).*/\1/p')
    [ "${right:-0}" -ge 70 ] || { echo "FAILED: $spec: $json" >&2; failed=1; }
    echo "$spec: $right %"
done
exit $failed
