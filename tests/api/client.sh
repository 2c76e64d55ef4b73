#!/bin/sh
# Programs that were linked with earlier versions of this soname run with the library of this build, to the output that
# they had then: tests/api/client has them, compiled. With qemu also on CPUs without AVX, with AVX2, and with all that qemu
# knows. Exit code 77: not x86-64 Linux, where they do not run.
#
# usage: client.sh CLIENTS SHARED WORK [QEMU_X86_64]     environment: READELF
set -eu

clients=$(cd "$1" && pwd) library=$2 work=$3 qemu=${4-}
fail() { echo "FAILED: $*" >&2; exit 1; }
case $(uname -sm) in
'Linux x86_64') ;;
*) echo "The stored clients are for x86-64 Linux, not $(uname -sm)"; exit 77 ;;
esac
rm -rf "$work"
mkdir -p "$work"

soname=$("$READELF" -d "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
[ -n "$soname" ] || fail "$library has no soname"
LD_LIBRARY_PATH=$(cd "$(dirname "$library")" && pwd)
export LD_LIBRARY_PATH

# run CLIENT EXPECTED WHAT COMMAND...: from a directory of its own, as it writes a file.
run() {
    client=$1 expected=$2 what=$3
    shift 3
    code=0
    (cd "$work" && "$@" "$client") > "$work/printed" 2> "$work/errors" || code=$?
    [ $code = 0 ] || { cat "$work/errors" >&2; fail "$client, $what: exit code $code"; }
    diff "$expected" "$work/printed" || fail "$client, $what, prints something else"
    echo "ok  $(basename "$client"): $what"
}

count=0
for client in "$clients"/client-*-x86_64; do
    needed=$("$READELF" -d "$client" | sed -n 's/.*(NEEDED).*\[\(libactiv.*\)\]/\1/p')
    [ "$needed" = "$soname" ] || { echo "--  $(basename "$client") is for $needed"; continue; }
    count=$((count + 1))
    expected=${client%-x86_64}.txt
    run "$client" "$expected" "this machine" env
    run "$client" "$expected" "scalar" env ACTIV_MAX_TIER=scalar
    [ -n "$qemu" ] || continue
    for cpu in Nehalem Haswell max; do
        run "$client" "$expected" "$cpu" "$qemu" -cpu $cpu
    done
done
[ $count -gt 0 ] || fail "no client for $soname: tests/api/client/make.sh makes one (docs/ABI.md)"
rm -rf "$work"
