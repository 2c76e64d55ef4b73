#!/bin/sh
# activ bench: a line per function, JSON that others can read, a ceiling that holds, and a message for each mistake.
#
# usage: bench.sh ACTIV     environment: PYTHON3 (may be missing)
set -eu

unset ACTIV_MAX_TIER
activ=$1
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }

# Every function, of whatever shape, and memcpy have a line of figures: forward and backward for each tier.
names=$("$activ" list --markdown | sed -n 's/^| `\([a-z0-9_]*\).*/\1/p')
[ -n "$names" ] || fail "no functions"
table=$("$activ" bench -n 5)
tiers=$("$activ" tier | grep -c '^[a-z]')
for name in $names; do
    [ "$(echo "$table" | awk -v name="$name" '{ sub(/\(.*\)/, "", $1) } $1 == name { print NF - 1 }')" = $((2 * tiers)) ] ||
        fail "no line of $tiers tiers for $name: $table"
done
echo "$table" | grep -q '^memcpy  *[0-9.]*$' || fail "no memcpy: $table"

# The spec may have settings, and comes back in its canonical form.
"$activ" bench -n 3 'leaky_relu( negative_slope = 0.5 )' relu --tier scalar | grep -qF 'leaky_relu(negative_slope=0.5) ' ||
    fail "no settings"
ACTIV_MAX_TIER=scalar "$activ" bench -n 3 relu | sed -n 2p | grep -qx ' *scalar' || fail "ACTIV_MAX_TIER does not hold"

# Any number of functions.
many=$(for i in $(seq 70); do echo "leaky_relu(negative_slope=$i)"; done)
[ "$("$activ" bench -n 1 --tier scalar $many | grep -c '^leaky_relu')" = 70 ] || fail "not 70 functions"

json=$("$activ" bench --json -n 7 --tier scalar gelu 'prelu(weight=0.5)')
if [ -n "${PYTHON3:-}" ] && [ -x "$PYTHON3" ]; then
    echo "$json" | "$PYTHON3" -c '
import json, sys
d = json.load(sys.stdin)
assert d["n"] == 7 and d["memcpy"] > 0, d
assert [r["function"] for r in d["results"]] == ["gelu", "prelu(weight=0.5)"], d
assert all(r["tier"] == "scalar" and r["forward"] > 0 and r["backward"] > 0 for r in d["results"]), d
' || fail "JSON: $json"
fi

# refused MESSAGE ARGUMENT...: exit status 2, nothing on standard output, and a message that names the thing.
refused() {
    wanted=$1
    shift
    status=0
    said=$("$activ" bench "$@" 2>&1 > /dev/null) || status=$?
    [ $status = 2 ] || fail "bench $*: exit status $status"
    printed=$("$activ" bench "$@" 2> /dev/null) || :
    [ -z "$printed" ] || fail "bench $*: printed $printed"
    echo "$said" | grep -qF -- "$wanted" || fail "bench $*: said '$said', not '$wanted'"
}
refused "not whole sets of 3 channels" -n 4 'prelu(num_parameters=3)'
refused "'0'" -n 0
refused "'4k'" -n 4k
refused "'-1'" -n -1
refused "'268435457'" -n 268435457
refused "'99999999999999999999999'" -n 99999999999999999999999
refused "-n: a value is missing" relu -n
refused "--tier: a value is missing" --tier
refused "'mmx'" --tier mmx
refused "'--quick'" --quick
refused "'no_such'" relu no_such
refused "slope" 'leaky_relu(slope=1)'

[ $failed = 0 ] || exit 1
echo "$(echo "$names" | wc -w) functions on $tiers tiers"
