/* The folder store: one file a baseline, NAME.json, meant to be committed. */
#ifndef TOLLGATE_BASELINES_STORE_H
#define TOLLGATE_BASELINES_STORE_H

#include "baselines/run.h"

/* Letters, digits, `.`, `_`, `-`, not starting with a dot, at most 100: else ERROR_USAGE. */
MUST_CHECK bool store_check_name(const char *name, struct error *err);

/* Keeps only the head side of the run, as a run whose head it is; readable diffs: sorted keys,
 * indented, figures rounded to what they are worth. */
MUST_CHECK bool store_save(const char *folder, const char *name, const struct run *run,
                           struct error *err);

/* *found is false when there is no such baseline; that is no error. */
MUST_CHECK bool store_load(const char *folder, const char *name, struct run *run, bool *found,
                           struct error *err);

/* Names in order; a missing folder has none. `names` and the strings live in `arena`. */
MUST_CHECK bool store_list(const char *folder, struct arena *arena, const char ***names,
                           size_t *count, struct error *err);

#endif
