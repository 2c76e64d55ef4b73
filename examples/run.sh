#!/bin/sh
# Trains a network on FashionMNIST with each activation function and compares with PyTorch: installs the Debian
# packages that are missing (and says so), builds, runs fashion_mnist_compare with the arguments given here.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

. "$root/cmake/packages.sh"
need gcc "compiles the library and the examples"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need zlib1g-dev "reads the data set's .gz files"
case " $* " in
*" --data "* | *" --data="* | *" --help "*) ;;
*) need dataset-fashion-mnist "the data set: 70000 images of clothes" ;;
esac
install_needed

build=$root/build/examples
log=$build.log
mkdir -p "$root/build"
echo "Building into ${build#"$PWD/"} ..."
if ! {
    cmake -G Ninja -S "$root" -B "$build" -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release \
        -DACTIV_BUILD_TESTS=OFF -DACTIV_BUILD_TOOL=OFF &&
    cmake --build "$build" -j 2 --target fashion_mnist_compare
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 2
fi

# The results belong to the checkout, wherever this was called from; --out among the arguments overrides it. The
# program's last lines name the files it wrote.
[ "$PWD" = "$root" ] || set -- --out "$root/results" "$@"
exec "$build/examples/fashion_mnist_compare" "$@"
