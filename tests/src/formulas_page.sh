#!/bin/sh
# The command's examples in a page ("    $ activ ..." and what it prints, indented) print what the page says.
#
# usage: formulas_page.sh ACTIV PAGE WORK
set -eu

activ=$1 page=$2 work=$3
mkdir -p "$work"
PATH=$(dirname "$activ"):$PATH
export PATH
awk -v out="$work/said" -v commands="$work/commands" '
    BEGIN { printf "" > out; printf "" > commands }
    /^    [$] activ / { sub(/^    [$] /, ""); print > commands; print > out; inside = 1; next }
    /^    / && inside { print substr($0, 5) > out; next }
    { inside = 0 }
' "$page"
count=$(wc -l < "$work/commands")
[ "$count" -ge 10 ] || { echo "FAILED: only $count commands in $page" >&2; exit 1; }
while IFS= read -r command; do
    echo "$command"
    sh -c "$command"
done < "$work/commands" > "$work/printed"
diff "$work/said" "$work/printed" || { echo "FAILED: $page says something else" >&2; exit 1; }
echo "$count commands"
