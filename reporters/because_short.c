#include "reporters/because.h"
#include "reporters/because_private.h"
#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>
#include <string.h>

enum {
    PLACES_SHOWN = 3,
    VARIANTS_NAMED = 3,
    LABEL_COLUMNS = 9, /* as of the metrics above */
    TEXT_MAX_BYTES = 1 << 20,
};

/* A place that makes up less of the growth is not worth a reader's ten seconds. */
static const double LEAST_SHARE = 0.05;

/* One endpoint's regressed metrics, and the places that are to blame for them. */
struct blame {
    struct growth growths[METRIC_COUNT];
    size_t count;
    const struct growth_item *places[PLACES_SHOWN];
    size_t place_count;
    const char *missing;
};

static bool is_counted(const struct blame *blame, const struct growth *growth)
{
    for (size_t i = 0; i < blame->count; i++)
        if (blame->growths[i].measured != NULL && blame->growths[i].measured == growth->measured)
            return true;
    return false;
}

/* Instructions explain several metrics, and are told once. */
static bool find_growths(struct blame *blame, const struct report *report,
                         const struct endpoint_verdict *endpoint, struct arena *arena)
{
    struct error ignored = {0};
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        const struct metric_verdict *metric = &endpoint->metrics[m];
        struct growth *growth = &blame->growths[blame->count];
        if (!because_asked(metric) || metric->verdict == VERDICT_IMPROVED)
            continue;
        if (!because_find(growth, report, endpoint, (enum metric)m, arena, &ignored))
            return false;
        if (blame->missing == NULL)
            blame->missing = growth->missing;
        blame->count += !is_counted(blame, growth);
    }
    return true;
}

static bool same_place(const struct profile_frame *a, const struct profile_frame *b)
{
    if (a->file != NULL && b->file != NULL && (a->line > 0 || b->line > 0))
        return a->line == b->line && strcmp(a->file, b->file) == 0;
    return a->line == b->line && (a->function == NULL) == (b->function == NULL) &&
           (a->function == NULL || strcmp(a->function, b->function) == 0);
}

static bool is_worth_showing(const struct growth *growth, const struct growth_item *item)
{
    double share = because_share(growth, item);
    return item->grew > 0 && (isnan(share) || share >= LEAST_SHARE);
}

static void add_place(struct blame *blame, const struct growth_item *item)
{
    for (size_t i = 0; i < blame->place_count; i++)
        if (same_place(&blame->places[i]->place, &item->place))
            return;
    if (blame->place_count < PLACES_SHOWN)
        blame->places[blame->place_count++] = item;
}

/* The first lines of all metrics, then the second. */
static void choose_places(struct blame *blame)
{
    for (size_t rank = 0; rank < PLACES_SHOWN; rank++)
        for (size_t i = 0; i < blame->count; i++) {
            const struct growth *growth = &blame->growths[i];
            if (rank < growth->line_count && is_worth_showing(growth, &growth->lines[rank]))
                add_place(blame, &growth->lines[rank]);
        }
}

static void append_share(struct buffer *text, double share)
{
    if (share >= 0.995)
        buffer_append_string(text, " (all of the growth)");
    else if (isfinite(share))
        buffer_append_format(text, " (%.0f %% of the growth)", 100 * share);
}

/* "+50.3 k instructions (97 % of the growth), +38 allocations (all of the growth)". */
static void append_amounts(struct buffer *text, const struct blame *blame,
                           const struct profile_frame *place, bool utf8)
{
    bool more = false;
    for (size_t i = 0; i < blame->count; i++) {
        const struct growth *growth = &blame->growths[i];
        for (size_t line = 0; line < growth->line_count; line++) {
            const struct growth_item *item = &growth->lines[line];
            if (!same_place(&item->place, place) || !is_worth_showing(growth, item))
                continue;
            buffer_append_string(text, more ? ", " : "");
            if (growth->leak)
                buffer_append_string(text, "a leak: ");
            because_append_amount(text, growth, item->grew, utf8);
            if (!more)
                buffer_append_string(text, " a request");
            append_share(text, because_share(growth, item));
            more = true;
            break;
        }
    }
}

