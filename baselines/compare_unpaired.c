/* A noisy metric against another run: nothing cancels the weather of two different hours, so the
 * figures are shown and not gated. */
#include "baselines/compare_private.h"

#include "baselines/power.h"
#include "baselines/statistics.h"

#include <math.h>

enum { WEIGHED_MAX = 256 };

static size_t smaller_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* All differences of logarithms, sorted. Count 0 when a figure is not above 0. */
static struct samples make_differences(struct compare_context *context, struct samples head,
                                       struct samples base)
{
    size_t heads = smaller_of(head.count, WEIGHED_MAX);
    size_t bases = smaller_of(base.count, WEIGHED_MAX);
    struct samples none = {0};
    if (heads == 0 || bases == 0 || !(head.values[0] > 0) || !(base.values[0] > 0))
        return none;
    double *values = arena_alloc_array(&context->out->arena, heads * bases, sizeof *values);
    if (values == NULL) {
        context->failed = true;
        return none;
    }
    for (size_t i = 0; i < heads; i++)
        for (size_t j = 0; j < bases; j++)
            values[i * bases + j] = log(head.values[i]) - log(base.values[j]);
    statistics_sort_values(values, heads * bases);
    return (struct samples){values, heads * bases};
}

/* The Hodges-Lehmann shift of two samples and the interval of the rank-sum test with its normal
 * approximation, the rank rounded outwards: M. Hollander and D. A. Wolfe, "Nonparametric
 * Statistical Methods", section 4.3. */
static void estimate_shift(const struct compare_context *context, struct samples differences,
                           double heads, double bases, struct metric_verdict *out)
{
    double z = power_find_normal_quantile((1.0 + context->options->gate->confidence) / 2.0);
    double rank = floor(heads * bases / 2.0 - z * sqrt(heads * bases * (heads + bases + 1) / 12.0));
    out->change =
        statistics_convert_log_ratio(statistics_find_median(differences.values, differences.count));
    if (rank < 1)
        return;
    size_t cut = (size_t)rank;
    out->low = statistics_convert_log_ratio(differences.values[cut - 1]);
    out->high = statistics_convert_log_ratio(differences.values[differences.count - cut]);
}

void compare_unpaired(struct compare_context *context, const struct compare_row *row,
                      enum metric metric)
{
    struct metric_verdict *out = &row->out->metrics[metric];
    struct samples head = compare_sorted(context, compare_side(context, row, metric, SIDE_HEAD));
    struct samples base = compare_sorted(context, compare_side(context, row, metric, SIDE_BASE));
    struct samples differences = make_differences(context, head, base);
    if (differences.count > 0)
        estimate_shift(context, differences, (double)smaller_of(head.count, WEIGHED_MAX),
                       (double)smaller_of(base.count, WEIGHED_MAX), out);
    out->reason =
        compare_say(context, "not gated: %s",
                    context->options->cpu_not_gated != NULL ? context->options->cpu_not_gated
                    : context->stored ? "measured in another run; --base measures both sides in one"
                                      : "the two sides were not measured as pairs");
}
