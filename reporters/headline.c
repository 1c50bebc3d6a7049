#include "reporters/headline.h"

#include "reporters/layout.h"
#include "reporters/words.h"

enum {
    NAMED_MAX = 3,         /* endpoints named in the sentence */
    METRICS_MAX = 2,       /* metrics told of each */
    NAME_MAX_COLUMNS = 60, /* of one endpoint's name */
};

/* How names are written; `name` NULL = plain. */
struct form {
    bool utf8;
    headline_name *name;
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
        words_append_figure(out, metric_info((enum metric)i), &endpoint->metrics[i], utf8);
    }
}

static void append_name(struct buffer *out, const char *name, const struct form *form)
{
    if (form->name != NULL)
        form->name(out, name);
    else
        layout_append_short(out, name, NAME_MAX_COLUMNS, form->utf8);
}

static void append_named(struct buffer *out, const struct endpoint_verdict *const *order,
                         enum verdict verdict, const struct form *form)
{
    size_t found = 0;
    for (size_t i = 0; order[i] != NULL; i++) {
        if (order[i]->invalid != NULL || order[i]->verdict != verdict || ++found > NAMED_MAX)
            continue;
        buffer_append_string(out, found == 1 ? ": " : ", ");
        append_name(out, order[i]->name, form);
        append_metrics(out, order[i], verdict, form->utf8);
    }
    if (found > NAMED_MAX)
        buffer_append_format(out, ", and %zu more", found - NAMED_MAX);
}

/* Nothing when nothing was. */
static void append_accepted(struct buffer *out, const struct endpoint_verdict *const *order,
                            const struct form *form)
{
    size_t found = 0;
    for (size_t i = 0; order[i] != NULL; i++) {
        if (order[i]->invalid != NULL || order[i]->accepted == NULL || ++found > NAMED_MAX)
            continue;
        buffer_append_string(out, found == 1 ? "; accepted: " : ", ");
        append_name(out, order[i]->name, form);
        append_metrics(out, order[i], VERDICT_NONE, form->utf8);
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

static void append_sentence(struct buffer *out, const struct report *report,
                            const struct endpoint_verdict *const *order, const struct form *form)
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
        append_accepted(out, order, form);
        return;
    case VERDICT_NONE:
        buffer_append_format(out, "%zu %s; %s", total, plural(total),
                             comparison->has_base ? "nothing was gated"
                                                  : "no baseline to compare with");
        return;
    }
    append_named(out, order, verdict, form);
    append_accepted(out, order, form);
}

static void append_invalid(struct buffer *out, const struct report *report,
                           const struct endpoint_verdict *const *order, const struct form *form)
{
    size_t count = 0;
    for (size_t i = 0; i < report->comparison->endpoint_count; i++) {
        if (order[i]->invalid == NULL || ++count > NAMED_MAX)
            continue;
        buffer_append_string(out, count > 1 ? ", " : "");
        append_name(out, order[i]->name, form);
    }
    if (count > NAMED_MAX)
        buffer_append_format(out, " and %zu more", count - NAMED_MAX);
    buffer_append_string(out, count > 0 ? " answered wrongly"
                                        : "the measurement cannot be trusted; see the notes");
}

void headline_append(struct buffer *out, const struct report *report,
                     const struct endpoint_verdict *const *order, bool utf8)
{
    append_sentence(out, report, order, &(struct form){.utf8 = utf8});
}

void headline_append_invalid(struct buffer *out, const struct report *report,
                             const struct endpoint_verdict *const *order, bool utf8)
{
    append_invalid(out, report, order, &(struct form){.utf8 = utf8});
}

void headline_append_marked(struct buffer *out, const struct report *report,
                            const struct endpoint_verdict *const *order, headline_name *name)
{
    append_sentence(out, report, order, &(struct form){true, name});
}

void headline_append_invalid_marked(struct buffer *out, const struct report *report,
                                    const struct endpoint_verdict *const *order,
                                    headline_name *name)
{
    append_invalid(out, report, order, &(struct form){true, name});
}
