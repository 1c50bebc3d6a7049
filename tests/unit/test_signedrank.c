#include "baselines/signedrank.h"

#include "baselines/statistics.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void check_near(double actual, double expected, const char *what)
{
    double room = 1e-12 * fabs(expected) + 1e-300;
    cr_assert(fabs(actual - expected) <= room, "%s: %.17g is not %.17g", what, actual, expected);
}

/* psignrank(statistic, count) of R 4.2.2. */
struct tail_case {
    size_t count;
    size_t statistic;
    double expected;
};

ParameterizedTestParameters(signedrank, tail)
{
    static struct tail_case cases[] = {
        {5, 5, 0.3125},
        {10, 10, 0.0419921875},
        {10, 27, 0.5},
        {30, 100, 0.0026913899928331384},
        {100, 1900, 0.015677625347258414},
        {100, 2525, 0.50068276858214567},
        {200, 4000, 5.7908729221505015e-15},
        {200, 8000, 0.0060891148520746804},
        {200, 10050, 0.50024284184851031},
        {10, 28, 0.5390625},
        {10, 45, 0.9677734375},
        {100, 3000, 0.94888194710507379},
        {200, 12000, 0.99145495500939718},
        {200, 20100, 1.0},
        {1, 0, 0.5},
        {0, 0, 1.0},
    };
    return cr_make_param_array(struct tail_case, cases, COUNT(cases));
}

ParameterizedTest(struct tail_case *each, signedrank, tail, .timeout = 60)
{
    check_near(signedrank_find_tail(each->count, each->statistic), each->expected, "tail");
}

/* Largest rank sums significant one-sided at 0.05, 0.025, 0.01 and 0.005; -1 where there is none.
 * Column 0.05 up to 20 as in D. Harvey, "Chemometrics Using R", appendix 12.6; column 0.025 up to
 * 25 as in the University of York's table (two-tailed 0.05); the rest from R 4.2.2: qsignrank,
 * less one where psignrank there is above the level. */
static const struct critical_row {
    size_t count;
    int critical[4];
} critical_table[] = {
    {5, {0, -1, -1, -1}},       {6, {2, 0, -1, -1}},        {7, {3, 2, 0, -1}},
    {8, {5, 3, 1, 0}},          {9, {8, 5, 3, 1}},          {10, {10, 8, 5, 3}},
    {11, {13, 10, 7, 5}},       {12, {17, 13, 9, 7}},       {13, {21, 17, 12, 9}},
    {14, {25, 21, 15, 12}},     {15, {30, 25, 19, 15}},     {16, {35, 29, 23, 19}},
    {17, {41, 34, 27, 23}},     {18, {47, 40, 32, 27}},     {19, {53, 46, 37, 32}},
    {20, {60, 52, 43, 37}},     {21, {67, 58, 49, 42}},     {22, {75, 65, 55, 48}},
    {23, {83, 73, 62, 54}},     {24, {91, 81, 69, 61}},     {25, {100, 89, 76, 68}},
    {30, {151, 137, 120, 109}}, {35, {213, 195, 173, 159}}, {40, {286, 264, 238, 220}},
    {45, {371, 343, 312, 291}}, {50, {466, 434, 397, 373}},
};

Test(signedrank, published_critical_values, .timeout = 60)
{
    static const double alphas[] = {0.05, 0.025, 0.01, 0.005};
    for (size_t row = 0; row < COUNT(critical_table); row++) {
        for (size_t column = 0; column < COUNT(alphas); column++) {
            const struct critical_row *each = &critical_table[row];
            size_t critical = 0;
            bool found = signedrank_find_critical(each->count, alphas[column], &critical);
            int actual = found ? (int)critical : -1;
            cr_assert(actual == each->critical[column], "n %zu alpha %g: %d is not %d", each->count,
                      alphas[column], actual, each->critical[column]);
        }
    }
}

