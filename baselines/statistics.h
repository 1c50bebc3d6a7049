/* Centre, spread and quantiles of a sample. Pure functions, no allocation.
 *
 * Where a parameter is called `sorted`, the values are in the order of `statistics_sort_values`;
 * an unsorted array there is a broken invariant and aborts. An empty sample, or one that holds a
 * NaN, gives NaN. Units are those of the values unless said otherwise. */
#ifndef TOLLGATE_BASELINES_STATISTICS_H
#define TOLLGATE_BASELINES_STATISTICS_H

#include <stddef.h>

/* Sorts ascending in place; NaNs go last. */
void statistics_sort_values(double *values, size_t count);

/* Quantile `level` in [0, 1] by linear interpolation between order statistics at (n - 1) * level:
 * type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American
 * Statistician 50 (1996), the default of R. A level outside [0, 1] gives NaN. */
double statistics_find_quantile(const double *sorted, size_t count, double level);

/* The 0.5 quantile. */
double statistics_find_median(const double *sorted, size_t count);

/* The mean of what is left when floor(n * fraction) values are cut from each end: the trimmed
 * mean as in R. R. Wilcox, "Introduction to Robust Estimation and Hypothesis Testing", chapter 3,
 * and R's mean(trim=).
 * From 0.5 on it is the median. A negative fraction gives NaN. */
double statistics_find_trimmed_mean(const double *sorted, size_t count, double fraction);

/* The median absolute deviation from the median times 1.4826 (one over the 0.75 quantile of the
 * standard normal), which estimates the standard deviation of normal data and is not moved by up
 * to half of the values going astray: Hampel, JASA 69 (1974). */
double statistics_find_robust_sd(const double *sorted, size_t count);

/* The arithmetic mean, in any order. */
double statistics_find_mean(const double *values, size_t count);

/* The standard deviation with n - 1 below, in any order; NaN for fewer than two values. */
double statistics_find_sd(const double *values, size_t count);

/* exp(mean(ln v)), in any order; NaN when a value is not above zero. */
double statistics_find_geometric_mean(const double *values, size_t count);

/* A log ratio ln(head / base) as a change, and back: 0.0198 is +2 % = 0.02. A change of -1 or
 * below has no log ratio and gives -infinity or NaN. */
double statistics_convert_log_ratio(double log_ratio);
double statistics_convert_change(double change);

#endif
