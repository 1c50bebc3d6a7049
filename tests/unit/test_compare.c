#include "tests/unit/compare_sample.h"

#include <criterion/criterion.h>

/* ---- exact metrics: 200,000 instructions, limits 0.5 % and 500 ---- */

static void check_instructions(double head, double base, enum verdict wanted, const char *words)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 2, head, head),
              make_samples(&bench.head, 2, base, base));
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), wanted, words);
    cr_assert_eq(bench.comparison.verdict, wanted);
    release_bench(&bench);
}

Test(compare, exact_limits, .timeout = 60)
{
    check_instructions(200000, 200000, VERDICT_PASSED, "unchanged");
    check_instructions(200040, 200000, VERDICT_PASSED, "+0.02 %, within 0.5 %");
    check_instructions(201000, 200000, VERDICT_PASSED, "within 0.5 %");
    check_instructions(201001, 200000, VERDICT_REGRESSED, "(200000 to 201001), above 0.5 %");
    check_instructions(198999, 200000, VERDICT_IMPROVED, "better by more than 0.5 %");
    check_instructions(198999 + 1, 200000, VERDICT_PASSED, "within 0.5 %");
    /* 5 % of 10,000 is the floor of 500 and not over it. */
    check_instructions(10500, 10000, VERDICT_PASSED, "within the floor of 500 a request");
    check_instructions(10501, 10000, VERDICT_REGRESSED, "above 0.5 % and 500 a request");
    check_instructions(9500, 10000, VERDICT_PASSED, "within the floor");
}

Test(compare, exact_figures, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 220000.0),
              make_samples(&bench.head, 1, 200000.0));
    compare(&bench, false);
    const struct metric_verdict *verdict = exact_of(&bench, METRIC_INSTRUCTIONS);
    cr_assert_eq(verdict->head, 220000);
    cr_assert_eq(verdict->base, 200000);
    cr_assert_float_eq(verdict->change, 0.1, 1e-12);
    cr_assert_eq(verdict->low, verdict->change);
    cr_assert_eq(verdict->high, verdict->change);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 1);
    cr_assert_eq(comparison_exit_code(&bench.comparison, true), 1);
    release_bench(&bench);
}

Test(compare, from_nothing, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_RETAINED_BYTES, make_samples(&bench.head, 1, 64.0),
              make_samples(&bench.head, 1, 0.0));
    set_exact(&bench.head, METRIC_ALLOCATIONS, make_samples(&bench.head, 1, 0.5),
              make_samples(&bench.head, 1, 0.0));
    set_exact(&bench.head, METRIC_SYSCALLS, make_samples(&bench.head, 1, 0.0),
              make_samples(&bench.head, 1, 0.0));
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_RETAINED_BYTES), VERDICT_REGRESSED, "from 0 to 64 bytes");
    cr_assert(isnan(exact_of(&bench, METRIC_RETAINED_BYTES)->change));
    expect(exact_of(&bench, METRIC_ALLOCATIONS), VERDICT_PASSED, "from 0 to 0.5");
    expect(exact_of(&bench, METRIC_SYSCALLS), VERDICT_PASSED, "unchanged");
    cr_assert_eq(exact_of(&bench, METRIC_SYSCALLS)->change, 0);
    release_bench(&bench);
}

static void check_starts(double head_low, double head_high, double base_low, double base_high,
                         enum verdict wanted)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_INSTRUCTIONS,
              make_samples(&bench.head, 3, head_low, head_high, head_low),
              make_samples(&bench.head, 3, base_high, base_low, base_low));
    compare(&bench, false);
    const struct metric_verdict *verdict = exact_of(&bench, METRIC_INSTRUCTIONS);
    expect(verdict, wanted, "starts disagree");
    cr_assert_eq(verdict->head, head_low);
    cr_assert_eq(verdict->base, base_low);
    cr_assert_leq(verdict->low, verdict->change);
    cr_assert_geq(verdict->high, verdict->change);
    release_bench(&bench);
}

