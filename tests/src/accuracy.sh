#!/bin/sh
# activ accuracy: measures what it is asked for, says no to what it does not understand, and notices errors.
#
# usage: accuracy.sh TOOL WORK [SHARED]     environment: CC, PYTHON3 (may be missing)
# SHARED is the shared library, if that is what the tool uses: another is then put in front of it.
set -eu

unset ACTIV_MAX_TIER
tool=$1 work=$2 shared=${3:-}
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
rm -rf "$work"
mkdir -p "$work"

# run STATUS ARGUMENT...: the command gives this exit status; its output is in $work/out and $work/err.
run() {
    wanted=$1 status=0
    shift
    "$tool" accuracy "$@" > "$work/out" 2> "$work/err" || status=$?
    [ $status = "$wanted" ] || { cat "$work/out" "$work/err" >&2; fail "$*: exit status $status, not $wanted"; }
}

run 0 relu sigmoid
[ "$(wc -l < "$work/out")" = 5 ] || fail "relu sigmoid: not a heading and four lines"
for row in 'relu  *forward  *0.000 ' 'relu  *derivative  *0.000 ' 'sigmoid  *forward ' 'sigmoid  *derivative '; do
    [ "$(grep -Ec "^$row.* ok " "$work/out")" = 1 ] || fail "relu sigmoid: no line '$row'"
done
[ ! -s "$work/err" ] || fail "relu sigmoid: something on the error output, which is no terminal"

# The number of threads changes nothing. Settings, and their order, are understood.
run 0 --jobs 1 'elu(alpha=0.25)' 'softplus(threshold=5, beta=3)' 'leaky_relu( negative_slope = 0.125 )'
mv "$work/out" "$work/one"
run 0 --jobs 3 'elu(alpha=0.25)' 'softplus(beta=3,threshold=5)' 'leaky_relu(negative_slope=0.125)'
diff "$work/one" "$work/out" >&2 || fail "threads or the spelling of settings change the result"
grep -q '^leaky_relu(negative_slope=0.125)  *forward  *0.[0-9]* ' "$work/out" || fail "leaky_relu: no line"

# Without names: all elementwise functions, or those that are no series.
run 0 --no-series
[ "$(grep -c ' forward ' "$work/out")" -ge 16 ] || fail "--no-series: few functions"
! grep -q '^staf' "$work/out" || fail "--no-series: staf is there"

run 0 --tier all tanh
grep -q '^tanh  *derivative .* scalar' "$work/out" || fail "--tier all: the scalar tier is missing"
[ "$(wc -l < "$work/out")" = 3 ] || fail "--tier all: the tiers differ, or say so when they do not"
run 0 --tier scalar tanh
grep -q '^tanh  *forward .* scalar$' "$work/out" || fail "--tier scalar: another tier ran"

run 0 --json relu 'prelu(weight=0.5)'
if [ -n "${PYTHON3:-}" ] && [ -x "$PYTHON3" ]; then
    "$PYTHON3" - "$work/out" << 'END' || fail "--json: not what it should be"
import json, sys
rows = json.load(open(sys.argv[1]))
found = [(row["function"], row["direction"]) for row in rows]
assert found == [(f, d) for f in ("relu", "prelu(weight=0.5)") for d in ("forward", "derivative")], found
for row in rows:
    assert row["ok"] and not row["exhaustive"] and row["tiers"], row
    assert row["inputs"] > 1e7 and 0 <= row["max_ulp"] <= row["bound"] and row["rounded_percent"] <= 100, row
END

    # The document's tables: they replace what is between the marks, and nothing else.
    table=$(dirname "$0")/../../bench/accuracy_table.py
    doc=$work/numerics.md
    marks=$(sed -n 's/^\(BEGIN\|END\) = "\(.*\)"$/\2/p' "$table")
    { echo before; echo "$marks" | sed 1q; echo old; echo "$marks" | sed 1d; echo after; } > "$doc"
    cat > "$work/peers" << 'END'
[{"library": "PyTorch", "version": "PyTorch 0", "function": "relu", "direction": "derivative", "exhaustive": false,
  "max_ulp": 12345678.9, "at": -2.5, "rounded_percent": 12.345, "not_finite": 3, "not_finite_at": 7,
  "not_finite_got": "inf", "at_nan": 1}]
END
    "$PYTHON3" "$table" "$work/out" --peers "$work/peers" --doc "$doc" || fail "no tables"
    cp "$doc" "$work/doc"
    "$PYTHON3" "$table" "$work/out" --peers "$work/peers" --doc "$doc" || fail "no tables the second time"
    cmp "$doc" "$work/doc" >&2 || fail "the second time, the document changes"
    [ "$(sed -n '1p;$p' "$doc" | xargs)" = "before after" ] || fail "the tables damage the document"
    ! grep -q old "$doc" || fail "the old tables are still there"
    [ "$(grep -Ec '^\| (relu|prelu\(weight=0.5\)) ' "$doc")" = 4 ] || fail "functions are missing in the tables"
    grep -Eq '^\| relu .* 1\.2e7 \| *-2\.5 \| *1[0-9.]* \|$' "$doc" || fail "no peer in the tables"
    grep -Fqx -e '- PyTorch relu derivative: at 3 finite inputs, the smallest of them 7, where it is inf; 1 at NaN' "$doc" ||
        fail "what is not finite is not in the document"
    echo nothing > "$doc"
    ! "$PYTHON3" "$table" "$work/out" --doc "$doc" 2> "$work/err" || fail "a document without marks is accepted"
    [ "$(cat "$doc")" = nothing ] || fail "a document without marks is changed"
