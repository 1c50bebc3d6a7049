#include "baselines/power.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

/* qnorm(probability) of R 4.2.2. */
Test(power, normal_quantile, .timeout = 600)
{
    static const struct {
        double probability;
        double expected;
    } cases[] = {
        {1e-10, -6.3613409024040557},
        {1e-4, -3.71901648545568},
        {0.01, -2.3263478740408408},
        {0.3, -0.52440051270804067},
        {0.5, 0.0},
        {0.9, 1.2815515655446008},
        {0.975, 1.9599639845400536},
        {0.9995, 3.2905267314919255},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double actual = power_find_normal_quantile(cases[i].probability);
        cr_assert(fabs(actual - cases[i].expected) < 1e-11, "%.17g", actual);
    }
    cr_assert(power_find_normal_quantile(0.0) == -INFINITY);
    cr_assert(power_find_normal_quantile(1.0) == INFINITY);
    cr_assert(isnan(power_find_normal_quantile(-0.1)) && isnan(power_find_normal_quantile(NAN)));
}

/* Detectable excess over the margin for 20 endpoints, alpha 0.01, 90 % power, as published with
 * the method (percent for SD 1 % and 2 %); by hand for 12:
 * (3.2905 + 1.2816) * 0.01 / sqrt(12 * 3 / pi) = 0.0135. */
Test(power, approximation_as_published, .timeout = 600)
{
    static const struct {
        size_t count;
        double sd;
        double expected;
    } cases[] = {
        {12, 0.01, 0.0135}, {20, 0.01, 0.0105}, {40, 0.01, 0.0074},
        {12, 0.02, 0.0270}, {20, 0.02, 0.0209}, {40, 0.02, 0.0148},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct power_design design = {cases[i].count, cases[i].sd, 0.01, 20};
        cr_assert_float_eq(power_approximate_excess(&design, 0.9), cases[i].expected, 0.00005);
    }
}

struct excess_case {
    size_t count;
    double alpha;
    double expected;
    double room;
};

/* In standard deviations, at 90 %. Where 2^-n <= alpha < 2^-(n-1) only a sample wholly above the
 * margin rejects, and the answer is qnorm(0.9^(1/n)). The others: bisection over 20,000 samples
 * of rnorm(n, excess) in R 4.2.2, counting sum(rank(abs(x))[x < 0]) <= c with c from psignrank. */
