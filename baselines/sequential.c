#include "baselines/sequential.h"

#include "baselines/holm.h"
#include "baselines/signedrank.h"

#include <math.h>
#include <stdlib.h>

/* alpha / endpoints must not fall below 2^-n by a rounding of the two. */
#define ROUNDING_ROOM (1.0 + 1e-12)

static bool check_looks(const struct sequential_request *request, struct error *err)
{
    if (request->look_count == 0 || request->look_count > SEQUENTIAL_LOOKS_MAX)
        return error_set(err, ERROR_USAGE, "%zu looks are planned; a plan has 1 to %d",
                         request->look_count, SEQUENTIAL_LOOKS_MAX);
    size_t previous = 0;
    double weights = 0.0;
    for (size_t k = 0; k < request->look_count; k++) {
        size_t look = request->looks[k];
        double weight = request->weights != NULL ? request->weights[k] : 1.0;
        if (look <= previous || look > SIGNEDRANK_COUNT_MAX)
            return error_set(err, ERROR_USAGE,
                             "look %zu is planned at %zu replicates; looks rise and end at %d at "
                             "the latest",
                             k + 1, look, SIGNEDRANK_COUNT_MAX);
        if (!isfinite(weight) || weight < 0.0)
            return error_set(err, ERROR_USAGE,
                             "the weight of look %zu is %g; it must be a number "
                             "from 0 on",
                             k + 1, weight);
        weights += weight;
        previous = look;
    }
    if (!(weights > 0.0) || !isfinite(weights))
        return error_set(err, ERROR_USAGE, "the weights of the looks must add up to more than 0");
    return true;
}

static bool check_request(const struct sequential_request *request, struct error *err)
{
    if (request->endpoints == 0)
        return error_set(err, ERROR_USAGE, "a plan needs at least one endpoint");
    if (!(request->alpha > 0.0 && request->alpha < 0.5))
        return error_set(err, ERROR_USAGE, "alpha is %g; it must be between 0 and 0.5",
                         request->alpha);
    /* Else an endpoint could be called regressed while its interval reaches below the margin. */
    if (!(request->interval_alpha >= request->alpha && request->interval_alpha < 0.5))
        return error_set(err, ERROR_USAGE,
                         "the alpha of the interval is %g; it must be between "
                         "the alpha of the run, %g, and 0.5",
                         request->interval_alpha, request->alpha);
    return check_looks(request, err);
}

static void split_by_weights(const struct sequential_request *request, double alpha, double *shares)
{
    double sum = 0.0;
    for (size_t k = 0; k < request->look_count; k++)
        sum += request->weights[k];
    for (size_t k = 0; k < request->look_count; k++)
        shares[k] = alpha * (request->weights[k] / sum);
}

/* What is left of alpha is shared in proportion to the replicates of the looks whose share is not
 * fixed yet. Returns the share a replicate. */
static double rate_free(const struct sequential_request *request, double alpha, const bool *fixed,
                        const double *shares)
{
    double replicates = 0.0;
    for (size_t k = 0; k < request->look_count; k++) {
        if (fixed[k])
            alpha -= shares[k];
        else
            replicates += (double)request->looks[k];
    }
    return replicates > 0.0 ? alpha / replicates : 0.0;
}

/* A look whose proportional share is below its floor is fixed at the floor, which lowers the
 * others'; so again until all hold. Floors are at most an even share, hence the sum suffices. */
static void split_by_default(const struct sequential_request *request, size_t endpoints,
                             double alpha, double *shares)
{
    bool fixed[SEQUENTIAL_LOOKS_MAX] = {false};
    double floors[SEQUENTIAL_LOOKS_MAX];
    for (size_t k = 0; k < request->look_count; k++) {
        floors[k] = (double)endpoints * ldexp(1.0, -(int)request->looks[k]) * ROUNDING_ROOM;
        fixed[k] = floors[k] > alpha / (double)request->look_count;
        shares[k] = 0.0;
    }
    for (bool settled = false; !settled;) {
        double rate = rate_free(request, alpha, fixed, shares);
        settled = true;
        for (size_t k = 0; k < request->look_count; k++) {
            if (fixed[k])
                continue;
            shares[k] = rate * (double)request->looks[k];
            if (shares[k] < floors[k]) {
                shares[k] = floors[k];
                fixed[k] = true;
                settled = false;
            }
        }
    }
}

bool sequential_plan_init(struct sequential_plan *plan, const struct sequential_request *request,
                          struct error *err)
{
    if (!check_request(request, err))
        return false;
    *plan = (struct sequential_plan){
        .look_count = request->look_count,
        .endpoints = request->endpoints,
        .family_alpha = request->alpha,
        .interval_total = request->interval_alpha,
    };
    for (size_t k = 0; k < request->look_count; k++)
        plan->looks[k] = request->looks[k];
    if (request->weights != NULL) {
        split_by_weights(request, request->alpha, plan->alpha);
        split_by_weights(request, request->interval_alpha, plan->interval_alpha);
    } else {
        split_by_default(request, request->endpoints, request->alpha, plan->alpha);
        split_by_default(request, 1, request->interval_alpha, plan->interval_alpha);
    }
    return true;
}

