#!/bin/sh
# What the finished libraries show and need: exported are exactly the functions that the public headers declare;
# needed are libc and libm only (and libpthread where it is not in libc), and nothing of them that prints or ends the
# process; outside of the tiers there is no instruction that a baseline CPU lacks.
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
# fesetround is allowed: a call restores the mode of its thread (the test rounding).
ends='abort|_?exit|_Exit|quick_exit|atexit|at_quick_exit|on_exit|assert.*|raise|kill|pthread_exit|thrd_exit|longjmp'
prints='[a-z]*printf(_chk)?|puts|putchar|putc|fputs|fputc|fwrite|fopen|stdin|stdout|stderr|perror|psignal|syslog|openlog'
prints="$prints|errx?|warnx?|error"
disturbs='signal|sigaction|siglongjmp|system|popen|fork|exec.*|posix_spawn.*|setenv|putenv|setlocale|fesetenv'
disturbs="$disturbs|feenableexcept|s?rand|s?random"
forbidden=$(grep -Ex "_*($ends|$prints|$disturbs)" "$work/undefined" || :)
[ -z "$forbidden" ] || fail "the library can print, end or disturb its host:" $forbidden

# The tier units are told by the table that they export. VEX and EVEX instructions start with v.
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
        / activ_(kernels|elementwise)_[a-z0-9]+$/ && / g / && !/ F / && !/\*UND\*/ { tier = $NF; sub(/.*_/, "", tier) }
        /\tv[a-z0-9]+ .*%[xyz]mm/ || /%[yz]mm/ { vex++; example = $0 }
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
