#!/bin/sh
# Other machines than this one, by qemu's user mode: no tier may be chosen that the CPU lacks or for which the system
# does not save the registers. qemu knows no AVX-512: a CPU model that has it gets avx2.
#
# usage: machines.sh QEMU_X86_64 TEST_CPU
set -eu

qemu=$1 test_cpu=$2
failed=0

# expect CPU TIER...: the tiers that the machine has, the last of which runs.
expect() {
    cpu=$1
    shift
    # TIER IGNORED CONTEXT, four ceilings, then the list.
    answer=$(env -u ACTIV_MAX_TIER "$qemu" -cpu "$cpu" "$test_cpu" --tier 2> /dev/null) || answer="exit code $?"
    runs=${answer%% *}
    list=$(echo "$answer" | cut -d' ' -f8-)
    for best in "$@"; do :; done
    if [ "$list" != "$*" ] || [ "$runs" != "$best" ]; then
        echo "FAILED: $cpu: '$answer', expected to have '$*' and to run $best" >&2
        failed=1
    else
        echo "ok  $cpu: $list"
    fi
}

expect Nehalem scalar
expect SandyBridge scalar            # AVX alone
expect Haswell scalar avx2
expect Skylake-Server scalar avx2
expect max scalar avx2
expect max,-avx2 scalar
expect max,-fma scalar
expect max,-avx scalar
expect max,-xsave scalar             # no OSXSAVE: XCR0 may not be read
exit $failed
