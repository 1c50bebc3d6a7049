/* How the parts of a cost report are worked out, one after the other. */
#ifndef TOLLGATE_INSIGHTS_COST_PRIVATE_H
#define TOLLGATE_INSIGHTS_COST_PRIVATE_H

#include "insights/cost.h"

enum { COST_NOTES_MAX = 16 };

struct cost_work {
    struct cost_report *cost;
    const struct cost_question *question;
    struct cost_terms terms; /* as asked, and empty where nothing is known */
    struct error *err;
    const char **notes;
    double *weights;        /* by endpoint: requests times what one costs on the bill's side; then
                               the overhead's */
    double *head_requests;  /* by endpoint, as `requests`, but of the head */
    double weight_sum;      /* of the endpoints */
    double used;            /* of the bill, the fraction that is not idle */
    double rate;            /* micros a month that one unit of weight costs */
    double needed_hours;    /* CPU hours a month that production needs; NAN */
    bool estimated;         /* there is no bill: it is made of hours and a price */
    size_t invalid;         /* endpoints whose answers were wrong */
    bool *measured_rows;    /* of the counts */
    const char *unmeasured; /* the one with most requests that there is no figure of; NULL = none */
};

/* Which run's which side has the figures of `side`. */
const struct run *cost_run_of(const struct cost_question *question, enum side side,
                              enum side *found);

/* Metric, side, requests, weights and shares. */
MUST_CHECK bool cost_weigh(struct cost_work *work);
/* The bill, the mode, and how much of it is used. */
MUST_CHECK bool cost_price(struct cost_work *work);
/* What each pays. */
MUST_CHECK bool cost_divide(struct cost_work *work);
/* What the head would change. */
void cost_compare(struct cost_work *work);
/* Basis, advice and notes. */
MUST_CHECK bool cost_explain(struct cost_work *work);

/* A remark; lost when there are too many. */
bool cost_add_note(struct cost_work *work, const char *text);

#endif
