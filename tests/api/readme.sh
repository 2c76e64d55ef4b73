#!/bin/sh
# The first C program in the README compiles as pasted and prints what the README says.
#
# usage: readme.sh README STATIC INCLUDE WORK     environment: CC
set -eu

readme=$1 static=$2 include=$3 work=$4
mkdir -p "$work"
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$readme" > "$work/demo.c"
[ -s "$work/demo.c" ] || { echo "FAILED: no C program in $readme" >&2; exit 1; }
"$CC" -std=c11 -Wall -Wextra -Werror -I "$include" "$work/demo.c" "$static" -lm -o "$work/demo"
"$work/demo" > "$work/printed"

# Said: the indented lines right behind the program.
awk '/^```$/ { seen = 1; next } seen && /^    / { print substr($0, 5); found = 1; next } found { exit }' \
    "$readme" > "$work/said"
[ -s "$work/said" ] || { echo "FAILED: $readme does not say what the program prints" >&2; exit 1; }
diff "$work/said" "$work/printed"