Test(compare, starts_disagree, .timeout = 60)
{
    check_starts(200000, 200100, 200000, 200000, VERDICT_PASSED);
    check_starts(200000, 204000, 200000, 200000, VERDICT_INCONCLUSIVE);
    check_starts(202000, 204000, 200000, 201500, VERDICT_INCONCLUSIVE);
    check_starts(204000, 205000, 200000, 201500, VERDICT_REGRESSED);
    check_starts(190000, 191000, 200000, 201500, VERDICT_IMPROVED);
}

Test(compare, rounding_is_no_disagreement, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_INSTRUCTIONS,
              make_samples(&bench.head, 2, 200000.0, 200000.0000001),
              make_samples(&bench.head, 1, 200000.0));
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_PASSED, "unchanged");
    release_bench(&bench);
}

/* ---- budgets ---- */

Test(compare, budget_holds_without_a_base, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    bench.head.sides[SIDE_BASE].present = false;
    bench.gate.defaults[METRIC_INSTRUCTIONS].max = 1200;
    bench.gate.defaults[METRIC_WALL_P99_NS].max = 5e6;
    bench.gate.defaults[METRIC_SYSCALLS].max = 10;
    bench.gate.defaults[METRIC_ALLOCATIONS].max = 10;
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 1300.0),
              (struct samples){0});
    set_exact(&bench.head, METRIC_WALL_P99_NS, make_samples(&bench.head, 3, 6e6, 7e6, 1e6),
              (struct samples){0});
    set_exact(&bench.head, METRIC_SYSCALLS, make_samples(&bench.head, 1, 10.0),
              (struct samples){0});
    compare(&bench, false);
    cr_assert_not(bench.comparison.has_base);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_REGRESSED,
           "1300 a request, over the budget of 1200");
    expect(exact_of(&bench, METRIC_WALL_P99_NS), VERDICT_REGRESSED, "over the budget of 5000.0 us");
    expect(exact_of(&bench, METRIC_SYSCALLS), VERDICT_NONE, "no base");
    expect(exact_of(&bench, METRIC_ALLOCATIONS), VERDICT_NONE, "budget of 10 was not checked");
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 1);
    release_bench(&bench);
}

Test(compare, no_base_is_no_failure, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    bench.head.sides[SIDE_BASE].present = false;
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 1300.0),
              (struct samples){0});
    compare(&bench, false);
    cr_assert_eq(bench.comparison.verdict, VERDICT_NONE);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 0);
    release_bench(&bench);
}

/* ---- one side only ---- */

Test(compare, new_and_removed_endpoints, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 2);
    bench.base.endpoints[1].name = "GET /old";
    bench.head.sides[SIDE_BASE].present = false;
    for (size_t i = 0; i < 2; i++) {
        bench.head.endpoints[i].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
            make_samples(&bench.head, 1, 100.0);
        bench.base.endpoints[i].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
            make_samples(&bench.base, 1, 100.0);
    }
    compare(&bench, true);
    const struct endpoint_verdict *rows = bench.comparison.endpoints;
    cr_assert_eq(bench.comparison.endpoint_count, 3);
    expect(&rows[0].metrics[METRIC_INSTRUCTIONS], VERDICT_PASSED, "unchanged");
    cr_assert_eq(rows[1].presence, ENDPOINT_NEW);
    expect(&rows[1].metrics[METRIC_INSTRUCTIONS], VERDICT_NONE, "new");
    cr_assert_eq(rows[1].metrics[METRIC_INSTRUCTIONS].head, 100);
    cr_assert_str_eq(rows[2].name, "GET /old");
    cr_assert_eq(rows[2].presence, ENDPOINT_REMOVED);
    expect(&rows[2].metrics[METRIC_INSTRUCTIONS], VERDICT_NONE, "removed");
    cr_assert_eq(bench.comparison.verdict, VERDICT_PASSED);
    release_bench(&bench);
}

