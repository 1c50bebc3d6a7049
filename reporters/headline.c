#include "reporters/headline.h"

#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>

enum {
    NAMED_MAX = 3,         /* endpoints named in the sentence */
    METRICS_MAX = 2,       /* metrics told of each */
    NAME_MAX_COLUMNS = 60, /* of one endpoint's name */
};

const char *headline_word(const struct comparison *comparison)
{
    switch (comparison->verdict) {
    case VERDICT_REGRESSED:
        return "REGRESSED";
    case VERDICT_INCONCLUSIVE:
        return "INCONCLUSIVE";
    case VERDICT_IMPROVED:
        return "IMPROVED";
    case VERDICT_PASSED:
        return "PASSED";
    case VERDICT_NONE:
        break;
    }
    return "MEASURED";
}

static size_t count_verdict(const struct comparison *comparison, enum verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        count +=
            comparison->endpoints[i].invalid == NULL && comparison->endpoints[i].verdict == verdict;
    return count;
}

static const char *plural(size_t count)
{
    return count == 1 ? "endpoint" : "endpoints";
}

/* Whether a regression is one against the base, and not only of a budget. */
static bool got_dearer(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        for (size_t metric = 0; metric < METRIC_COUNT; metric++) {
            const struct metric_verdict *each = &comparison->endpoints[i].metrics[metric];
            if (each->verdict == VERDICT_REGRESSED && each->head > each->base)
                return true;
        }
    return false;
}

/* "CPU +6.1 %", "retained from 0 to 48 B", "CPU 1.24 ms" without a base, "CPU -1.0 to +4.2 %" where
 * it is undecided. */
static void append_metric(struct buffer *out, const struct metric_info *info,
                          const struct metric_verdict *metric, bool utf8)
{
    char text[FORMAT_SIZE];
    bool wide = metric->verdict == VERDICT_INCONCLUSIVE && isfinite(metric->low) &&
                isfinite(metric->high) && metric->low < metric->high;
    if (wide)
        format_interval(metric->low, metric->high, " to ", utf8, text);
    else if (isnan(metric->change) || metric->change == 0)
        format_value(metric->head, info->unit, utf8, text);
    else
        format_change(metric->change, utf8, text);
    bool from_nothing = isnan(metric->change) && metric->base == 0;
    buffer_append_format(out, " %s %s%s", info->title, from_nothing ? "from 0 to " : "", text);
}

/* VERDICT_NONE: of those that were accepted. */
static void append_metrics(struct buffer *out, const struct endpoint_verdict *endpoint,
                           enum verdict verdict, bool utf8)
{
    size_t told = 0, found = 0;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        bool meant = verdict == VERDICT_NONE ? endpoint->metrics[i].accepted != NULL
                                             : endpoint->metrics[i].verdict == verdict;
        if (!meant || ++found > METRICS_MAX)
            continue;
        buffer_append_string(out, told++ > 0 ? " and" : "");
        append_metric(out, metric_info((enum metric)i), &endpoint->metrics[i], utf8);
    }
}

static void append_named(struct buffer *out, const struct endpoint_verdict *const *order,
                         enum verdict verdict, bool utf8)
{
    size_t found = 0;
    for (size_t i = 0; order[i] != NULL; i++) {
        if (order[i]->invalid != NULL || order[i]->verdict != verdict || ++found > NAMED_MAX)
            continue;
        buffer_append_string(out, found == 1 ? ": " : ", ");
        layout_append_short(out, order[i]->name, NAME_MAX_COLUMNS, utf8);
        append_metrics(out, order[i], verdict, utf8);
    }
    if (found > NAMED_MAX)
        buffer_append_format(out, ", and %zu more", found - NAMED_MAX);
}

/* Nothing when nothing was. */
static void append_accepted(struct buffer *out, const struct endpoint_verdict *const *order,
                            bool utf8)
{
    size_t found = 0;
    for (size_t i = 0; order[i] != NULL; i++) {
        if (order[i]->invalid != NULL || order[i]->accepted == NULL || ++found > NAMED_MAX)
            continue;
        buffer_append_string(out, found == 1 ? "; accepted: " : ", ");
        layout_append_short(out, order[i]->name, NAME_MAX_COLUMNS, utf8);
        append_metrics(out, order[i], VERDICT_NONE, utf8);
    }
    if (found > NAMED_MAX)
        buffer_append_format(out, ", and %zu more", found - NAMED_MAX);
}

static bool any_accepted(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (comparison->endpoints[i].accepted != NULL)
            return true;
    return false;
}

static void append_passed(struct buffer *out, const struct comparison *comparison)
{
    size_t count = comparison->endpoint_count;
    if (comparison->has_base)
        buffer_append_format(out, "%zu %s, none dearer than %s", count, plural(count),
                             any_accepted(comparison) ? "was accepted" : "the gate allows");
    else
        buffer_append_format(out, "%zu %s, none over budget; no baseline to compare with", count,
                             plural(count));
}

void headline_append(struct buffer *out, const struct report *report,
                     const struct endpoint_verdict *const *order, bool utf8)
{
    const struct comparison *comparison = report->comparison;
    enum verdict verdict = comparison->verdict;
    size_t total = comparison->endpoint_count;
    size_t count = count_verdict(comparison, verdict);
    switch (verdict) {
    case VERDICT_REGRESSED:
        buffer_append_format(out, "%zu of %zu %s %s", count, total, plural(total),
                             got_dearer(comparison) ? "got dearer" : "went over budget");
        break;
    case VERDICT_IMPROVED:
        buffer_append_format(out, "%zu of %zu %s got cheaper, none dearer%s", count, total,
                             plural(total), any_accepted(comparison) ? " than was accepted" : "");
        break;
    case VERDICT_INCONCLUSIVE:
        buffer_append_format(out, "%zu of %zu %s could not be decided%s", count, total,
                             plural(total),
                             report->exit_code == 0 ? " (allowed by --allow-inconclusive)" : "");
        break;
    case VERDICT_PASSED:
        append_passed(out, comparison);
        append_accepted(out, order, utf8);
        return;
    case VERDICT_NONE:
        buffer_append_format(out, "%zu %s; %s", total, plural(total),
                             comparison->has_base ? "nothing was gated"
                                                  : "no baseline to compare with");
        return;
    }
    append_named(out, order, verdict, utf8);
    append_accepted(out, order, utf8);
}

void headline_append_invalid(struct buffer *out, const struct report *report,
                             const struct endpoint_verdict *const *order, bool utf8)
{
    size_t count = 0;
    for (size_t i = 0; i < report->comparison->endpoint_count; i++) {
        if (order[i]->invalid == NULL || ++count > NAMED_MAX)
            continue;
        buffer_append_string(out, count > 1 ? ", " : "");
        layout_append_short(out, order[i]->name, NAME_MAX_COLUMNS, utf8);
    }
    if (count > NAMED_MAX)
        buffer_append_format(out, " and %zu more", count - NAMED_MAX);
    buffer_append_string(out, count > 0 ? " answered wrongly"
                                        : "the measurement cannot be trusted; see the notes");
}
