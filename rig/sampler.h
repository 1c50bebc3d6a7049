/* A sampler reads counters of a gateway's process tree from outside: what the counting passes
 * differ in. One file and one row each. */
#ifndef TOLLGATE_RIG_SAMPLER_H
#define TOLLGATE_RIG_SAMPLER_H

#include "baselines/metric.h"
#include "rig/gateway.h"

enum { SAMPLER_COUNTERS_MAX = 3 };

/* How an exchange's figure comes from the rounds. The least: a timer, a late packet or a cache that
 * grows only ever adds. The median: where a count can also fall. */
enum reduction { REDUCE_LEAST, REDUCE_MEDIAN };

struct sampler_counter {
    enum metric metric;
    enum reduction reduction;
};

/* Cumulative over the tree since the start, in the metric's unit. */
struct reading {
    int64_t values[SAMPLER_COUNTERS_MAX];
};

struct sampler {
    const char *pass;
    struct sampler_counter counters[SAMPLER_COUNTERS_MAX];
    size_t counter_count;
    int slowness; /* how many times slower than life the gateway may be: stretches timeouts */

    /* Before the gateway starts. `folder` is empty and this sampler's own. A tool that is not there
     * fills `why` and leaves *state NULL; that is no error. */
    bool (*open)(void **state, const char *folder, const struct interrupt *interrupt, char why[512],
                 struct error *err);
    void (*close)(void *state);

    /* What the gateway is started with; NULL-terminated or NULL. */
    const char *const *(*prefix)(void *state);
    const char *const *(*environment)(void *state);

    bool (*read)(void *state, struct gateway *gateway, struct reading *reading, struct error *err);

    /* Once ready: why this gateway cannot be seen, in words, or NULL. */
    const char *(*blind)(void *state, struct gateway *gateway);

    /* Just before the stop, and what the stop then added to the first counter, measured and no
     * remainder; -1 where unknown. NULL: the sampler cannot tell. */
    void (*mark_stop)(void *state);
    int64_t (*stop_cost)(void *state);

    /* After the stop: the first counter's total by an independent count; -1 where there is none. */
    int64_t (*total)(void *state);
};

extern const struct sampler sampler_callgrind, sampler_agent;

#endif
