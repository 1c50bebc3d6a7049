/* The flame graph as a page that stands alone. Without a script it is the picture and the table of
 * the first view; with it, any endpoint, figure and side, zoom and search. */
#include "reporters/flame.h"

#include "base/markup.h"
#include "reporters/embedded.h"
#include "reporters/export.h"
#include "reporters/flame_data.h"
#include "reporters/flame_picture.h"
#include "reporters/flame_table.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/page.h"

#include <stdio.h>
#include <string.h>

enum {
    VALUE_DIGITS = 5,
    TEXT_MAX_BYTES = 1 << 16,
    NOTE_MAX_BYTES = 1024,
    DATA_WANTED_BYTES = 3 * 1024 * 1024, /* what is larger is folded more */
    DATA_MAX_BYTES = 64 * 1024 * 1024,
};

/* Shares of the whole below which frames are folded: the first, unless the page grows too large. */
static const double thresholds[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05};

/* ---- the data ------------------------------------------------------------------------------- */

/* What the picture begins with comes first: the column that was chosen, else CPU. */
static void list_columns(struct flame_page *page)
{
    for (size_t tree = 0; tree < page->tree_count; tree++)
        for (size_t value = 0; value < PROFILE_VALUES_MAX; value++)
            if (flame_tree_draws(page->trees[tree].kind, value))
                page->columns[page->column_count++] = (struct flame_column){tree, value};
    for (size_t i = 1; i < page->column_count; i++) {
        struct flame_column first = page->columns[0];
        if (page->columns[i].tree != 0 || page->columns[i].value != page->report->choice.value)
            continue;
        page->columns[0] = page->columns[i];
        page->columns[i] = first;
    }
}

static bool make_trees(struct flame_page *page, double threshold, struct arena *arena,
                       struct error *err)
{
    static const enum profile_kind kinds[] = {PROFILE_CPU, PROFILE_ALLOC, PROFILE_LINES};
    const struct report *report = page->report;
    page->tree_count = page->column_count = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        bool chosen = report->choice.profile == kinds[i];
        bool offered = report->choice.profile == PROFILE_KIND_COUNT &&
                       report->head->profiles[kinds[i]][SIDE_HEAD].present;
        if ((chosen || offered) && !flame_tree_make(&page->trees[page->tree_count++], report,
                                                    kinds[i], threshold, arena, err))
            return false;
    }
    list_columns(page);
    /* Says which pass makes what there is none of. */
    return page->tree_count > 0 ||
           export_find_profile(report, export_choose_kind(report), err) != NULL;
}

static int append_bytes(const char *data, size_t size, void *out)
{
    struct buffer *buffer = out;
    buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

static bool dump_data(const struct flame_page *page, struct buffer *out, struct error *err)
{
    json_auto_t *json = flame_data_make(page);
    if (json == NULL)
        return error_set_memory(err);
    if (json_dump_callback(json, append_bytes, out,
                           JSON_COMPACT | JSON_REAL_PRECISION(VALUE_DIGITS)) != 0 &&
        !out->failed)
        return error_set_memory(err);
    return buffer_check(out, err);
}

/* Folds more until the data is small enough for a page, or nothing more is to be folded. */
static bool make_data(struct flame_page *page, struct buffer *data, struct arena *arena,
                      struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(thresholds); i++) {
        arena_release(arena);
        arena_init(arena);
        buffer_clear(data);
        if (!make_trees(page, thresholds[i], arena, err) || !dump_data(page, data, err))
            return false;
        if (data->length <= DATA_WANTED_BYTES)
            break;
    }
    return true;
}

/* ---- the page ------------------------------------------------------------------------------- */

/* "2026-01-31 09:30 UTC" */
static void append_time(struct buffer *out, const char *created)
{
    static const char pattern[] = "2026-01-31T09:30:00Z";
    if (strlen(created) != strlen(pattern) || created[10] != 'T') {
        flame_append_short(out, created, FLAME_NAME_MAX_BYTES);
        return;
    }
    char text[32];
    snprintf(text, sizeof text, "%.10s %.5s UTC", created, created + 11);
    flame_append_short(out, text, sizeof text);
}

