/* What the endpoints of a run cost in earlier runs: the versions that a baseline had. Exact metrics
 * only: times of different runs cannot be held against each other. */
#ifndef TOLLGATE_BASELINES_HISTORY_H
#define TOLLGATE_BASELINES_HISTORY_H

#include "baselines/run.h"

enum { HISTORY_VERSIONS_MAX = 40 };

struct history_version {
    const char *created;  /* UTC, as the run has it */
    const char *commit;   /* of what was measured; NULL = unknown */
    bool alike;           /* of a machine, corpus and config like this run's */
    const double *values; /* per request, by endpoint and metric; NAN = not known */
};

struct history {
    struct arena arena;
    const struct run *run; /* that it leads to */
    struct history_version versions[HISTORY_VERSIONS_MAX];
    size_t count;
};

void history_init(struct history *history, const struct run *run);
void history_release(struct history *history);

/* Adds what the head of an earlier run says of the endpoints, in the order of time; what is too
 * much or of no other run is left out. The run may be released afterwards. False when out of
 * memory. */
MUST_CHECK bool history_add(struct history *history, const struct run *earlier);

/* By version and the index of the run's endpoint. NAN where it is not known, or not exact. */
double history_value(const struct history *history, size_t version, size_t endpoint,
                     enum metric metric);

/* What the run itself says, likewise. */
double history_now(const struct history *history, size_t endpoint, enum metric metric);

#endif
