#!/bin/sh
# Measures, and reports to the log, the step's summary, annotations and outputs. The verdict is kept
# for a later step, so that the run is uploaded first.
set -u

mkdir -p "$(dirname "$TOLLGATE_RUN")"
rm -f "$TOLLGATE_RUN"

# A base restored from the cache belongs to a clone that is gone.
if [ -n "$TOLLGATE_BASE" ] && [ -e "$TOLLGATE_BASE_TREE/.git" ]; then
    git worktree repair "$TOLLGATE_BASE_TREE" >/dev/null 2>&1 || :
    if ! git -C "$TOLLGATE_BASE_TREE" rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
        rm -rf "$TOLLGATE_BASE_TREE"
        git worktree prune
    fi
fi

# Stacks are sampled where the kernel lets us; elsewhere the report says that they are missing.
[ "${CI:-}" != true ] || sudo -n sysctl -q -w kernel.perf_event_paranoid=2 >/dev/null 2>&1 || :

set -- bench --config "$TOLLGATE_CONFIG" --output "$TOLLGATE_RUN" --format terminal --format github
[ -z "$TOLLGATE_BASE" ] || set -- "$@" --base "$TOLLGATE_BASE"
[ -z "$TOLLGATE_PASSES" ] || set -- "$@" --passes "$TOLLGATE_PASSES"
[ -z "$TOLLGATE_BUDGET" ] || set -- "$@" --budget "$TOLLGATE_BUDGET"
[ -z "$TOLLGATE_KEY" ] || set -- "$@" --key "$TOLLGATE_KEY"
[ "$TOLLGATE_ALLOW_INCONCLUSIVE" != true ] || set -- "$@" --allow-inconclusive

code=0
tollgate "$@" || code=$?
measured=false
[ ! -f "$TOLLGATE_RUN" ] || measured=true
printf 'code=%s\nmeasured=%s\n' "$code" "$measured" >>"$GITHUB_OUTPUT"
