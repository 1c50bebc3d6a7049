/* What a comparison means for people: whose the endpoints are, what they cost, and what they cost
 * before. */
#ifndef TOLLGATE_RIG_INSIGHT_H
#define TOLLGATE_RIG_INSIGHT_H

#include "insights/cost.h"
#include "insights/owners.h"
#include "reporters/reporter.h"
#include "rig/config.h"
#include "rig/history_read.h"

struct insight_question {
    const struct config *config; /* NULL = there is none: shares, and no owners */
    /* As the base's own tree has it: a change must not edit its own price or owners unseen. NULL =
     * unknown: the head's. */
    const struct config *base_config;
    const struct run *head;
    const struct run *base; /* the stored run that was compared with; NULL = none */
    const struct comparison *comparison;
    const struct gate *gate;
    bool wants_history;
};

struct insight {
    struct arena arena;
    struct owners owners;
    struct cost_report cost;
    struct history history;
    bool has_owners;  /* there are rules */
    const char *note; /* why something is missing; NULL = nothing is */
};

/* For a report that is about something else: what cannot be read is a note of `notes`, and the
 * report does without. `report` borrows from the insight, which is released in any case. */
void insight_attach(struct insight *insight, const struct insight_question *question,
                    struct run *notes, struct report *report);

/* On failure nothing needs release. */
MUST_CHECK bool insight_find(struct insight *insight, const struct insight_question *question,
                             struct error *err);
void insight_release(struct insight *insight);

#endif
