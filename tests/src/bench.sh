#!/bin/sh
# activ bench: a line per function, on usual and other inputs, JSON that others can read, a ceiling that holds, and a
# message for each mistake.
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

# --inputs: each function has a line in both directions, of as many figures as there are kinds of inputs; the best tier
# alone runs, or the one that is named.
kinds=9
table=$("$activ" bench --inputs -n 64)
for name in $names; do
    for direction in forward backward; do
        [ "$(echo "$table" | awk -v name="$name" -v direction=$direction '
            $2 == "normal" || NF == 0 { now = $1 }
            { sub(/\(.*\)/, "", $1) } now == direction && $1 == name { print NF - 1 }')" = $kinds ] ||
            fail "--inputs: no line of $direction for $name: $table"
    done
done
echo "$table" | sed -n 1p | grep -qF "tier $("$activ" tier | sed -n 's/ (runs)//p');" || fail "--inputs: tier: $table"
[ "$(echo "$table" | grep -c '^worst [a-z]*: [0-9.]*, [a-z]')" = 2 ] || fail "--inputs: the worst: $table"
# As many figures are counted as named above 2.5 in lines of "NAME DIRECTION: KIND, KIND".
slow=$(echo "$table" | sed -n "s/^\([0-9]*\) of $((2 * (kinds - 1) * $(echo "$names" | wc -w))) figures above 2.5:*\$/\1/p")
[ "$slow" = "$(echo "$table" | awk -F, '/^  / { count += NF } END { print count + 0 }')" ] || fail "--inputs: count: $table"
"$activ" bench -n 3 --inputs --tier scalar relu | sed -n 1p | grep -qF 'tier scalar;' || fail "--inputs --tier"
"$activ" --help | grep -q '^    --inputs ' || fail "--help does not know --inputs"

# --types: the same of each type.
types=$("$activ" bench --types -n 70 relu gelu softmax glu swish)
[ "$(echo "$types" | grep -c 'float32 *float16 *bfloat16')" = 2 ] || fail "--types: $types"
[ "$(echo "$types" | grep -c '^swish *[0-9.]* *[0-9.]* *[0-9.]*$')" = 2 ] || fail "--types: swish: $types"
"$activ" bench --json --types -n 64 relu | grep -q '"ratios": {"float16": [0-9.]*, "bfloat16": [0-9.]*}' || fail "--types --json"

json=$("$activ" bench --json --inputs -n 7 gelu softmax 'gated(elu(alpha=0.5))')
if [ -n "${PYTHON3:-}" ] && [ -x "$PYTHON3" ]; then
    echo "$json" | "$PYTHON3" -c '
import json, sys
d = json.load(sys.stdin)
kinds = ["+50", "-50", "+1000", "-1000", "NaN", "any bits", "8th far", "subnormal"]
assert d["n"] == 7, d
assert [r["function"] for r in d["results"]] == ["gelu", "softmax", "gated(elu(alpha=0.5))"], d
for r in d["results"]:
    for direction in "forward", "backward":
        assert r[direction]["normal"] > 0, d
        assert list(r[direction]["ratios"]) == kinds and min(r[direction]["ratios"].values()) > 0, d
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
refused "'mmx'" --inputs --tier mmx
refused "tables of their own" --inputs --types
refused "not whole sets of 3 channels" --inputs -n 4 'prelu(num_parameters=3)'
refused "'--quick'" --quick
refused "'no_such'" relu no_such
refused "slope" 'leaky_relu(slope=1)'

[ $failed = 0 ] || exit 1
echo "$(echo "$names" | wc -w) functions on $tiers tiers"
