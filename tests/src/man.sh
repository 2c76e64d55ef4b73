#!/bin/sh
# The man page and the completion have the commands and options of `activ --help`, and no others; the completion offers
# the functions, tiers and files that there are.
#
# usage: man.sh ACTIV PAGE COMPLETION WORK
set -eu

activ=$1 page=$2 completion=$3 work=$4
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
# same WHAT WANTED FOUND
# shellcheck disable=SC2086,SC2116 # echo makes one line of many
same() { [ "$2" = "$3" ] || fail "$1: '$(echo $3)' instead of '$(echo $2)'"; }

mkdir -p "$work"
"$activ" --help > "$work/help"
# "command" and "command option", a line each: two spaces before a command, four before an option.
awk '/^  [a-z]/ { command = $1; print command } /^    -/ { print command, $1 }' "$work/help" > "$work/wanted"
[ "$(wc -l < "$work/wanted")" -ge 17 ] || fail "few commands and options in --help: $(cat "$work/wanted")"

# The page's: the line below each .TP of COMMANDS, options between .RS and .RE.
awk '/^\.SH/ { inside = $2 == "COMMANDS" }
     !inside { next }
     /^\.RS/ { deep = 1 } /^\.RE/ { deep = 0 }
     after { gsub(/\\-/, "-"); gsub(/"/, ""); sub(/,/, ""); if (deep) print command, $2; else { command = $2; print command } }
     { after = /^\.TP/ }' "$page" | grep -vx help > "$work/paged"
same "activ.1, COMMANDS" "$(sort "$work/wanted")" "$(sort "$work/paged")"
# The synopsis has each command with its options.
sed -n '/^\.SH SYNOPSIS/,/^\.SH DESC/p' "$page" | tr '\n' ' ' | sed 's/\\-/-/g; s/\.br/\
/g' | awk '{ command = ""
             for (i = 1; i <= NF; i++) {
                 if ($i == "activ") print command = $(i + 1)
                 if ($i ~ /^-/ && command != "") print command, $i
             } }' | grep -vx help > "$work/synopsis"
same "activ.1, SYNOPSIS" "$(sort "$work/wanted")" "$(sort "$work/synopsis")"
if command -v man > /dev/null && command -v groff > /dev/null; then
    complaints=$(LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$page" 2>&1 > "$work/rendered")
    same "man's complaints" "" "$complaints"
    grep -q 'leaky_relu(negative_slope=0.2)' "$work/rendered" || fail "activ.1 renders to: $(cat "$work/rendered")"
fi

if ! command -v bash > /dev/null; then
    echo "no bash: the completion is not tried" >&2
    exit $failed
fi
# offers WORD...: what bash would offer for the last word.
offers() {
    bash -c 'completion=$1; shift; . "$completion" || exit 1
             COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _activ; printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$@"
}
commands=$(grep -v ' ' "$work/wanted")
same "completion, commands" "$(printf '%s\nhelp' "$commands" | sort)" "$(offers "$activ" '' | sort)"
for command in $commands; do
    same "completion, $command -" "$(sed -n "s/^$command //p" "$work/wanted" | sort)" "$(offers "$activ" "$command" - | sort)"
done
functions=$("$activ" list | sed 's/[( ].*//' | sort)
for command in show eval plot accuracy bench; do
    same "completion, $command" "$functions" "$(offers "$activ" "$command" '' | sort)"
done
same "completion, show gel" "gelu gelu_tanh" "$(offers "$activ" show gel | paste -sd' ')"
same "completion, show @logi" "@logish" "$(offers "$activ" show @logi)"
same "completion, show @ logi, as bash splits it" @logish "$(offers "$activ" show @ logi)"
same "completion, plot --from" "" "$(offers "$activ" plot gelu --from '')"
same "completion, show gelu ?" "" "$(offers "$activ" show gelu '')"
tiers=$("$activ" tier | sed 's/ .*//' | sort)
same "completion, bench --tier" "$tiers" "$(offers "$activ" bench --tier '' | sort)"
same "completion, accuracy --tier" "$(printf '%s\nall' "$tiers" | sort)" "$(offers "$activ" accuracy --tier '' | sort)"
touch "$work/a file.safetensors"
same "completion, plot -o" "$work/a file.safetensors" "$(offers "$activ" plot gelu -o "$work/a f")"
same "completion, file" "$work/a file.safetensors" "$(offers "$activ" file "$work/a f")"
exit $failed
