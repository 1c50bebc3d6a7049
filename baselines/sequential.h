/* Deciding CPU time: a group-sequential plan made beforehand, and the verdicts at each look.
 *
 * The guarantee. At look k the p-values of all endpoints are adjusted by Holm and held against
 * alpha[k]; the alpha[k] sum to the alpha of the run. By the union bound over looks the chance
 * that a run calls one or more endpoints regressed which are not (median log ratio at most the
 * margin) is at most alpha, whatever the dependence between looks and between endpoints; exact
 * p-values only make it smaller where a discrete test cannot use its whole share. An endpoint that
 * was rejected at an earlier look leaves the family, so that the others' levels rise; one that
 * stopped for any other reason stays in it, with a p-value of 1, since leaving would let the data
 * choose the family. Both are the sequentially rejective procedure of W. Maurer and F. Bretz,
 * "Multiple testing in group sequential trials using graphical approaches", Statistics in
 * Biopharmaceutical Research 5 (2013) 311-320, with Bonferroni's split over looks. `improved` is
 * the mirror: a family of its own with the same alpha.
 *
 * The interval, and `passed` which is read from it, are an endpoint's own: over all looks together
 * each bound is wrong with a chance of at most `interval_alpha`.
 *
 * A look's replicates may be fewer than planned (dropped for stolen time, a budget that ended) so
 * long as the reason does not depend on what was measured. */
#ifndef TOLLGATE_BASELINES_SEQUENTIAL_H
#define TOLLGATE_BASELINES_SEQUENTIAL_H

#include "base/error.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

#define SEQUENTIAL_LOOKS_MAX 16

struct sequential_plan {
    size_t look_count;
    size_t looks[SEQUENTIAL_LOOKS_MAX]; /* replicates at each look, rising */
    size_t endpoints;                   /* the size of the family */
    double family_alpha;                /* of the run */
    double alpha[SEQUENTIAL_LOOKS_MAX]; /* of the family at each look; sums to family_alpha */
    double interval_total;              /* of each bound of one endpoint, over all looks */
    double interval_alpha[SEQUENTIAL_LOOKS_MAX]; /* at each look; sums to interval_total */
};

/* What a plan is made from. */
struct sequential_request {
    const size_t *looks;   /* rising, each from 1 to SIGNEDRANK_COUNT_MAX */
    const double *weights; /* how alpha is split, not negative; NULL for the default */
    size_t look_count;     /* 1 to SEQUENTIAL_LOOKS_MAX */
    size_t endpoints;      /* at least 1 */
    double alpha;          /* of the run, in (0, 0.5) */
    double interval_alpha; /* of a bound, in (0, 0.5), at least `alpha`; 0.025 for 95 % */
};

/* Fills `plan`. The default split is in proportion to the replicates, but never gives a look a
 * share it cannot use: where 2^-looks[k] > alpha[k] / endpoints no outcome can reject, so the
 * share is raised to what the first rejection needs if that is at most an even share, and else is
 * 0 and goes to the other looks. False, with `err`, when the request breaks the limits above. */
MUST_CHECK bool sequential_plan_init(struct sequential_plan *plan,
                                     const struct sequential_request *request, struct error *err);

/* The fewest replicates with which one of `endpoints` can be rejected at `alpha` after Holm:
 * the smallest n with 2^-n <= alpha / endpoints. 20 endpoints at 0.01 / 3 need 13. 0 when
 * endpoints is 0 or alpha is not above 0. */
size_t sequential_find_fewest(size_t endpoints, double alpha);

/* The first look at which a regression can be called, counted from 0; look_count when none can. */
size_t sequential_find_first_look(const struct sequential_plan *plan);

enum sequential_verdict {
    SEQUENTIAL_UNDECIDED, /* after the last look: inconclusive */
    SEQUENTIAL_PASSED,    /* the upper bound is below the margin */
    SEQUENTIAL_IMPROVED,
    SEQUENTIAL_REGRESSED,
};

/* One endpoint's replicates so far: d = ln(head / base), all from the first on. */
struct sequential_sample {
    const double *log_ratios;
    size_t count;
    double margin; /* a fraction above 0: 0.02 asks "slower than by 2 %?" and, for improved, the
                    * same with the sides swapped */
};

struct sequential_evidence {
    double p;        /* of this endpoint and look alone */
    double adjusted; /* for the endpoints and the looks: hold against plan->family_alpha */
};

/* What is known of an endpoint. Zero-initialise before the first look; `verdict` and the rest stay
 * as they were once it is settled. All NaN or infinite where nothing could be computed. */
struct sequential_decision {
    enum sequential_verdict verdict;
    size_t looks_taken; /* looks up to and including the last one that weighed this endpoint */
    size_t count;       /* replicates then */
    bool measured;      /* false: no replicates, too many, or one that is not finite */
    struct sequential_evidence regressed;
    struct sequential_evidence improved;
    double estimate; /* Hodges-Lehmann, of ln(head / base) */
    double low;      /* bounds at interval_alpha of the look */
    double high;
};

/* Takes look `look`: weighs each endpoint that is still undecided and settles those that are
 * clear. `samples` and `decisions` have plan->endpoints entries in the same order at every look.
 * Each look is taken once, in order; looks may be left out, their alpha is then lost. False only
 * when memory runs out; then no decision has changed. */
MUST_CHECK bool sequential_decide_look(const struct sequential_plan *plan, size_t look,
                                       const struct sequential_sample *samples,
                                       struct sequential_decision *decisions, struct error *err);

/* How many endpoints are still undecided. */
size_t sequential_count_undecided(const struct sequential_decision *decisions, size_t count);

#endif
