/* The comparison: two sides in, verdicts out. Pure: reads runs, writes nothing. */
#ifndef TOLLGATE_BASELINES_COMPARE_H
#define TOLLGATE_BASELINES_COMPARE_H

#include "baselines/gate.h"
#include "baselines/run.h"
#include "baselines/waiver.h"

enum verdict {
    VERDICT_NONE, /* not measured, or shown without being gated: `reason` says why */
    VERDICT_PASSED,
    VERDICT_IMPROVED,
    VERDICT_INCONCLUSIVE,
    VERDICT_REGRESSED,
};

/* "passed", "improved", "inconclusive", "regressed"; "" for VERDICT_NONE. */
const char *verdict_name(enum verdict verdict);

/* What the test of a noisy metric saw; all zero where none was made. */
struct metric_evidence {
    size_t replicates; /* pairs weighed */
    size_t looks, looks_planned;
    double margin; /* the one tested, a fraction */
    double p;      /* of the verdict's direction, over all endpoints and looks; NAN = undecided */
    size_t endpoints;    /* of the family that p is corrected for */
    const char *settles; /* what would settle an undecided one; NULL = decided */
};

/* One metric of one endpoint. NAN where there is no figure. */
struct metric_verdict {
    double head,
        base;         /* per request; Hodges-Lehmann or median over replicates; exact: the figure */
    double change;    /* fraction of the base: 0.05 = 5 % dearer */
    double low, high; /* interval of `change` at the gate's confidence; equal for exact figures */
    enum verdict verdict;
    const char *reason; /* in words, never NULL */
    /* By whom a regression was accepted, up to what and why; the verdict then is passed. From
     * outside: not safe for a terminal. NULL = not accepted. */
    const char *accepted;
    bool over_budget; /* regressed by its own value, whatever the base is: not to be accepted */
    struct metric_evidence evidence;
};

enum endpoint_presence { ENDPOINT_BOTH, ENDPOINT_NEW, ENDPOINT_REMOVED };

struct endpoint_verdict {
    const char *name;
    int64_t requests;
    double weight;
    enum endpoint_presence presence;
    const char *invalid; /* why it was not measured rightly; NULL = valid */
    enum verdict verdict;
    const char *accepted; /* of its first accepted metric; NULL = none is */
    struct metric_verdict metrics[METRIC_COUNT];
};

struct comparison {
    struct arena arena;
    bool has_base; /* false: only measured, all verdicts are VERDICT_NONE but for budgets */
    enum verdict verdict;
    bool invalid;                       /* a wrong answer, a stand-in miss: exit code 3 */
    struct endpoint_verdict *endpoints; /* in the head run's order, removed ones last */
    size_t endpoint_count;
    double smallest_cpu_change; /* that this run would have caught with 90 % power; NAN = unknown */
    const char *cpu_note;       /* why CPU is not gated in this comparison; NULL = it is */
};

/* How the two runs relate. */
struct compare_options {
    const struct run *head;
    const struct run *base; /* NULL: the head run's own base side, measured beside it */
    const struct gate *gate;
    const char *cpu_not_gated;         /* why CPU may only inform; NULL = it is gated if paired */
    const struct waiver_list *waivers; /* accepted regressions; NULL = none */
    const char *today;                 /* UTC, "2026-11-22"; only needed with waivers */
};

MUST_CHECK bool compare_runs(struct comparison *comparison, const struct compare_options *options,
                             struct error *err);
void comparison_release(struct comparison *comparison);

/* The exit code of the house: 0 passed or improved or nothing to compare, 1 regressed, 3 invalid or
 * inconclusive (0 when inconclusive is allowed; invalid never is). */
int comparison_exit_code(const struct comparison *comparison, bool allow_inconclusive);

#endif
