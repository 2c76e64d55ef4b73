#!/bin/sh
# Builds everything and runs the tests. On Debian it first installs the packages that are missing, and says so.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
compiler=gcc
slow=

usage() {
    cat << 'END'
usage: tests/run.sh [--slow] [--compiler gcc|clang]

Installs what is missing (Debian packages; says which and why), builds into build/ and runs the tests.

  --slow             the slow tests too
  --compiler NAME    gcc (the default) or clang
END
}

refuse() {
    echo "tests/run.sh: $*" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --slow) slow=yes ;;
    --compiler)
        [ $# -gt 1 ] || refuse "--compiler needs a name: gcc or clang"
        compiler=$2
        shift
        ;;
    --help | -h) usage; exit 0 ;;
    *) refuse "unknown argument '$1' (see --help)" ;;
    esac
    shift
done
case $compiler in
gcc) preset=default ;;
clang) preset=clang ;;
*) refuse "--compiler: '$compiler' is neither gcc nor clang" ;;
esac

. "$root/cmake/packages.sh"
need gcc "compiles the library"
need g++ "compiles a C++ program that uses it"
need clang "compiles the public headers, and with --compiler clang everything"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need pkg-config "finds libraries, and is one of the ways to find libactiv"
need libcmocka-dev "the tests are written with it"
need libmpfr-dev "reference values in high precision"
need zlib1g-dev "the examples read .gz files"
need dataset-fashion-mnist "the examples' images"
need python3 "a second reader of the checkpoint files"
install_needed

cd "$root"
cmake --preset "$preset" -DACTIV_BUILD_TESTS=ON -DACTIV_BUILD_EXAMPLES=ON -DACTIV_BUILD_TOOL=ON \
    -DACTIV_WARNINGS_AS_ERRORS=ON
cmake --build --preset "$preset" -j 2

# ctest's last lines are the summary: how many passed, and the names of those that did not.
if [ -n "$slow" ]; then
    ctest --preset "$preset"
else
    ctest --preset "$preset" --label-exclude slow
fi
