#!/bin/sh
# What the steps behind this one build, restore and compare with, as outputs of this one.
set -eu

fail() {
    echo "::error title=tollgate::$1" >&2
    exit 2
}

# A value must not write a second output.
output() {
    case $2 in
    *"
"*) fail "$1 holds a line break" ;;
    esac
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Source, compiler and libraries decide what the program is.
program_key() {
    source=$GITHUB_ACTION_PATH/../../..
    {
        (cd "$source" && find CMakeLists.txt cmake base replay baselines insights reporters rig \
            -type f -exec sha256sum {} + | LC_ALL=C sort)
        cat /etc/os-release 2>/dev/null || :
    } | sha256sum | cut -c 1-32
}

[ -f "$TOLLGATE_CONFIG" ] || fail "there is no config at the path given; is the repository checked out?"
case $TOLLGATE_KEY in
*[!A-Za-z0-9._-]*) fail "the key may hold letters, digits and ._- alone" ;;
esac
case $TOLLGATE_ARTIFACT in
*[!A-Za-z0-9._-]*) fail "the artifact's name may hold letters, digits and ._- alone" ;;
esac

key=${TOLLGATE_KEY:+-$TOLLGATE_KEY}
platform=${RUNNER_OS:-Linux}-${RUNNER_ARCH:-X64}
output program "$RUNNER_TEMP/tollgate-program"
output program-key "tollgate-program-$platform-$(program_key)"
output artifact "$TOLLGATE_ARTIFACT$key"
output run "$RUNNER_TEMP/tollgate$key/run.json"

# Where a pull request left its base branch, so that what others merged since is not weighed.
base=$TOLLGATE_BASE
if [ -z "$base" ] && [ -n "$EVENT_BASE" ]; then
    if ! base=$(git merge-base "$EVENT_BASE" HEAD 2>/dev/null); then
        fail "the base commit is not in this clone: check out with fetch-depth: 0"
    fi
elif [ -n "$base" ]; then
    base=$(git rev-parse --verify --quiet --end-of-options "$base^{commit}") ||
        fail "the base is no commit of this clone: check out with fetch-depth: 0"
fi
output base "$base"
if [ -n "$base" ]; then
    config=$(git hash-object --no-filters -- "$TOLLGATE_CONFIG")
    kept=.tollgate/work # beside the config, where the program keeps what it builds
    output base-tree "$(cd "$(dirname "$TOLLGATE_CONFIG")" && pwd)/$kept/base/$base"
    output base-git "$(cd "$(git rev-parse --git-common-dir)" && pwd)/worktrees/$base"
    output base-key "tollgate-base-$platform-$config-$base"
fi
