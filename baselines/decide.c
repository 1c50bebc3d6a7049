#include "baselines/decide.h"

#include "baselines/power.h"
#include "baselines/signedrank.h"
#include "baselines/statistics.h"

#include <math.h>
#include <stdlib.h>

#define DETECTION_POWER 0.9
/* Limits of 0 ask for any slowdown at all; the test wants a margin above it. */
#define MARGIN_MIN 1e-9

static size_t smaller_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

double decide_find_margin(const struct cpu_evidence *evidence)
{
    double margin = fmax(evidence->limits.relative, MARGIN_MIN);
    if (evidence->base_ns > 0 && evidence->limits.absolute > 0)
        margin = fmax(margin, evidence->limits.absolute / evidence->base_ns);
    return margin;
}

bool decide_plan(struct sequential_plan *plan, const struct gate *gate, size_t endpoints,
                 const size_t *looks, size_t look_count, struct error *err)
{
    struct sequential_request request = {
        .looks = looks,
        .look_count = look_count,
        .endpoints = endpoints,
        .alpha = gate->alpha,
        /* A bound that is held less strictly than the test would contradict it. */
        .interval_alpha = fmax((1.0 - gate->confidence) / 2.0, gate->alpha),
    };
    return sequential_plan_init(plan, &request, err);
}

static double change_or_nan(double log_ratio)
{
    return isfinite(log_ratio) ? statistics_convert_log_ratio(log_ratio) : NAN;
}

static enum verdict name_verdict(const struct sequential_decision *state)
{
    if (!state->measured)
        return VERDICT_NONE;
    switch (state->verdict) {
    case SEQUENTIAL_PASSED:
        return VERDICT_PASSED;
    case SEQUENTIAL_IMPROVED:
        return VERDICT_IMPROVED;
    case SEQUENTIAL_REGRESSED:
        return VERDICT_REGRESSED;
    case SEQUENTIAL_UNDECIDED:
        break;
    }
    return VERDICT_INCONCLUSIVE;
}

static void fill_decision(struct cpu_decision *decision)
{
    const struct sequential_decision *state = &decision->state;
    decision->verdict = name_verdict(state);
    decision->change = state->measured ? change_or_nan(state->estimate) : NAN;
    decision->low = state->measured ? change_or_nan(state->low) : NAN;
    decision->high = state->measured ? change_or_nan(state->high) : NAN;
    decision->count = state->measured ? state->count : 0;
    decision->p = NAN;
    if (decision->verdict == VERDICT_REGRESSED)
        decision->p = state->regressed.adjusted;
    if (decision->verdict == VERDICT_IMPROVED)
        decision->p = state->improved.adjusted;
}

/* One look with each endpoint's first `most` replicates. */
static bool take_look(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                      size_t look, size_t most, struct cpu_decision *decisions, struct error *err)
{
    bool ok = false;
    size_t count = plan->endpoints;
    struct sequential_sample *samples = calloc(count, sizeof *samples);
    struct sequential_decision *states = calloc(count, sizeof *states);
    if (samples == NULL || states == NULL) {
        error_set_memory(err);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        if (decisions[i].state.verdict == SEQUENTIAL_UNDECIDED)
            decisions[i].margin = decide_find_margin(&evidence[i]);
        samples[i] = (struct sequential_sample){
            .log_ratios = evidence[i].log_ratio,
            .count = smaller_of(smaller_of(evidence[i].count, most), SIGNEDRANK_COUNT_MAX),
            .margin = decisions[i].margin,
        };
        states[i] = decisions[i].state;
    }
    if (!sequential_decide_look(plan, look, samples, states, err))
        goto out;
    for (size_t i = 0; i < count; i++) {
        decisions[i].state = states[i];
        fill_decision(&decisions[i]);
    }
    ok = true;
out:
    free(states);
    free(samples);
    return ok;
}

bool decide_cpu(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                size_t look, struct cpu_decision *decisions, struct error *err)
{
    return take_look(evidence, plan, look, SIGNEDRANK_COUNT_MAX, decisions, err);
}

bool decide_all_looks(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                      struct cpu_decision *decisions, struct error *err)
{
    for (size_t i = 0; i < plan->endpoints; i++)
        decisions[i] = (struct cpu_decision){0};
    for (size_t look = 0; look < plan->look_count; look++)
        if (!take_look(evidence, plan, look, plan->looks[look], decisions, err))
            return false;
    return true;
}

/* The standard deviation, or NAN for fewer than two replicates. */
static double find_sd(const struct cpu_evidence *evidence)
{
    return statistics_find_sd(evidence->log_ratio, evidence->count);
}

size_t decide_find_missing(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                           const struct cpu_decision *decision)
{
    size_t last = plan->look_count - 1;
    double sd = find_sd(evidence);
    if (!(sd >= 0) || !isfinite(decision->state.estimate) || !(plan->alpha[last] > 0))
        return POWER_NEVER;
    struct power_design design = {decision->count, sd, plan->alpha[last], plan->endpoints};
    struct power_question question = {
        .estimate = decision->state.estimate,
        .margin = statistics_convert_change(decision->margin),
        .interval_alpha = plan->interval_alpha[last],
        .power = DETECTION_POWER,
    };
    return power_find_missing(&design, &question);
}

typedef double find_figure(const struct cpu_evidence *evidence);

static double find_count(const struct cpu_evidence *evidence)
{
    return evidence->count == 0 ? NAN : (double)evidence->count;
}

/* The median of what `find` says of the endpoints for which it is known. */
static bool find_median(const struct cpu_evidence *evidence, size_t endpoints, find_figure *find,
                        double *median, struct error *err)
{
    *median = NAN;
    if (endpoints == 0)
        return true;
    double *values = calloc(endpoints, sizeof *values);
    size_t known = 0;
    if (values == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < endpoints; i++) {
        double value = evidence[i].count == 0 ? NAN : find(&evidence[i]);
        if (!isnan(value))
            values[known++] = value;
    }
    statistics_sort_values(values, known);
    *median = statistics_find_median(values, known);
    free(values);
    return true;
}

bool decide_find_spread(const struct cpu_evidence *evidence, size_t endpoints, double *spread,
                        struct error *err)
{
    return find_median(evidence, endpoints, find_sd, spread, err);
}

bool decide_find_smallest(const struct cpu_evidence *evidence, const struct sequential_plan *plan,
                          double *smallest, struct error *err)
{
    double sd, count, margin;
    *smallest = NAN;
    if (!find_median(evidence, plan->endpoints, find_sd, &sd, err) ||
        !find_median(evidence, plan->endpoints, find_count, &count, err) ||
        !find_median(evidence, plan->endpoints, decide_find_margin, &margin, err))
        return false;
    if (isnan(sd) || isnan(count) || isnan(margin))
        return true;
    struct power_design design = {
        .count = smaller_of((size_t)count, SIGNEDRANK_COUNT_MAX),
        .sd = sd,
        .alpha = plan->alpha[plan->look_count - 1],
        .endpoints = plan->endpoints,
    };
    double excess = power_find_excess(&design, DETECTION_POWER);
    if (!isnan(excess))
        *smallest = statistics_convert_log_ratio(statistics_convert_change(margin) + excess);
    return true;
}