static void append_origin(struct buffer *out, const struct flame_page *page, bool two_sides)
{
    const struct report *report = page->report;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    flame_append_side(&text, &report->head->sides[SIDE_HEAD]);
    if (two_sides) {
        buffer_append_string(&text, " against ");
        flame_append_side(&text, report->base != NULL ? &report->base->sides[SIDE_HEAD]
                                                      : &report->head->sides[SIDE_BASE]);
    }
    if (report->head->created != NULL) {
        buffer_append_string(&text, " · ");
        append_time(&text, report->head->created);
    }
    if (report->head->tollgate_version != NULL) {
        buffer_append_string(&text, " · tollgate ");
        flame_append_short(&text, report->head->tollgate_version, FLAME_NAME_MAX_BYTES);
    }
    markup_element(out, "p", buffer_text(&text), "class", "quiet", NULL);
    flame_release_text(out, &text);
}

static void append_group(struct buffer *out, const char *id, const char *legend)
{
    markup_open(out, "fieldset", "id", id, NULL);
    markup_element(out, "legend", legend, NULL);
    markup_close(out, "fieldset");
}

/* What only the script can serve; it fills them in and shows them. */
static void append_controls(struct buffer *out)
{
    markup_open(out, "div", "id", "controls", "hidden", "hidden", NULL);
    markup_open(out, "label", "class", "endpoint", NULL);
    markup_element(out, "span", "Endpoint", NULL);
    markup_element(out, "select", "", "id", "endpoint", NULL);
    markup_close(out, "label");
    append_group(out, "figures", "Figure");
    append_group(out, "sides", "Show");
    markup_open(out, "label", "class", "search", NULL);
    markup_element(out, "span", "Search", NULL);
    markup_empty(out, "input", "id", "search", "type", "search", "placeholder",
                 "function, file or library", "autocomplete", "off", "spellcheck", "false", NULL);
    markup_close(out, "label");
    markup_element(out, "button", "Whole graph", "id", "reset", "type", "button", NULL);
    markup_element(out, "output", "", "id", "matched", "for", "search", NULL);
    markup_close(out, "div");
}

struct legend_entry {
    const char *class;
    const char *mark;
    const char *text;
};

static void append_legend(struct buffer *out, const char *id, bool hidden,
                          const struct legend_entry *entries)
{
    markup_open(out, "ul", "class", "legend", "id", id, "hidden", hidden ? "hidden" : NULL, NULL);
    for (; entries->text != NULL; entries++) {
        markup_open(out, "li", NULL);
        markup_open(out, "svg", "class", entries->class, "width", "24", "height", "16",
                    "aria-hidden", "true", NULL);
        markup_empty(out, "rect", "width", "24", "height", "16", NULL);
        if (entries->mark != NULL)
            markup_empty(out, "rect", "class", "mark", "fill", entries->mark, "y", "12", "width",
                         "24", "height", "4", NULL);
        markup_close(out, "svg");
        markup_element(out, "span", entries->text, NULL);
        markup_close(out, "li");
    }
    markup_close(out, "ul");
}

static void append_legends(struct buffer *out, bool two_sides)
{
    static const struct legend_entry places[] = {{"frame own", NULL, "the gateway's own code"},
                                                 {"frame library", NULL, "libraries"},
                                                 {"frame kernel", NULL, "kernel"},
                                                 {NULL, NULL, NULL}};
    static const struct legend_entry changes[] = {
        {"frame grew3", "url(#grew)", "▲ grew itself"},
        {"frame shrank3", "url(#shrank)", "▼ shrank itself"},
        {"frame grew1", "url(#grew)", "pale: only what it calls changed"},
        {"frame same", NULL, "no clear change"},
        {NULL, NULL, NULL}};
    append_legend(out, "legend-places", two_sides, places);
    append_legend(out, "legend-changes", !two_sides, changes);
}

static void append_list(struct buffer *out, const char *const *notes, size_t count)
{
    if (count == 0)
        return;
    markup_open(out, "ul", "class", "quiet", NULL);
    for (size_t i = 0; i < count; i++) {
        struct buffer text;
        buffer_init(&text, TEXT_MAX_BYTES);
        flame_append_short(&text, notes[i], NOTE_MAX_BYTES);
        markup_element(out, "li", buffer_text(&text), NULL);
        flame_release_text(out, &text);
    }
    markup_close(out, "ul");
}

