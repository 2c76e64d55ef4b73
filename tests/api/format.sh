#!/bin/sh
# All C and C++ of the tree is as .clang-format has it; the tables that a script makes are as the script has them.
#
# usage: format.sh ROOT          environment: CLANG_FORMAT (a program; clang-format-14 unless set)
set -eu

cd "$1"
program=${CLANG_FORMAT:-clang-format-14}
if ! command -v "$program" > /dev/null; then
    echo "skipped: there is no $program, whose output is the rule" >&2
    exit 77
fi

find bench examples include lib src tests -path lib/functions/tables -prune -o \
    \( -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.hpp' \) -print | sort > "${TMPDIR:-/tmp}/activ_format.$$"
trap 'rm -f "${TMPDIR:-/tmp}/activ_format.$$"' EXIT
[ "$(wc -l < "${TMPDIR:-/tmp}/activ_format.$$")" -gt 100 ] || { echo "FAILED: no files found" >&2; exit 1; }
# clang-format leaves comments as they are.
xargs awk 'length($0) > 120 { print FILENAME ":" FNR ": " length($0) " columns"; bad = 1 } END { exit bad }' \
    < "${TMPDIR:-/tmp}/activ_format.$$" || { echo "FAILED: lines of more than 120 columns" >&2; exit 1; }
xargs -n 32 "$program" --dry-run -Werror < "${TMPDIR:-/tmp}/activ_format.$$" ||
    { echo "FAILED: xargs -n 32 $program -i mends that" >&2; exit 1; }
