# Sourced by tests/run.sh and examples/run.sh: Debian packages that a job needs. Plain sh.
#
#     need gcc "compiles the library"
#     need zlib1g-dev "reads the data set"
#     install_needed

needed_packages=
needed_text=

# need PACKAGE WHY: remembers the package if it is not installed.
need() {
    if ! dpkg-query -W -f '${db:Status-Status}\n' "$1" 2> /dev/null | grep -qx installed; then
        needed_packages="$needed_packages $1"
        needed_text="$needed_text$(printf '  %-22s %s' "$1" "$2")
"
    fi
}

# Says what is missing and why, and installs it; does nothing if all is there.
install_needed() {
    if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
        echo "$0: no Debian system (apt-get, dpkg-query): what is missing is not installed." >&2
        return 0
    fi
    [ -n "$needed_packages" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        if ! command -v sudo > /dev/null; then
            echo "$0: these packages are missing, and only root may install them:$needed_packages" >&2
            exit 2
        fi
    fi
    echo "Missing Debian packages, which will be installed now${as_root:+ (with sudo)}:"
    printf '%s' "$needed_text"
    echo "+ apt-get update"
    $as_root apt-get update -qq || { echo "$0: apt-get update failed" >&2; exit 2; }
    echo "+ apt-get install -y --no-install-recommends$needed_packages"
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $needed_packages ||
        { echo "$0: apt-get install failed" >&2; exit 2; }
}
