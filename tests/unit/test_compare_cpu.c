/* CPU measured beside the base: what is found, and what a bad host must not make us find. */
#include "tests/unit/compare_sample.h"

#include <criterion/criterion.h>

Test(compare_cpu, cpu_regression_is_found_among_many, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 7);
    init_bench(&bench, 14);
    for (size_t i = 0; i < 14; i++)
        set_cpu(&bench.head, i, draw(&bench.head, &random, 30, i == 3 ? 0.06 : 0.0, 0.01));
    compare(&bench, false);
    for (size_t i = 0; i < 14; i++)
        expect(cpu_of(&bench, i), i == 3 ? VERDICT_REGRESSED : VERDICT_PASSED,
               i == 3 ? "over 14 endpoints" : "within the 2 % margin");
    const struct metric_verdict *found = cpu_of(&bench, 3);
    cr_assert_float_eq(found->change, exp(0.06) - 1, 0.006);
    cr_assert(found->low < found->change && found->change < found->high);
    cr_assert_eq(bench.comparison.verdict, VERDICT_REGRESSED);
    cr_assert(bench.comparison.smallest_cpu_change > 0.02 &&
              bench.comparison.smallest_cpu_change < 0.04);
    cr_assert_null(bench.comparison.cpu_note);
    release_bench(&bench);
}

Test(compare_cpu, cpu_improvement, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 8);
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, draw(&bench.head, &random, 30, -0.06, 0.01));
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_IMPROVED, "better by more than the 2 % margin");
    cr_assert_eq(bench.comparison.verdict, VERDICT_IMPROVED);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 0);
    release_bench(&bench);
}

/* 1,000 ns of 10,000 are 10 %: the floor is the stricter limit. */
Test(compare_cpu, cpu_floor, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 9);
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, draw(&bench.head, &random, 30, 0.06, 0.01));
    struct figure *figure = &bench.head.endpoints[0].figures[METRIC_CPU_NS];
    for (size_t i = 0; i < 30; i++)
        figure->side[SIDE_BASE].values[i] = 10000;
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_PASSED, "within the margin of 10 % (1000 ns)");
    release_bench(&bench);
}

Test(compare_cpu, cpu_all_replicates_equal, .timeout = 600)
{
    struct bench bench;
    init_bench(&bench, 2);
    for (size_t i = 0; i < 2; i++) {
        struct samples samples = {arena_alloc_array(&bench.head.arena, 20, sizeof(double)), 20};
        for (size_t k = 0; k < 20; k++)
            samples.values[k] = i == 0 ? 0.0 : 0.05;
        set_cpu(&bench.head, i, samples);
    }
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_PASSED, "within");
    expect(cpu_of(&bench, 1), VERDICT_REGRESSED, "above");
    release_bench(&bench);
}

Test(compare_cpu, cpu_one_replicate_tells_nothing, .timeout = 600)
{
    struct bench bench;
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, make_samples(&bench.head, 1, 0.5));
    compare(&bench, false);
    /* 2^-7 = 0.0078 is the first below 0.01. */
    expect(cpu_of(&bench, 0), VERDICT_INCONCLUSIVE, "1 replicate, at least 7 are needed");
    cr_assert(isnan(cpu_of(&bench, 0)->low) && isnan(cpu_of(&bench, 0)->high));
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 3);
    cr_assert_eq(comparison_exit_code(&bench.comparison, true), 0);
    release_bench(&bench);
}

/* At the margin: neither can be shown, and it is said what would show it. */
Test(compare_cpu, cpu_near_the_margin, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 10);
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, draw(&bench.head, &random, 20, 0.03, 0.02));
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_INCONCLUSIVE, "cannot be told from the 2 % margin");
    expect(cpu_of(&bench, 0), VERDICT_INCONCLUSIVE, "would settle it");
    release_bench(&bench);
}

/* Both sides slow down alike in the middle of the run: the ratios do not move. What is left is a
 * step in their spread. */
