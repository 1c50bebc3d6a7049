/* The exact one-sample Wilcoxon signed-rank test, its critical values, and the Hodges-Lehmann
 * estimate with the interval that the test gives.
 *
 * What is tested: values that are symmetric about their median (as paired log ratios are when
 * nothing but a constant factor separates the sides) lie at `mu`. Exact means: the null
 * distribution is counted, not approximated, by adding one rank at a time; relative error below
 * 1e-13. F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945);
 * M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods", chapter 3.
 *
 * Ties: equal distances from mu share their mean rank and the distribution is counted for these
 * very ranks, so that p-values stay exact conditional on the ties. Ties are equal doubles.
 * Zeros (values at mu): ranked with the others and then left out with their ranks, as in
 * J. W. Pratt, "Remarks on zeros and ties in the Wilcoxon signed rank procedures", JASA 54 (1959)
 * 655-667. Dropping zeros before ranking, as Wilcoxon did, is exact too but can call a sample
 * less clear than it would be with the zero turned either way.
 *
 * No allocation; up to 300 KiB of stack. All functions that return bool return false, and write
 * nothing, for more than SIGNEDRANK_COUNT_MAX values or one that is not finite. */
#ifndef TOLLGATE_BASELINES_SIGNEDRANK_H
#define TOLLGATE_BASELINES_SIGNEDRANK_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

#define SIGNEDRANK_COUNT_MAX 256

struct signedrank_test {
    size_t used;      /* values that are not at mu */
    double statistic; /* the sum of the ranks of the values above mu */
    double p_greater; /* against "the median is at most mu" */
    double p_less;    /* against "the median is at least mu" */
};

/* Tests `count` values against `mu`, both one-sided ways at once. With no value off mu, both
 * p-values are 1. The smallest p-value that n values can give is 2^-n. */
MUST_CHECK bool signedrank_test_location(const double *values, size_t count, double mu,
                                         struct signedrank_test *out);

/* P(W <= statistic) for the untied statistic of `count` values: R's psignrank. NaN when count is
 * above SIGNEDRANK_COUNT_MAX. */
double signedrank_find_tail(size_t count, size_t statistic);

/* The largest c with P(W <= c) <= alpha, untied: the critical value of published tables. False
 * also when there is none, that is when alpha < 2^-count or count is 0. */
MUST_CHECK bool signedrank_find_critical(size_t count, double alpha, size_t *critical);

struct signedrank_estimate {
    double location; /* the median of the Walsh averages; NaN for no values */
    double low;      /* the true location is below this with a chance of at most alpha; -infinity
                      * when there are too few values for that alpha */
    double high;     /* the same from above; +infinity */
};

/* The estimate of J. L. Hodges and E. L. Lehmann, Annals of Mathematical Statistics 34 (1963), and
 * its bounds by inverting the untied test: each one-sided at `alpha`, together an interval of
 * confidence 1 - 2 alpha. The bounds belong to the interval, so that with ties or discrete values
 * it covers no less: G. E. Noether, "Wilcoxon confidence intervals for location parameters in the
 * discrete case", JASA 62 (1967) 184-188. Without ties, low > mu if and only if p_greater <= alpha
 * at mu. */
MUST_CHECK bool signedrank_estimate_location(const double *values, size_t count, double alpha,
                                             struct signedrank_estimate *out);

/* The Walsh average (v_i + v_j) / 2, i <= j, that is number `rank` from below, counted from 0 to
 * count * (count + 1) / 2 - 1; `sorted` ascending and finite, count from 1 to
 * SIGNEDRANK_COUNT_MAX. Anything else is a broken invariant. */
double signedrank_find_walsh(const double *sorted, size_t count, size_t rank);

#endif
