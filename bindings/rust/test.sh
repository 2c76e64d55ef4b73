#!/bin/sh
# Tests the Rust crates against the library that ACTIV_LIB_DIR or pkg-config names. Needs no network; writes below the
# target folder only (CARGO_TARGET_DIR, else bindings/rust/target). What cannot be tested here is named at the end.
#
# CARGO and RUSTC name another compiler: CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc bindings/rust/test.sh
#
# --quick: the tests of both crates and the first example, and no more, compiled once.
set -eu

quick=
case ${1-} in
--quick) quick=yes ;;
'') ;;
*) echo "usage: bindings/rust/test.sh [--quick]" >&2; exit 2 ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
cargo=${CARGO:-cargo}
pkg_config=${PKG_CONFIG:-pkg-config}
target=${CARGO_TARGET_DIR:-$here/target}
case $target in
/*) ;;
*) target=$PWD/$target ;;
esac
export CARGO_TARGET_DIR="$target"
# Where rustdoc and the examples in the documentation put what they need for a moment.
mkdir -p "$target/tmp"
export TMPDIR="$target/tmp"
# Only what the build script arranges makes programs find the library.
unset LD_LIBRARY_PATH
[ -n "${RUSTC:-}" ] || unset RUSTC
# rustdoc has to be of the same version.
case ${RUSTC:-} in
*/*) [ -n "${RUSTDOC:-}" ] || export RUSTDOC="${RUSTC%/*}/rustdoc" ;;
esac
left_out=

fail() {
    echo "bindings/rust/test.sh: FAILED: $*" >&2
    exit 1
}

refuse() {
    echo "bindings/rust/test.sh: $*" >&2
    exit 2
}

leave_out() {
    left_out="$left_out  $*
"
}

finish() {
    if [ -n "$left_out" ]; then
        echo "bindings/rust/test.sh: all passed, but these were NOT tested here:"
        printf '%s' "$left_out"
    else
        echo "bindings/rust/test.sh: all passed."
    fi
    exit 0
}

"$cargo" --version > /dev/null 2>&1 || refuse "there is no cargo (CARGO names one; Debian: apt-get install cargo)"
if [ -n "${ACTIV_LIB_DIR:-}" ]; then
    library=$(cd "$ACTIV_LIB_DIR" && pwd) || refuse "ACTIV_LIB_DIR: '$ACTIV_LIB_DIR' cannot be opened"
    export ACTIV_LIB_DIR="$library"
elif "$pkg_config" --exists activ 2> /dev/null; then
    library=$("$pkg_config" --variable=libdir activ)
else
    refuse "there is no library: set ACTIV_LIB_DIR to its folder, or let $pkg_config find activ.pc (PKG_CONFIG_PATH)"
fi
echo "-- $("$cargo" --version), $("${RUSTC:-rustc}" --version), the library in $library"
"${CC:-cc}" --version > /dev/null 2>&1 ||
    leave_out "sizes, offsets and constants against the C compiler, and another version of the library: no ${CC:-cc}"
gzip --version > /dev/null 2>&1 || leave_out "packed data sets: no gzip"

cd "$here"
if "$cargo" fmt --version > /dev/null 2>&1; then
    echo "-- format"
    "$cargo" fmt --all -- --check || fail "the format: 'cargo fmt --all' mends it"
else
    leave_out "the format of the sources: no rustfmt"
fi

if [ -n "$quick" ]; then
    echo "-- tests of both crates"
    export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
    "$cargo" test --offline --locked --workspace --tests
    profile=debug
    set --
else
    echo "-- tests of both crates, and of the examples in their documentation"
    "$cargo" test --offline --locked --workspace
    echo "-- documentation"
    RUSTDOCFLAGS="-D warnings" "$cargo" doc --offline --locked --no-deps --quiet
    profile=release
    set -- --release
fi

echo "-- examples"
"$cargo" build --offline --locked "$@" --examples
quickstart=$("$target/$profile/examples/quickstart")
echo "$quickstart"
echo "$quickstart" | grep -q "right 100.0 %" || fail "quickstart did not learn"
[ -z "$quick" ] || finish

data=/usr/share/datasets/fashion-mnist
if [ -d "$data" ]; then
    "$cargo" run --offline --locked "$@" --quiet --example fashion_mnist -- --activation mish --epochs 2 \
        > "$target/fashion_mnist.txt"
    cat "$target/fashion_mnist.txt"
    grep -q "digest is 3946810608a28d7d" "$target/fashion_mnist.txt" || fail "fashion_mnist: another digest"
else
    leave_out "fashion_mnist on the real images: $data is not there (Debian: dataset-fashion-mnist)"
fi

# The README's program, as a package that depends on this one, and with another folder for what is built.
echo "-- the README's program"
program=$target/readme
mkdir -p "$program/src"
awk '/^```rust$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md > "$program/src/main.rs"
cat > "$program/Cargo.toml" << END
[package]
name = "readme"
version = "0.1.0"
edition = "2021"

[dependencies]
activ = { path = "$here/activ" }

[workspace]
END
(cd "$program" && CARGO_TARGET_DIR=$program/target "$cargo" run --offline --quiet) > "$target/readme.txt"
cat "$target/readme.txt"
grep -q "1000 of 1000 right" "$target/readme.txt" || fail "the README's program did not learn"

if [ -e "$library/libactiv.a" ]; then
    echo "-- linked statically"
    ACTIV_STATIC=1 CARGO_TARGET_DIR="$target/static" "$cargo" test --offline --locked --workspace --tests --quiet
    ACTIV_STATIC=1 CARGO_TARGET_DIR="$target/static" "$cargo" build --offline --locked --example quickstart --quiet
    same=$("$target/static/debug/examples/quickstart")
    [ "$same" = "$quickstart" ] || fail "the static quickstart prints something else: $same"
    if readelf --version > /dev/null 2>&1; then
        ! readelf -d "$target/static/debug/examples/quickstart" | grep -q libactiv ||
            fail "the static quickstart needs libactiv.so"
    else
        leave_out "that a program linked statically needs no libactiv.so: no readelf"
    fi
else
    leave_out "linking statically: there is no $library/libactiv.a"
fi

# Where there is no library the error names both ways to one.
echo "-- without a library"
refused() {
    what=$1
    shift
    ! env "$@" CARGO_TARGET_DIR="$target/refused" "$cargo" build --offline --locked -p activ-sys \
        > "$target/refused.txt" 2>&1 || fail "$what: it builds"
}
said() {
    grep -q -- "$1" "$target/refused.txt" || { cat "$target/refused.txt" >&2; fail "the error does not name $1"; }
}
refused "no library" -u ACTIV_LIB_DIR PKG_CONFIG=false
said ACTIV_LIB_DIR
said PKG_CONFIG_PATH
refused "no pkg-config" -u ACTIV_LIB_DIR PKG_CONFIG=/nonexistent/pkg-config
said /nonexistent/pkg-config
refused "an empty folder" ACTIV_LIB_DIR="$program"
said "$program"
refused "no folder" ACTIV_LIB_DIR=/nonexistent/lib
said /nonexistent/lib
refused "a relative folder" ACTIV_LIB_DIR=lib
said "not an absolute path"
refused "a strange ACTIV_STATIC" ACTIV_STATIC=maybe
said maybe
finish