Test(compare_cpu, drift_in_the_middle, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 11);
    init_bench(&bench, 1);
    struct samples samples = draw(&bench.head, &random, 40, 0, 0.005);
    for (size_t i = 20; i < 40; i++)
        samples.values[i] *= 3;
    set_cpu(&bench.head, 0, samples);
    struct figure *figure = &bench.head.endpoints[0].figures[METRIC_CPU_NS];
    for (size_t i = 20; i < 40; i++) {
        figure->side[SIDE_HEAD].values[i] *= 1.3;
        figure->side[SIDE_BASE].values[i] *= 1.3;
    }
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_PASSED, "within");
    release_bench(&bench);
}

/* A host of two speeds, either side catching the slow one by chance: over 15 runs no alarm. The
 * spread of the base against itself would call such a host too noisy; see below. */
Test(compare_cpu, bimodal_host, .timeout = 600)
{
    struct random random;
    random_seed(&random, 12);
    for (int run = 0; run < 15; run++) {
        struct bench bench;
        init_bench(&bench, 1);
        struct samples samples = draw(&bench.head, &random, 40, 0, 0.005);
        for (size_t i = 0; i < 40; i++)
            samples.values[i] += random_unit(&random) < 0.5 ? 0.08 : -0.08;
        set_cpu(&bench.head, 0, samples);
        compare(&bench, false);
        cr_assert_neq(cpu_of(&bench, 0)->verdict, VERDICT_REGRESSED, "%s",
                      cpu_of(&bench, 0)->reason);
        cr_assert_neq(cpu_of(&bench, 0)->verdict, VERDICT_IMPROVED);
        release_bench(&bench);
    }
}

/* A neighbour slows one side in a quarter of the replicates: no regression. */
Test(compare_cpu, one_side_slowed_for_a_while, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 13);
    init_bench(&bench, 1);
    struct samples samples = draw(&bench.head, &random, 40, 0, 0.005);
    for (size_t i = 10; i < 20; i++)
        samples.values[i] += 0.2;
    set_cpu(&bench.head, 0, samples);
    compare(&bench, false);
    cr_assert_neq(cpu_of(&bench, 0)->verdict, VERDICT_REGRESSED, "%s", cpu_of(&bench, 0)->reason);
    cr_assert_neq(cpu_of(&bench, 0)->verdict, VERDICT_IMPROVED);
    release_bench(&bench);
}

/* The looks that the run planned split its alpha: what one look of all finds, three do not. */
Test(compare_cpu, planned_looks_are_replayed, .timeout = 600)
{
    static const size_t looks[] = {7, 9, 11};
    struct bench bench;
    init_bench(&bench, 1);
    struct samples samples = {arena_alloc_array(&bench.head.arena, 7, sizeof(double)), 7};
    for (size_t i = 0; i < 7; i++)
        samples.values[i] = 0.05 + 0.001 * (double)i;
    set_cpu(&bench.head, 0, samples);
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_REGRESSED, "p = 0.0078");
    comparison_release(&bench.comparison);
    bench.head.cpu_looks = looks;
    bench.head.cpu_look_count = 3;
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_INCONCLUSIVE, "7 replicates, at least");
    release_bench(&bench);
}

/* ---- the base against itself ---- */

static void check_aa(double aa_centre, double aa_sd, const char *words)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 14);
    init_bench(&bench, 3);
    bench.gate.defaults[METRIC_CPU_NS].max = 1000;
    for (size_t i = 0; i < 3; i++) {
        set_cpu(&bench.head, i, draw(&bench.head, &random, 30, 0.1, 0.01));
        bench.head.endpoints[i].figures[METRIC_CPU_NS].aa_log_ratio =
            draw(&bench.head, &random, 30, i == 1 ? aa_centre : 0.0, aa_sd);
    }
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 300000.0),
              make_samples(&bench.head, 1, 200000.0));
    compare(&bench, false);
    for (size_t i = 0; i < 3; i++)
        expect(cpu_of(&bench, i), words == NULL ? VERDICT_REGRESSED : VERDICT_NONE,
               words == NULL ? "above" : words);
    cr_assert_eq(bench.comparison.cpu_note == NULL, words == NULL);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_REGRESSED, "above");
    release_bench(&bench);
}

Test(compare_cpu, base_against_itself, .timeout = 600)
{
    check_aa(0.0, 0.01, NULL);
    check_aa(0.05, 0.01, "host too noisy: the base against itself shows");
    check_aa(-0.05, 0.01, "GET /e1");
    check_aa(0.0, 0.05, "scatters by");
}

