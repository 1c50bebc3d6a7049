/* The section of one endpoint. What changed is open; the others open at a click, and all do on
 * paper. */
#include "base/markup.h"
#include "reporters/because.h"
#include "reporters/cost_words.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_changed(const struct endpoint_verdict *endpoint)
{
    return endpoint->invalid != NULL || endpoint->accepted != NULL ||
           endpoint->verdict == VERDICT_REGRESSED || endpoint->verdict == VERDICT_INCONCLUSIVE ||
           endpoint->verdict == VERDICT_IMPROVED;
}

/* ---- what is known of it --------------------------------------------------------------------- */

static void append_fact(struct buffer *out, const char *label, const char *text)
{
    markup_open(out, "div", NULL);
    markup_element(out, "dt", label, NULL);
    html_append_cut(out, "dd", NULL, text, HTML_WORDS_BYTES);
    markup_close(out, "div");
}

static void append_owner(struct buffer *out, const struct html *html,
                         const struct endpoint_verdict *endpoint)
{
    const struct endpoint_owner *owner = html_find_owner(html, endpoint);
    struct buffer text;
    if (owner == NULL)
        return;
    buffer_init(&text, HTML_TEXT_MAX);
    words_append_cut(&text, owner->owner != NULL ? owner->owner : "unowned", HTML_NAME_BYTES,
                     false);
    if (owner->owner == NULL && owner->why != NULL) {
        buffer_append_string(&text, ": ");
        words_append_cut(&text, owner->why, HTML_NAME_BYTES, false);
    }
    if (owner->rule != NULL) {
        buffer_append_string(&text, ", by ");
        words_append_cut(&text, owner->rule, HTML_NAME_BYTES, false);
    }
    append_fact(out, "Owner", buffer_text(&text));
    flame_release_text(out, &text);
}

static void append_cost(struct buffer *out, const struct html *html,
                        const struct endpoint_verdict *endpoint)
{
    char month[MONEY_SIZE], share[FORMAT_SIZE], words[COST_WORDS_SIZE], text[512];
    const struct cost_report *report = html->report->cost;
    size_t number = html_number(html, endpoint);
    if (report == NULL || number >= report->endpoint_count || report->metric == METRIC_COUNT)
        return;
    const struct endpoint_cost *cost = &report->endpoints[number];
    money_text(cost->month_shown, report->currency, true, month);
    format_share(cost->cost_share, true, share);
    cost_words_change(report, &cost->change, true, words);
    snprintf(text, sizeof text, "%s%s%s of the cost%s%s", report->has_money ? month : "",
             report->has_money ? " a month, " : "", share, *words != '\0' ? "; this change: " : "",
             words);
    append_fact(out, "Cost", text);
}

static void append_facts(struct buffer *out, const struct html *html,
                         const struct endpoint_verdict *endpoint)
{
    char requests[FORMAT_SIZE], weight[FORMAT_SIZE], text[160];
    format_integer(endpoint->requests, requests);
    format_value(endpoint->weight, UNIT_COUNT, true, weight);
    snprintf(text, sizeof text, "%s in the corpus, which stand for %s", requests, weight);
    markup_open(out, "dl", "class", "about", NULL);
    append_owner(out, html, endpoint);
    append_cost(out, html, endpoint);
    append_fact(out, "Requests", text);
    if (endpoint->presence != ENDPOINT_BOTH && html->report->comparison->has_base)
        append_fact(out, "Presence",
                    endpoint->presence == ENDPOINT_NEW ? "new: the base does not have it"
                                                       : "removed: the head does not have it");
    markup_close(out, "dl");
}

/* ---- its metrics ----------------------------------------------------------------------------- */

static void append_change(struct buffer *out, const struct html *html,
                          const struct metric_verdict *metric)
{
    char change[FORMAT_SIZE], interval[FORMAT_SIZE];
    markup_open(out, "td", "class", "number", NULL);
    if (html->report->comparison->has_base) {
        format_change(metric->change, true, change);
        bool from_zero = isnan(metric->change) && metric->base <= 0 && metric->head > 0;
        markup_element(out, "span", from_zero ? "from 0" : change, "class", "change", NULL);
        if (metric->low < metric->high) {
            format_interval(metric->low, metric->high, " to ", true, interval);
            markup_element(out, "span", interval, "class", "value quiet", NULL);
        }
    }
    markup_close(out, "td");
}

static void append_figures(struct buffer *out, const struct html *html,
                           const struct metric_info *info, const struct metric_verdict *metric)
{
    char head[FORMAT_SIZE], base[FORMAT_SIZE], text[3 * FORMAT_SIZE];
    format_value(metric->head, info->unit, true, head);
    format_value(metric->base, info->unit, true, base);
    if (html->report->comparison->has_base)
        snprintf(text, sizeof text, "%s → %s", base, head);
    else
        snprintf(text, sizeof text, "%s", head);
    markup_element(out, "td", text, "class", "number", NULL);
}

