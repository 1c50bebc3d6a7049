/* Accepted regressions. One that a waiver covers counts as passed and says by whom and why; one
 * that a waiver speaks of and does not cover fails, and says so.
 *
 * Exact metrics are held against the limit by their change. CPU by the low end of its interval: a
 * waiver is exceeded once the change is shown to be beyond it, as the gate itself asks. Held by its
 * estimate, a regression accepted as it was measured would fail every other time it is measured. */
#include "baselines/compare_private.h"

#include <math.h>
#include <stdio.h>

/* Growth in the metric's unit that must not exceed the limit. */
static double find_growth(const struct metric_verdict *figures, enum metric metric)
{
    if (metric_info(metric)->kind == METRIC_EXACT)
        return figures->head - figures->base;
    double change = isnan(figures->low) ? figures->change : figures->low;
    return change * figures->base;
}

static struct compare_words describe_limit(const struct waiver *waiver)
{
    struct compare_words words;
    struct compare_words limit =
        isnan(waiver->absolute)
            ? compare_limit(waiver->relative)
            : compare_value(waiver->absolute, metric_info(waiver->metric)->unit);
    snprintf(words.text, sizeof words.text, "+%.90s", limit.text);
    return words;
}

/* "accepted up to +8 % by commit 1a2b3c4d5e6f by Ada until 2027-01-31 because ..." */
static const char *describe_accepted(struct compare_context *context, const struct waiver *waiver)
{
    return compare_say(context, "accepted up to %s by %s%s%s because %s",
                       describe_limit(waiver).text, waiver->by,
                       waiver->until != NULL ? " until " : "",
                       waiver->until != NULL ? waiver->until : "", waiver->because);
}

static void refuse(struct compare_context *context, struct metric_verdict *out,
                   const struct waiver *exceeded, const struct waiver *over)
{
    if (exceeded != NULL)
        out->reason = compare_say(context, "%s; beyond the %s that %s accepts", out->reason,
                                  describe_limit(exceeded).text, exceeded->by);
    else if (over != NULL)
        out->reason = compare_say(context, "%s; %s accepted %s until %s: that is over", out->reason,
                                  over->by, describe_limit(over).text, over->until);
}

static void accept_metric(struct compare_context *context, struct endpoint_verdict *endpoint,
                          enum metric metric)
{
    const struct compare_options *options = context->options;
    struct metric_verdict *out = &endpoint->metrics[metric];
    const struct waiver *exceeded = NULL, *over = NULL;
    double growth = find_growth(out, metric);
    for (size_t i = 0; i < options->waivers->count; i++) {
        const struct waiver *waiver = &options->waivers->items[i];
        if (!waiver_matches(waiver, endpoint->name, metric))
            continue;
        if (!waiver_covers(waiver, out->base, growth)) {
            exceeded = exceeded == NULL ? waiver : exceeded;
        } else if (waiver_is_over(waiver, options->today)) {
            over = over == NULL ? waiver : over;
        } else {
            out->accepted = describe_accepted(context, waiver);
            out->reason = compare_say(context, "%s; %s", out->reason, out->accepted);
            out->verdict = VERDICT_PASSED;
            return;
        }
    }
    refuse(context, out, over == NULL ? exceeded : NULL, over);
}

void compare_accept(struct compare_context *context)
{
    const struct compare_options *options = context->options;
    if (options->waivers == NULL || options->waivers->count == 0)
        return;
    if (options->today == NULL)
        BUG("waivers without a date to hold them against");
    for (size_t i = 0; i < context->row_count; i++) {
        struct endpoint_verdict *endpoint = context->rows[i].out;
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            struct metric_verdict *out = &endpoint->metrics[m];
            if (out->verdict == VERDICT_REGRESSED && !out->over_budget)
                accept_metric(context, endpoint, (enum metric)m);
            if (endpoint->accepted == NULL)
                endpoint->accepted = out->accepted;
        }
    }
}