/* ---- hosts that are not to be trusted, and gaps ---- */

/* Two speeds for both sides alike: the base against itself shows them too, and no verdict is given
 * for a regression that may be there. */
Test(compare_cpu, bimodal_host_is_too_noisy, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 21);
    init_bench(&bench, 2);
    for (size_t i = 0; i < 2; i++) {
        struct samples samples = draw(&bench.head, &random, 40, 0.05, 0.005);
        struct samples itself = draw(&bench.head, &random, 40, 0, 0.005);
        for (size_t k = 0; k < 40; k++) {
            samples.values[k] += random_unit(&random) < 0.5 ? 0.08 : -0.08;
            itself.values[k] += random_unit(&random) < 0.5 ? 0.08 : -0.08;
        }
        set_cpu(&bench.head, i, samples);
        bench.head.endpoints[i].figures[METRIC_CPU_NS].aa_log_ratio = itself;
    }
    compare(&bench, false);
    for (size_t i = 0; i < 2; i++)
        expect(cpu_of(&bench, i), VERDICT_NONE, "scatters by");
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 0);
    release_bench(&bench);
}

/* A neighbour that slows one side for more than half of the run cannot be told from a slower
 * program by the pairs; the base against itself went through the same and gives it away. */
Test(compare_cpu, one_side_slowed_for_most_of_the_run, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 22);
    init_bench(&bench, 1);
    struct samples samples = draw(&bench.head, &random, 40, 0, 0.005);
    struct samples itself = draw(&bench.head, &random, 40, 0, 0.005);
    for (size_t i = 8; i < 40; i++) {
        samples.values[i] += 0.2;
        itself.values[i] += 0.2;
    }
    set_cpu(&bench.head, 0, samples);
    bench.head.endpoints[0].figures[METRIC_CPU_NS].aa_log_ratio = itself;
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_NONE, "host too noisy");
    release_bench(&bench);
}

/* One replicate beside an endpoint that has enough: neither spoils the other. */
Test(compare_cpu, one_replicate_beside_many, .timeout = 600)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 23);
    init_bench(&bench, 2);
    set_cpu(&bench.head, 0, make_samples(&bench.head, 1, 0.5));
    set_cpu(&bench.head, 1, draw(&bench.head, &random, 30, 0.06, 0.005));
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_INCONCLUSIVE, "1 replicate, at least");
    expect(cpu_of(&bench, 1), VERDICT_REGRESSED, "above");
    cr_assert_eq(cpu_of(&bench, 1)->evidence.replicates, 30);
    cr_assert_eq(cpu_of(&bench, 1)->evidence.endpoints, 2);
    cr_assert_float_eq(cpu_of(&bench, 1)->evidence.margin, 0.02, 1e-12);
    cr_assert_null(cpu_of(&bench, 1)->evidence.settles);
    cr_assert_not_null(cpu_of(&bench, 0)->evidence.settles);
    release_bench(&bench);
}

/* CPU time of one side only: no pair was made. */
Test(compare_cpu, missing_on_one_side, .timeout = 600)
{
    struct bench bench;
    init_bench(&bench, 2);
    set_cpu(
        &bench.head, 0,
        make_samples(&bench.head, 8, 0.0, 0.001, -0.001, 0.002, -0.002, 0.0015, -0.0015, 0.0005));
    bench.head.endpoints[1].figures[METRIC_CPU_NS].side[SIDE_HEAD] =
        make_samples(&bench.head, 1, 100000.0);
    bench.head.endpoints[1].figures[METRIC_SYSCALLS].side[SIDE_HEAD] =
        make_samples(&bench.head, 1, 3.0);
    bench.head.endpoints[1].figures[METRIC_SYSCALLS].side[SIDE_BASE] =
        make_samples(&bench.head, 1, 3.0);
    compare(&bench, false);
    expect(cpu_of(&bench, 0), VERDICT_PASSED, "within");
    expect(cpu_of(&bench, 1), VERDICT_NONE, "on the base side");
    cr_assert_eq(cpu_of(&bench, 1)->evidence.replicates, 0);
    release_bench(&bench);
}
