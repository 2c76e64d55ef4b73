#!/bin/sh
# tests/platforms.sh: its help, and what it refuses before it builds anything. docs/platforms.md names each platform.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }

help=$("$root/tests/platforms.sh" --help) || fail "--help: exit status $?"
[ "$("$root/tests/platforms.sh" -h)" = "$help" ] || fail "-h is not --help"
names=$(echo "$help" | sed -n 's/^ *NAME *one of \([a-z0-9 ]*\);.*/\1/p')
[ "$(echo "$names" | wc -w)" -ge 7 ] || fail "few names in: $help"
for name in $names; do
    grep -q "tests/platforms.sh $name\`" "$root/docs/platforms.md" || fail "docs/platforms.md does not name $name"
done
# refused TEXT ARGUMENT...
refused() {
    text=$1 status=0
    shift
    message=$("$root/tests/platforms.sh" "$@" 2>&1) || status=$?
    [ $status = 2 ] || fail "$*: exit status $status, not 2"
    echo "$message" | grep -qF -e "$text" || fail "$*: '$message' does not say '$text'"
}
refused "no platform is called 'arm'" arm
refused "no platform is called 'arm'" s390x arm
refused 'unknown option --quick' --quick
