/* Tables of endpoints. A cell holds no line break and no pipe: figures and words are our own, names
 * go through markdown_append_name. */
#include "reporters/format.h"
#include "reporters/markdown_private.h"
#include "reporters/markdown_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *find_mark(const struct markdown *markdown,
                             const struct endpoint_verdict *endpoint)
{
    if (endpoint->invalid != NULL)
        return "⛔ invalid";
    if (endpoint->verdict == VERDICT_REGRESSED)
        return "❌ regressed";
    if (endpoint->verdict == VERDICT_INCONCLUSIVE)
        return "❔ inconclusive";
    if (endpoint->accepted != NULL)
        return "☑️ accepted";
    if (endpoint->verdict == VERDICT_IMPROVED)
        return "✅ improved";
    if (endpoint->presence == ENDPOINT_REMOVED)
        return "removed";
    if (endpoint->presence == ENDPOINT_NEW && endpoint->verdict == VERDICT_NONE &&
        markdown->report->comparison->has_base)
        return "new";
    return endpoint->verdict == VERDICT_PASSED ? "passed" : "–";
}

/* A figure that stays with its unit however narrow the column is. */
static void append_tight(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == ' ')
            buffer_append_string(out, "\xc2\xa0");
        else
            buffer_append_char(out, *text);
    }
}

static void append_cell(struct buffer *out, const char *text)
{
    buffer_append_format(out, " %s |", text);
}

static bool is_news(const struct metric_verdict *metric)
{
    return metric->accepted != NULL || metric->verdict == VERDICT_REGRESSED ||
           metric->verdict == VERDICT_INCONCLUSIVE || metric->verdict == VERDICT_IMPROVED;
}

/* "**+7.7 %**", and below it "+6.8 to +8.7 %" where there is an interval, or the budget. */
static void append_change(struct buffer *out, const struct report *report,
                          const struct endpoint_verdict *endpoint, enum metric which)
{
    char change[FORMAT_SIZE], below[FORMAT_SIZE] = "", text[2 * FORMAT_SIZE + 32];
    const struct metric_verdict *metric = &endpoint->metrics[which];
    const struct metric_info *info = metric_info(which);
    const char *bold = is_news(metric) ? "**" : "";
    bool alone = isnan(metric->change) || metric->over_budget;
    if (isnan(metric->change) && metric->base == 0 && metric->head > 0)
        memcpy(change, "from 0", sizeof "from 0");
    else if (alone)
        format_value(metric->head, info->unit, true, change);
    else
        format_change(metric->change, true, change);
    if (metric->over_budget && report->gate != NULL)
        format_value(gate_limits(report->gate, endpoint->name, which).max, info->unit, true, below);
    else if (!alone && isfinite(metric->low) && isfinite(metric->high) &&
             metric->low < metric->high)
        format_interval(metric->low, metric->high, " to ", true, below);
    snprintf(text, sizeof text, " %s%s%s%s%s%s |", bold, change, bold, *below == '\0' ? "" : "<br>",
             metric->over_budget ? "budget " : "", below);
    append_tight(out, text);
}

/* ---- what changed -------------------------------------------------------------------------- */

/* CPU time, instructions and allocations always, for what did not change tells as well; the others
 * where they did. */
static bool is_column(const struct markdown *markdown, enum metric metric, size_t rows)
{
    bool measured = false, news = false;
    for (size_t i = 0; i < rows; i++) {
        const struct metric_verdict *each = &markdown->order[i]->metrics[metric];
        measured = measured || isfinite(each->head);
        news = news || is_news(each);
    }
    bool leading =
        metric == METRIC_CPU_NS || metric == METRIC_INSTRUCTIONS || metric == METRIC_ALLOCATIONS;
    return news || (leading && measured);
}

/* "CPU", and below it "limit 2 %", or "limit 1…2 %" where the rows have different ones. */
static void append_title(struct buffer *out, const struct markdown *markdown, enum metric metric,
                         size_t rows)
{
    double low = INFINITY, high = -INFINITY;
    const struct gate *gate = markdown->report->gate;
    buffer_append_format(out, " %s", metric_info(metric)->title);
    for (size_t i = 0; i < rows && gate != NULL; i++) {
        double limit = 100 * gate_limits(gate, markdown->order[i]->name, metric).relative;
        low = fmin(low, limit);
        high = fmax(high, limit);
    }
    if (metric_info(metric)->kind != METRIC_INFORMATIONAL && low < high)
        buffer_append_format(out, "<br><sub>limit\xc2\xa0%.3g…%.3g\xc2\xa0%%</sub>", low, high);
    else if (metric_info(metric)->kind != METRIC_INFORMATIONAL && isfinite(low))
        buffer_append_format(out, "<br><sub>limit\xc2\xa0%.3g\xc2\xa0%%</sub>", low);
    buffer_append_string(out, " |");
}

