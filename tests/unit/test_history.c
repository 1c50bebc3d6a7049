#include "baselines/history.h"

#include <criterion/criterion.h>
#include <math.h>

/* A run with two endpoints; what is not measured has no figures. */
static void make_run(struct run *run, const char *created, double *instructions, double *cpu_ns)
{
    run_init(run);
    run->created = created;
    run->corpus_hash = run->config_hash = "ab";
    run->endpoints = arena_alloc_array(&run->arena, 2, sizeof *run->endpoints);
    cr_assert_not_null(run->endpoints);
    run->endpoint_count = 2;
    run->endpoints[0] = (struct endpoint_result){.name = "GET /a"};
    run->endpoints[1] = (struct endpoint_result){.name = "GET /b"};
    run->endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        (struct samples){instructions, 2};
    run->endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] = (struct samples){cpu_ns, 2};
}

Test(history, keeps_exact_figures_of_earlier_runs)
{
    double before[] = {102, 101}, cpu[] = {5, 6}, now[] = {120, 121};
    struct run earlier, run;
    struct history history;
    make_run(&run, "2026-02-01T00:00:00Z", now, cpu);
    make_run(&earlier, "2026-01-01T00:00:00Z", before, cpu);
    earlier.sides[SIDE_HEAD].commit = "c0ffee";
    earlier.endpoints[1].name = "GET /other";
    history_init(&history, &run);
    cr_assert(history_add(&history, &earlier));
    run_release(&earlier);
    before[0] = before[1] = 0;
    cr_assert_eq(history.count, 1);
    cr_assert_str_eq(history.versions[0].commit, "c0ffee");
    cr_assert_str_eq(history.versions[0].created, "2026-01-01T00:00:00Z");
    cr_assert_eq(history_value(&history, 0, 0, METRIC_INSTRUCTIONS), 101);
    cr_assert_eq(history_now(&history, 0, METRIC_INSTRUCTIONS), 120);
    /* Times of different runs cannot be held against each other. */
    cr_assert(isnan(history_value(&history, 0, 0, METRIC_CPU_NS)));
    cr_assert(isnan(history_now(&history, 0, METRIC_CPU_NS)));
    cr_assert(isnan(history_value(&history, 0, 1, METRIC_INSTRUCTIONS)));
    cr_assert(isnan(history_now(&history, 1, METRIC_INSTRUCTIONS)));
    history_release(&history);
    run_release(&run);
}

Test(history, tells_other_conditions_apart)
{
    double figures[] = {1, 2};
    struct run earlier, run;
    struct history history;
    make_run(&run, "2026-02-01T00:00:00Z", figures, figures);
    make_run(&earlier, "2026-01-01T00:00:00Z", figures, figures);
    history_init(&history, &run);
    cr_assert(history_add(&history, &earlier));
    earlier.fingerprint.compiler = "another";
    cr_assert(history_add(&history, &earlier));
    earlier.fingerprint.compiler = NULL;
    earlier.corpus_hash = "cd";
    cr_assert(history_add(&history, &earlier));
    earlier.corpus_hash = NULL;
    cr_assert(history_add(&history, &earlier));
    earlier.corpus_hash = "ab";
    earlier.config_hash = "cd";
    cr_assert(history_add(&history, &earlier));
    cr_assert_eq(history.count, 5);
    cr_assert(history.versions[0].alike);
    for (size_t v = 1; v < history.count; v++)
        cr_expect_not(history.versions[v].alike, "version %zu", v);
    history_release(&history);
    run_release(&earlier);
    run_release(&run);
}

Test(history, leaves_out_itself_and_what_is_too_much)
{
    double figures[] = {1, 2};
    struct run earlier, run;
    struct history history;
    make_run(&run, "2026-02-01T00:00:00Z", figures, figures);
    make_run(&earlier, "2026-01-01T00:00:00Z", figures, figures);
    earlier.endpoints[0].invalid = "answered 500";
    history_init(&history, &run);
    cr_assert(history_add(&history, &run));
    cr_assert_eq(history.count, 0);
    for (size_t i = 0; i < HISTORY_VERSIONS_MAX + 5; i++)
        cr_assert(history_add(&history, &earlier));
    cr_assert_eq(history.count, HISTORY_VERSIONS_MAX);
    cr_assert(isnan(history_value(&history, 0, 0, METRIC_INSTRUCTIONS)), "it was invalid");
    history_release(&history);
    run_release(&earlier);
    run_release(&run);
}
