/* What the head would change of the bill: efficiency and traffic apart, and money only for what is
 * no noise. */
#include "insights/cost_private.h"

#include <math.h>

/* The metric that tells whether a request became dearer: CPU time where it was compared, else
 * instructions. */
static enum metric choose_metric(const struct endpoint_verdict *endpoint)
{
    static const enum metric metrics[] = {METRIC_CPU_NS, METRIC_INSTRUCTIONS};
    for (size_t i = 0; i < COUNT_OF(metrics); i++) {
        const struct metric_verdict *metric = &endpoint->metrics[metrics[i]];
        if (metric->verdict != VERDICT_NONE && isfinite(metric->change))
            return metrics[i];
    }
    return METRIC_COUNT;
}

/* Why there is no figure; NULL = there is one. *unsure: it may have changed. */
static const char *find_doubt(const struct endpoint_verdict *endpoint, enum metric which,
                              bool *unsure)
{
    *unsure = true;
    if (endpoint->invalid != NULL)
        return "its answers were wrong";
    if (which == METRIC_COUNT)
        return "neither CPU time nor instructions were compared";
    const struct metric_verdict *metric = &endpoint->metrics[which];
    bool exact = metric->low >= metric->high;
    bool decided = metric->verdict == VERDICT_REGRESSED || metric->verdict == VERDICT_IMPROVED ||
                   metric->accepted != NULL;
    if (!isfinite(metric->low) || !isfinite(metric->high))
        return "its change has no interval";
    if (metric->verdict == VERDICT_INCONCLUSIVE)
        return "whether it changed is not clear";
    *unsure = false;
    if (metric->low <= 0 && metric->high >= 0)
        return exact ? "no change" : "no change that is clear";
    return exact || decided ? NULL : "no change beyond the margin";
}

static void compare_one(struct cost_work *work, size_t index)
{
    struct cost_report *cost = work->cost;
    const struct endpoint_verdict *verdict = &work->question->comparison->endpoints[index];
    struct endpoint_cost *endpoint = &cost->endpoints[index];
    struct cost_change *change = &endpoint->change;
    double moved = work->head_requests[index] - endpoint->requests;
    double now = work->head_requests[index] * endpoint->unit * work->rate;
    bool unsure = false;
    /* Corpora of another size are no other traffic: only counts of a known period can tell. */
    bool counted = cost->month_known || verdict->presence != ENDPOINT_BOTH ||
                   work->terms.counts != NULL || work->question->base == NULL;
    change->traffic = counted ? moved * endpoint->unit * work->rate : NAN;
    if (isfinite(change->traffic))
        cost->total.traffic += change->traffic;
    change->metric = choose_metric(verdict);
    if (verdict->presence != ENDPOINT_BOTH) {
        change->why = verdict->presence == ENDPOINT_NEW ? "new: all of it is traffic"
                                                        : "removed: all of it is traffic";
        return;
    }
    change->why = find_doubt(verdict, change->metric, &unsure);
    cost->total.unsure += unsure;
    if (change->metric != METRIC_COUNT)
        change->fraction = verdict->metrics[change->metric].change;
    if (change->why == NULL && !(now > 0))
        change->why = "it has no requests";
    if (change->why != NULL)
        return;
    const struct metric_verdict *metric = &verdict->metrics[change->metric];
    change->sure = true;
    change->efficiency = metric->change * now;
    change->low = metric->low * now;
    change->high = metric->high * now;
    cost->total.endpoints++;
    cost->total.efficiency += change->efficiency;
    cost->total.low += change->low;
    cost->total.high += change->high;
}

void cost_compare(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    for (size_t i = 0; i < cost->endpoint_count; i++) {
        cost->endpoints[i].change = (struct cost_change){.fraction = NAN,
                                                         .efficiency = NAN,
                                                         .low = NAN,
                                                         .high = NAN,
                                                         .traffic = NAN,
                                                         .metric = METRIC_COUNT};
        if (cost->has_change)
            compare_one(work, i);
    }
}
