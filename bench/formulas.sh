#!/bin/sh
# How fast formulas are: beside the kernels of the same functions, or else of their parts, in one process; and beside
# PyTorch's eager mode. One thread.
#
# usage: bench/formulas.sh [ACTIV]      ACTIV: the command; build/default/src/activ unless given. PyTorch: Debian's
#                                       python3-torch; without it there are no lines for it
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
activ=${1:-$root/build/default/src/activ}
[ -x "$activ" ] || { echo "bench/formulas.sh: there is no $activ: cmake --preset default, then build" >&2; exit 2; }

tier=$("$activ" tier | sed -n "s/ (runs)//p")
exec /usr/bin/python3 "$root/bench/formulas.py" "$activ" "${tier:-}"
