/* What a run means in money: the bill divided over the endpoints that caused it. Pure.
 *
 * The cost of an endpoint is its production requests times what one costs here (CPU time; where
 * that was not measured, instructions). Two modes:
 *
 *     share     the bill in proportion to that cost: this machine's speed cancels, and what nobody
 *               used is spread over all
 *     absolute  CPU hours times the price of one; what was paid for and not used is `idle`
 *
 * In both, endpoints + overhead + idle = the bill, to the last millionth and, as shown, to the
 * cent. Without a bill and a price there are shares and no money: `has_money` is false, `advice`
 * says what to give. Whoever shows an amount shows `basis` with it.
 *
 * With two sides the bill is what the base costs, since that is what was paid for, and the change
 * is what the head would add to it. */
#ifndef TOLLGATE_INSIGHTS_COST_H
#define TOLLGATE_INSIGHTS_COST_H

#include "baselines/compare.h"
#include "insights/cost_terms.h"
#include "insights/money.h"
#include "insights/owners.h"

enum cost_mode { COST_SHARE, COST_ABSOLUTE };

/* What the change does to one endpoint's cost a month, in micros; fractions of the base where there
 * is no money. Efficiency is what a request costs at the requests there are now; traffic is what
 * other counts of requests add. NAN = not known. */
struct cost_change {
    /* Whether the change is no noise: then, and only then, `efficiency`, `low` and `high` hold.
     * They never span 0. */
    bool sure;
    double fraction;              /* of the cost of a request; NAN for a new endpoint */
    double efficiency, low, high; /* micros a month */
    double traffic;               /* micros a month; 0 when both sides have the same counts */
    enum metric metric;           /* that tells of the change: CPU time, else instructions */
    const char *why;              /* not sure: why there is no figure; else NULL */
};

struct endpoint_cost {
    const char *name;
    double unit;          /* what a request costs, in the unit of `metric`; NAN = not measured */
    double requests;      /* a month; with `month_known` false: as the run or the file counts */
    double request_share; /* of all requests to measured endpoints, 0 to 1 */
    double cost_share;    /* of what all endpoints cost, 0 to 1 */
    double ratio;         /* cost_share / request_share: above 1 is dearer than popular; NAN */
    int64_t month_micros; /* 0 without money */
    int64_t month_shown;  /* to the cent, in micros: the column adds up */
    int64_t naive_micros; /* the endpoints' part of the bill split by requests alone */
    int64_t naive_shown;
    double minute;             /* units of the currency a minute; NAN without money */
    double million;            /* units of the currency a million requests; NAN = not known */
    double instance_hours;     /* a month; NAN = not known */
    struct cost_change change; /* all NAN and not sure without a base */
};

/* What is no endpoint's. */
struct cost_rest {
    int64_t month_micros, month_shown;
    double share; /* of the bill, 0 to 1; of overhead without money: of the CPU that was measured */
    double instance_hours; /* NAN = not known */
};

/* The sum of what is sure. */
struct cost_total {
    size_t endpoints;             /* whose change is sure */
    size_t unsure;                /* whose change is not known */
    double efficiency, low, high; /* micros a month; the intervals' ends added up */
    double traffic;               /* over all endpoints */
};

struct cost_report {
    struct arena arena;
    enum cost_mode mode;
    bool has_money;
    bool has_change;      /* there is a base */
    bool month_known;     /* requests are a month's */
    enum metric metric;   /* that endpoints are weighed by; METRIC_COUNT = nothing was measured */
    enum side side;       /* whose figures the bill is divided by: SIDE_BASE where there is one */
    double confidence;    /* of the intervals */
    const char *currency; /* "USD" */
    int digits;
    int64_t bill_micros, bill_shown;
    double cpu_hours;   /* a month that the requests need by what was measured here; NAN */
    double paid_hours;  /* vCPU hours a month that were paid for; NAN */
    double utilisation; /* of them used, 0 to 1; NAN = not known */
    double kappa;       /* production's own CPU hours over `cpu_hours`; NAN = not known */
    double vcpu_price;  /* units of the currency an hour; NAN = not known */
    struct endpoint_cost *endpoints; /* in the comparison's order; the removed have their cost */
    size_t endpoint_count;
    struct cost_rest overhead, idle;
    struct cost_total total;
    double unmeasured_share; /* of all requests: went to endpoints that the run has no figure of */
    const char *basis;       /* one sentence, of what the figures rest on; never NULL */
    const char *advice;      /* what to give for dollars; NULL with money */
    const char *const *notes;
    size_t note_count;
};

struct cost_question {
    const struct run *head;
    const struct run *base; /* the stored run that was compared with; NULL = the head's own base */
    const struct comparison *comparison;
    double confidence;              /* of the comparison's intervals: the gate's */
    const struct cost_terms *terms; /* NULL = nothing is known: shares by the corpus's weights */
};

/* Fails when out of memory, or when a term cannot be used (ERROR_INPUT with the place). */
MUST_CHECK bool cost_find(struct cost_report *cost, const struct cost_question *question,
                          struct error *err);
void cost_release(struct cost_report *cost);

/* NULL when there is none, or `cost` is NULL. */
const struct endpoint_cost *cost_endpoint(const struct cost_report *cost, const char *endpoint);

enum cost_order {
    COST_BY_COST,     /* dearest first */
    COST_BY_REQUESTS, /* most popular first */
    COST_BY_RATIO,    /* worst cost for its popularity first */
};

/* Pointers to the endpoints in that order, `endpoint_count` of them; NULL when out of memory. The
 * caller frees the array. */
MUST_CHECK const struct endpoint_cost **cost_order(const struct cost_report *cost,
                                                   enum cost_order order, struct error *err);

/* What one owner's endpoints cost together. */
struct owner_cost {
    const char *owner; /* NULL = unowned */
    size_t endpoints;
    double requests, request_share, cost_share, ratio;
    int64_t month_micros, month_shown; /* the sum of the endpoints' as they are shown */
    int64_t average_micros;            /* an endpoint */
    double instance_hours;
    struct cost_total total; /* of a change */
};

/* By owner in the given order, the unowned last. `*out` lives in `arena`. */
MUST_CHECK bool cost_sum_owners(const struct cost_report *cost, const struct owners *owners,
                                enum cost_order order, struct arena *arena, struct owner_cost **out,
                                size_t *count, struct error *err);

#endif
