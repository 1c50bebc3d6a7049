#include "reporters/because.h"

#include "insights/place.h"
#include "reporters/because_private.h"
#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>
#include <string.h>

enum { ITEMS_SHOWN = 10, VARIANTS_SHOWN = 20, PLACE_SIZE = 1024 };

/* Of the growth: what is less is counted, not shown. */
static const double LEAST_SHOWN = 0.005;

bool because_asked(const struct metric_verdict *metric)
{
    return metric->verdict == VERDICT_REGRESSED || metric->verdict == VERDICT_IMPROVED ||
           metric->accepted != NULL;
}

static struct growth_question question_of(const struct report *report,
                                          const struct endpoint_verdict *endpoint,
                                          enum metric metric)
{
    return (struct growth_question){
        .head = report->head,
        .base = report->base,
        .endpoint = endpoint->name,
        .metric = metric,
        .improved = endpoint->metrics[metric].verdict == VERDICT_IMPROVED,
        .limits = gate_limits(report->gate, endpoint->name, metric),
    };
}

bool because_find(struct growth *growth, const struct report *report,
                  const struct endpoint_verdict *endpoint, enum metric metric, struct arena *arena,
                  struct error *err)
{
    struct growth_question question = question_of(report, endpoint, metric);
    return growth_explain(growth, &question, arena, err);
}

bool because_find_all(struct because *because, const struct report *report,
                      const struct endpoint_verdict *endpoint, struct error *err)
{
    because->count = 0;
    arena_init(&because->arena);
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        struct growth_question question = question_of(report, endpoint, (enum metric)m);
        if (!because_asked(&endpoint->metrics[m]))
            continue;
        if (!growth_explain_another(&because->growths[because->count], &question, because->growths,
                                    because->count, &because->arena, err)) {
            because_release(because);
            return false;
        }
        because->count++;
    }
    return true;
}

void because_release(struct because *because)
{
    arena_release(&because->arena);
}

/* ---- parts of sentences ---------------------------------------------------------------------- */

void because_append_place(struct buffer *text, const struct profile_frame *place, bool utf8)
{
    char where[PLACE_SIZE];
    const char *file = place->own ? place->file : NULL, *function = place->function;
    bool lined = place->file != NULL && place->line > 0;
    if (lined || file == NULL || function == NULL) {
        place_text(place, where, sizeof where);
        layout_append_safe(text, where, utf8, false);
    }
    if (function == NULL || (!lined && file == NULL))
        return;
    if (!lined)
        layout_append_safe(text, function, utf8, false);
    buffer_append_string(text, " in ");
    layout_append_safe(text, lined ? function : file, utf8, false);
}

static const char *unit_words(const struct growth *growth)
{
    const struct profile_value_info *measured = growth->measured;
    if (measured->metric == METRIC_RETAINED_BYTES)
        return "kept";
    return measured->metric == METRIC_ALLOC_BYTES ? "allocated" : measured->title;
}

void because_append_amount(struct buffer *text, const struct growth *growth, double amount,
                           bool utf8)
{
    char number[FORMAT_SIZE];
    format_value(fabs(amount), growth->measured->unit, utf8, number);
    buffer_append_format(text, "%s%s %s", amount < 0 ? "-" : "+", number, unit_words(growth));
}

double because_share(const struct growth *growth, const struct growth_item *item)
{
    double whole = growth->head - (isnan(growth->base) ? 0 : growth->base);
    return whole != 0 && (whole > 0) == (item->grew > 0) ? item->grew / whole : NAN;
}

void because_append_variant(struct buffer *text, const char *name, bool utf8)
{
    if (*name == '\0')
        buffer_append_string(text, "the one without a name");
    else
        layout_append_safe(text, name, utf8, false);
}

const char *because_lines_word(const struct growth *growth)
{
    return growth->measured != NULL &&
                   strcmp(metric_info(growth->measured->metric)->pass, "alloc") == 0
               ? "sites"
               : "lines";
}

/* ---- the long form --------------------------------------------------------------------------- */

static void begin_line(struct buffer *text)
{
    if (text->length > 0)
        buffer_append_char(text, '\n');
}

static const char *mark_of(const struct growth_item *item, bool changes_known)
{
    switch (item->kind) {
    case GROWTH_NEW:
        return item->changed ? "changed" : "new";
    case GROWTH_GONE:
        return "gone";
    case GROWTH_GREW:
    case GROWTH_SHRANK:
    case GROWTH_MOVED:
        break;
    }
    return changes_known && item->changed ? "changed" : "";
}

