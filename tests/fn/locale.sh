#!/bin/sh
# Runs a program under a locale that writes 1,5 for 1.5. The system may have none: it is made here, from the sources that
# Debian's package `locales` brings. Code 77 (skipped) where they or localedef are missing; tests/run.sh installs them.
#
# usage: locale.sh WORK PROGRAM...      PROGRAM gets the locale's name and a directory to write to
set -eu

work=$1
shift
name=de_DE.UTF-8
sources=${I18NPATH:-/usr/share/i18n}
PATH=$PATH:/usr/sbin
if ! command -v localedef > /dev/null || [ ! -e "$sources/locales/de_DE" ]; then
    echo "skipped: no localedef, or no $sources/locales/de_DE (Debian: libc-bin, locales)" >&2
    exit 77
fi
rm -rf "$work"
mkdir -p "$work/locales" "$work/files"
localedef --no-archive -i de_DE -f UTF-8 "$work/locales/$name"
LOCPATH=$work/locales "$@" "$name" "$work/files"
rm -rf "$work"