/* Measured beside each other both sides have every endpoint; which one answered tells. */
Test(compare, new_and_removed_in_one_run, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 3);
    for (size_t i = 0; i < 3; i++) {
        struct figure *figure = &bench.head.endpoints[i].figures[METRIC_INSTRUCTIONS];
        if (i != 2)
            figure->side[SIDE_HEAD] = make_samples(&bench.head, 1, 100.0);
        if (i != 1)
            figure->side[SIDE_BASE] = make_samples(&bench.head, 1, 100.0);
    }
    compare(&bench, false);
    const struct endpoint_verdict *rows = bench.comparison.endpoints;
    cr_assert_eq(rows[0].presence, ENDPOINT_BOTH);
    cr_assert_eq(rows[1].presence, ENDPOINT_NEW);
    expect(&rows[1].metrics[METRIC_INSTRUCTIONS], VERDICT_NONE, "new: only the head");
    cr_assert_eq(rows[2].presence, ENDPOINT_REMOVED);
    expect(&rows[2].metrics[METRIC_INSTRUCTIONS], VERDICT_NONE, "removed: only the base");
    cr_assert_eq(bench.comparison.verdict, VERDICT_PASSED);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 0);
    release_bench(&bench);
}

Test(compare, metric_missing_on_one_side, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_SYSCALLS, make_samples(&bench.head, 1, 3.0),
              make_samples(&bench.head, 1, 3.0));
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 3.0),
              (struct samples){0});
    set_exact(&bench.head, METRIC_ALLOCATIONS, (struct samples){0},
              make_samples(&bench.head, 1, 3.0));
    bench.head.endpoints[0].figures[METRIC_ALLOCATIONS].missing = "the agent is blind";
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_NONE, "on the base side");
    expect(exact_of(&bench, METRIC_ALLOCATIONS), VERDICT_NONE,
           "on the head side: the agent is blind");
    expect(exact_of(&bench, METRIC_ALLOC_BYTES), VERDICT_NONE, "the alloc pass did not run");
    cr_assert_eq(bench.comparison.verdict, VERDICT_PASSED);
    release_bench(&bench);
}

Test(compare, skipped_pass_says_why, .timeout = 60)
{
    struct bench bench;
    struct pass_result pass = {
        .name = "alloc", .status = PASS_SKIPPED, .reason = "the program is static"};
    init_bench(&bench, 1);
    bench.head.passes = &pass;
    bench.head.pass_count = 1;
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_ALLOCATIONS), VERDICT_NONE, "the program is static");
    release_bench(&bench);
}

Test(compare, a_wrong_answer_is_never_an_improvement, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 10.0),
              make_samples(&bench.head, 1, 100000.0));
    bench.head.endpoints[0].invalid = "answered 500 for 200";
    bench.gate.defaults[METRIC_INSTRUCTIONS].max = 1;
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_NONE, "answered 500");
    cr_assert(bench.comparison.invalid);
    cr_assert_eq(bench.comparison.endpoints[0].verdict, VERDICT_INCONCLUSIVE);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 3);
    cr_assert_eq(comparison_exit_code(&bench.comparison, true), 3);
    release_bench(&bench);
}

/* ---- against a stored run ---- */

static void set_stored_cpu(struct bench *bench)
{
    struct random random;
    random_seed(&random, 15);
    bench->head.endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] =
        draw(&bench->head, &random, 30, 120000, 500);
    bench->base.endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] =
        draw(&bench->base, &random, 30, 100000, 500);
}

Test(compare, stored_cpu_informs, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_stored_cpu(&bench);
    compare(&bench, true);
    const struct metric_verdict *verdict = cpu_of(&bench, 0);
    expect(verdict, VERDICT_NONE, "not gated: measured in another run");
    cr_assert_float_eq(verdict->change, 0.2, 0.01);
    cr_assert(verdict->low < verdict->change && verdict->change < verdict->high);
    cr_assert_gt(verdict->low, 0.19);
    cr_assert_not_null(bench.comparison.cpu_note);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 0);
    release_bench(&bench);
}

