#!/bin/sh
# What the finished libraries show and need: exported are exactly the functions that the public headers declare;
# needed are libc and libm only (and libpthread where it is not in libc), and of them the functions in a list, none of
# which prints, ends or disturbs the process; the environment is asked for one variable; outside of the tiers there is no
# instruction that a baseline CPU lacks.
#
# usage: symbols.sh SHARED STATIC INCLUDE WORK     environment: CC NM READELF OBJDUMP
set -eu

shared=$1 static=$2 include=$3 work=$4
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
mkdir -p "$work"

# Declared: the name before the first bracket of each declaration that starts with ACTIV_API, comments taken out.
for header in "$include"/activ/*.h; do
    sed '/^#/d' "$header"
done | tr '\n' ' ' | sed 's@\*/@\n@g' | sed 's@/\*.*@@' | tr '\n' ' ' | grep -o 'ACTIV_API [^(;]*(' |
    sed 's/.*[ *]\([A-Za-z0-9_]*\) *($/\1/' | sort > "$work/declared"
[ "$(wc -l < "$work/declared")" -gt 50 ] || fail "only $(wc -l < "$work/declared") declarations found"
[ -z "$(uniq -d "$work/declared")" ] || fail "declared twice: $(uniq -d "$work/declared")"

# Exported; the version node itself (type A) is no function.
"$NM" -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort > "$work/exported"
missing=$(comm -23 "$work/declared" "$work/exported")
extra=$(comm -13 "$work/declared" "$work/exported")
[ -z "$missing" ] || fail "declared, but not exported:" $missing
[ -z "$extra" ] || fail "exported, but not declared:" $extra
others=$("$NM" -D --defined-only "$shared" | awk '{ print $NF }' | grep -vi '^activ_' || :)
[ -z "$others" ] || fail "shown by nm -D without the prefix:" $others

globals=$("$NM" -g --defined-only "$static" | awk 'NF == 3 { print $3 }')
[ -n "$globals" ] || fail "nm shows nothing of $static"
others=$(echo "$globals" | grep -v '^activ_' || :)
[ -z "$others" ] || fail "global in the archive without the prefix:" $others

needed=$("$READELF" -d "$shared" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ -n "$needed" ] || fail "readelf shows nothing needed by $shared"
others=$(echo "$needed" | grep -Ev '^(lib(c|m|pthread)|ld-linux[a-z0-9_-]*)\.so' || :)
[ -z "$others" ] || fail "needed besides libc and libm:" $others
"$READELF" -d "$shared" | grep -q TEXTREL && fail "the shared library has text relocations"

# Archive and shared library: the linker could drop a call from one and not from the other.
{ "$NM" -D --undefined-only "$shared"; "$NM" --undefined-only "$static"; } |
    awk 'NF == 2 { sub(/@.*/, "", $2); print $2 }' | sort -u > "$work/undefined"
grep -qx malloc "$work/undefined" || fail "nm does not show that the library calls malloc"
# Whatever is not in these lists needs a reason: may it print, end the process, wait, or change what belongs to the host?
# fesetround: a call restores the mode of its thread (the test manners).
texts='mem(chr|cmp|cpy|move|set)|bcmp|str(chr|cmp|cspn|len|ncmp|rchr|spn)|(__xpg_)?strerror_r'
memory='malloc|free|mmap|munmap|madvise'
files='open|close|read|write|fstat|stat|__fxstat|__xstat|fchmod|fsync|rename|unlink'
threads='pthread_(create|join|sigmask|cond_(broadcast|destroy|init|signal|wait)|mutex_(destroy|init|lock|unlock))'
threads="$threads|sigdelset|sigfillset"
system='__errno_location|clock_gettime|getenv|getpid|sysconf|sched_getaffinity|__sched_cpucount'
arithmetic='fegetround|fesetround|fmaf?|sqrtf?'
# What compilers call, and the checks that distributions add (-D_FORTIFY_SOURCE, -fstack-protector).
compiler='_GLOBAL_OFFSET_TABLE_|_ITM_(de)?registerTMCloneTable|__gmon_start__|__cxa_finalize|__aarch64_.*'
compiler="$compiler|__stack_chk_(fail|guard)|__($texts|$files)_chk|__(read|mem[a-z]*)_chk"
allowed="($texts|$memory|($files)(64)?|$threads|$system|$arithmetic|$compiler)"
others=$(grep -v '^activ_' "$work/undefined" | grep -Evx "$allowed" || :)
[ -z "$others" ] || fail "the library calls what no list here allows:" $others

# The one variable, which cpu.h describes, in one place.
asked=$(grep -rhoE '(secure_)?getenv *\([^)]*\)?' "$include/../lib" | tr '\n' ' ')
[ "$asked" = 'getenv("ACTIV_MAX_TIER") ' ] || fail "the environment is asked for:" "$asked"
units=$("$NM" -A --undefined-only "$static" | awk '$NF == "getenv"' | wc -l)
[ "$units" = 1 ] || fail "$units units call getenv"
grep -q ACTIV_MAX_TIER "$include/activ/cpu.h" || fail "cpu.h does not describe ACTIV_MAX_TIER"

# The tier units are told by the table that they export. VEX and EVEX instructions start with v (verr and verw do, too,
# and are none), work on mask registers, or are BMI's; tzcnt and lzcnt run everywhere as other instructions.
case $("$CC" -dumpmachine) in
x86_64*)
    "$OBJDUMP" -t -d "$static" | awk '
        function verdict() {
            if (unit == "") return
            units++
            if (tier == "" || tier == "scalar") { if (vex) print "AVX in " unit ": " example }
            else if (!vex) print "no AVX in tier " tier
            else tiers++
        }
        /file format/ { verdict(); unit = $1; tier = ""; vex = 0 }
        / activ_(kernels|elementwise|formula)_[a-z0-9]+$/ && / g / && !/ F / && !/\*UND\*/ { tier = $NF; sub(/.*_/, "", tier) }
        /\tv[a-z0-9]+/ && !/\tver[rw]/ || /%[yz]mm|%k[0-7]/ { vex++; example = $0 }
        /\t(andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx) / { vex++; example = $0 }
        END {
            verdict()
            if (units < 10 || tiers < 1) print "looked at " units + 0 " units, " tiers + 0 " tiers with AVX"
        }' > "$work/avx"
    [ ! -s "$work/avx" ] || { cat "$work/avx" >&2; fail "instructions"; }
    ;;
esac

[ $failed = 0 ] || exit 1
echo "$(wc -l < "$work/exported") functions exported; needs" $needed
echo "calls $(grep -vc '^activ_' "$work/undefined") functions of theirs"
rm -rf "$work"