fi

# Formulas: against themselves in double. No bound, no verdict; a derivative's root is no error, an early overflow is said to be one.
run 0 --tier scalar '0.5*(silu(x) + gelu(x))' 'a*x + b; a=1.5, b=0.25' relu
[ "$(grep -c ' forward ' "$work/out")" = 3 ] || fail "formulas: no lines"
grep -Eq '^0.5\*\(silu\(x\) \+ gelu\(x\)\)  *forward  *2\.[0-9]*  .*  -  *scalar$' "$work/out" || fail "formula: not 2 ULP: $(cat "$work/out")"
grep -Eq '^0.5\*\(silu\(x\) \+ gelu\(x\)\)  *derivative  *[23]\.[0-9]*  .*  -  *scalar$' "$work/out" || fail "formula: f' not 3 ULP"
grep -q '^    cancels at 0.* at -0.98.* own error is [1-9][0-9]* ULP$' "$work/out" || fail "the root of f' is not said to cancel"
grep -q ' results are NaN or infinite .* inf, not 1.7' "$work/out" || fail "the overflow of 2x is not there"
# A function of the catalog as a formula is as near as it is itself.
run 0 --tier scalar 'tanh(x)' tanh
[ "$(sed -n '2s/.*forward  *\([0-9.]*\) .*/\1/p' "$work/out")" = "$(sed -n '4s/.*forward  *\([0-9.]*\) .*/\1/p' "$work/out")" ] ||
    fail "tanh(x) is not as near as tanh: $(cat "$work/out")"
# What cancels as it is written; what is lost without cancelling; what double does not know either.
run 0 'x - tanh(x)' 'log(1 + exp(x))' 'x*exp(x)/exp(x)'
grep -A1 '^x - tanh(x)  *forward  *[01]\.' "$work/out" | grep -q '^    cancels at [45].* no digit of the value is right$' || fail "x - tanh(x) does not cancel"
grep -Eq '^log\(1 \+ exp\(x\)\)  *forward  *1\.678e\+07  *-17\.3' "$work/out" || fail "log(1 + exp(x)) loses nothing: $(cat "$work/out")"
grep -A9 '^x\*exp' "$work/out" | grep -q '^    not judged at [1-9].* of the inputs' || fail "what double cannot judge is judged"
# Kinks are looked for, and jumps are right on both sides. Settings' limits, the derivative of a function, all tiers.
run 0 --tier all 'where(x > 0.1, x, 0.1)' 'derivative(sigmoid)' 'max(x - 2.5, 0)*step(x, theta=1)'
! grep -q 'other bits' "$work/out" || fail "tiers differ in formulas"
grep -q '^max(x - 2.5, 0)\*step(x, theta=1)  *derivative  *0.000  -  *100.0000 ' "$work/out" || fail "a kink is wrong: $(cat "$work/out")"
for jobs in 1 3; do run 0 --jobs $jobs 'x*sin(x)'; mv "$work/out" "$work/jobs$jobs"; done
diff "$work/jobs1" "$work/jobs3" >&2 || fail "threads change what is said of a formula"
run 0 --json 'x - tanh(x)'
grep -q '"max_ulp": [01]\..*"cancels": [1-9].*"cancels_max_ulp": .*"bound": null, "ok": true' "$work/out" || fail "--json: $(cat "$work/out")"

# refused TEXT ARGUMENT...: nothing is measured, and the message has this text in it.
refused() {
    text=$1
    shift
    run 2 "$@"
    [ ! -s "$work/out" ] || fail "$*: prints a result all the same"
    grep -qF -e "$text" "$work/err" || { cat "$work/err" >&2; fail "$*: the message does not say what is wrong"; }
}
refused sigmoidd relu sigmoidd
refused "alpha has to be a number, not 'x'" relu 'elu(alpha=x)'
refused elementwise relu softmax
refused channels 'prelu(num_parameters=2)'
refused beta 'elu(beta=1)'
refused --quick --quick
refused --tier relu --tier
refused 'not 0' --jobs 0
refused 2x --jobs 2x
refused -1 --jobs -1
refused avx9 --tier avx9

# A library that errs: a forward call put in front of the real one is two ulp off, and overflows too early.
if [ -n "$shared" ]; then
    cat > "$work/wrong.c" << 'END'
#include <stddef.h>
int activ_forward(const void *fn, const float *params, size_t n, const float *x, float *y)
{
    (void)fn, (void)params;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * (1.0f + 0x1p-22f);
    return 0;
}
END
    "$CC" -shared -fPIC -o "$work/wrong.so" "$work/wrong.c"
    real=$tool
    cat > "$work/tool" << END
#!/bin/sh
LD_PRELOAD=$work/wrong.so exec $real "\$@"
END
    chmod +x "$work/tool"
    tool=$work/tool
    run 1 identity
    grep -Eq '^identity  *forward  *inf .* EXCEEDS ' "$work/out" || fail "an overflow where none should be is not seen"
    grep -Eq '^identity  *derivative  *0.000 .* ok ' "$work/out" || fail "the derivative was all right"
    run 1 --json identity
    grep -q '"max_ulp": [234].*"not_finite": [1-9].*"ok": false' "$work/out" || fail "--json hides an error"
fi

[ $failed = 0 ] || exit 1
rm -rf "$work"
