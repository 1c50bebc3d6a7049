#include "insights/growth_private.h"

#include <math.h>
#include <string.h>

static bool has_figures(const struct endpoint_result *endpoint, enum metric metric)
{
    for (size_t i = 0; i < endpoint->variant_count; i++)
        if (isfinite(endpoint->variants[i].figures[metric][SIDE_HEAD]))
            return true;
    return false;
}

static double find_base(const struct growth_question *question, const char *variant,
                        enum metric metric)
{
    const struct run *run = question->base != NULL ? question->base : question->head;
    enum side side = question->base != NULL ? SIDE_HEAD : SIDE_BASE;
    const struct endpoint_result *endpoint = run_endpoint(run, question->endpoint);
    for (size_t i = 0; endpoint != NULL && i < endpoint->variant_count; i++)
        if (strcmp(endpoint->variants[i].name, variant) == 0)
            return endpoint->variants[i].figures[metric][side];
    return NAN;
}

/* Limits that are not set are the metric's own. */
static bool passes_limits(double grew, double base, struct limits limits, enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    double relative = isnan(limits.relative) ? info->relative : limits.relative;
    double absolute = isnan(limits.absolute) ? info->absolute : limits.absolute;
    return grew > relative * base && grew > absolute;
}

bool growth_add_variants(struct growth *growth, const struct growth_question *question,
                         struct arena *arena, struct error *err)
{
    const struct endpoint_result *endpoint = run_endpoint(question->head, question->endpoint);
    struct limits limits = question->limits;
    enum metric metric = question->metric;
    if (endpoint == NULL || endpoint->variant_count < 2)
        return true;
    bool own = has_figures(endpoint, metric);
    /* CPU time is not measured apart: what executes more instructions takes more of it. */
    if (!own) {
        metric = METRIC_INSTRUCTIONS;
        limits = (struct limits){NAN, NAN, NAN};
    }
    if (strcmp(metric_info(question->metric)->pass, "alloc") == 0 && !own)
        return true;
    struct growth_variant *variants =
        arena_alloc_array(arena, endpoint->variant_count, sizeof *variants);
    if (variants == NULL)
        return error_set_memory(err);
    size_t grew = 0, same = 0;
    for (size_t i = 0; i < endpoint->variant_count; i++) {
        const struct variant_result *variant = &endpoint->variants[i];
        double head = variant->figures[metric][SIDE_HEAD];
        double base = find_base(question, variant->name, metric);
        double more = question->improved ? base - head : head - base;
        variants[i] = (struct growth_variant){variant->name, variant->share, head, base,
                                              passes_limits(more, base, limits, metric)};
        grew += variants[i].grew;
        same += !variants[i].grew && isfinite(more);
    }
    growth->variant_metric = metric;
    growth->variants = variants;
    growth->variant_count = endpoint->variant_count;
    growth->one_variant = grew > 0 && same > 0;
    return true;
}
