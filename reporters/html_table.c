/* The table of endpoints. Complete as it stands, worst first; a script adds sorting, a filter by
 * verdict, and search. */
#include "base/markup.h"
#include "reporters/cost_words.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = METRIC_COUNT + 5 };

/* What was measured of at least one endpoint. */
static bool is_shown(const struct html *html, enum metric metric)
{
    if (metric == METRIC_WALL_P50_NS || metric == METRIC_WALL_P99_NS ||
        metric == METRIC_ALLOC_BYTES)
        return false; /* shown with the endpoint: they inform, or say the same again */
    for (size_t i = 0; i < html->count; i++) {
        const struct metric_verdict *each = &html->order[i]->metrics[metric];
        if (isfinite(each->head) || isfinite(each->base))
            return true;
    }
    return false;
}

static bool shows_money(const struct html *html)
{
    return html->report->cost != NULL && html->report->cost->metric != METRIC_COUNT;
}

/* Filled in and shown by the script, which alone can serve it. */
static void append_controls(struct buffer *out)
{
    markup_open(out, "div", "id", "controls", "hidden", "hidden", NULL);
    markup_open(out, "label", "for", "verdict", NULL);
    markup_element(out, "span", "Verdict", NULL);
    markup_open(out, "select", "id", "verdict", NULL);
    markup_element(out, "option", "all", "value", "", NULL);
    markup_close(out, "select");
    markup_close(out, "label");
    markup_open(out, "label", "for", "search", NULL);
    markup_element(out, "span", "Search", NULL);
    markup_empty(out, "input", "id", "search", "type", "search", "placeholder", "endpoint or owner",
                 "autocomplete", "off", "spellcheck", "false", NULL);
    markup_close(out, "label");
    markup_element(out, "output", "", "id", "matched", "for", "verdict search", NULL);
    markup_close(out, "div");
    buffer_append_char(out, '\n');
}

static void append_head(struct buffer *out, const struct html *html)
{
    struct html_column columns[COLUMNS_MAX] = {
        {"Endpoint", NULL, "text"},
        {"Verdict", NULL, "number"},
    };
    size_t count = 2;
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        if (is_shown(html, (enum metric)m))
            columns[count++] = (struct html_column){
                metric_info((enum metric)m)->title,
                m == (unsigned)html->metric ? "number" : "number wide", "number"};
    if (shows_money(html))
        columns[count++] = (struct html_column){"Cost", "number wide", "number"};
    if (html->report->owners != NULL)
        columns[count++] = (struct html_column){"Owner", "wide", "text"};
    columns[count++] = (struct html_column){"Traffic", "number wide", "number"};
    html_append_columns(out, columns, count);
}

/* The change, and below it what it came to; sorted by the change, else by the figure. */
static void append_metric(struct buffer *out, const struct html *html,
                          const struct endpoint_verdict *endpoint, enum metric metric)
{
    char value[FORMAT_SIZE], change[FORMAT_SIZE], class[64], sort[40];
    const struct metric_verdict *each = &endpoint->metrics[metric];
    bool compared = html->report->comparison->has_base;
    double key = compared ? each->change : each->head;
    format_value(each->head, metric_info(metric)->unit, true, value);
    format_change(each->change, true, change);
    /* What was nothing before has no fraction, and is more than any. */
    if (compared && isnan(each->change) && each->base <= 0 && each->head > 0) {
        snprintf(change, sizeof change, "from 0");
        key = 1e9;
    }
    snprintf(sort, sizeof sort, "%.9g", key);
    snprintf(class, sizeof class, "number %s%s", metric == html->metric ? "" : "wide ",
             html_word_metric(each).class);
    markup_open(out, "td", "class", class, "data-v", isfinite(key) ? sort : NULL, NULL);
    if (compared)
        markup_element(out, "span", change, "class", "change", NULL);
    if (isfinite(each->head))
        markup_element(out, "span", value, "class", compared ? "quiet value" : "value", NULL);
    else if (!compared)
        markup_append_text(out, "–");
    markup_close(out, "td");
}

