/* Which endpoints a small corpus must not lose, since what they reach in the code nothing else
 * reaches: a small set of endpoints, and of their refused requests, that reaches every line. */
#ifndef TOLLGATE_RIG_DISTILL_KEEP_H
#define TOLLGATE_RIG_DISTILL_KEEP_H

#include "base/buffer.h"
#include "rig/distill_read.h"

struct distill_keep {
    unsigned char *needs; /* by endpoint of the corpus, as struct distill_options has them; NULL =
                             nobody asked */
    size_t *lines;        /* by endpoint: that it was taken for */
    size_t line_count;    /* that the run reached */
    size_t elsewhere;     /* of those, by endpoints alone that the corpus does not have */
};

/* `path` of a run that has lines; NULL = keep nothing in particular. Release it either way. */
MUST_CHECK bool distill_keep_find(struct distill_keep *keep, const struct distill_corpus *corpus,
                                  const char *path, struct error *err);
void distill_keep_release(struct distill_keep *keep);

/* Whether all is there, and what could not be told apart. */
void distill_keep_append(struct buffer *out, const struct distill_keep *keep,
                         const struct distill_corpus *corpus, const struct distillation *chosen);

#endif
