#!/bin/sh
# Makes a virtual environment, installs the package there with the library that ACTIV_LIBRARY names, runs the tests.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}

usage() {
    cat << 'END'
usage: ACTIV_LIBRARY=/path/to/libactiv.so bindings/python/test.sh [DIR [PYTEST ARGUMENTS]]

Installs the package into a new virtual environment below DIR (default: a temporary directory, removed at the end) and
runs its tests. Nothing is written elsewhere, and no network is used. Suites whose needs are missing are skipped, and
named at the end with the reason. PYTHON names another interpreter than /usr/bin/python3. With ACTIV_ALL_TESTS=1 the tests
that train or install for long run, too.
END
}

refuse() {
    echo "bindings/python/test.sh: $*" >&2
    exit 2
}

case ${1-} in
--help | -h) usage; exit 0 ;;
-*) refuse "unknown argument '$1' (see --help)" ;;
esac
library=${ACTIV_LIBRARY-}
[ -n "$library" ] || refuse "ACTIV_LIBRARY is not set: it names the library to test, libactiv.so"
[ -f "$library" ] || refuse "ACTIV_LIBRARY: no file '$library'"
library=$(cd "$(dirname "$library")" && pwd)/$(basename "$library")
command -v "$python" > /dev/null || refuse "no $python: apt-get install python3"

missing=
for module in venv:python3-venv ensurepip:python3-venv setuptools:python3-setuptools wheel:python3-wheel \
    pytest:python3-pytest; do
    "$python" -c "import ${module%:*}" 2> /dev/null || missing="$missing ${module#*:}"
done
[ -z "$missing" ] || refuse "missing, without which there are no tests: apt-get install$missing"
for module in numpy torch; do
    "$python" -c "import $module" 2> /dev/null ||
        echo "bindings/python/test.sh: no $module (apt-get install python3-$module): its suites are skipped" >&2
done

if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
    shift
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
fi

# Not from the sources themselves: they may be read-only.
rm -rf "$work/source" "$work/venv"
mkdir "$work/source"
for file in pyproject.toml setup.py README.md src; do
    cp -R "$here/$file" "$work/source/"
done
"$python" -m venv --system-site-packages "$work/venv"
unset PYTHONPATH
ACTIV_LIBRARY=$library PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    "$work/venv/bin/pip" install --quiet --no-build-isolation "$work/source"

# The library inside of the package has to do, so the variable is only for the tests that build another one.
cd "$work"
ACTIV_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" -m pytest -rs -q -p no:cacheprovider \
    --basetemp "$work/tmp" "$here/tests" "$@"
ACTIV_LIBRARY= "$work/venv/bin/python" -c 'import activ, os; assert "site-packages" in activ.library_path'