/* The example of Hollander and Wolfe's section 4 as R gives it, in logarithms:
 *   x <- c(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46)
 *   y <- c(1.15, 0.88, 0.90, 0.74, 1.21)
 *   wilcox.test(x, y, conf.int = TRUE): difference in location 0.305, exact interval of 95 %
 *   -0.15 to 0.76. The normal rank here, floor(25 - 1.96 * sqrt(66.67)) = 8, is the exact one less
 *   one at most, so that the bounds are those or the next outside. */
Test(compare, stored_cpu_shift, .timeout = 60)
{
    static const double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    static const double y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    struct bench bench;
    init_bench(&bench, 1);
    struct samples head = {arena_alloc_array(&bench.head.arena, 10, sizeof(double)), 10};
    struct samples base = {arena_alloc_array(&bench.base.arena, 5, sizeof(double)), 5};
    for (size_t i = 0; i < 10; i++)
        head.values[i] = exp(x[i]);
    for (size_t i = 0; i < 5; i++)
        base.values[i] = exp(y[i]);
    bench.head.endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] = head;
    bench.base.endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] = base;
    compare(&bench, true);
    cr_assert_float_eq(log1p(cpu_of(&bench, 0)->change), 0.305, 1e-9);
    cr_assert_leq(log1p(cpu_of(&bench, 0)->low), -0.15 + 1e-9);
    cr_assert_geq(log1p(cpu_of(&bench, 0)->high), 0.76 - 1e-9);
    release_bench(&bench);
}

Test(compare, another_machine_is_never_compared, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_stored_cpu(&bench);
    bench.head.fingerprint.kernel = "6.8";
    bench.base.fingerprint.kernel = "6.1";
    bench.head.endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        make_samples(&bench.head, 1, 100000.0);
    bench.base.endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        make_samples(&bench.base, 1, 200000.0);
    compare(&bench, true);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_NONE, "the kernel: 6.1 there, 6.8 here");
    cr_assert(isnan(exact_of(&bench, METRIC_INSTRUCTIONS)->change));
    expect(cpu_of(&bench, 0), VERDICT_NONE, "measured elsewhere");
    release_bench(&bench);
}

Test(compare, another_corpus_is_never_compared, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    bench.head.endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        make_samples(&bench.head, 1, 100000.0);
    bench.base.endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        make_samples(&bench.base, 1, 200000.0);
    bench.base.corpus_hash = "0";
    compare(&bench, true);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_NONE, "the corpus changed");
    comparison_release(&bench.comparison);
    bench.base.corpus_hash = bench.head.corpus_hash;
    bench.base.config_hash = NULL;
    compare(&bench, true);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_NONE, "configuration changed");
    release_bench(&bench);
}

Test(compare, cpu_that_may_only_inform, .timeout = 60)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 16);
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, draw(&bench.head, &random, 30, 0.1, 0.01));
    bench.cpu_not_gated = "pinning was refused";
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_NONE, "pinning was refused");
    cr_assert_float_eq(cpu_of(&bench, 0)->change, 0.105, 0.01);
    cr_assert_str_eq(bench.comparison.cpu_note, "pinning was refused");
    release_bench(&bench);
}

/* Figures that are not numbers are no replicates. */
Test(compare, lost_replicates, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_exact(&bench.head, METRIC_INSTRUCTIONS,
              make_samples(&bench.head, 3, (double)NAN, 200000.0, (double)INFINITY),
              make_samples(&bench.head, 2, 200000.0, (double)NAN));
    set_exact(&bench.head, METRIC_SYSCALLS, make_samples(&bench.head, 1, (double)NAN),
              make_samples(&bench.head, 1, 3.0));
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_PASSED, "unchanged");
    expect(exact_of(&bench, METRIC_SYSCALLS), VERDICT_NONE, "on the head side");
    release_bench(&bench);
}

Test(compare, nothing_measured, .timeout = 60)
{
    struct bench bench;
    init_bench(&bench, 0);
    compare(&bench, false);
    cr_assert_eq(bench.comparison.verdict, VERDICT_NONE);
    comparison_release(&bench.comparison);
    compare(&bench, true);
    release_bench(&bench);
}
