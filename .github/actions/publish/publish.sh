#!/bin/sh
# Publishes the run. It came in an archive from a job that anybody may have written.
set -eu

if [ -L "$TOLLGATE_RUN" ] || [ ! -f "$TOLLGATE_RUN" ]; then
    echo "::error title=tollgate::there is no run at the path given" >&2
    exit 2
fi
set -- publish github "$TOLLGATE_RUN" --config-path "$TOLLGATE_CONFIG_PATH" --when "$TOLLGATE_WHEN"
[ -z "$TOLLGATE_AUTHOR" ] || set -- "$@" --author "$TOLLGATE_AUTHOR"
[ -z "$TOLLGATE_KEY" ] || set -- "$@" --key "$TOLLGATE_KEY"
[ "$TOLLGATE_ALLOW_INCONCLUSIVE" != true ] || set -- "$@" --allow-inconclusive
tollgate "$@"
