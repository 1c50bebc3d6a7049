/* A comparison of a few endpoints whose costs a reader can work out by hand. Filled in by the test
 * that wants a case; each runs in a process of its own. */
#ifndef TOLLGATE_TESTS_COST_SAMPLE_H
#define TOLLGATE_TESTS_COST_SAMPLE_H

#include "insights/cost.h"

#include <math.h>

enum { COST_SAMPLE_MAX = 64 };

struct cost_sample {
    struct run head, base;
    struct endpoint_result head_endpoints[COST_SAMPLE_MAX], base_endpoints[COST_SAMPLE_MAX];
    struct endpoint_verdict verdicts[COST_SAMPLE_MAX];
    struct pass_result live;
    struct comparison comparison;
    struct cost_terms terms;
    struct cost_question question;
    char names[COST_SAMPLE_MAX][32];
};

static inline void cost_sample_init(struct cost_sample *sample)
{
    *sample = (struct cost_sample){.live = {.name = "live", .conserved = METRIC_CPU_NS}};
    cost_terms_init(&sample->terms);
    sample->head.endpoints = sample->head_endpoints;
    sample->base.endpoints = sample->base_endpoints;
    sample->comparison.endpoints = sample->verdicts;
    sample->question = (struct cost_question){.head = &sample->head,
                                              .comparison = &sample->comparison,
                                              .confidence = 0.95,
                                              .terms = &sample->terms};
}

/* An endpoint "GET /0", "GET /1" ... that was measured on the head alone. */
static inline struct endpoint_verdict *cost_sample_add(struct cost_sample *sample, double weight,
                                                       double cpu_ns)
{
    size_t index = sample->comparison.endpoint_count++;
    struct endpoint_verdict *verdict = &sample->verdicts[index];
    snprintf(sample->names[index], sizeof sample->names[index], "GET /%zu", index);
    *verdict = (struct endpoint_verdict){.name = sample->names[index], .weight = weight};
    for (size_t i = 0; i < METRIC_COUNT; i++)
        verdict->metrics[i] =
            (struct metric_verdict){NAN, NAN, NAN, NAN, NAN, VERDICT_NONE, "", .accepted = NULL};
    verdict->metrics[METRIC_CPU_NS].head = cpu_ns;
    sample->head_endpoints[index] =
        (struct endpoint_result){.name = verdict->name, .weight = weight};
    sample->base_endpoints[index] = sample->head_endpoints[index];
    sample->head.endpoint_count = sample->base.endpoint_count = index + 1;
    return verdict;
}

/* Both sides measured: the base costs `cpu_ns`, the head so much of it more. */
static inline struct endpoint_verdict *cost_sample_change(struct cost_sample *sample, double weight,
                                                          double cpu_ns, double change, double low,
                                                          double high, enum verdict verdict)
{
    struct endpoint_verdict *endpoint = cost_sample_add(sample, weight, cpu_ns * (1 + change));
    endpoint->metrics[METRIC_CPU_NS] = (struct metric_verdict){
        cpu_ns * (1 + change), cpu_ns, change, low, high, verdict, "", .accepted = NULL};
    sample->comparison.has_base = true;
    return endpoint;
}

/* Background work while requests were measured, as a fraction of what they took. */
static inline void cost_sample_overhead(struct cost_sample *sample, double fraction)
{
    for (size_t side = 0; side < SIDE_COUNT; side++)
        sample->live.conservation[side] = (struct conservation){
            .endpoints = 1e9, .unattributed = 2e9, .total = 3e9, .between = fraction * 1e9};
    sample->head.passes = &sample->live;
    sample->head.pass_count = 1;
}

#endif
