/* Exact metrics: one figure a start. Where all starts of a side agree, figures are compared as they
 * are; where they do not, by the spread that was seen. */
#include "baselines/compare_private.h"

#include <math.h>
#include <stdio.h>

/* What is left of equal counts after dividing and rounding. */
#define AGREEMENT 1e-9

struct spread {
    double min, max;
    bool agrees;
};

static struct spread find_spread(struct samples sorted)
{
    struct spread spread = {sorted.values[0], sorted.values[sorted.count - 1], true};
    double size = fmax(fabs(spread.min), fabs(spread.max));
    spread.agrees = spread.max - spread.min <= AGREEMENT * size;
    if (spread.agrees)
        spread.max = spread.min;
    return spread;
}

/* NAN from 0: no fraction of nothing. */
static double find_change(double head, double base)
{
    if (base == 0)
        return head == 0 ? 0 : NAN;
    return (head - base) / fabs(base);
}

/* Both limits; of nothing every difference is more than any fraction. */
static bool is_over(double difference, double base, struct limits limits)
{
    bool relative = base == 0 ? difference > 0 : difference / fabs(base) > limits.relative;
    return relative && difference > limits.absolute;
}

static enum verdict judge(struct spread head, struct spread base, struct limits limits)
{
    if (is_over(head.min - base.max, base.max, limits))
        return VERDICT_REGRESSED;
    if (is_over(base.min - head.max, base.min, limits))
        return VERDICT_IMPROVED;
    if (!is_over(head.max - base.min, base.min, limits))
        return VERDICT_PASSED;
    return VERDICT_INCONCLUSIVE;
}

static struct compare_words describe_change(double head, double base, enum metric_unit unit)
{
    struct compare_words words;
    struct compare_words from = compare_value(base, unit);
    struct compare_words to = compare_value(head, unit);
    if (base == 0)
        snprintf(words.text, sizeof words.text, "from 0 to %.40s", to.text);
    else
        snprintf(words.text, sizeof words.text, "%.14s (%.36s to %.36s)",
                 compare_percent(find_change(head, base)).text, from.text, to.text);
    return words;
}

/* Why a change that is no failure is none: which limit it stays within. */
static const char *explain_passed(struct compare_context *context, double head, double base,
                                  struct limits limits, enum metric_unit unit)
{
    double change = find_change(head, base);
    if (head == base)
        return "unchanged";
    if (fabs(change) <= limits.relative)
        return compare_say(context, "%s, within %s", compare_percent(change).text,
                           compare_limit(limits.relative).text);
    return compare_say(context, "%s, within the floor of %s a request",
                       describe_change(head, base, unit).text,
                       compare_value(limits.absolute, unit).text);
}

static const char *explain_agreed(struct compare_context *context, enum verdict verdict,
                                  double head, double base, struct limits limits,
                                  enum metric_unit unit)
{
    if (verdict == VERDICT_PASSED)
        return explain_passed(context, head, base, limits, unit);
    struct compare_words change = describe_change(head, base, unit);
    struct compare_words floor = compare_value(limits.absolute, unit);
    const char *direction = verdict == VERDICT_REGRESSED ? "above" : "better by more than";
    if (base == 0)
        return compare_say(context, "%s, %s %s a request", change.text, direction, floor.text);
    return compare_say(context, "%s, %s %s and %s a request", change.text, direction,
                       compare_limit(limits.relative).text, floor.text);
}

static const char *explain_spread(struct compare_context *context, enum verdict verdict,
                                  struct spread head, struct spread base, struct limits limits,
                                  enum metric_unit unit)
{
    static const char *const outcome[] = {
        [VERDICT_NONE] = "",
        [VERDICT_PASSED] = "within the limits even at the extremes",
        [VERDICT_IMPROVED] = "better even at the extremes",
        [VERDICT_INCONCLUSIVE] = "too wide a spread to tell",
        [VERDICT_REGRESSED] = "over the limits even at the extremes",
    };
    return compare_say(context, "starts disagree: head %s to %s, base %s to %s; %s (limit %s)",
                       compare_value(head.min, unit).text, compare_value(head.max, unit).text,
                       compare_value(base.min, unit).text, compare_value(base.max, unit).text,
                       outcome[verdict], compare_limit(limits.relative).text);
}

void compare_exact(struct compare_context *context, const struct compare_row *row,
                   enum metric metric)
{
    struct metric_verdict *out = &row->out->metrics[metric];
    struct samples heads = compare_sorted(context, compare_side(context, row, metric, SIDE_HEAD));
    struct samples bases = compare_sorted(context, compare_side(context, row, metric, SIDE_BASE));
    if (heads.count == 0 || bases.count == 0)
        return;
    enum metric_unit unit = metric_info(metric)->unit;
    struct limits limits = gate_limits(context->options->gate, row->out->name, metric);
    struct spread head = find_spread(heads);
    struct spread base = find_spread(bases);
    out->head = head.min;
    out->base = base.min;
    out->change = find_change(head.min, base.min);
    out->low = find_change(head.min, base.max);
    out->high = find_change(head.max, base.min);
    out->verdict = judge(head, base, limits);
    if (head.agrees && base.agrees)
        out->reason = explain_agreed(context, out->verdict, head.min, base.min, limits, unit);
    else
        out->reason = explain_spread(context, out->verdict, head, base, limits, unit);
}
