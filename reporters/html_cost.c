/* What endpoints and their owners cost. Whoever shows an amount shows what it rests on. */
#include "base/markup.h"
#include "reporters/cost_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void append_share(struct buffer *out, double share, const char *class)
{
    char text[FORMAT_SIZE];
    format_share(share, true, text);
    html_append_number(out, class, text, share);
}

static void append_ratio(struct buffer *out, double ratio)
{
    char text[FORMAT_SIZE];
    snprintf(text, sizeof text, ratio < 9.995 ? "×%.2f" : "×%.3g", ratio);
    html_append_number(out, "number wide", isnan(ratio) ? "–" : text, ratio);
}

static void append_money(struct buffer *out, const struct cost_report *cost, int64_t micros)
{
    char text[MONEY_SIZE];
    money_text(micros, cost->currency, true, text);
    html_append_number(out, "number", text, (double)micros);
}

static void append_change(struct buffer *out, const struct cost_report *cost, bool sure,
                          double amount)
{
    char text[COST_WORDS_SIZE];
    cost_words_amount(cost, amount, true, text);
    html_append_number(out, "number", sure ? text : "–", sure ? amount : NAN);
}

/* ---- by endpoint ----------------------------------------------------------------------------- */

static void append_columns(struct buffer *out, const struct cost_report *cost, const char *first)
{
    struct html_column columns[8] = {{first, NULL, "text"}};
    size_t count = 1;
    if (cost->has_money)
        columns[count++] = (struct html_column){"A month", "number", "number"};
    columns[count++] = (struct html_column){"Of the cost", "number", "number"};
    columns[count++] = (struct html_column){"Of requests", "number wide", "number"};
    columns[count++] = (struct html_column){"Dear for its traffic", "number wide", "number"};
    if (cost->has_change)
        columns[count++] = (struct html_column){"This change", "number", "number"};
    html_append_columns(out, columns, count);
}

static void append_figures(struct buffer *out, const struct cost_report *cost, int64_t month,
                           double cost_share, double request_share, double ratio)
{
    if (cost->has_money)
        append_money(out, cost, month);
    append_share(out, cost_share, "number");
    append_share(out, request_share, "number wide");
    append_ratio(out, ratio);
}

static void append_endpoint(struct buffer *out, const struct html *html,
                            const struct endpoint_cost *endpoint)
{
    const struct cost_report *cost = html->report->cost;
    size_t number = (size_t)(endpoint - cost->endpoints);
    markup_open(out, "tr", NULL);
    markup_open(out, "th", "scope", "row", NULL);
    if (number < html->report->comparison->endpoint_count)
        html_append_name(out, html, &html->report->comparison->endpoints[number]);
    markup_close(out, "th");
    append_figures(out, cost, endpoint->month_shown, endpoint->cost_share, endpoint->request_share,
                   endpoint->ratio);
    if (cost->has_change)
        append_change(out, cost, endpoint->change.sure, endpoint->change.efficiency);
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static void append_rest(struct buffer *out, const struct cost_report *cost, const char *name,
                        int64_t month)
{
    markup_open(out, "tr", "class", "quiet", NULL);
    markup_element(out, "th", name, "scope", "row", NULL);
    append_money(out, cost, month);
    markup_element(out, "td", "", NULL);
    markup_element(out, "td", "", "class", "wide", NULL);
    markup_element(out, "td", "", "class", "wide", NULL);
    if (cost->has_change)
        markup_element(out, "td", "", NULL);
    markup_close(out, "tr");
}

static bool append_endpoints(struct buffer *out, const struct html *html, struct error *err)
{
    const struct cost_report *cost = html->report->cost;
    const struct endpoint_cost **order = cost_order(cost, COST_BY_COST, err);
    size_t shown = cost->endpoint_count < HTML_COST_ROWS ? cost->endpoint_count : HTML_COST_ROWS;
    if (order == NULL)
        return false;
    html_open_table(out, "list sortable", "Costs by endpoint, dearest first");
    append_columns(out, cost, "Endpoint");
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < shown; i++)
        append_endpoint(out, html, order[i]);
    markup_close(out, "tbody");
    if (cost->has_money) {
        int64_t others = 0;
        for (size_t i = shown; i < cost->endpoint_count; i++)
            others += order[i]->month_shown;
        markup_open(out, "tfoot", NULL);
        if (shown < cost->endpoint_count)
            append_rest(out, cost, "all other endpoints", others);
        append_rest(out, cost, "no endpoint's: start, background work", cost->overhead.month_shown);
        append_rest(out, cost, "paid for and idle", cost->idle.month_shown);
        append_rest(out, cost, "the bill", cost->bill_shown);
        markup_close(out, "tfoot");
    }
    html_close_table(out);
    html_append_left_out(out, shown, cost->endpoint_count, "the dearest are shown");
    free(order);
    return true;
}

