/* What the commits of a change accept: their Tollgate-Accept trailers. Whoever reviews the change
 * sees them, so they count from the head; lists and thresholds count from the base. */
#ifndef TOLLGATE_RIG_TRAILERS_H
#define TOLLGATE_RIG_TRAILERS_H

#include "base/interrupt.h"
#include "baselines/run.h"
#include "baselines/waiver.h"

struct trailers_question {
    const char *folder; /* in the repository */
    const char *head;   /* commits, 40 hex digits; NULL = not in git: then nothing is read */
    const char *base;
    const struct interrupt *interrupt; /* NULL = none */
};

/* The waivers of the commits that `head` has and `base` has not, newest first, then those of
 * `listed`. A trailer that is not understood accepts nothing and becomes a note of `notes`; so does
 * a history that cannot be read. Everything lives in `arena`. */
MUST_CHECK bool trailers_read(struct waiver_list *list, const struct trailers_question *question,
                              const struct waiver_list *listed, struct run *notes,
                              struct arena *arena, struct error *err);

/* The same from what `git log` printed: records of three parts, commit, author and the trailers'
 * values a line each, each part ended by a NUL. */
MUST_CHECK bool trailers_parse(struct waiver_list *list, const char *text, size_t size,
                               const struct waiver_list *listed, struct run *notes,
                               struct arena *arena, struct error *err);

#endif
