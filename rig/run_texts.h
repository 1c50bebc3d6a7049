/* The texts of the source files that a run's profiles name, for its report: each is read when it is
 * first asked for. */
#ifndef TOLLGATE_RIG_RUN_TEXTS_H
#define TOLLGATE_RIG_RUN_TEXTS_H

#include "base/arena.h"
#include "baselines/run.h"
#include "reporters/measured_text.h"

struct run_texts {
    struct measured_texts texts; /* what a report is given */
    const struct source_tree *sources;
    const char *folder;              /* anywhere in the tree */
    const char *root;                /* NULL = nothing was asked for yet */
    const char **current;            /* by file of `sources`: what the work tree has; NULL = none */
    const struct measured_text **of; /* by file; NULL = not asked for */
    size_t asked, bytes;             /* a hostile run must not have all that git holds read */
    struct arena arena;
};

/* Borrows the run, whose head the texts are of, and the folder. It must stay where it is. */
void run_texts_init(struct run_texts *texts, const struct run *run, const char *folder);
void run_texts_release(struct run_texts *texts);

#endif