size_t sequential_find_fewest(size_t endpoints, double alpha)
{
    if (endpoints == 0 || !(alpha > 0.0))
        return 0;
    size_t count = 1;
    while (ldexp((double)endpoints, -(int)count) > alpha)
        count++;
    return count;
}

size_t sequential_find_first_look(const struct sequential_plan *plan)
{
    for (size_t k = 0; k < plan->look_count; k++) {
        if (ldexp((double)plan->endpoints, -(int)plan->looks[k]) <= plan->alpha[k])
            return k;
    }
    return plan->look_count;
}

static bool is_pending(const struct sequential_decision *decision)
{
    return decision->verdict == SEQUENTIAL_UNDECIDED;
}

/* The p-values of the endpoint alone, its estimate and bounds. What cannot be weighed counts as
 * p = 1, which never rejects and never helps another endpoint. */
static void weigh_endpoint(const struct sequential_sample *sample, double interval_alpha,
                           struct sequential_decision *decision)
{
    double margin = log1p(sample->margin);
    struct signedrank_test above;
    struct signedrank_test below;
    struct signedrank_estimate estimate;
    decision->count = sample->count;
    decision->measured =
        sample->count > 0 && sample->margin > 0.0 &&
        signedrank_test_location(sample->log_ratios, sample->count, margin, &above) &&
        signedrank_test_location(sample->log_ratios, sample->count, -margin, &below) &&
        signedrank_estimate_location(sample->log_ratios, sample->count, interval_alpha, &estimate);
    if (!decision->measured) {
        estimate = (struct signedrank_estimate){NAN, -INFINITY, INFINITY};
        above.p_greater = 1.0;
        below.p_less = 1.0;
    }
    decision->regressed = (struct sequential_evidence){above.p_greater, 1.0};
    decision->improved = (struct sequential_evidence){below.p_less, 1.0};
    decision->estimate = estimate.location;
    decision->low = estimate.low;
    decision->high = estimate.high;
}

static struct sequential_evidence *find_evidence(struct sequential_decision *decision,
                                                 enum sequential_verdict direction)
{
    return direction == SEQUENTIAL_REGRESSED ? &decision->regressed : &decision->improved;
}

/* Holm within the look, then scaled from the look's alpha to the run's. `scratch` holds two
 * p-values an endpoint. */
static void adjust_family(const struct sequential_plan *plan, size_t look,
                          struct sequential_decision *decisions, enum sequential_verdict direction,
                          double *scratch)
{
    double *p = scratch;
    double *adjusted = scratch + plan->endpoints;
    if (!(plan->alpha[look] > 0.0))
        return;
    for (size_t i = 0; i < plan->endpoints; i++) {
        p[i] = 1.0;
        if (is_pending(&decisions[i]))
            p[i] = find_evidence(&decisions[i], direction)->p;
        else if (decisions[i].verdict == direction)
            p[i] = NAN; /* rejected before: out of the family */
    }
    holm_adjust_pvalues(p, plan->endpoints, 0, adjusted);
    double scale = plan->family_alpha / plan->alpha[look];
    for (size_t i = 0; i < plan->endpoints; i++) {
        if (is_pending(&decisions[i]))
            find_evidence(&decisions[i], direction)->adjusted = fmin(1.0, adjusted[i] * scale);
    }
}

static enum sequential_verdict judge_endpoint(const struct sequential_plan *plan,
                                              const struct sequential_sample *sample,
                                              const struct sequential_decision *decision)
{
    if (decision->regressed.adjusted <= plan->family_alpha)
        return SEQUENTIAL_REGRESSED;
    if (decision->improved.adjusted <= plan->family_alpha)
        return SEQUENTIAL_IMPROVED;
    if (decision->high < log1p(sample->margin))
        return SEQUENTIAL_PASSED;
    return SEQUENTIAL_UNDECIDED;
}

bool sequential_decide_look(const struct sequential_plan *plan, size_t look,
                            const struct sequential_sample *samples,
                            struct sequential_decision *decisions, struct error *err)
{
    if (look >= plan->look_count)
        BUG("sequential: look %zu of %zu", look, plan->look_count);
    double *scratch = calloc(plan->endpoints, 2 * sizeof *scratch);
    if (scratch == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < plan->endpoints; i++) {
        if (!is_pending(&decisions[i]))
            continue;
        if (decisions[i].looks_taken > look)
            BUG("sequential: look %zu is taken twice", look);
        weigh_endpoint(&samples[i], plan->interval_alpha[look], &decisions[i]);
        decisions[i].looks_taken = look + 1;
    }
    adjust_family(plan, look, decisions, SEQUENTIAL_REGRESSED, scratch);
    adjust_family(plan, look, decisions, SEQUENTIAL_IMPROVED, scratch);
    for (size_t i = 0; i < plan->endpoints; i++) {
        if (is_pending(&decisions[i]))
            decisions[i].verdict = judge_endpoint(plan, &samples[i], &decisions[i]);
    }
    free(scratch);
    return true;
}

size_t sequential_count_undecided(const struct sequential_decision *decisions, size_t count)
{
    size_t undecided = 0;
    for (size_t i = 0; i < count; i++)
        undecided += is_pending(&decisions[i]);
    return undecided;
}