static void append_metric(struct buffer *out, const struct html *html,
                          const struct endpoint_verdict *endpoint, enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    const struct metric_verdict *each = &endpoint->metrics[metric];
    struct html_word word = html_word_metric(each);
    markup_open(out, "tr", "class", word.class, NULL);
    markup_element(out, "th", info->title, "scope", "row", "title", info->help, NULL);
    append_figures(out, html, info, each);
    append_change(out, html, each);
    markup_open(out, "td", NULL);
    html_append_word(out, word);
    markup_close(out, "td");
    markup_open(out, "td", "class", "why", NULL);
    html_append_dots(out, html, endpoint, metric);
    html_append_cut(out, "span", NULL, each->reason, HTML_WORDS_BYTES);
    markup_close(out, "td");
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

/* Metrics that nothing is known of are named with why, once each reason. */
static void append_unmeasured(struct buffer *out, const struct endpoint_verdict *endpoint)
{
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        const char *reason = endpoint->metrics[m].reason;
        bool told = false;
        struct buffer text;
        if (!isnan(endpoint->metrics[m].head) || !isnan(endpoint->metrics[m].base))
            continue;
        for (unsigned i = 0; i < m && !told; i++)
            told = isnan(endpoint->metrics[i].head) && isnan(endpoint->metrics[i].base) &&
                   strcmp(endpoint->metrics[i].reason, reason) == 0;
        if (told)
            continue;
        buffer_init(&text, HTML_TEXT_MAX);
        buffer_append_string(&text, "Not measured: ");
        for (unsigned i = m, named = 0; i < METRIC_COUNT; i++)
            if (isnan(endpoint->metrics[i].head) && isnan(endpoint->metrics[i].base) &&
                strcmp(endpoint->metrics[i].reason, reason) == 0)
                buffer_append_format(&text, "%s%s", named++ > 0 ? ", " : "",
                                     metric_info((enum metric)i)->title);
        buffer_append_string(&text, ": ");
        words_append_cut(&text, reason, HTML_WORDS_BYTES, false);
        markup_element(out, "p", buffer_text(&text), "class", "quiet", NULL);
        flame_release_text(out, &text);
    }
}

static void append_metrics(struct buffer *out, const struct html *html,
                           const struct endpoint_verdict *endpoint)
{
    static const struct html_column columns[] = {
        {"Metric", NULL, NULL},  {"A request", "number", NULL}, {"Change", "number", NULL},
        {"Verdict", NULL, NULL}, {"Why", "why", NULL},
    };
    bool any = false;
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        any = any || !isnan(endpoint->metrics[m].head) || !isnan(endpoint->metrics[m].base);
    if (any) {
        markup_open(out, "table", "class", "metrics", NULL);
        html_append_columns(out, columns, COUNT_OF(columns));
        markup_open(out, "tbody", NULL);
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            if (!isnan(endpoint->metrics[m].head) || !isnan(endpoint->metrics[m].base))
                append_metric(out, html, endpoint, (enum metric)m);
        markup_close(out, "tbody");
        markup_close(out, "table");
    }
    if (endpoint->invalid == NULL)
        append_unmeasured(out, endpoint);
}

/* ---- the section ----------------------------------------------------------------------------- */

static void append_summary(struct buffer *out, const struct html *html,
                           const struct endpoint_verdict *endpoint)
{
    char change[FORMAT_SIZE];
    markup_open(out, "summary", NULL);
    html_append_cut(out, "h3", NULL, endpoint->name, 2 * HTML_NAME_BYTES);
    buffer_append_char(out, ' ');
    html_append_word(out, html_word_endpoint(endpoint));
    if (html->metric != METRIC_COUNT && html->report->comparison->has_base &&
        isfinite(endpoint->metrics[html->metric].change)) {
        char text[FORMAT_SIZE + 40];
        format_change(endpoint->metrics[html->metric].change, true, change);
        snprintf(text, sizeof text, " %s %s", metric_info(html->metric)->title, change);
        markup_element(out, "span", text, "class", "quiet", NULL);
    }
    markup_close(out, "summary");
    buffer_append_char(out, '\n');
}

bool html_append_endpoint(struct buffer *out, struct html *html,
                          const struct endpoint_verdict *endpoint, struct error *err)
{
    const char *anchor = html->anchors[html_number(html, endpoint)];
    markup_open(out, "details", "class", "endpoint", "id", anchor, "open",
                is_changed(endpoint) ? "open" : NULL, NULL);
    append_summary(out, html, endpoint);
    if (endpoint->invalid != NULL)
        html_append_cut(out, "pre", NULL, endpoint->invalid, 2 * HTML_WORDS_BYTES);
    append_facts(out, html, endpoint);
    append_metrics(out, html, endpoint);
    if (!html_append_because(out, html, endpoint, err))
        return false;
    html_append_variants(out, html, endpoint);
    if (!html_append_dearest(out, html, endpoint, err) ||
        !html_append_flame(out, html, endpoint, err))
        return false;
    markup_open(out, "p", "class", "back", NULL);
    markup_element(out, "a", "Back to the table", "href", "#endpoints", NULL);
    markup_close(out, "p");
    markup_close(out, "details");
    buffer_append_char(out, '\n');
    return buffer_check(out, err);
}