static void append_changed_head(struct buffer *out, const struct markdown *markdown, size_t rows)
{
    struct buffer rule;
    buffer_init(&rule, MARKDOWN_TEXT_MAX);
    buffer_append_string(out, "| endpoint |");
    buffer_append_string(&rule, "\n|---|");
    if (markdown_has_money(markdown->report)) {
        append_cell(out, "a month");
        buffer_append_string(&rule, "---:|");
    }
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (is_column(markdown, (enum metric)i, rows)) {
            append_title(out, markdown, (enum metric)i, rows);
            buffer_append_string(&rule, "---:|");
        }
    out->failed |= rule.failed;
    buffer_append_string(out, buffer_text(&rule));
    buffer_append_char(out, '\n');
    buffer_release(&rule);
}

/* Verdict and owner stand below the name: a comment is not wide. */
static void append_changed_row(struct buffer *out, const struct markdown *markdown,
                               const struct endpoint_verdict *endpoint, size_t rows)
{
    const struct report *report = markdown->report;
    buffer_append_string(out, "| ");
    markdown_append_name(out, endpoint->name);
    buffer_append_string(out, "<br>");
    append_tight(out, find_mark(markdown, endpoint));
    if (markdown_has_owners(report)) {
        buffer_append_string(out, ", ");
        markdown_append_owner(out, report, endpoint);
    }
    buffer_append_string(out, " |");
    if (markdown_has_money(report))
        markdown_append_money_cell(out, report, endpoint);
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (is_column(markdown, (enum metric)i, rows))
            append_change(out, report, endpoint, (enum metric)i);
    buffer_append_char(out, '\n');
}

void markdown_append_changed(struct buffer *out, const struct markdown *markdown, size_t rows)
{
    if (rows > markdown->changed)
        rows = markdown->changed;
    if (rows > 0)
        append_changed_head(out, markdown, rows);
    for (size_t i = 0; i < rows; i++)
        append_changed_row(out, markdown, markdown->order[i], rows);
    if (markdown->changed > rows)
        buffer_append_format(out,
                             "\n%s%zu more changed; the table of all endpoints below has them "
                             "first.\n",
                             rows > 0 ? "And " : "", markdown->changed - rows);
}

/* ---- all ----------------------------------------------------------------------------------- */

/* What only informs is for the full report. */
static bool is_shown(const struct markdown *markdown, enum metric metric)
{
    bool informs = metric_info(metric)->kind == METRIC_INFORMATIONAL;
    for (size_t i = 0; i < markdown->count; i++) {
        const struct metric_verdict *each = &markdown->order[i]->metrics[metric];
        if (informs && !is_news(each))
            continue;
        if ((isfinite(each->head) && each->head != 0) || (isfinite(each->base) && each->base != 0))
            return true;
    }
    return false;
}

/* "287 µs **+7.7 %**" */
static void append_figure(struct buffer *out, const struct metric_verdict *metric,
                          const struct metric_info *info)
{
    char value[FORMAT_SIZE], change[FORMAT_SIZE];
    format_value(metric->head, info->unit, true, value);
    buffer_append_char(out, ' ');
    append_tight(out, value);
    if (!isnan(metric->change)) {
        format_change(metric->change, true, change);
        buffer_append_string(out, is_news(metric) ? "\xc2\xa0**" : "\xc2\xa0");
        append_tight(out, change);
        buffer_append_string(out, is_news(metric) ? "**" : "");
    }
    buffer_append_string(out, " |");
}

void markdown_append_all(struct buffer *out, const struct markdown *markdown, size_t rows)
{
    char number[FORMAT_SIZE];
    bool shown[METRIC_COUNT];
    rows = rows < markdown->count ? rows : markdown->count;
    if (rows == 0)
        return;
    buffer_append_string(out, "\n| endpoint | requests |");
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        shown[i] = is_shown(markdown, (enum metric)i);
        if (shown[i])
            append_cell(out, metric_info((enum metric)i)->title);
    }
    buffer_append_string(out, " verdict |\n|---|---:|");
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        buffer_append_string(out, shown[i] ? "---:|" : "");
    buffer_append_string(out, "---|\n");
    for (size_t row = 0; row < rows; row++) {
        const struct endpoint_verdict *endpoint = markdown->order[row];
        buffer_append_string(out, "| ");
        markdown_append_name(out, endpoint->name);
        format_integer(endpoint->requests, number);
        buffer_append_format(out, " | %s |", number);
        for (unsigned i = 0; i < METRIC_COUNT; i++)
            if (shown[i])
                append_figure(out, &endpoint->metrics[i], metric_info((enum metric)i));
        buffer_append_char(out, ' ');
        append_tight(out, find_mark(markdown, endpoint));
        buffer_append_string(out, " |\n");
    }
}
