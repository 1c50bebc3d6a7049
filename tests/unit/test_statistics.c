#include "baselines/statistics.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <signal.h>
#include <string.h>

/* Expected values are R 4.2.2's. */
static const double odd[] = {0.97, 1.02, 3.5, -2.25, 8.125, 1, 1.5, 2.75, 100, 4.5, -0.5};
static const double even[] = {4.5, 1.25, 2, -3, 10, 0.5};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void check_near(double actual, double expected)
{
    double room = 1e-12 * (1.0 + fabs(expected));
    cr_assert(fabs(actual - expected) <= room, "%.17g is not %.17g", actual, expected);
}

/* The samples above, sorted into `sorted`; returns how many. */
static size_t take_sample(bool is_odd, double sorted[COUNT(odd)])
{
    size_t count = is_odd ? COUNT(odd) : COUNT(even);
    memcpy(sorted, is_odd ? odd : even, count * sizeof *sorted);
    statistics_sort_values(sorted, count);
    return count;
}

struct level_case {
    bool is_odd;
    double level;
    double expected;
};

ParameterizedTestParameters(statistics, trimmed_mean)
{
    /* mean(odd, trim = level), mean(even, trim = level) */
    static struct level_case cases[] = {
        {true, 0.0, 10.965},
        {true, 0.1, 2.5405555555555557},
        {true, 0.2, 2.177142857142857},
        {true, 0.25, 2.177142857142857},
        {true, 0.5, 1.5},
        {true, 0.7, 1.5},
        {false, 0.2, 2.0625},
    };
    return cr_make_param_array(struct level_case, cases, COUNT(cases));
}

ParameterizedTest(struct level_case *each, statistics, trimmed_mean, .timeout = 60)
{
    double sorted[COUNT(odd)];
    size_t count = take_sample(each->is_odd, sorted);
    check_near(statistics_find_trimmed_mean(sorted, count, each->level), each->expected);
}

ParameterizedTestParameters(statistics, quantile)
{
    /* quantile(odd, level, type = 7), quantile(even, level, type = 7) */
    static struct level_case cases[] = {
        {true, 0.0, -2.25}, {true, 0.05, -1.375},  {true, 0.1, -0.5},     {true, 0.25, 0.985},
        {true, 0.5, 1.5},   {true, 0.9, 8.125},    {true, 0.99, 90.8125}, {true, 1.0, 100},
        {false, 0.9, 7.25}, {false, 0.37, 1.1375},
    };
    return cr_make_param_array(struct level_case, cases, COUNT(cases));
}

ParameterizedTest(struct level_case *each, statistics, quantile, .timeout = 60)
{
    double sorted[COUNT(odd)];
    size_t count = take_sample(each->is_odd, sorted);
    check_near(statistics_find_quantile(sorted, count, each->level), each->expected);
}

Test(statistics, centre_and_spread, .timeout = 60)
{
    double sorted[COUNT(odd)];
    size_t count = take_sample(true, sorted);
    check_near(statistics_find_median(sorted, count), 1.5);         /* median(odd) */
    check_near(statistics_find_robust_sd(sorted, count), 2.9652);   /* mad(odd) */
    check_near(statistics_find_sd(odd, count), 29.654811498304959); /* sd(odd) */
    check_near(statistics_find_mean(odd, count), 10.965);           /* mean(odd) */
    count = take_sample(false, sorted);
    check_near(statistics_find_median(sorted, count), 1.625);        /* median(even) */
    check_near(statistics_find_robust_sd(sorted, count), 2.9652);    /* mad(even) */
    check_near(statistics_find_sd(even, count), 4.3886691224865277); /* sd(even) */
}

/* Against sorting the deviations, for every count: the definition. */
Test(statistics, robust_sd_is_the_median_of_deviations, .timeout = 60)
{
    double sorted[24];
    double deviations[24];
    for (size_t count = 1; count <= COUNT(sorted); count++) {
        for (size_t i = 0; i < count; i++)
            sorted[i] = (double)((i * 37 + count * 11) % 23) * ((i % 3 == 0) ? 1.0 : -0.4);
        statistics_sort_values(sorted, count);
        for (size_t i = 0; i < count; i++)
            deviations[i] = fabs(sorted[i] - statistics_find_median(sorted, count));
        statistics_sort_values(deviations, count);
        check_near(statistics_find_robust_sd(sorted, count),
                   1.4826 * statistics_find_median(deviations, count));
    }
}

Test(statistics, geometric, .timeout = 60)
{
    /* exp(mean(log(c(1, 10, 100, 3.5)))) */
    check_near(statistics_find_geometric_mean((double[]){1, 10, 100, 3.5}, 4), 7.6916056731345863);
    cr_assert(isnan(statistics_find_geometric_mean((double[]){1, 0}, 2)));
    check_near(statistics_convert_log_ratio(log(1.02)), 0.02);
    check_near(statistics_convert_change(0.02), log(1.02));
    check_near(statistics_convert_change(statistics_convert_log_ratio(-0.3)), -0.3);
}

/* The textbook case of a variance computed as a difference of sums: 4, 7, 13, 16 have variance 30
 * wherever they lie. */
Test(statistics, sd_far_from_zero, .timeout = 60)
{
    double far[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
    check_near(statistics_find_sd(far, 4), sqrt(30.0));
}

Test(statistics, nothing_or_not_a_number, .timeout = 60)
{
    double values[] = {3.0, NAN, 1.0};
    cr_assert(isnan(statistics_find_median(NULL, 0)));
    cr_assert(isnan(statistics_find_trimmed_mean(NULL, 0, 0.2)));
    cr_assert(isnan(statistics_find_robust_sd(NULL, 0)));
    cr_assert(isnan(statistics_find_mean(NULL, 0)));
    cr_assert(isnan(statistics_find_geometric_mean(NULL, 0)));
    cr_assert(isnan(statistics_find_sd(values, 1)));
    cr_assert(isnan(statistics_find_mean(values, 3)));
    cr_assert(isnan(statistics_find_sd(values, 3)));
    statistics_sort_values(values, 3);
    cr_assert(values[0] == 1.0 && values[1] == 3.0 && isnan(values[2]));
    cr_assert(isnan(statistics_find_median(values, 3)));
    cr_assert(isnan(statistics_find_quantile(values, 2, 1.5)));
    cr_assert(isnan(statistics_find_quantile(values, 2, NAN)));
    cr_assert(isnan(statistics_find_trimmed_mean(values, 2, -0.1)));
    check_near(statistics_find_robust_sd(values, 1), 0.0);
}

Test(statistics, unsorted_is_a_broken_invariant, .timeout = 60, .signal = SIGABRT)
{
    (void)statistics_find_median((double[]){2.0, 1.0}, 2);
}
