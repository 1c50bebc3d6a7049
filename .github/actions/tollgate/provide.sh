#!/bin/sh
# Makes sure that there is a tollgate, and puts it first in PATH: one that was named, one that was
# restored, or one built here from the source that this script belongs to.
set -eu

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    missing=""
    for package in "$@"; do
        state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        [ "$state" = "install ok installed" ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

build() {
    source=$(cd "$(dirname "$0")/../../.." && pwd)
    folder=$(mktemp -d)
    log=$folder/build.log
    if ! { cmake -S "$source" -B "$folder" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTOLLGATE_TESTS=OFF &&
        cmake --build "$folder" --parallel "$(nproc)" --target tollgate tollgate-agent; } \
        >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "::error title=tollgate::it does not build here" >&2
        exit 4
    fi
    mkdir -p "$TOLLGATE_PROGRAM"
    cp "$folder/tollgate" "$folder/tollgate-agent.so" "$TOLLGATE_PROGRAM/"
    rm -rf "$folder"
}

if [ -n "${TOLLGATE:-}" ]; then
    program=$(command -v -- "$TOLLGATE") || {
        echo "::error title=tollgate::the program that was named is not there" >&2
        exit 4
    }
    TOLLGATE_PROGRAM=$(cd "$(dirname "$program")" && pwd)
    if [ "$(basename "$program")" != tollgate ]; then
        echo "::error title=tollgate::the program must be called tollgate" >&2
        exit 4
    fi
else
    # Libraries to run with come with those to build with; valgrind counts instructions.
    if command -v dpkg-query >/dev/null; then
        install_packages cmake pkg-config gcc libc6-dev libcurl4-openssl-dev libjansson-dev \
            libmicrohttpd-dev libdw-dev libelf-dev zlib1g-dev uthash-dev valgrind git
    fi
    "$TOLLGATE_PROGRAM/tollgate" --version >/dev/null 2>&1 || build
fi
"$TOLLGATE_PROGRAM/tollgate" --version
printf '%s\n' "$TOLLGATE_PROGRAM" >>"$GITHUB_PATH"