ParameterizedTestParameters(power, excess)
{
    static struct excess_case cases[] = {
        {12, 0x1p-12, 2.3764, 0.05}, {14, 0x1p-14, 2.4325, 0.05}, {5, 0x1p-5, 2.0365, 0.05},
        {12, 0.0005, 1.97, 0.05},    {14, 0.0005, 1.68, 0.05},    {20, 0.0005, 1.23, 0.03},
        {40, 0.0005, 0.79, 0.025},   {20, 0.01, 0.885, 0.03},     {10, 0.05, 1.067, 0.04},
        {100, 0.0005, 0.475, 0.015},
    };
    return cr_make_param_array(struct excess_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct excess_case *each, power, excess, .timeout = 600)
{
    struct power_design design = {each->count, 1.0, each->alpha, 1};
    double excess = power_find_excess(&design, 0.9);
    cr_assert(fabs(excess - each->expected) <= each->room, "%g is not %g", excess, each->expected);
    cr_assert_float_eq(power_find_probability(&design, excess), 0.9, 0.001);
    /* The spread scales it; Bonferroni over endpoints is a smaller alpha. */
    struct power_design scaled = {each->count, 0.01, 7 * each->alpha, 7};
    if (scaled.alpha <= 0.5)
        cr_assert_float_eq(power_find_excess(&scaled, 0.9), 0.01 * excess, 1e-9);
}

/* At the margin itself the chance is the test's level: 0.0322 for P(W <= 9) of 10, psignrank. */
Test(power, level_at_the_margin, .timeout = 600)
{
    struct power_design design = {10, 0.01, 0.04, 1};
    double probability = power_find_probability(&design, 0.0);
    cr_assert(fabs(probability - 0.0322265625) < 3 * sqrt(0.0322 * 0.9678 / 2000), "%g",
              probability);
}

Test(power, too_few_to_reject, .timeout = 600)
{
    struct power_design design = {13, 0.01, 0.01, 100};
    cr_assert(power_find_excess(&design, 0.9) == INFINITY);
    cr_assert(power_find_probability(&design, 1.0) == 0.0);
    design.count = 0;
    cr_assert(power_find_excess(&design, 0.9) == INFINITY);
}

Test(power, broken_design, .timeout = 600)
{
    cr_assert(isnan(power_find_excess(&(struct power_design){300, 0.01, 0.01, 1}, 0.9)));
    cr_assert(isnan(power_find_excess(&(struct power_design){20, NAN, 0.01, 1}, 0.9)));
    cr_assert(isnan(power_find_excess(&(struct power_design){20, 0.01, 0.01, 0}, 0.9)));
    cr_assert(isnan(power_find_excess(&(struct power_design){20, 0.01, 0.01, 1}, 1.0)));
    cr_assert(isnan(power_find_probability(&(struct power_design){20, 0.01, 0.0, 1}, 0.1)));
    cr_assert(isnan(power_approximate_excess(&(struct power_design){20, -1.0, 0.01, 1}, 0.9)));
    struct power_design broken = {20, NAN, 0.01, 1};
    cr_assert(power_find_replicates(&broken, 0.01, 0.9) == POWER_NEVER);
}

/* The replicates found are enough, and two fewer are not (a step of the discrete test may make one
 * fewer do as well). */
Test(power, replicates, .timeout = 600)
{
    static const double excesses[] = {0.03, 0.02, 0.0123, 0.008, 0.005};
    for (size_t i = 0; i < sizeof excesses / sizeof excesses[0]; i++) {
        struct power_design design = {0, 0.01, 0.01, 20};
        size_t count = power_find_replicates(&design, excesses[i], 0.9);
        cr_assert(count != POWER_NEVER);
        design.count = count;
        cr_assert(power_find_excess(&design, 0.9) <= excesses[i]);
        design.count = count - 2;
        cr_assert(power_find_excess(&design, 0.9) > excesses[i]);
    }
    struct power_design design = {0, 0.01, 0.01, 20};
    cr_assert(power_find_replicates(&design, 0.001, 0.9) == POWER_NEVER);
    cr_assert(power_find_replicates(&design, 0.0, 0.9) == POWER_NEVER);
    cr_assert(power_find_replicates(&design, -0.1, 0.9) == POWER_NEVER);
    /* No spread at all: as many as can reject, 20 * 2^-11 <= 0.01. */
    design.sd = 0.0;
    cr_assert(power_find_replicates(&design, 0.01, 0.9) == 11);
}

/* Table above the other way: with SD 1 % an estimate 1.23 % above the margin needs some 20
 * replicates at 0.0005, so about 6 more than 14. Below the margin it is the interval's alpha that
 * counts, for one endpoint: 0.885 % needs about 20 at 0.01. */
Test(power, missing, .timeout = 600)
{
    struct power_design design = {14, 0.01, 0.01, 20};
    struct power_question question = {0.0, log1p(0.02), 0.01, 0.9};
    question.estimate = question.margin + 0.0123;
    size_t more = power_find_missing(&design, &question);
    cr_assert(more >= 5 && more <= 7, "%zu", more);
    question.estimate = question.margin - 0.00885;
    more = power_find_missing(&design, &question);
    cr_assert(more >= 5 && more <= 7, "%zu", more);
    question.estimate = question.margin + 0.05;
    cr_assert(power_find_missing(&design, &question) == 0);
    question.estimate = question.margin;
    cr_assert(power_find_missing(&design, &question) == POWER_NEVER);
    question.estimate = NAN;
    cr_assert(power_find_missing(&design, &question) == POWER_NEVER);
}
