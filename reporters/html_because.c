/* Where the cost of an endpoint went: the lines and functions that grew, and the dearest. */
#include "base/markup.h"
#include "insights/place.h"
#include "reporters/because.h"
#include "reporters/because_private.h"
#include "reporters/fault.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_SHOWN = 8, VARIANTS_SHOWN = 20, DEAREST_SHOWN = 8, CODE_SHOWN = 3, PLACE_BYTES = 400 };

static void append_amount(struct buffer *out, double value, enum metric_unit unit,
                          const char *class)
{
    char text[FORMAT_SIZE];
    format_value(value, unit, true, text);
    markup_element(out, "td", value == 0 ? "0" : text, "class", class, NULL);
}

static void append_place(struct buffer *out, const struct profile_frame *place, const char *tag)
{
    struct buffer text, cut;
    buffer_init(&text, HTML_TEXT_MAX);
    buffer_init(&cut, HTML_TEXT_MAX);
    because_append_place(&text, place, true);
    words_append_cut(&cut, buffer_text(&text), PLACE_BYTES, false);
    markup_open(out, "th", "scope", "row", NULL);
    markup_open(out, "span", "class", "code", NULL);
    html_append_parted(out, buffer_text(&cut));
    markup_close(out, "span");
    if (tag != NULL)
        markup_element(out, "span", tag, "class", "tag", NULL);
    markup_close(out, "th");
    flame_release_text(out, &cut);
    flame_release_text(out, &text);
}

/* ---- what grew ------------------------------------------------------------------------------- */

static const char *tag_of(const struct growth *growth, const struct growth_item *item)
{
    if (item->kind == GROWTH_GONE)
        return "gone";
    if (item->kind == GROWTH_MOVED)
        return "moved";
    if (item->kind == GROWTH_NEW)
        return item->changed ? "changed line" : "new";
    return growth->changes_known && item->changed ? "changed line" : NULL;
}

