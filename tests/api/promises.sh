#!/bin/sh
# Each test that a page names in a table of tests exists: in README.md below "What holds each promise", in docs/ABI.md below
# "What keeps it". And each row has one, or says why not.
#
# usage: promises.sh SOURCE BUILD      environment: CTEST
set -eu

source=$1 build=$2
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
# What is not registered here for want of a tool is in a CMakeLists.txt by its name.
known=$("$CTEST" --test-dir "$build" -N | sed -n 's/^ *Test *#[0-9]*: //p'
    find "$source/tests" -name CMakeLists.txt -exec cat {} + | sed -n 's/.*NAME \([a-z][a-z_0-9]*\).*/\1/p; s/^ *activ_test(\([a-z_0-9]*\).*/\1/p')

# rows FILE HEADING COLUMN: promise, tab, the names in that column of the table below the heading.
rows() {
    awk -F'|' -v heading="## $2" -v column="$3" '
        /^## / { inside = $0 == heading }
        inside && /^\|/ && !/^\|-/ && ++row > 1 { print $2 "\t" $column }' "$1"
}

# check FILE HEADING COLUMN LEAST
check() {
    rows "$1" "$2" "$3" > "$build/promises"
    count=0
    while IFS='	' read -r promise tests; do
        count=$((count + 1))
        names=$(echo "$tests" | grep -o '`[a-z_0-9]*`' | tr -d '`' || :)
        [ -n "$names" ] || [ "${tests#*not tested}" != "$tests" ] || fail "$1: no test for: $promise"
        for name in $names; do
            echo "$known" | grep -qx "$name" || fail "$1: no test is called $name"
        done
    done < "$build/promises"
    [ $count -ge "$4" ] || fail "$1: $count rows below '$2'"
    rm -f "$build/promises"
}

check "$source/README.md" "What holds each promise" 3 15
check "$source/docs/ABI.md" "What keeps it" 2 5
exit $failed
