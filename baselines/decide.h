/* What is decided about noisy metrics: the one place. The live pass asks at each of its looks, the
 * comparison replays the same looks over a stored run, the A/A lane goes through it as well.
 *
 * Both limits must be passed for a failure, so the margin that is tested is the larger of the
 * relative limit and of the absolute one as a share of what the base costs. */
#ifndef TOLLGATE_BASELINES_DECIDE_H
#define TOLLGATE_BASELINES_DECIDE_H

#include "baselines/compare.h"
#include "baselines/sequential.h"

/* One endpoint's replicates so far, in the order measured. Borrowed. */
struct cpu_evidence {
    const double *log_ratio; /* ln(head / base) a replicate, finite */
    size_t count;            /* those beyond SIGNEDRANK_COUNT_MAX are not weighed */
    double base_ns;          /* what a request costs at the base; NAN = unknown */
    struct limits limits;
};

/* Zero-initialise before the first look; what is settled stays as it is. */
struct cpu_decision {
    enum verdict verdict; /* inconclusive until settled; VERDICT_NONE: nothing was measured */
    double margin;        /* the one tested, a fraction */
    double change;        /* Hodges-Lehmann, a fraction; NAN = unknown */
    double low, high;     /* its bounds; NAN where there are too few replicates for one */
    double p;             /* of the verdict's direction, for all endpoints and looks; NAN = none */
    size_t count;         /* replicates weighed */
    struct sequential_decision state; /* between looks */
};

/* The margin that holds for the endpoint, a fraction above 0. */
double decide_find_margin(const struct cpu_evidence *evidence);

/* The plan for `endpoints` endpoints at the gate's alpha and confidence. */
MUST_CHECK bool decide_plan(struct sequential_plan *plan, const struct gate *gate, size_t endpoints,
                            const size_t *looks, size_t look_count, struct error *err);

/* Takes look `look`, counted from 0, each once and in order. `evidence` and `decisions` have
 * plan->endpoints entries, in the same order at every look. An endpoint whose verdict is no more
 * inconclusive needs no more replicates. False only when memory runs out. */
MUST_CHECK bool decide_cpu(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                           size_t look, struct cpu_decision *decisions, struct error *err);

/* Takes all looks of the plan over replicates that are all there: at look k each endpoint's first
 * plan->looks[k]. The decisions are initialised here. */
MUST_CHECK bool decide_all_looks(const struct cpu_evidence *evidence,
                                 const struct sequential_plan *plan, struct cpu_decision *decisions,
                                 struct error *err);

/* How many more replicates would settle an inconclusive endpoint, if what was estimated is true;
 * POWER_NEVER when no practical number would. Takes up to a few tenths of a second. */
size_t decide_find_missing(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                           const struct cpu_decision *decision);

/* The smallest slowdown of the median endpoint that is found with 90 % power, as a fraction: its
 * margin and the excess that its spread asks for. NAN = unknown, infinity when too few replicates
 * were measured to find any. */
MUST_CHECK bool decide_find_smallest(const struct cpu_evidence *evidence,
                                     const struct sequential_plan *plan, double *smallest,
                                     struct error *err);

/* The median over endpoints of the replicates' standard deviation; NAN = unknown. */
MUST_CHECK bool decide_find_spread(const struct cpu_evidence *evidence, size_t endpoints,
                                   double *spread, struct error *err);

#endif
