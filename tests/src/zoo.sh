#!/bin/sh
# The command with formulas and with the zoo: where it finds the file, what it prints of it, @NAME in each command.
#
# usage: zoo.sh ACTIV FILE WORK
set -eu

activ=$1 file=$2 work=$3
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
tab=$(printf '\t')
unset ACTIV_ZOO

# prints WANTED ARGUMENT...: all of the output.
prints() {
    wanted=$1
    shift
    found=$("$activ" "$@" 2>&1) || fail "$*: exit status $?"
    [ "$found" = "$wanted" ] || fail "$*: '$found' instead of '$wanted'"
}
# has LINE ARGUMENT...: a line of the output.
has() {
    wanted=$1
    shift
    "$activ" "$@" | grep -qxF -e "$wanted" || { "$activ" "$@" >&2; fail "$*: no line '$wanted'"; }
}
# refused STATUS TEXT ARGUMENT...: nothing is printed but a message with this text; $zoo is the file, if it is set.
zoo=
refused() {
    wanted=$1 text=$2 status=0
    shift 2
    message=$(ACTIV_ZOO=$zoo "$activ" "$@" 2>&1 > "$work/printed") || status=$?
    [ $status = "$wanted" ] || fail "$*: exit status $status, not $wanted"
    [ ! -s "$work/printed" ] || fail "$*: prints $(cat "$work/printed")"
    echo "$message" | grep -qF -e "$text" || fail "$*: '$message' does not say '$text'"
}
mkdir -p "$work"

# ---- formulas ----
prints "1${tab}0.991328835${tab}1.03826582" eval 'x*tanh(exp(x))' 1
prints "2${tab}8${tab}8" eval 'a*x^2; a=2' 2
# A NaN has no sign, whatever the system makes of it.
prints "nan${tab}nan${tab}nan" eval relu -nan
prints "-1${tab}nan${tab}nan" eval 'log(x) - log(x) + sqrt(x)' -1
has '              -1    nan             nan' show 'sqrt(x)'
refused 2 'line 1, column 14' eval 'x*tanh(exp(x)' 1
refused 2 "unknown function 'foo'" eval 'x*foo(x)' 1
has 'a*x*sigmoid(b*x); a=1, b=1.702' show 'a * x*sigmoid( b*x ) ;a=1,b=1.702'
has '  parameters  2: a 1, b 1' show 'a*x*sigmoid(b*x); a=1, b=1.702'
has '  initial     a = 1, b = 1.702' show 'a*x*sigmoid(b*x); a=1, b=1.702'
has '  initial     v = [1, 2, 3, 4, 5, 6, ...]' show 'sum(k, 1, 7, v[k]*x^k); v[7]=[1, 2, 3, 4, 5, 6, 7]'
has '  bounds      none, as of every formula' show 'x*tanh(exp(x))'
"$activ" bench -n 64 --tier scalar 'x*tanh(exp(x))' @isru > "$work/bench" || fail "bench: exit status $?"
grep -q '^x\*tanh(exp(x)) ' "$work/bench" && grep -q '^x/sqrt(1 + a\*x^2); fixed a=1 ' "$work/bench" ||
    fail "bench: $(cat "$work/bench")"

# ---- kinks, values ----
has '  kinks       none, as seen from -10 to 10' show gelu
has '  kinks       0, as seen from -10 to 10' show relu
has '  kinks       -3, 3, as seen from -10 to 10' show hardswish
has '  kinks       0 (a jump), as seen from -10 to 10' show step
has '  kinks       0.123, as seen from -10 to 10' show 'abs(x - 0.123)'
has '  kinks       none, as seen from -10 to 10' show 'tanh(1000*x)'
has '              1     0.841344714     1.08331549' show gelu
has '  initial     C random, Omega random, Phi random' show staf
! "$activ" show softmax | grep -q values || fail "show softmax: values"

# ---- the zoo ----
lines=$(grep -c '^[^#]' "$file")
[ "$("$activ" list --zoo | wc -l)" = "$lines" ] || fail "list --zoo: not $lines lines"
"$activ" list --zoo | sed 's/ .*//' > "$work/names"
sed -n 's/^\([^#|]*[^#| ]\) *|.*/\1/p' "$file" | diff - "$work/names" >&2 || fail "list --zoo: other names"
[ "$("$activ" list --zoo SIGMOID | grep -ci sigmoid)" = "$(grep '^[^#]' "$file" | cut -d'|' -f1-3 | grep -ci sigmoid)" ] ||
    fail "list --zoo SIGMOID"