/* Behind the label of the first. */
static void append_paragraph(struct buffer *out, const struct report_style *style, bool *begun,
                             const struct buffer *sentence)
{
    static const char label[] = "because";
    bool narrow = style->columns < LAYOUT_NARROW_COLUMNS;
    size_t indent = narrow ? 4 : 2 + LABEL_COLUMNS, used = *begun ? 0 : 2 + strlen(label);
    struct buffer line;
    buffer_init(&line, TEXT_MAX_BYTES);
    if (!*begun)
        buffer_append_format(out, "  %s", label);
    layout_pad(&line, used, *begun ? 0 : narrow ? used + 1 : indent);
    buffer_append_string(&line, buffer_text(sentence));
    if (sentence->failed || line.failed)
        out->failed = true;
    layout_append_wrapped(out, buffer_text(&line),
                          (struct layout_paragraph){(size_t)style->columns, used, indent});
    *begun = true;
    buffer_release(&line);
}

static bool are_changes_known(const struct blame *blame)
{
    for (size_t i = 0; i < blame->count; i++)
        if (blame->growths[i].changes_known)
            return true;
    return false;
}

static void append_places(struct buffer *out, const struct blame *blame,
                          const struct report_style *style, bool *begun)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < blame->place_count; i++) {
        const struct growth_item *item = blame->places[i];
        buffer_clear(&text);
        because_append_place(&text, &item->place, style->utf8);
        if (item->changed && are_changes_known(blame))
            buffer_append_string(&text, ", a changed line");
        buffer_append_string(&text, ": ");
        append_amounts(&text, blame, &item->place, style->utf8);
        append_paragraph(out, style, begun, &text);
    }
    buffer_release(&text);
}

static const char *find_stale(const struct blame *blame)
{
    for (size_t i = 0; i < blame->count; i++)
        if (blame->growths[i].stale != NULL)
            return blame->growths[i].stale;
    return NULL;
}

static void append_stale(struct buffer *out, const struct blame *blame,
                         const struct report_style *style, bool *begun)
{
    const char *stale = find_stale(blame);
    struct buffer text;
    if (stale == NULL || blame->place_count == 0)
        return;
    buffer_init(&text, TEXT_MAX_BYTES);
    layout_append_safe(&text, stale, style->utf8, false);
    buffer_append_string(&text, " is newer than the program: its lines may not fit");
    append_paragraph(out, style, begun, &text);
    buffer_release(&text);
}

/* "only 1 of 3 variants: limit=100", of the first metric of which only some grew. */
static void append_variants(struct buffer *out, const struct blame *blame,
                            const struct report_style *style, bool *begun)
{
    const struct growth *growth = NULL;
    struct buffer text;
    size_t grew = 0, named = 0;
    for (size_t i = 0; i < blame->count && growth == NULL; i++)
        growth = blame->growths[i].one_variant ? &blame->growths[i] : NULL;
    if (growth == NULL)
        return;
    for (size_t i = 0; i < growth->variant_count; i++)
        grew += growth->variants[i].grew;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(&text, "only %zu of %zu variants of its requests grew: ", grew,
                         growth->variant_count);
    for (size_t i = 0; i < growth->variant_count; i++) {
        if (!growth->variants[i].grew || ++named > VARIANTS_NAMED)
            continue;
        buffer_append_string(&text, named > 1 ? ", " : "");
        because_append_variant(&text, growth->variants[i].name, style->utf8);
    }
    if (grew > VARIANTS_NAMED)
        buffer_append_format(&text, " and %zu more", grew - VARIANTS_NAMED);
    append_paragraph(out, style, begun, &text);
    buffer_release(&text);
}

static void append_missing(struct buffer *out, const struct blame *blame,
                           const struct report_style *style, const char **told, bool *begun)
{
    struct buffer text;
    bool again = *told != NULL && blame->missing != NULL && strcmp(*told, blame->missing) == 0;
    if (blame->missing == NULL || blame->place_count > 0 || again)
        return;
    *told = blame->missing;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_string(&text, "no lines can be named: ");
    layout_append_safe(&text, blame->missing, style->utf8, false);
    append_paragraph(out, style, begun, &text);
    buffer_release(&text);
}

void because_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *endpoint,
                    const char **told)
{
    struct blame blame = {0};
    struct arena arena;
    bool begun = false;
    arena_init(&arena);
    if (find_growths(&blame, report, endpoint, &arena)) {
        choose_places(&blame);
        append_places(out, &blame, style, &begun);
        append_stale(out, &blame, style, &begun);
        append_variants(out, &blame, style, &begun);
        append_missing(out, &blame, style, told, &begun);
    } else {
        out->failed = true;
    }
    arena_release(&arena);
}
