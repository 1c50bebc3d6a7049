/* What the head is held against: a commit or folder measured beside it, a stored run, or
 * nothing. */
#ifndef TOLLGATE_RIG_BASELINE_CHOICE_H
#define TOLLGATE_RIG_BASELINE_CHOICE_H

#include "base/interrupt.h"
#include "baselines/run.h"
#include "rig/config.h"
#include "rig/source.h"

struct baseline_question {
    const struct config *config;
    const char *base;       /* --base: a git ref, a folder or a RUN.json; NULL = not given */
    const char *baseline;   /* --baseline: a name, a file, or "none"; NULL = not given */
    const struct run *here; /* fingerprint, corpus_hash and config_hash are filled in */
    const struct interrupt *interrupt;
};

enum baseline_kind { BASELINE_NONE, BASELINE_SOURCE, BASELINE_STORED };

struct baseline_choice {
    enum baseline_kind kind;
    struct source source; /* BASELINE_SOURCE: to be built and measured in this run */
    struct run stored;    /* BASELINE_STORED: released by baseline_choice_release */
    const char *note;     /* a line that says what was chosen and why; NULL = nothing to say */
};

/* Strings live in `arena`. A name or file that was asked for and is not there is an error; the
 * configured baseline that is not there is none. */
MUST_CHECK bool baseline_choose(struct baseline_choice *choice,
                                const struct baseline_question *question, struct arena *arena,
                                struct error *err);
void baseline_choice_release(struct baseline_choice *choice);

#endif
