/* What a run is judged by: thresholds, what was accepted, and the day. A change must not relax its
 * own gate unseen: thresholds and the accept list are the base's where it has a config of its own;
 * trailers are the change's, since its reviewers see them. */
#ifndef TOLLGATE_RIG_TERMS_H
#define TOLLGATE_RIG_TERMS_H

#include "rig/config.h"
#include "rig/trailers.h"

struct terms {
    struct gate gate;
    struct waiver_list waivers;
    char today[32]; /* UTC, "2026-11-22" */
};

struct terms_question {
    const struct config *head; /* NULL = there is none: the metrics' own defaults */
    const struct config *base; /* as the base's own tree has it; NULL = unknown: the head's */
    const char *head_commit;   /* NULL = not in git */
    const char *base_commit;
    const struct interrupt *interrupt; /* NULL = none */
};

/* What the reader should know becomes a note of `notes`. Everything lives in `arena` and in the
 * configs. */
MUST_CHECK bool terms_find(struct terms *terms, const struct terms_question *question,
                           struct run *notes, struct arena *arena, struct error *err);

#endif
