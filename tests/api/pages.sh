#!/bin/sh
# Every whole program in the pages (a block of C or C++ with a main) compiles as pasted, and prints what the page says:
# the indented lines behind it, the first of which may be the command, "$ ./name arguments".
#
# usage: pages.sh STATIC INCLUDE WORK PAGE...     environment: CC CXX
set -eu

static=$1 include=$2 work=$3
shift 3
mkdir -p "$work"
work=$(cd "$work" && pwd)
failed=0
programs=0
for page in "$@"; do
    rm -f "$work"/page-*
    awk -v stem="$work/page-" '
        /^```(c|cpp)$/ { inside = 1; language = substr($0, 4); text = ""; main = 0; saying = 0; next }
        /^```$/ && inside {
            inside = 0
            if (main) { n++; printf "%s", text > (stem n "." language); saying = 1; said = 0 }
            next
        }
        inside { text = text $0 "\n"; if ($0 ~ /^int main\(/) main = 1; next }
        saying && /^    / { print substr($0, 5) > (stem n ".said"); said = 1; next }
        saying && /^$/ && !said { next }
        { saying = 0 }
    ' "$page"
    for source in "$work"/page-*.c "$work"/page-*.cpp; do
        [ -f "$source" ] || continue
        programs=$((programs + 1))
        stem=${source%.*}
        case $source in
        *.c) compile="$CC -std=c11" ;;
        *) compile="$CXX -std=c++17" ;;
        esac
        arguments=
        case $(sed -n 1p "$stem.said" 2> /dev/null) in
        '$ ./'*)
            arguments=$(sed -n '1s/^[$] [.][/][^ ]*//p' "$stem.said")
            sed 1d "$stem.said" > "$stem.rest" && mv "$stem.rest" "$stem.said"
            ;;
        esac
        if ! $compile -Wall -Wextra -Werror -I "$include" "$source" "$static" -lm -o "$stem" ||
            ! (cd "$work" && "$stem" $arguments) > "$stem.printed"; then
            echo "FAILED: $page: $source" >&2
            failed=1
        elif [ ! -s "$stem.said" ]; then
            echo "FAILED: $page does not say what $source prints" >&2
            failed=1
        elif ! diff "$stem.said" "$stem.printed"; then
            echo "FAILED: $page: $source prints something else" >&2
            failed=1
        fi
    done
done
[ "$programs" -gt 0 ] || { echo "FAILED: no program in $*" >&2; exit 1; }
echo "$programs programs"
exit $failed
