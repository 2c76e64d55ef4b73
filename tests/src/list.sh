#!/bin/sh
# activ list and activ show: every function, what is asked of it, docs/functions.md as the command prints it, and a place
# in the README's table.
#
# usage: list.sh ACTIV PAGE README
set -eu

activ=$1 page=$2 readme=$3
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }

"$activ" list --markdown | diff "$page" - >&2 ||
    fail "docs/functions.md is not what \`activ list --markdown\` prints: build the target functions_page"

# A row of the page and three lines of show for each function.
names=$("$activ" list | sed 's/[( ].*//')
[ "$(echo "$names" | wc -l)" -ge 17 ] || fail "few functions: $names"
in_readme=$(sed -n '/^| function | settings/,/^$/s/^| \([^|]*\) |.*/\1/p' "$readme" | tr -cs 'a-z0-9_' '\n')
for name in $names; do
    echo "$in_readme" | grep -qx "$name" || fail "$name is not in the README's table of functions"
    [ "$(grep -Ec "^\| \`$name[(\`].*\|$" "$page")" = 1 ] || fail "not one row of $name in $page"
    shown=$("$activ" show "$name")
    [ "$(echo "$shown" | sed -n 1p)" = "$name" ] || fail "show $name: $shown"
    for row in formula source bounds parameters; do
        echo "$shown" | grep -Eq "^  $row  +[^ ]" || fail "show $name: no $row"
    done
done
# As many cells in each row: a bar in a formula must not make another.
[ "$(grep '^|' "$page" | sed 's/\\|//g; s/[^|]//g' | sort -u | wc -l)" = 1 ] || fail "rows of different length in $page"

# shows SPEC LINE: show prints this line.
shows() {
    "$activ" show "$1" | grep -qxF -e "$2" || { "$activ" show "$1" >&2; fail "show $1: no line '$2'"; }
}
shows 'leaky_relu( negative_slope = 0.2 )' 'leaky_relu(negative_slope=0.2)'
shows 'leaky_relu(negative_slope=0.2)' '  settings    negative_slope = 0.2 (by default 0.01)'
shows rrelu '              upper = 0.3333333333333333'
shows rrelu '  training    draws random numbers'
shows 'prelu(weight=3)' '  settings    weight = 3, where training starts (by default 0.25)'
shows 'prelu(weight=3)' '  parameters  1: weight 1'
shows 'staf(tau=3)' '  settings    tau = 3, a whole number from 1 to 65536 (by default 25)'
shows 'staf(init=unit)' '              init = unit, one of book, repo, unit (by default book)'
shows 'staf(tau=3)' '  parameters  9: C 3, Omega 3, Phi 3'
shows gelu '  parameters  0'
shows 'gated(fn=leaky_relu(negative_slope=0.5))' '  settings    fn = leaky_relu(negative_slope=0.5), of functions'
shows 'prelu(num_parameters=64)' '              num_parameters = 64 (by default 1)'
shows 'prelu(num_parameters=64)' '  parameters  64: weight 64'

# refused TEXT ARGUMENT...: nothing is printed but a message with this text.
refused() {
    text=$1 status=0
    shift
    message=$("$activ" "$@" 2>&1 > /dev/null) || status=$?
    [ $status = 2 ] || fail "$*: exit status $status, not 2"
    echo "$message" | grep -qF -e "$text" || fail "$*: '$message' does not say '$text'"
}
refused html list html
refused more list --markdown more
refused nosuch show nosuch
refused tau show 'staf(tau=0)'
refused 'number of arguments' show
refused softmax eval softmax 1

exit $failed