static void append_item(struct buffer *text, const struct growth *growth,
                        const struct growth_item *item, bool utf8)
{
    char share[FORMAT_SIZE];
    begin_line(text);
    because_append_amount(text, growth, item->grew, utf8);
    if (isfinite(because_share(growth, item))) {
        format_share(because_share(growth, item), utf8, share);
        buffer_append_format(text, " (%s)", share);
    }
    buffer_append_string(text, "  ");
    because_append_place(text, &item->place, utf8);
    const char *mark = mark_of(item, growth->changes_known);
    if (*mark != '\0')
        buffer_append_format(text, ", %s", mark);
    if (item->kind == GROWTH_MOVED) {
        buffer_append_string(text, ", was ");
        because_append_place(text, &item->base_place, utf8);
    }
}

/* Against the growth, or what the endpoint costs where it did not grow. */
static bool is_small(const struct growth *growth, const struct growth_item *item)
{
    double whole = fabs(growth->head - (isnan(growth->base) ? 0 : growth->base));
    return fabs(item->grew) < LEAST_SHOWN * (whole > 0 ? whole : growth->head);
}

bool because_is_shown(const struct growth *growth, const struct growth_item *items, size_t number)
{
    const struct growth_item *item = &items[number];
    return number == 0 || item->kind == GROWTH_MOVED || !is_small(growth, item);
}

static void append_items(struct buffer *text, const struct growth *growth,
                         const struct growth_item *items, size_t count, bool utf8)
{
    size_t shown = 0;
    for (size_t i = 0; i < count && shown < ITEMS_SHOWN; i++) {
        if (!because_is_shown(growth, items, i))
            continue;
        append_item(text, growth, &items[i], utf8);
        shown++;
    }
    if (count > shown) {
        begin_line(text);
        buffer_append_format(text, "and %zu more", count - shown);
    }
}

void because_append_lines(struct buffer *text, const struct growth *growth, bool utf8)
{
    if (growth->missing != NULL)
        layout_append_safe(text, growth->missing, utf8, false);
    append_items(text, growth, growth->lines, growth->line_count, utf8);
    if (growth->measured != NULL && !growth->changes_known) {
        begin_line(text);
        buffer_append_string(text, "what changed in the sources is not known");
    }
    if (growth->stale != NULL) {
        begin_line(text);
        layout_append_safe(text, growth->stale, utf8, false);
        buffer_append_string(text, " is newer than the program: its lines may not fit");
    }
}

void because_append_functions(struct buffer *text, const struct growth *growth, bool utf8)
{
    append_items(text, growth, growth->functions, growth->function_count, utf8);
}

void because_append_moved(struct buffer *text, const struct growth *growth, bool utf8)
{
    char number[FORMAT_SIZE];
    if (growth->measured == NULL || !(growth->moved > 0))
        return;
    format_value(growth->moved, growth->measured->unit, utf8, number);
    buffer_append_format(text, "%s %s a request moved from one function to another", number,
                         unit_words(growth));
}

void because_append_variants(struct buffer *text, const struct growth *growth, bool utf8)
{
    char number[FORMAT_SIZE];
    const struct metric_info *info = metric_info(growth->variant_metric);
    for (size_t i = 0; i < growth->variant_count && i < VARIANTS_SHOWN; i++) {
        const struct growth_variant *variant = &growth->variants[i];
        if (isnan(variant->head) && isnan(variant->base))
            continue; /* not measured apart: the corpus has too few */
        begin_line(text);
        because_append_variant(text, variant->name, utf8);
        format_share(variant->share, utf8, number);
        buffer_append_format(text, " (%s of requests): ", number);
        format_value(variant->base, info->unit, utf8, number);
        buffer_append_format(text, "%s %s ", number, utf8 ? "→" : "->");
        format_value(variant->head, info->unit, utf8, number);
        buffer_append_format(text, "%s %s", number, info->title);
        format_change(variant->head / variant->base - 1, utf8, number);
        if (isfinite(variant->head) && isfinite(variant->base) && variant->base != 0)
            buffer_append_format(text, ", %s", number);
    }
    if (growth->variant_count > VARIANTS_SHOWN) {
        begin_line(text);
        buffer_append_format(text, "and %zu more", growth->variant_count - VARIANTS_SHOWN);
    }
}