/* ---- by owner -------------------------------------------------------------------------------- */

static void append_owner(struct buffer *out, const struct cost_report *cost,
                         const struct owner_cost *owner)
{
    char endpoints[FORMAT_SIZE];
    markup_open(out, "tr", NULL);
    markup_open(out, "th", "scope", "row", NULL);
    html_append_cut(out, "span", owner->owner != NULL ? NULL : "quiet",
                    owner->owner != NULL ? owner->owner : "unowned", HTML_NAME_BYTES);
    snprintf(endpoints, sizeof endpoints, " %zu endpoint%s", owner->endpoints,
             owner->endpoints == 1 ? "" : "s");
    markup_element(out, "span", endpoints, "class", "quiet", NULL);
    markup_close(out, "th");
    append_figures(out, cost, owner->month_shown, owner->cost_share, owner->request_share,
                   owner->ratio);
    if (cost->has_change)
        append_change(out, cost, owner->total.endpoints > 0, owner->total.efficiency);
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static bool append_owners(struct buffer *out, const struct html *html, struct error *err)
{
    struct arena arena;
    struct owner_cost *owners = NULL;
    size_t count = 0;
    const struct cost_report *cost = html->report->cost;
    if (html->report->owners == NULL)
        return true;
    arena_init(&arena);
    bool ok =
        cost_sum_owners(cost, html->report->owners, COST_BY_COST, &arena, &owners, &count, err);
    if (ok) {
        html_open_table(out, "list sortable", "Costs by owner, dearest first");
        append_columns(out, cost, "Owner");
        markup_open(out, "tbody", NULL);
        for (size_t i = 0; i < count && i < HTML_COST_ROWS; i++)
            append_owner(out, cost, &owners[i]);
        markup_close(out, "tbody");
        html_close_table(out);
        if (count > HTML_COST_ROWS)
            html_append_paragraph(out, "left-out",
                                  "%zu more owners are left out: `tollgate cost` "
                                  "lists all.",
                                  count - HTML_COST_ROWS);
    }
    arena_release(&arena);
    return ok;
}

static void append_notes(struct buffer *out, const char *const *notes, size_t count)
{
    if (count == 0)
        return;
    markup_open(out, "ul", "class", "quiet", NULL);
    for (size_t i = 0; i < count && i < HTML_COST_ROWS; i++)
        html_append_cut(out, "li", NULL, notes[i], HTML_WORDS_BYTES);
    markup_close(out, "ul");
}

bool html_append_costs(struct buffer *out, const struct html *html, struct error *err)
{
    const struct cost_report *cost = html->report->cost;
    bool ok = true;
    html_open_section(out, "costs", "Costs");
    if (cost == NULL || cost->metric == METRIC_COUNT) {
        html_append_paragraph(out, NULL, "%s",
                              cost == NULL
                                  ? "Costs were not asked for."
                                  : "Nothing was measured that costs could be divided by.");
    } else {
        html_append_cut(out, "p", NULL, cost->basis, HTML_WORDS_BYTES);
        if (cost->advice != NULL)
            html_append_cut(out, "p", NULL, cost->advice, HTML_WORDS_BYTES);
        ok = append_endpoints(out, html, err) && append_owners(out, html, err);
        append_notes(out, cost->notes, cost->note_count);
    }
    if (html->report->owners != NULL)
        append_notes(out, html->report->owners->notes, html->report->owners->note_count);
    markup_close(out, "section");
    buffer_append_char(out, '\n');
    return ok;
}
