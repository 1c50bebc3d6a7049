#include "baselines/statistics.h"

#include "base/macros.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* 1 / qnorm(0.75), rounded as the literature and R do. */
#define MAD_TO_SD 1.4826

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    if (isnan(a) || isnan(b))
        return (int)isnan(a) - (int)isnan(b);
    return (a > b) - (a < b);
}

void statistics_sort_values(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof *values, compare_doubles);
}

/* Whether there is anything to compute from. NaNs are last, so the last value tells. */
static bool is_usable(const double *sorted, size_t count)
{
    if (count == 0)
        return false;
    for (size_t i = 1; i < count; i++) {
        if (isnan(sorted[i - 1]) ? !isnan(sorted[i]) : sorted[i] < sorted[i - 1])
            BUG("statistics: value %zu of %zu is out of order", i, count);
    }
    return !isnan(sorted[count - 1]);
}

static double interpolate_quantile(const double *sorted, size_t count, double level)
{
    double position = (double)(count - 1) * level;
    size_t below = (size_t)position;
    double share = position - (double)below;
    /* Without this, an infinity beside the quantile would turn it into NaN. */
    if (share <= 0.0 || below + 1 >= count)
        return sorted[below];
    return (1.0 - share) * sorted[below] + share * sorted[below + 1];
}

double statistics_find_quantile(const double *sorted, size_t count, double level)
{
    if (!is_usable(sorted, count) || !(level >= 0.0 && level <= 1.0))
        return NAN;
    return interpolate_quantile(sorted, count, level);
}

double statistics_find_median(const double *sorted, size_t count)
{
    return statistics_find_quantile(sorted, count, 0.5);
}

double statistics_find_trimmed_mean(const double *sorted, size_t count, double fraction)
{
    if (!is_usable(sorted, count) || !(fraction >= 0.0))
        return NAN;
    if (fraction >= 0.5)
        return interpolate_quantile(sorted, count, 0.5);
    size_t cut = (size_t)((double)count * fraction);
    return statistics_find_mean(sorted + cut, count - 2 * cut);
}

/* The deviations from the centre fall and then rise along sorted values, so that the largest is
 * at one of the two ends: peeling off the larger half leaves the middle without a second array. */
static double find_median_deviation(const double *sorted, size_t count, double centre)
{
    size_t first = 0;
    size_t last = count - 1;
    for (size_t left = count; left > count / 2 + 1; left--) {
        double low = centre - sorted[first];
        double high = sorted[last] - centre;
        if (low > high)
            first++;
        else
            last--;
    }
    double upper = fmax(centre - sorted[first], sorted[last] - centre);
    if (count % 2 == 1)
        return upper;
    /* An even count: the mean of the two in the middle, the lower of which is one peel on. */
    if (centre - sorted[first] > sorted[last] - centre)
        first++;
    else
        last--;
    return 0.5 * (upper + fmax(centre - sorted[first], sorted[last] - centre));
}

double statistics_find_robust_sd(const double *sorted, size_t count)
{
    if (!is_usable(sorted, count))
        return NAN;
    double centre = interpolate_quantile(sorted, count, 0.5);
    return MAD_TO_SD * find_median_deviation(sorted, count, centre);
}

double statistics_find_mean(const double *values, size_t count)
{
    if (count == 0)
        return NAN;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    double mean = sum / (double)count;
    if (!isfinite(mean))
        return mean;
    /* A second pass takes back what rounding lost in the first. */
    double rest = 0.0;
    for (size_t i = 0; i < count; i++)
        rest += values[i] - mean;
    return mean + rest / (double)count;
}

double statistics_find_sd(const double *values, size_t count)
{
    if (count < 2)
        return NAN;
    double mean = statistics_find_mean(values, count);
    double squares = 0.0;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)(count - 1));
}

double statistics_find_geometric_mean(const double *values, size_t count)
{
    if (count == 0)
        return NAN;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] > 0.0))
            return NAN;
        sum += log(values[i]);
    }
    return exp(sum / (double)count);
}

double statistics_convert_log_ratio(double log_ratio)
{
    return expm1(log_ratio);
}

double statistics_convert_change(double change)
{
    return log1p(change);
}