static void append_money(struct buffer *out, const struct html *html,
                         const struct endpoint_verdict *endpoint)
{
    char month[MONEY_SIZE], share[FORMAT_SIZE], amount[COST_WORDS_SIZE];
    const struct cost_report *report = html->report->cost;
    size_t number = html_number(html, endpoint);
    if (number >= report->endpoint_count) {
        html_append_number(out, "number wide", "–", NAN);
        return;
    }
    const struct endpoint_cost *cost = &report->endpoints[number];
    money_text(cost->month_shown, report->currency, true, month);
    format_share(cost->cost_share, true, share);
    char sort[40];
    snprintf(sort, sizeof sort, "%.9g", cost->cost_share);
    markup_open(out, "td", "class", "number wide", "data-v",
                isfinite(cost->cost_share) ? sort : NULL, NULL);
    if (cost->change.sure) {
        cost_words_amount(report, cost->change.efficiency, true, amount);
        markup_element(out, "span", amount, "class", "change", NULL);
    }
    markup_element(out, "span", report->has_money ? month : share, "class", "value quiet", NULL);
    markup_close(out, "td");
}

static void append_owner(struct buffer *out, const struct html *html,
                         const struct endpoint_verdict *endpoint)
{
    const struct endpoint_owner *owner = html_find_owner(html, endpoint);
    if (owner != NULL && owner->owner != NULL)
        html_append_cut(out, "td", "wide", owner->owner, HTML_NAME_BYTES);
    else
        markup_element(out, "td", "unowned", "class", "wide quiet", NULL);
}

static double sum_weights(const struct html *html)
{
    double sum = 0;
    const struct comparison *comparison = html->report->comparison;
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (comparison->endpoints[i].weight > 0)
            sum += comparison->endpoints[i].weight;
    return sum;
}

static void append_row(struct buffer *out, const struct html *html, size_t rank, double weights)
{
    char place[32], share[FORMAT_SIZE];
    const struct endpoint_verdict *endpoint = html->order[rank];
    struct html_word word = html_word_endpoint(endpoint);
    double part = weights > 0 ? endpoint->weight / weights : NAN;
    markup_open(out, "tr", "data-verdict", word.class, NULL);
    markup_open(out, "th", "scope", "row", NULL);
    html_append_name(out, html, endpoint);
    if (endpoint->presence != ENDPOINT_BOTH && html->report->comparison->has_base)
        markup_element(out, "span", endpoint->presence == ENDPOINT_NEW ? "new" : "removed", "class",
                       "tag", NULL);
    markup_close(out, "th");
    snprintf(place, sizeof place, "%zu", rank);
    markup_open(out, "td", "data-v", place, NULL);
    html_append_word(out, word);
    markup_close(out, "td");
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        if (is_shown(html, (enum metric)m))
            append_metric(out, html, endpoint, (enum metric)m);
    if (shows_money(html))
        append_money(out, html, endpoint);
    if (html->report->owners != NULL)
        append_owner(out, html, endpoint);
    format_share(part, true, share);
    html_append_number(out, "number wide", share, part);
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

void html_append_table(struct buffer *out, const struct html *html)
{
    double weights = sum_weights(html);
    size_t rows = html->count < HTML_ROWS_MAX ? html->count : HTML_ROWS_MAX;
    html_open_section(out, "endpoints", "Endpoints");
    append_controls(out);
    html_append_left_out(out, rows, html->count, "the first by rank are shown");
    if (html->total > html->count)
        html_append_paragraph(out, "left-out", "Chosen with --endpoint: %zu of %zu.", html->count,
                              html->total);
    html_open_table(out, "list sortable",
                    "Endpoints, worst first, then dearest; figures are per request");
    append_head(out, html);
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < rows && !out->failed; i++)
        append_row(out, html, i, weights);
    markup_close(out, "tbody");
    html_close_table(out);
    markup_close(out, "section");
    buffer_append_char(out, '\n');
}
