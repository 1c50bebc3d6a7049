#include "baselines/binomial.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

struct interval_case {
    size_t hits;
    size_t trials;
    double confidence;
    double low;
    double high;
};

/* binom.test(hits, trials, conf.level = confidence)$conf.int of R 4.2.2. None of 10 is the hand
 * calculation 1 - 0.025^(1/10) = 0.3085; 81 of 263 is the example of Agresti and Coull, The
 * American Statistician 52 (1998). */
ParameterizedTestParameters(binomial, interval)
{
    static struct interval_case cases[] = {
        {0, 10, 0.95, 0, 0.30849710781876083},
        {10, 10, 0.95, 0.69150289218123917, 1},
        {3, 10, 0.95, 0.066739511177734495, 0.65245285005999731},
        {3, 10, 0.99, 0.037007221096232092, 0.73511398528713079},
        {19, 20, 0.95, 0.75126723722797228, 0.99873491050205021},
        {0, 40, 0.95, 0, 0.088097302878802353},
        {0, 1000, 0.99, 0, 0.0052843060394974408},
        {1, 1000, 0.95, 2.5317487491294069e-05, 0.005558924279826627},
        {1, 1000, 0.99, 5.0125292607775124e-06, 0.0074062869383529906},
        {500, 1000, 0.95, 0.46854917297179194, 0.53145082702820812},
        {81, 263, 0.95, 0.25273674558527121, 0.3676219226013514},
        {97000, 100000, 0.95, 0.96892398153080672, 0.97104864206977204},
    };
    return cr_make_param_array(struct interval_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct interval_case *each, binomial, interval, .timeout = 60)
{
    struct binomial_interval interval =
        binomial_find_interval(each->hits, each->trials, each->confidence);
    cr_assert(fabs(interval.low - each->low) <= 1e-9 * (each->low + 1e-3), "low %.17g is not %.17g",
              interval.low, each->low);
    cr_assert(fabs(interval.high - each->high) <= 1e-9, "high %.17g is not %.17g", interval.high,
              each->high);
}

Test(binomial, nothing_and_nonsense, .timeout = 60)
{
    struct binomial_interval nothing = binomial_find_interval(0, 0, 0.95);
    cr_assert(nothing.low == 0.0 && nothing.high == 1.0);
    cr_assert(isnan(binomial_find_interval(2, 1, 0.95).low));
    cr_assert(isnan(binomial_find_interval(1, 2, 1.0).high));
    cr_assert(isnan(binomial_find_interval(1, 2, NAN).high));
}

/* The definition: over every share, the interval misses it at most once in twenty. */
Test(binomial, covers_every_share, .timeout = 300)
{
    enum { TRIALS = 20 };
    struct binomial_interval intervals[TRIALS + 1];
    for (size_t hits = 0; hits <= TRIALS; hits++)
        intervals[hits] = binomial_find_interval(hits, TRIALS, 0.95);
    for (double share = 0.005; share < 1.0; share += 0.005) {
        double missed = 0.0;
        double mass = pow(1.0 - share, TRIALS);
        for (size_t hits = 0; hits <= TRIALS; hits++) {
            if (share < intervals[hits].low || share > intervals[hits].high)
                missed += mass;
            mass *= (double)(TRIALS - hits) / (double)(hits + 1) * share / (1.0 - share);
        }
        cr_assert(missed <= 0.05, "share %g is missed with %g", share, missed);
    }
}