static void append_item(struct buffer *out, const struct growth *growth,
                        const struct growth_item *item)
{
    char text[FORMAT_SIZE], grew[FORMAT_SIZE + 2], share[FORMAT_SIZE];
    format_value(fabs(item->grew), growth->measured->unit, true, text);
    snprintf(grew, sizeof grew, "%s%s", item->grew < 0 ? "-" : "+", text);
    format_share(because_share(growth, item), true, share);
    markup_open(out, "tr", NULL);
    append_place(out, &item->place, tag_of(growth, item));
    markup_element(out, "td", grew, "class", "number", NULL);
    markup_element(out, "td", isnan(because_share(growth, item)) ? "" : share, "class", "number",
                   NULL);
    append_amount(out, isnan(item->base) ? 0 : item->base, growth->measured->unit, "number wide");
    append_amount(out, isnan(item->head) ? 0 : item->head, growth->measured->unit, "number wide");
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static void append_items(struct buffer *out, const struct growth *growth, const char *what,
                         const struct growth_item *items, size_t count)
{
    const struct html_column columns[] = {
        {what, NULL, NULL},
        {"Grew", "number", NULL},
        {"Of it", "number", NULL},
        {"Base, itself", "number wide", NULL},
        {"Head, itself", "number wide", NULL},
    };
    char caption[160];
    if (count == 0)
        return;
    snprintf(caption, sizeof caption, "%s that %s most: %s a request", what,
             growth->improved ? "shrank" : "grew", growth->measured->title);
    html_open_table(out, "list", caption);
    html_append_columns(out, columns, COUNT_OF(columns));
    markup_open(out, "tbody", NULL);
    size_t shown = 0;
    for (size_t i = 0; i < count && shown < ITEMS_SHOWN; i++) {
        if (!because_is_shown(growth, items, i))
            continue;
        append_item(out, growth, &items[i]);
        shown++;
    }
    markup_close(out, "tbody");
    html_close_table(out);
    if (count > shown)
        html_append_paragraph(out, "quiet", "and %zu lesser ones in the run's JSON.",
                              count - shown);
}

static void append_growth(struct buffer *out, const struct growth *growth)
{
    struct buffer text;
    buffer_init(&text, HTML_TEXT_MAX);
    if (growth->missing != NULL) {
        buffer_append_string(&text, "No lines can be named: ");
        words_append_cut(&text, growth->missing, HTML_WORDS_BYTES, false);
        markup_element(out, "p", buffer_text(&text), "class", "quiet", NULL);
    }
    if (growth->measured != NULL) {
        bool sites = strcmp(because_lines_word(growth), "sites") == 0;
        append_items(out, growth, sites ? "Sites" : "Lines", growth->lines, growth->line_count);
        append_items(out, growth, "Functions", growth->functions, growth->function_count);
    }
    if (growth->stale != NULL) {
        buffer_clear(&text);
        words_append_cut(&text, growth->stale, HTML_NAME_BYTES, false);
        buffer_append_string(&text, " is newer than the program: its lines may not fit.");
        markup_element(out, "p", buffer_text(&text), "class", "quiet", NULL);
    }
    flame_release_text(out, &text);
}

/* Of each line at fault, what it has of the growth. */
static bool append_fault(struct buffer *out, struct html *html,
                         const struct endpoint_verdict *endpoint, const struct because *because,
                         struct error *err)
{
    struct fault fault;
    struct html_code_mark marks[FAULT_PLACES];
    struct buffer texts[FAULT_PLACES];
    fault_of_growths(&fault, because->growths, because->count);
    for (size_t i = 0; i < fault.place_count; i++) {
        buffer_init(&texts[i], HTML_TEXT_MAX);
        fault_append_amounts(&texts[i], &fault, &fault.places[i]->place, true);
        if (fault.places[i]->changed && fault.changes_known)
            buffer_append_string(&texts[i], ", a changed line");
        marks[i] = (struct html_code_mark){&fault.places[i]->place, buffer_text(&texts[i])};
    }
    bool ok = html_append_code(out, html, endpoint, marks, fault.place_count, err);
    for (size_t i = 0; i < fault.place_count; i++)
        flame_release_text(out, &texts[i]);
    return ok;
}

/* Each profile once: instructions by line explain several metrics. */
bool html_append_because(struct buffer *out, struct html *html,
                         const struct endpoint_verdict *endpoint, struct error *err)
{
    struct because because;
    bool missing_told = false;
    if (endpoint->invalid != NULL)
        return true;
    if (!because_find_all(&because, html->report, endpoint, err))
        return false;
    bool ok = append_fault(out, html, endpoint, &because, err);
    for (size_t i = 0; i < because.count; i++) {
        const struct growth *growth = &because.growths[i];
        bool told = growth->measured == NULL && missing_told;
        for (size_t earlier = 0; earlier < i && growth->measured != NULL; earlier++)
            told = told || because.growths[earlier].measured == growth->measured;
        if (!told)
            append_growth(out, growth);
        missing_told = missing_told || growth->measured == NULL;
    }
    because_release(&because);
    return ok;
}

/* ---- the dearest ----------------------------------------------------------------------------- */

struct spent {
    const struct profile_frame *frame;
    double instructions;
    double hits;
};

static int compare_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_functions(const void *a, const void *b)
{
    const struct profile_frame *left = ((const struct spent *)a)->frame;
    const struct profile_frame *right = ((const struct spent *)b)->frame;
    int order = compare_text(left->function, right->function);
    order = order != 0 ? order : compare_text(left->file, right->file);
    return order != 0 ? order : compare_text(left->object, right->object);
}

static int compare_spent(const void *a, const void *b)
{
    const struct spent *left = a, *right = b;
    if (left->instructions != right->instructions)
        return left->instructions > right->instructions ? -1 : 1;
    return left->frame < right->frame ? -1 : left->frame > right->frame;
}

static size_t list_lines(struct spent *spent, const struct profile *profile,
                         const struct profile_endpoint *endpoint, bool own_only)
{
    size_t count = 0;
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        const struct profile_cost *cost = &endpoint->costs[i];
        const struct profile_frame *frame = &profile->frames[profile->nodes[cost->node].frame];
        if (!own_only || (frame->own && frame->line > 0))
            spent[count++] =
                (struct spent){frame, cost->values[LINES_INSTRUCTIONS], cost->values[LINES_HITS]};
    }
    return count;
}

/* Lines of one function become one. */
static size_t merge_functions(struct spent *spent, size_t count)
{
    size_t kept = 0;
    qsort(spent, count, sizeof *spent, compare_functions);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && compare_functions(&spent[kept - 1], &spent[i]) == 0)
            spent[kept - 1].instructions += spent[i].instructions;
        else
            spent[kept++] = spent[i];
    }
    return kept;
}

static void append_spent(struct buffer *out, const struct spent *spent, double whole, bool lines)
{
    char share[FORMAT_SIZE];
    struct profile_frame frame = *spent->frame;
    if (!lines)
        frame.line = 0;
    format_share(whole > 0 ? spent->instructions / whole : NAN, true, share);
    markup_open(out, "tr", NULL);
    append_place(out, &frame, NULL);
    append_amount(out, spent->instructions, UNIT_COUNT, "number");
    markup_element(out, "td", share, "class", "number", NULL);
    if (lines)
        append_amount(out, spent->hits, UNIT_COUNT, "number wide");
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

static void append_spent_table(struct buffer *out, struct spent *spent, size_t count, double whole,
                               bool lines)
{
    static const struct html_column columns[] = {
        {"Place", NULL, NULL},
        {"Instructions", "number", NULL},
        {"Share", "number", NULL},
        {"Times", "number wide", NULL},
    };
    if (count == 0)
        return;
    qsort(spent, count, sizeof *spent, compare_spent);
    html_open_table(out, "list",
                    lines ? "The gateway's dearest lines, as the head runs them, a request"
                          : "The dearest functions, without what they call, a request");
    html_append_columns(out, columns, lines ? 4 : 3);
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < count && i < DEAREST_SHOWN; i++)
        append_spent(out, &spent[i], whole, lines);
    markup_close(out, "tbody");
    html_close_table(out);
}

