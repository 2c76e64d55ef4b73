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

# fetch_foreign ARCHITECTURE DIRECTORY PACKAGE...: unpacks another architecture's packages into a directory, for a
# cross-build. Nothing is installed and the system learns of no other architecture; apt works on lists of its own
# below the directory. What is there already is not fetched again.
fetch_foreign() {
    foreign=$1 into=$2
    shift 2
    [ "$(cat "$into/.packages" 2> /dev/null)" != "$*" ] || return 0
    if ! command -v apt-get > /dev/null || ! command -v dpkg-deb > /dev/null; then
        echo "$0: no Debian system (apt-get, dpkg-deb): these $foreign packages cannot be fetched: $*" >&2
        return 1
    fi
    rm -rf "$into"
    mkdir -p "$into/.apt/lists/partial" "$into/.apt/cache/archives/partial"
    : > "$into/.apt/status"
    echo "Fetching $foreign packages into $into (nothing is installed): $*"
    (
        cd "$into/.apt"
        apt_foreign() {
            apt-get -qq -o APT::Architecture="$foreign" -o APT::Architectures::="$foreign" \
                -o Dir::State::lists="$PWD/lists" -o Dir::State::status="$PWD/status" -o Dir::Cache="$PWD/cache" \
                -o APT::Sandbox::User=root "$@"
        }
        apt_foreign update && apt_foreign download "$@" > /dev/null || exit 1
        for package in *.deb; do
            dpkg-deb -x "$package" .. || exit 1
        done
    ) || { echo "$0: fetching $foreign packages failed" >&2; return 1; }
    rm -rf "$into/.apt"
    echo "$*" > "$into/.packages"
}