/* Too few values for the level, to the bit: 13 can reject at 2^-13 and at nothing below. */
Test(signedrank, smallest_level, .timeout = 60)
{
    size_t critical = 7;
    cr_assert(signedrank_find_critical(13, 0x1p-13, &critical) && critical == 0);
    cr_assert_not(signedrank_find_critical(13, 0x1p-13 * (1 - 1e-15), &critical));
    cr_assert_not(signedrank_find_critical(0, 0.5, &critical));
    cr_assert_not(signedrank_find_critical(SIGNEDRANK_COUNT_MAX + 1, 0.5, &critical));
    cr_assert(signedrank_find_critical(SIGNEDRANK_COUNT_MAX, 0x1p-256, &critical) && critical == 0);
}

/* Darwin's maize: cross-fertilised minus self-fertilised heights in eighths of an inch, from
 * R. A. Fisher, "The Design of Experiments" (1935), section 17. */
static const double maize[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

/* Hamilton's depression scale of nine patients, second visit minus first: Hollander and Wolfe,
 * example 3.1, as y - x in the examples of R's wilcox.test. */
static const double depression[] = {
    0.878 - 1.83, 0.647 - 0.50, 0.598 - 1.62, 2.05 - 2.48, 1.06 - 1.68,
    1.29 - 1.88,  1.06 - 1.55,  3.14 - 3.06,  1.29 - 1.30,
};

/* wilcox.test(values, mu = mu, alternative = "greater" and "less", exact = TRUE). */
struct location_case {
    const double *values;
    size_t count;
    double mu;
    double statistic;
    double p_greater;
    double p_less;
};

Test(signedrank, location_as_r, .timeout = 60)
{
    const struct location_case cases[] = {
        {maize, COUNT(maize), 0, 96, 0.020629882812500003, 0.982330322265625},
        {maize, COUNT(maize), 10.5, 88, 0.060272216796875007, 0.946502685546875},
        {depression, COUNT(depression), 0, 5, 0.986328125, 0.01953125},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct signedrank_test test;
        cr_assert(signedrank_test_location(cases[i].values, cases[i].count, cases[i].mu, &test));
        check_near(test.statistic, cases[i].statistic, "statistic");
        check_near(test.p_greater, cases[i].p_greater, "p_greater");
        check_near(test.p_less, cases[i].p_less, "p_less");
        cr_assert(test.used == cases[i].count);
    }
}

/* wilcox.test(..., conf.int = TRUE): one-sided bounds at conf.level 0.95. */
Test(signedrank, estimate_as_r, .timeout = 60)
{
    struct signedrank_estimate estimate;
    cr_assert(signedrank_estimate_location(maize, COUNT(maize), 0.05, &estimate));
    check_near(estimate.location, 25, "maize location");
    check_near(estimate.low, 8, "maize low");
    check_near(estimate.high, 39.5, "maize high");
    cr_assert(signedrank_estimate_location(maize, COUNT(maize), 0.01, &estimate));
    check_near(estimate.low, -9.5, "maize low at 0.01");
    check_near(estimate.high, 44.5, "maize high at 0.01");
    cr_assert(signedrank_estimate_location(depression, COUNT(depression), 0.05, &estimate));
    check_near(estimate.location, -0.46, "depression location");
    check_near(estimate.low, -0.726, "depression low");
    check_near(estimate.high, -0.175, "depression high");
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* All 2^n ways to sign the ranks, from the definition: doubled mid-ranks over all values, those
 * at mu left out. */
static void enumerate_signs(const double *values, size_t count, double *p_greater, double *p_less)
{
    size_t ranks[16];
    size_t used = 0;
    size_t observed = 0;
    for (size_t i = 0; i < count; i++) {
        size_t doubled = 1;
        for (size_t j = 0; j < count; j++) {
            doubled += fabs(values[j]) < fabs(values[i]) ? 2u : 0u;
            doubled += fabs(values[j]) == fabs(values[i]) ? 1u : 0u;
        }
        if (values[i] == 0.0)
            continue;
        ranks[used++] = doubled;
        observed += values[i] > 0.0 ? doubled : 0;
    }
    size_t at_least = 0;
    size_t at_most = 0;
    for (size_t signs = 0; signs < (size_t)1 << used; signs++) {
        size_t sum = 0;
        for (size_t i = 0; i < used; i++)
            sum += (signs >> i & 1) ? ranks[i] : 0;
        at_least += sum >= observed;
        at_most += sum <= observed;
    }
    *p_greater = ldexp((double)at_least, -(int)used);
    *p_less = ldexp((double)at_most, -(int)used);
}

static void check_against_signs(const double *values, size_t count)
{
    struct signedrank_test test;
    double p_greater;
    double p_less;
    enumerate_signs(values, count, &p_greater, &p_less);
    cr_assert(signedrank_test_location(values, count, 0.0, &test));
    check_near(test.p_greater, p_greater, "p_greater");
    check_near(test.p_less, p_less, "p_less");
}

Test(signedrank, ties_and_zeros_by_enumeration, .timeout = 300)
{
    uint64_t state = 42;
    for (size_t round = 0; round < 400; round++) {
        double values[12];
        size_t count = 1 + round % COUNT(values);
        uint64_t spread = 2 + next_random(&state) % 9;
        for (size_t i = 0; i < count; i++)
            values[i] = (double)(next_random(&state) % (2 * spread + 1)) - (double)spread + 1.0;
        check_against_signs(values, count);
    }
}

/* The oddity that Pratt describes: with the zero dropped before ranking p is psignrank(12, 12),
 * yet with the zero turned to either side it is smaller. Left out after ranking, it lies
 * between. */
Test(signedrank, zero_as_pratt, .timeout = 60)
{
    double values[] = {0, 2, 3, 4, 6, 7, 8, 9, 11, 14, 15, 17, -18};
    struct signedrank_test zero;
    struct signedrank_test up;
    struct signedrank_test down;
    check_against_signs(values, COUNT(values));
    cr_assert(signedrank_test_location(values, COUNT(values), 0.0, &zero));
    values[0] = 1;
    cr_assert(signedrank_test_location(values, COUNT(values), 0.0, &up));
    values[0] = -1;
    cr_assert(signedrank_test_location(values, COUNT(values), 0.0, &down));
    cr_assert(up.p_greater < zero.p_greater && zero.p_greater < down.p_greater);
    cr_assert(down.p_greater < signedrank_find_tail(12, 12));
    cr_assert(zero.used == 12);
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Every rank, against all averages written out and sorted; odd rounds have many ties. */
Test(signedrank, walsh_averages_by_sorting, .timeout = 300)
{
    static double averages[40 * 41 / 2];
    uint64_t state = 7;
    for (size_t round = 0; round < 60; round++) {
        double sorted[40];
        size_t count = 1 + round % COUNT(sorted);
        size_t pairs = 0;
        for (size_t i = 0; i < count; i++)
            sorted[i] = round % 2 == 1 ? (double)(next_random(&state) % 5)
                                       : (double)(next_random(&state) >> 11) * 0x1p-40;
        statistics_sort_values(sorted, count);
        for (size_t i = 0; i < count; i++) {
            for (size_t j = i; j < count; j++)
                averages[pairs++] = (sorted[i] + sorted[j]) / 2;
        }
        qsort(averages, pairs, sizeof *averages, compare_doubles);
        for (size_t rank = 0; rank < pairs; rank++)
            cr_assert(signedrank_find_walsh(sorted, count, rank) == averages[rank]);
    }
}

/* The interval is the test turned round: low > mu exactly where the test rejects. */
Test(signedrank, interval_and_test_agree, .timeout = 300)
{
    uint64_t state = 99;
    for (size_t round = 0; round < 300; round++) {
        double values[30];
        size_t count = 8 + round % 23;
        struct signedrank_estimate estimate;
        for (size_t i = 0; i < count; i++)
            values[i] = (double)(next_random(&state) >> 11) * 0x1p-53 - 0.4;
        cr_assert(signedrank_estimate_location(values, count, 0.01, &estimate));
        for (double mu = -0.405; mu < 0.6; mu += 0.013) {
            struct signedrank_test test;
            cr_assert(signedrank_test_location(values, count, mu, &test));
            cr_assert((estimate.low > mu) == (test.p_greater <= 0.01));
            cr_assert((estimate.high < mu) == (test.p_less <= 0.01));
        }
    }
}

Test(signedrank, all_equal, .timeout = 60)
{
    double values[20];
    struct signedrank_test test;
    struct signedrank_estimate estimate;
    for (size_t i = 0; i < COUNT(values); i++)
        values[i] = 0.05;
    cr_assert(signedrank_test_location(values, COUNT(values), 0.02, &test));
    check_near(test.p_greater, 0x1p-20, "above");
    cr_assert(test.p_less == 1.0);
    cr_assert(signedrank_test_location(values, COUNT(values), 0.05, &test));
    cr_assert(test.p_greater == 1.0 && test.p_less == 1.0 && test.used == 0);
    cr_assert(signedrank_estimate_location(values, COUNT(values), 0.01, &estimate));
    cr_assert(estimate.low == 0.05 && estimate.high == 0.05 && estimate.location == 0.05);
}

Test(signedrank, one_and_none, .timeout = 60)
{
    struct signedrank_test test;
    struct signedrank_estimate estimate;
    cr_assert(signedrank_test_location((double[]){3.0}, 1, 0.0, &test));
    cr_assert(test.p_greater == 0.5 && test.p_less == 1.0);
    cr_assert(signedrank_estimate_location((double[]){3.0}, 1, 0.05, &estimate));
    cr_assert(estimate.location == 3.0 && estimate.low == -INFINITY && estimate.high == INFINITY);
    cr_assert(signedrank_test_location(NULL, 0, 0.0, &test));
    cr_assert(test.p_greater == 1.0 && test.p_less == 1.0 && test.used == 0);
    cr_assert(signedrank_estimate_location(NULL, 0, 0.05, &estimate));
    cr_assert(isnan(estimate.location) && estimate.low == -INFINITY);
}

Test(signedrank, refused_input, .timeout = 60)
{
    static double many[SIGNEDRANK_COUNT_MAX + 1];
    struct signedrank_test test;
    struct signedrank_estimate estimate;
    cr_assert_not(signedrank_test_location((double[]){1, NAN}, 2, 0.0, &test));
    cr_assert_not(signedrank_test_location((double[]){1, INFINITY}, 2, 0.0, &test));
    cr_assert_not(signedrank_test_location((double[]){1, 2}, 2, NAN, &test));
    cr_assert_not(signedrank_test_location(many, COUNT(many), 1.0, &test));
    cr_assert_not(signedrank_estimate_location(many, COUNT(many), 0.05, &estimate));
    cr_assert_not(signedrank_estimate_location((double[]){NAN}, 1, 0.05, &estimate));
    cr_assert(isnan(signedrank_find_tail(SIGNEDRANK_COUNT_MAX + 1, 0)));
}

/* The most values, all tied in pairs: the largest table that is ever counted. */
Test(signedrank, as_many_as_allowed, .timeout = 60)
{
    static double values[SIGNEDRANK_COUNT_MAX];
    struct signedrank_test test;
    for (size_t i = 0; i < COUNT(values); i++)
        values[i] = (i % 2 == 0 ? 1.0 : -1.0) * (double)(1 + i / 2);
    cr_assert(signedrank_test_location(values, COUNT(values), 0.0, &test));
    check_near(test.p_greater, test.p_less, "symmetric");
    cr_assert(test.p_greater > 0.5 && test.p_greater < 0.51);
}
