/* Which exchanges the lines pass plays, and which of them share a part. */
#ifndef TOLLGATE_RIG_LINES_PLAN_H
#define TOLLGATE_RIG_LINES_PLAN_H

#include "rig/config.h"
#include "rig/selection.h"

struct lines_exchange {
    const struct selected *item;
    double share;   /* of its endpoint, among those that are played */
    uint64_t least; /* instructions of one request, of all seen so far; UINT64_MAX = none yet */
};

/* Exchanges of one endpoint that stand for equally much of its traffic, so that each is played
 * equally often: what their part holds, divided by its requests, is their mean. Those that were
 * recorded with an error have parts of their own. */
struct lines_group {
    size_t endpoint;
    bool error;   /* status 400 or more */
    double share; /* of the endpoint, the exchanges' shares together */
    struct lines_exchange *exchanges;
    size_t count;
    /* Of the endpoint's selected exchanges those that are not played: sent once, unmeasured, so
     * that what only they execute is known to be reached. In an endpoint's first group. */
    const struct selected **extras;
    size_t extra_count;
};

struct lines_plan {
    struct lines_group *groups; /* by endpoint */
    size_t count;
    size_t exchange_count;
};

/* The exchanges that the exact pass takes with the same settings. Into the arena; `selection` is
 * borrowed. */
MUST_CHECK bool lines_plan_make(struct lines_plan *plan, const struct selection *selection,
                                const struct pass_settings *settings, struct arena *arena,
                                struct error *err);

#endif
