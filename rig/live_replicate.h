/* One replicate of the live pass: one or two gateways started afresh on one CPU, their requests
 * alternating one by one in random order. */
#ifndef TOLLGATE_RIG_LIVE_REPLICATE_H
#define TOLLGATE_RIG_LIVE_REPLICATE_H

#include "rig/bench.h"

enum replicate_kind {
    REPLICATE_ALONE,  /* the head, when there is no base */
    REPLICATE_CHANGE, /* the head against the base */
    REPLICATE_NOISE,  /* the base against itself: what the host does on its own */
};

/* Two gateways at most. A third would help one of the others: two processes of one program share
 * its pages and so warm the caches for each other. */
enum { REPLICATE_LANES = 2 };

/* NAN where nothing was measured. */
struct replicate_endpoint {
    double cpu_ns[REPLICATE_LANES]; /* mean per request */
    double wall_p50_ns[REPLICATE_LANES];
    double log_ratio;               /* 20 % trimmed mean of ln(first / second) over the slices */
    double ticks_ns, user_ticks_ns; /* of the first lane, as the kernel sampled it */
};

struct replicate {
    enum replicate_kind kind;
    uint64_t seed;
    const bool *open; /* [endpoint]: which are still measured; NULL = all */
    size_t pairs;     /* requests of each endpoint on each lane */

    /* Filled in. */
    bool ok;
    struct error err;
    bool stolen; /* the hypervisor took too much of the time: not to be used, by a fixed rule */
    struct replicate_endpoint *endpoints;
    double *wall_ns[REPLICATE_LANES]; /* [endpoint * pairs + slice] */
    double peak_rss_bytes[REPLICATE_LANES];
    struct conservation conservation[REPLICATE_LANES];
    int64_t requests;
};

/* Allocates what a replicate of this bench fills in, once for any number of runs. */
MUST_CHECK bool replicate_init(struct replicate *replicate, const struct bench *bench,
                               struct arena *arena, struct error *err);

/* Runs it on bench->cpu; sets `ok` or `err`. Several may run at once, each with a bench of its own
 * that differs in `cpu` and `standins`. */
void replicate_run(struct replicate *replicate, struct bench *bench);

/* Whose build the lane runs. */
enum side replicate_side(enum replicate_kind kind, size_t lane);

#endif