static bool append_dearest_code(struct buffer *out, struct html *html,
                                const struct endpoint_verdict *endpoint, const struct spent *spent,
                                size_t count, double whole, struct error *err)
{
    struct html_code_mark marks[CODE_SHOWN];
    char texts[CODE_SHOWN][FORMAT_SIZE + 40], share[FORMAT_SIZE];
    size_t shown = count < CODE_SHOWN ? count : CODE_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        format_share(whole > 0 ? spent[i].instructions / whole : NAN, true, share);
        snprintf(texts[i], sizeof texts[i], "%s of the endpoint", share);
        marks[i] = (struct html_code_mark){spent[i].frame, texts[i]};
    }
    return html_append_code(out, html, endpoint, marks, shown, err);
}

bool html_append_dearest(struct buffer *out, struct html *html,
                         const struct endpoint_verdict *endpoint, struct error *err)
{
    const struct profile *profile = &html->report->head->profiles[PROFILE_LINES][SIDE_HEAD];
    const struct profile_endpoint *of =
        profile->present ? profile_endpoint(profile, endpoint->name) : NULL;
    if (of == NULL || of->cost_count == 0)
        return true;
    struct spent *spent = calloc(of->cost_count, sizeof *spent);
    if (spent == NULL)
        return error_set_memory(err);
    double whole = profile_endpoint_total(of, LINES_INSTRUCTIONS);
    markup_open(out, "details", "class", "dearest", NULL);
    markup_element(out, "summary", "The dearest lines and functions", NULL);
    size_t count = list_lines(spent, profile, of, true);
    append_spent_table(out, spent, count, whole, true);
    bool ok = append_dearest_code(out, html, endpoint, spent, count, whole, err);
    count = list_lines(spent, profile, of, false);
    append_spent_table(out, spent, merge_functions(spent, count), whole, false);
    markup_close(out, "details");
    buffer_append_char(out, '\n');
    free(spent);
    return ok;
}

/* ---- variants -------------------------------------------------------------------------------- */

static enum metric variant_metric(const struct endpoint_result *endpoint)
{
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        for (size_t i = 0; i < endpoint->variant_count; i++)
            if (isfinite(endpoint->variants[i].figures[m][SIDE_HEAD]))
                return (enum metric)m;
    return METRIC_COUNT;
}

static void append_variant(struct buffer *out, const struct html *html,
                           const struct variant_result *variant, enum metric metric)
{
    char share[FORMAT_SIZE], change[FORMAT_SIZE];
    double head = variant->figures[metric][SIDE_HEAD], base = variant->figures[metric][SIDE_BASE];
    format_share(variant->share, true, share);
    markup_open(out, "tr", NULL);
    html_append_cut(out, "th", "code", *variant->name != '\0' ? variant->name : "without a name",
                    HTML_NAME_BYTES);
    markup_element(out, "td", share, "class", "number", NULL);
    if (html->report->comparison->has_base && html->report->base == NULL) {
        append_amount(out, base, metric_info(metric)->unit, "number wide");
        append_amount(out, head, metric_info(metric)->unit, "number");
        format_change(base > 0 ? head / base - 1 : NAN, true, change);
        markup_element(out, "td", change, "class", "number", NULL);
    } else {
        append_amount(out, head, metric_info(metric)->unit, "number");
    }
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
}

void html_append_variants(struct buffer *out, const struct html *html,
                          const struct endpoint_verdict *endpoint)
{
    static const struct html_column columns[] = {
        {"Variant", NULL, NULL},  {"Of requests", "number", NULL}, {"Base", "number wide", NULL},
        {"Head", "number", NULL}, {"Change", "number", NULL},
    };
    static const struct html_column alone[] = {
        {"Variant", NULL, NULL}, {"Of requests", "number", NULL}, {"A request", "number", NULL}};
    char caption[160];
    const struct endpoint_result *result = run_endpoint(html->report->head, endpoint->name);
    enum metric metric = result != NULL ? variant_metric(result) : METRIC_COUNT;
    bool two_sides = html->report->comparison->has_base && html->report->base == NULL;
    if (metric == METRIC_COUNT)
        return;
    snprintf(caption, sizeof caption, "Variants of its requests: %s a request",
             metric_info(metric)->title);
    html_open_table(out, "list", caption);
    html_append_columns(out, two_sides ? columns : alone,
                        two_sides ? COUNT_OF(columns) : COUNT_OF(alone));
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < result->variant_count && i < VARIANTS_SHOWN; i++)
        append_variant(out, html, &result->variants[i], metric);
    markup_close(out, "tbody");
    html_close_table(out);
    if (result->variant_count > VARIANTS_SHOWN)
        html_append_paragraph(out, "quiet", "and %zu more in the run's JSON.",
                              result->variant_count - VARIANTS_SHOWN);
}
