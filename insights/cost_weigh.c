/* What each endpoint weighs: production's requests times what one costs here. */
#include "insights/cost_private.h"

#include "insights/cost_counts.h"

#include <math.h>
#include <stdio.h>

/* Of one endpoint on one side; NAN = not measured. */
static double figure(const struct endpoint_verdict *endpoint, enum metric metric, enum side side)
{
    const struct metric_verdict *found = &endpoint->metrics[metric];
    double value = side == SIDE_BASE ? found->base : found->head;
    return isfinite(value) && value >= 0 ? value : NAN;
}

static bool has_figures(const struct comparison *comparison, enum metric metric, enum side side)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (!isnan(figure(&comparison->endpoints[i], metric, side)))
            return true;
    return false;
}

/* CPU time is what is paid for; instructions come next to it. */
static void choose_metric(struct cost_work *work)
{
    static const enum metric metrics[] = {METRIC_CPU_NS, METRIC_INSTRUCTIONS};
    static const enum side sides[] = {SIDE_BASE, SIDE_HEAD};
    const struct comparison *comparison = work->question->comparison;
    struct cost_report *cost = work->cost;
    cost->side = SIDE_HEAD;
    for (size_t i = comparison->has_base ? 0 : 1; i < COUNT_OF(sides); i++)
        for (size_t j = 0; j < COUNT_OF(metrics) && cost->metric == METRIC_COUNT; j++)
            if (has_figures(comparison, metrics[j], sides[i])) {
                cost->metric = metrics[j];
                cost->side = sides[i];
            }
    cost->has_change = cost->side == SIDE_BASE;
}

/* Whether all counts are of known periods. Some are and some are not: an error that says where. */
static bool check_periods(struct cost_work *work)
{
    const struct cost_counts *counts = work->terms.counts;
    const struct cost_count *with = NULL, *without = NULL;
    char where[512];
    work->cost->month_known = !isnan(work->terms.period_hours);
    if (work->cost->month_known || counts == NULL)
        return true;
    for (size_t i = 0; i < counts->count; i++) {
        const struct cost_count **one = isnan(counts->rows[i].period_hours) ? &without : &with;
        *one = *one == NULL || counts->rows[i].line < (*one)->line ? &counts->rows[i] : *one;
    }
    work->cost->month_known = with != NULL && without == NULL;
    if (with == NULL || without == NULL)
        return true;
    snprintf(where, sizeof where, "%s:%zu", counts->path, without->line);
    return error_set_at(work->err, ERROR_INPUT, where,
                        "has no period, and line %zu has one; give all of them one, or "
                        "\"cost\": {\"period\": \"day\"} for those without",
                        with->line);
}

static double month_of(const struct cost_work *work, double requests, double period_hours)
{
    if (isnan(period_hours))
        period_hours = work->terms.period_hours;
    return isnan(period_hours) ? requests : requests * (COST_MONTH_HOURS / period_hours);
}

/* As one side's corpus has them; 0 when the side has no such endpoint. */
static double corpus_requests(const struct cost_work *work, const char *name, enum side side)
{
    enum side found;
    const struct run *run = cost_run_of(work->question, side, &found);
    const struct endpoint_result *endpoint = run != NULL ? run_endpoint(run, name) : NULL;
    double weight = endpoint != NULL ? endpoint->weight : 0;
    return isfinite(weight) && weight > 0 ? month_of(work, weight, NAN) : 0;
}

static void count_requests(struct cost_work *work, size_t index)
{
    const struct endpoint_verdict *endpoint = &work->question->comparison->endpoints[index];
    const struct cost_counts *counts = work->terms.counts;
    double *base = &work->cost->endpoints[index].requests, *head = &work->head_requests[index];
    if (counts != NULL) {
        const struct cost_count *count = cost_counts_find(counts, endpoint->name);
        *base = *head = count != NULL ? month_of(work, count->requests, count->period_hours) : 0;
    } else {
        *head = corpus_requests(work, endpoint->name, SIDE_HEAD);
        *base = work->cost->side == SIDE_BASE ? corpus_requests(work, endpoint->name, SIDE_BASE)
                                              : *head;
    }
    if (endpoint->presence == ENDPOINT_REMOVED)
        *head = 0;
    if (endpoint->presence == ENDPOINT_NEW && work->cost->side == SIDE_BASE)
        *base = 0;
}

static void add_unmeasured(struct cost_work *work, const char *name, double requests, double *sum,
                           double *most)
{
    *sum += requests;
    if (requests > *most) {
        *most = requests;
        work->unmeasured = name;
    }
}