refused 1 'nothing with nosuchthing' list --zoo nosuchthing
refused 2 "not 'more'" list --zoo a more
prints "1${tab}0.707106769${tab}0.353553385" eval @isru 1
prints "1${tab}0.353553385${tab}-0.530330062" eval 'derivative(@isru)' 1
for name in isru @isru; do
    has '@isru' show $name
    has '  formula     x/sqrt(1 + a*x^2); fixed a=1' show $name
    "$activ" show $name | grep -q '^  source      Carlile' || fail "show $name: no source"
    has '  status      checked' show $name
done
has '  initial     a = 0.8, g = 1, b = 0' show @dynamic_tanh
refused 2 "unknown function '@isruu'; is @isru meant?" eval @isruu 1
refused 2 'the zoo has it: @isru' eval isru 1
refused 2 "unknown function 'nosuchthing'" show nosuchthing
"$activ" accuracy --jobs 1 @isru > "$work/accuracy" && grep -q '^x/sqrt(1 + a\*x^2); fixed a=1  *forward ' "$work/accuracy" || fail "accuracy @isru"
! grep -q -e -nan "$work/accuracy" || fail "accuracy @isru: a NaN with a sign"

has '@snake' show snake
has '  formula     x + sin(a*x)^2/a; a=1' show snake
prints "0${tab}0${tab}1" eval @snake 0

# ---- the file ----
# What the file's writer put in is no command to the terminal; a name of the catalogue means the catalogue's function.
printf 'mine | x*x | me\033]0;owned\007, 2024 | checked\033[2J\nrelu | 2*x | me\n' > "$work/hostile.txt"
for words in 'list --zoo' 'show @mine'; do
    # shellcheck disable=SC2086
    ACTIV_ZOO=$work/hostile.txt "$activ" $words > "$work/printed" || fail "$words, hostile: exit status $?"
    [ "$(tr -d '[:print:]\n' < "$work/printed" | wc -c)" = 0 ] || fail "$words: control characters"
    grep -qF 'me\x1b]0;owned\x07, 2024' "$work/printed" || fail "$words: $(cat "$work/printed")"
done
grep -qF 'checked\x1b[2J' "$work/printed" || fail "show: $(cat "$work/printed")"
[ "$(ACTIV_ZOO=$work/hostile.txt "$activ" show relu | head -n 1)" = relu ] || fail "show relu: not the catalogue's"
[ "$(ACTIV_ZOO=$work/hostile.txt "$activ" show @relu | head -n 1)" = @relu ] || fail "show @relu: not the zoo's"
printf '# mine\nmine | b*x; b=3 | me\n' > "$work/mine.txt"
[ "$(ACTIV_ZOO=$work/mine.txt "$activ" eval @mine 2)" = "2${tab}6${tab}3" ] || fail "ACTIV_ZOO: eval @mine"
zoo=$work/nowhere
refused 2 "$work/nowhere" eval @isru 1
zoo=
prints "1${tab}1${tab}1" eval relu 1
[ "$(ACTIV_ZOO=$work/nowhere "$activ" eval relu 1)" = "1${tab}1${tab}1" ] || fail "without the zoo: eval relu"
# Beside the program, wherever that is; by way of a link, beside what the link means.
rm -rf "$work/moved"
mkdir -p "$work/moved/bin" "$work/moved/share/activ" "$work/links"
cp "$activ" "$work/moved/bin/"
cp "$work/mine.txt" "$work/moved/share/activ/functions.txt"
ln -sf "$work/moved/bin/activ" "$work/links/activ"
for program in "$work/moved/bin/activ" "$work/links/activ"; do
    [ "$("$program" eval @mine 2)" = "2${tab}6${tab}3" ] || fail "$program: eval @mine"
done
[ "$(cd "$work/moved/bin" && PATH=.:$PATH && activ eval @mine 2)" = "2${tab}6${tab}3" ] || fail "by way of PATH: eval @mine"
exit $failed
