#!/bin/sh
# The plan of lib/: a room includes headers of its own and of rooms above it only, and no two files of a room call each
# other, by whatever way round.
#
# usage: rooms.sh LIB WORK OBJECT...     the objects of lib's files; environment: NM
set -eu

lib=$1 work=$2
shift 2
rooms='base cpu context simd functions kernels formula fn tensor graph optim checkpoint analysis'
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
mkdir -p "$work"

for directory in "$lib"/*/; do
    case " $rooms " in
    *" $(basename "$directory") "*) ;;
    *) fail "lib/$(basename "$directory") has no place in the order of rooms, in $0" ;;
    esac
done
above=
for room in $rooms; do
    above="$above $room"
    find "$lib/$room" -name '*.[ch]' -exec grep -Ho '^ *# *include "[a-z_]*/' {} + |
        sed 's/: *# *include "/ /; s@/$@@' |
        while read -r file used; do
            case " $above activ " in
            *" $used "*) ;;
            *) echo "$file includes a header of $used/" ;;
            esac
        done > "$work/upward"
    [ ! -s "$work/upward" ] || fail "lib/$room: $(cat "$work/upward")"
done

# Who defines and who needs what: FILE needs FILE. tsort tells of loops.
"$NM" -A -g "$@" | sed 's@^.*[.]dir/@@; s@^[.]/@@; s/[.]o:/ /' |
    awk '{ print ($(NF - 1) == "U" ? "needs" : "has"), $NF, $1 }' > "$work/symbols"
: > "$work/all_edges"
for room in $rooms; do
    awk -v room="$room/" 'index($3, room) != 1 { next } $1 == "has" { owner[$2] = $3; next } { needs[++n] = $2 " " $3 }
        END {
            for (i = 1; i <= n; i++) {
                split(needs[i], need, " ")
                if (need[1] in owner && owner[need[1]] != need[2]) print need[2], owner[need[1]]
            }
        }' "$work/symbols" | sort -u > "$work/edges"
    cat "$work/edges" >> "$work/all_edges"
    tsort "$work/edges" > /dev/null 2> "$work/loops" || fail "lib/$room: files in a circle: $(cat "$work/loops")"
done
# The check itself: it has to have seen calls.
grep -q '^graph/run.c graph/error.c$' "$work/all_edges" || fail "nm shows no call of graph/error.c in graph/run.c"
exit $failed
