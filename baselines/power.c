#include "baselines/power.h"

#include "baselines/signedrank.h"
#include "baselines/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define DRAWS    2000
#define SEED     UINT64_C(0x746f6c6c67617465)
#define HALVINGS 100
#define TWO_PI   6.283185307179586
/* The asymptotic relative efficiency to the t-test. */
#define EFFICIENCY (6.0 / TWO_PI)

/* splitmix64: G. L. Steele, D. Lea and C. H. Flood, OOPSLA 2014. */
static double draw_uniform(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller, both halves of each pair. */
static void draw_normals(uint64_t *state, double *values, size_t count)
{
    for (size_t i = 0; i < count; i += 2) {
        double radius = sqrt(-2.0 * log(draw_uniform(state)));
        double angle = TWO_PI * draw_uniform(state);
        values[i] = radius * cos(angle);
        if (i + 1 < count)
            values[i + 1] = radius * sin(angle);
    }
}

/* Bisection on erfc: slow and right to the last digits, and asked a few times a run. */
double power_find_normal_quantile(double probability)
{
    if (!(probability >= 0.0 && probability <= 1.0))
        return NAN;
    if (probability <= 0.0 || probability >= 1.0)
        return probability <= 0.0 ? -INFINITY : INFINITY;
    if (probability > 0.5)
        return -power_find_normal_quantile(1.0 - probability);
    double low = -40.0;
    double high = 0.0;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (low + high);
        if (0.5 * erfc(-middle * M_SQRT1_2) < probability)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static bool is_sound(const struct power_design *design)
{
    return design->count <= SIGNEDRANK_COUNT_MAX && design->endpoints > 0 && isfinite(design->sd) &&
           design->sd >= 0.0 && design->alpha > 0.0 && design->alpha <= 0.5;
}

/* For each drawn sample of standard normals, how far it must be shifted up for the test to reject,
 * ascending: the test rejects where the lower bound is above 0, and the bound shifts with the
 * sample. False when no sample can reject. */
static bool draw_shifts(const struct power_design *design, double shifts[DRAWS])
{
    double values[SIGNEDRANK_COUNT_MAX];
    uint64_t state = SEED;
    size_t critical;
    if (!signedrank_find_critical(design->count, design->alpha / (double)design->endpoints,
                                  &critical))
        return false;
    for (size_t i = 0; i < DRAWS; i++) {
        draw_normals(&state, values, design->count);
        statistics_sort_values(values, design->count);
        shifts[i] = -signedrank_find_walsh(values, design->count, critical);
    }
    statistics_sort_values(shifts, DRAWS);
    return true;
}

double power_find_probability(const struct power_design *design, double excess)
{
    double shifts[DRAWS];
    if (!is_sound(design) || isnan(excess))
        return NAN;
    if (!draw_shifts(design, shifts))
        return 0.0;
    size_t found = 0;
    while (found < DRAWS && shifts[found] * design->sd < excess)
        found++;
    return (double)found / DRAWS;
}

double power_find_excess(const struct power_design *design, double power)
{
    double shifts[DRAWS];
    if (!is_sound(design) || !(power > 0.0 && power < 1.0))
        return NAN;
    if (!draw_shifts(design, shifts))
        return INFINITY;
    return design->sd * statistics_find_quantile(shifts, DRAWS, power);
}

double power_approximate_excess(const struct power_design *design, double power)
{
    if (!is_sound(design) || !(power > 0.0 && power < 1.0))
        return NAN;
    double level = design->alpha / (double)design->endpoints;
    double distance = power_find_normal_quantile(power) - power_find_normal_quantile(level);
    return distance * design->sd / sqrt((double)design->count * EFFICIENCY);
}

static bool is_enough(const struct power_design *design, size_t count, double excess, double power)
{
    struct power_design tried = *design;
    tried.count = count;
    return power_find_excess(&tried, power) <= excess;
}

/* The approximation is hopeful, so it is below the answer or near it: from there up in growing
 * steps, then by halving. */
size_t power_find_replicates(const struct power_design *design, double excess, double power)
{
    struct power_design one = *design;
    one.count = 1;
    double ratio = power_approximate_excess(&one, power) / excess;
    if (!(excess > 0.0) || isnan(ratio) || ratio * ratio > SIGNEDRANK_COUNT_MAX)
        return POWER_NEVER;
    size_t low = (size_t)(0.8 * ratio * ratio);
    size_t high = low + 1;
    for (size_t step = 2; !is_enough(design, high, excess, power); step *= 2) {
        if (high == SIGNEDRANK_COUNT_MAX)
            return POWER_NEVER;
        low = high;
        high = high + step < SIGNEDRANK_COUNT_MAX ? high + step : SIGNEDRANK_COUNT_MAX;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (is_enough(design, middle, excess, power))
            high = middle;
        else
            low = middle;
    }
    return high;
}

size_t power_find_missing(const struct power_design *design, const struct power_question *question)
{
    struct power_design asked = *design;
    if (question->estimate < question->margin) {
        asked.alpha = question->interval_alpha;
        asked.endpoints = 1;
    }
    size_t needed =
        power_find_replicates(&asked, fabs(question->estimate - question->margin), question->power);
    if (needed == POWER_NEVER)
        return POWER_NEVER;
    return needed > design->count ? needed - design->count : 0;
}
