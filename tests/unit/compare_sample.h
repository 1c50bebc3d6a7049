/* Constructed runs for the tests of the comparison. */
#ifndef TOLLGATE_TESTS_COMPARE_SAMPLE_H
#define TOLLGATE_TESTS_COMPARE_SAMPLE_H

#include "base/random.h"
#include "baselines/compare.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A run with both sides measured beside each other, unless a test says otherwise. */
struct bench {
    struct run head;
    struct run base;
    struct gate gate;
    struct comparison comparison;
    struct error err;
    const char *cpu_not_gated;
    struct waiver_list waivers; /* the day is 2026-11-22 */
};

static inline void init_run(struct run *run, size_t endpoints)
{
    run_init(run);
    run->endpoints = arena_alloc_array(&run->arena, endpoints, sizeof *run->endpoints);
    run->endpoint_count = endpoints;
    run->sides[SIDE_HEAD].present = true;
    run->corpus_hash = "c0ffee";
    run->config_hash = "beef";
    for (size_t i = 0; i < endpoints; i++)
        run->endpoints[i] =
            (struct endpoint_result){.name = arena_format(&run->arena, "GET /e%zu", i),
                                     .requests = 10,
                                     .weight = 10,
                                     .user_share = NAN};
}

static inline void init_bench(struct bench *bench, size_t endpoints)
{
    *bench = (struct bench){0};
    gate_init(&bench->gate);
    init_run(&bench->head, endpoints);
    init_run(&bench->base, endpoints);
    bench->head.sides[SIDE_BASE].present = true;
}

static inline void release_bench(struct bench *bench)
{
    comparison_release(&bench->comparison);
    run_release(&bench->head);
    run_release(&bench->base);
}

static inline struct samples make_samples(struct run *run, size_t count, ...)
{
    va_list values;
    struct samples samples = {arena_alloc_array(&run->arena, count, sizeof(double)), count};
    va_start(values, count);
    for (size_t i = 0; i < count; i++)
        samples.values[i] = va_arg(values, double);
    va_end(values);
    return samples;
}

/* Sum of twelve uniforms: near enough to normal, SD 1. */
static inline double draw_normal(struct random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += random_unit(random);
    return sum;
}

static inline struct samples draw(struct run *run, struct random *random, size_t count,
                                  double centre, double sd)
{
    struct samples samples = {arena_alloc_array(&run->arena, count, sizeof(double)), count};
    for (size_t i = 0; i < count; i++)
        samples.values[i] = centre + sd * draw_normal(random);
    return samples;
}

/* CPU of one endpoint: 100 us at the base. */
static inline void set_cpu(struct run *run, size_t endpoint, struct samples log_ratio)
{
    struct figure *figure = &run->endpoints[endpoint].figures[METRIC_CPU_NS];
    size_t count = log_ratio.count;
    figure->log_ratio = log_ratio;
    for (int side = 0; side < SIDE_COUNT; side++)
        figure->side[side] =
            (struct samples){arena_alloc_array(&run->arena, count, sizeof(double)), count};
    for (size_t i = 0; i < count; i++) {
        figure->side[SIDE_BASE].values[i] = 100000;
        figure->side[SIDE_HEAD].values[i] = 100000 * exp(log_ratio.values[i]);
    }
}

static inline void set_exact(struct run *run, enum metric metric, struct samples head,
                             struct samples base)
{
    run->endpoints[0].figures[metric].side[SIDE_HEAD] = head;
    run->endpoints[0].figures[metric].side[SIDE_BASE] = base;
}

static inline void compare(struct bench *bench, bool stored)
{
    struct compare_options options = {.head = &bench->head,
                                      .base = stored ? &bench->base : NULL,
                                      .gate = &bench->gate,
                                      .cpu_not_gated = bench->cpu_not_gated,
                                      .waivers = &bench->waivers,
                                      .today = "2026-11-22"};
    cr_assert(compare_runs(&bench->comparison, &options, &bench->err), "%s", bench->err.text);
    for (size_t i = 0; i < bench->comparison.endpoint_count; i++)
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            cr_assert_not_null(bench->comparison.endpoints[i].metrics[m].reason);
}

static inline const struct metric_verdict *cpu_of(const struct bench *bench, size_t endpoint)
{
    return &bench->comparison.endpoints[endpoint].metrics[METRIC_CPU_NS];
}

static inline const struct metric_verdict *exact_of(const struct bench *bench, enum metric metric)
{
    return &bench->comparison.endpoints[0].metrics[metric];
}

static inline void expect(const struct metric_verdict *verdict, enum verdict wanted,
                          const char *words)
{
    cr_assert_eq(verdict->verdict, wanted, "is \"%s\": %s", verdict_name(verdict->verdict),
                 verdict->reason);
    cr_assert_not_null(strstr(verdict->reason, words), "\"%s\" is not in \"%s\"", words,
                       verdict->reason);
}

#endif