/* What is to be known of a profile before it is believed. */
static void append_remarks(struct buffer *out, const struct flame_tree *tree, unsigned side)
{
    char number[FORMAT_SIZE];
    const struct profile *profile = tree->source[side];
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_format(&text, "%s, %s:", profile_kind_info(tree->kind)->title,
                         side == SIDE_HEAD ? "head" : "base");
    size_t before = text.length;
    if (profile->rate_hz > 0)
        buffer_append_format(&text, " %.0f samples a second of CPU time.", profile->rate_hz);
    if (profile->lost > 0) {
        format_integer(profile->lost, number);
        buffer_append_format(&text, " %s samples lost.", number);
    }
    if (profile->unresolved > 0) {
        format_integer(profile->unresolved, number);
        buffer_append_format(&text, " %s stacks cut, or without names.", number);
    }
    if (text.length > before || profile->note_count > 0)
        markup_element(out, "p", buffer_text(&text), "class", "quiet", NULL);
    flame_release_text(out, &text);
    append_list(out, profile->notes, profile->note_count);
}

static void append_notes(struct buffer *out, const struct flame_page *page)
{
    char share[FORMAT_SIZE], text[256];
    format_share(page->trees[0].threshold, true, share);
    snprintf(text, sizeof text,
             "Figures are per request; \"all endpoints\" is their mean by share of the traffic. "
             "Frames below %s of each picture are folded into \"small ones\".",
             share);
    markup_element(out, "p", text, "class", "quiet", NULL);
    for (size_t i = 0; i < page->tree_count; i++)
        for (unsigned side = 0; side < SIDE_COUNT; side++)
            if (page->trees[i].present[side])
                append_remarks(out, &page->trees[i], side);
}

static bool append_view(struct buffer *out, const struct flame_page *page, struct arena *arena,
                        struct error *err)
{
    struct flame_view view;
    const struct flame_column *column = &page->columns[0];
    const struct flame_tree *tree = &page->trees[column->tree];
    if (!flame_view_make(&view, tree, column->value, arena, err))
        return false;
    append_legends(out, tree->present[SIDE_BASE]);
    markup_open(out, "div", "id", "graph", NULL);
    flame_picture_append(out, &view);
    markup_close(out, "div");
    markup_element(out, "div", "", "id", "details", "hidden", "hidden", NULL);
    markup_element(out, "h2",
                   tree->present[SIDE_BASE] ? "Functions that changed, and the dearest"
                                            : "The dearest functions",
                   "id", "functions-title", NULL);
    markup_open(out, "div", "class", "scroll", NULL);
    bool ok = flame_table_append(out, &view, arena, err);
    markup_close(out, "div");
    return ok;
}

static bool append_body(struct buffer *out, const struct flame_page *page,
                        const struct buffer *data, struct arena *arena, struct error *err)
{
    const struct flame_column *column = &page->columns[0];
    const struct flame_tree *tree = &page->trees[column->tree];
    const struct profile_value_info *info = &profile_kind_info(tree->kind)->values[column->value];
    char title[128];
    snprintf(title, sizeof title, "Flame graph: %s", info->title);
    flame_picture_append_patterns(out);
    markup_open(out, "header", NULL);
    markup_element(out, "h1", title, "id", "title", NULL);
    append_origin(out, page, tree->present[SIDE_BASE]);
    markup_close(out, "header");
    markup_open(out, "main", NULL);
    append_controls(out);
    bool ok = append_view(out, page, arena, err);
    markup_close(out, "main");
    markup_open(out, "footer", NULL);
    append_notes(out, page);
    markup_close(out, "footer");
    markup_open(out, "script", "type", "application/json", "id", "data", NULL);
    markup_append_json(out, buffer_text(data));
    markup_close(out, "script");
    return ok;
}

static bool flame_write(const struct report *report, const struct report_style *style,
                        struct buffer *out, struct error *err)
{
    (void)style;
    static const struct page page_parts = {"tollgate: flame graph", embedded_flame_css,
                                           embedded_flame_js};
    struct flame_page page = {.report = report};
    struct arena arena;
    struct buffer data;
    arena_init(&arena);
    buffer_init(&data, DATA_MAX_BYTES);
    bool ok = make_data(&page, &data, &arena, err);
    if (ok) {
        page_open(out, &page_parts);
        ok = append_body(out, &page, &data, &arena, err);
        page_close(out, &page_parts);
    }
    buffer_release(&data);
    arena_release(&arena);
    return ok && buffer_check(out, err);
}

const struct reporter reporter_flame = {
    .name = "flame",
    .help = "flame graph of CPU time and allocations, a page of its own",
    .write = flame_write,
};