/* Requests, of the file or of the corpus, that no figure of the run can be put to. */
static void find_unmeasured(struct cost_work *work, double measured)
{
    const struct cost_counts *counts = work->terms.counts;
    double sum = 0, most = 0;
    for (size_t i = 0; counts != NULL && i < counts->count; i++)
        if (!work->measured_rows[i])
            add_unmeasured(work, counts->rows[i].endpoint,
                           month_of(work, counts->rows[i].requests, counts->rows[i].period_hours),
                           &sum, &most);
    for (size_t i = 0; counts == NULL && i < work->cost->endpoint_count; i++)
        if (isnan(work->cost->endpoints[i].unit))
            add_unmeasured(work, work->cost->endpoints[i].name, work->cost->endpoints[i].requests,
                           &sum, &most);
    work->cost->unmeasured_share = sum > 0 ? sum / (sum + measured) : 0;
}

static void find_shares(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    double requests = 0;
    for (size_t i = 0; i < cost->endpoint_count; i++) {
        work->weight_sum += work->weights[i];
        requests += isnan(cost->endpoints[i].unit) ? 0 : cost->endpoints[i].requests;
    }
    for (size_t i = 0; i < cost->endpoint_count; i++) {
        struct endpoint_cost *endpoint = &cost->endpoints[i];
        bool measured = !isnan(endpoint->unit);
        endpoint->request_share = measured && requests > 0 ? endpoint->requests / requests : 0;
        endpoint->cost_share = work->weight_sum > 0 ? work->weights[i] / work->weight_sum : 0;
        endpoint->ratio = endpoint->request_share > 0 && work->weight_sum > 0
                              ? endpoint->cost_share / endpoint->request_share
                              : NAN;
    }
    find_unmeasured(work, requests);
}

/* What the processes spent between requests while they were measured, to what they spent on them.
 * Their start and end are no part of it: in production they are rare. */
static double overhead_ratio(const struct cost_work *work)
{
    enum side side;
    const struct run *run = cost_run_of(work->question, work->cost->side, &side);
    for (size_t i = 0; i < run->pass_count; i++) {
        const struct pass_result *pass = &run->passes[i];
        const struct conservation *counter = &pass->conservation[side];
        if (pass->status != PASS_RAN || pass->conserved != work->cost->metric)
            continue;
        double ratio = counter->between / counter->endpoints;
        return counter->endpoints > 0 && isfinite(ratio) && ratio > 0 ? ratio : 0;
    }
    return 0;
}

/* What is measured of the file's rows, so that the others can be told. */
static void mark_row(struct cost_work *work, const char *name)
{
    const struct cost_counts *counts = work->terms.counts;
    const struct cost_count *row = counts != NULL ? cost_counts_find(counts, name) : NULL;
    if (row != NULL)
        work->measured_rows[row - counts->rows] = true;
}

static bool weigh_one(struct cost_work *work, size_t index)
{
    struct cost_report *cost = work->cost;
    const struct endpoint_verdict *verdict = &work->question->comparison->endpoints[index];
    struct endpoint_cost *endpoint = &cost->endpoints[index];
    endpoint->name = arena_copy_string(&cost->arena, verdict->name);
    if (endpoint->name == NULL)
        return error_set_memory(work->err);
    count_requests(work, index);
    endpoint->unit = NAN;
    work->invalid += verdict->invalid != NULL;
    if (cost->metric == METRIC_COUNT)
        return true;
    endpoint->unit = figure(verdict, cost->metric, cost->side);
    work->weights[index] = isnan(endpoint->unit) ? 0 : endpoint->requests * endpoint->unit;
    if (isnan(endpoint->unit) && cost->side == SIDE_BASE)
        endpoint->unit = figure(verdict, cost->metric, SIDE_HEAD);
    if (!isnan(endpoint->unit))
        mark_row(work, verdict->name);
    return true;
}

bool cost_weigh(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    const struct cost_counts *counts = work->terms.counts;
    work->measured_rows = arena_alloc_array(&cost->arena, counts != NULL ? counts->count : 0,
                                            sizeof *work->measured_rows);
    if (work->measured_rows == NULL)
        return error_set_memory(work->err);
    choose_metric(work);
    if (!check_periods(work))
        return false;
    for (size_t i = 0; i < cost->endpoint_count; i++)
        if (!weigh_one(work, i))
            return false;
    find_shares(work);
    work->weights[cost->endpoint_count] =
        cost->metric == METRIC_COUNT ? 0 : work->weight_sum * overhead_ratio(work);
    return true;
}
