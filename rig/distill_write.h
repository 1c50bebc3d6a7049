/* Writes corpora that are made of lines of another one: those lines keep all that they had. */
#ifndef TOLLGATE_RIG_DISTILL_WRITE_H
#define TOLLGATE_RIG_DISTILL_WRITE_H

#include "rig/distill_read.h"

/* The chosen exchanges with their new weights, in the order of the corpus; there whole or not at
 * all. `remark` joins the header's "source". */
MUST_CHECK bool distill_write_chosen(const struct distill_corpus *corpus,
                                     const struct distillation *chosen, const char *remark,
                                     const char *path, struct error *err);

/* All exchanges, each as a variant of its own, named by distill_name_exchange. */
MUST_CHECK bool distill_write_survey(const struct distill_corpus *corpus, const char *path,
                                     struct error *err);

#endif
