/* What endpoints cost in earlier runs: a row each, all on one scale. */
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROWS_MAX = 12,
    ROW_PIXELS = 60,
    EDGE_PIXELS = 20,
    VERSIONS_LEAST = 2,
    TITLE_BYTES = 640,
    COMMANDS_MAX = 1 << 20,
};

/* Half of a row is for the curve, which this change, or the largest, fills. */
static const double HALF = 0.3, LEAST_RANGE = 0.02;

struct past {
    const struct html *html;
    const struct history *history;
    enum metric metric;
    const struct endpoint_verdict *rows[ROWS_MAX];
    size_t indices[ROWS_MAX]; /* of the run's endpoints */
    const char *labels[ROWS_MAX];
    size_t count, total;
    double range; /* of the changes that are shown */
};

static size_t count_known(const struct past *past, size_t endpoint)
{
    size_t known = 0;
    for (size_t v = 0; v < past->history->count; v++)
        known += history_value(past->history, v, endpoint, past->metric) > 0;
    return known;
}

/* From the first version that knows the endpoint; NAN where nothing is known. */
static double find_first(const struct past *past, size_t endpoint)
{
    for (size_t v = 0; v < past->history->count; v++) {
        double value = history_value(past->history, v, endpoint, past->metric);
        if (value > 0)
            return value;
    }
    return NAN;
}

/* "GET /v3/feed: 1.885 M → 2.107 M, +11.8 %" */
static const char *label_of(const struct past *past, size_t row, struct arena *arena)
{
    char before[FORMAT_SIZE], now[FORMAT_SIZE], change[FORMAT_SIZE];
    const struct metric_info *info = metric_info(past->metric);
    double first = find_first(past, past->indices[row]);
    double last = history_now(past->history, past->indices[row], past->metric);
    struct buffer text;
    buffer_init(&text, HTML_TEXT_MAX);
    layout_append_short(&text, past->rows[row]->name, HTML_PLOT_LABEL_COLUMNS, true);
    format_value(first, info->unit, true, before);
    format_value(last, info->unit, true, now);
    format_change(last / first - 1, true, change);
    buffer_append_format(&text, ": %s → %s, %s", before, now, change);
    const char *label = text.failed ? NULL : arena_copy_string(arena, buffer_text(&text));
    buffer_release(&text);
    return label;
}

static double change_of(const struct past *past, size_t row, double value)
{
    return value / find_first(past, past->indices[row]) - 1;
}

static void widen(struct past *past, size_t row)
{
    size_t endpoint = past->indices[row];
    past->range =
        fmax(past->range,
             fabs(change_of(past, row, history_now(past->history, endpoint, past->metric))));
    for (size_t v = 0; v < past->history->count; v++) {
        double value = history_value(past->history, v, endpoint, past->metric);
        if (value > 0)
            past->range = fmax(past->range, fabs(change_of(past, row, value)));
    }
}

static bool find_rows(struct past *past, struct arena *arena)
{
    const struct html *html = past->html;
    const struct run *run = past->history->run;
    for (size_t i = 0; i < html->count; i++) {
        const struct endpoint_result *result = run_endpoint(run, html->order[i]->name);
        size_t index = result != NULL ? (size_t)(result - run->endpoints) : 0;
        if (result == NULL || !(history_now(past->history, index, past->metric) > 0) ||
            count_known(past, index) < VERSIONS_LEAST || ++past->total > ROWS_MAX)
            continue;
        past->rows[past->count] = html->order[i];
        past->indices[past->count] = index;
        past->labels[past->count] = label_of(past, past->count, arena);
        if (past->labels[past->count] == NULL)
            return false;
        widen(past, past->count++);
    }
    return true;
}

static void append_point(struct buffer *out, const struct past *past, size_t row, size_t x,
                         double value)
{
    double part = change_of(past, row, value) / past->range;
    buffer_append_format(out, "%zu %.6g 3\n", x, (double)row + 0.25 - HALF * part);
}

/* Of a row: its curve, and those of its points that can (`alike`) or cannot be compared with this
 * run's. */
enum part { CURVE, POINTS, OTHERS };

static void append_row(struct buffer *out, const struct past *past, size_t row, enum part part)
{
    const struct history *history = past->history;
    for (size_t v = 0; v < history->count; v++) {
        double value = history_value(history, v, past->indices[row], past->metric);
        bool alike = history->versions[v].alike;
        if (value > 0 && (part == CURVE || (part == POINTS) == alike))
            append_point(out, past, row, v, value);
    }
    if (part != OTHERS)
        append_point(out, past, row, history->count,
                     history_now(history, past->indices[row], past->metric));
    if (part == CURVE)
        buffer_append_char(out, '\n');
}

static bool append_block(struct buffer *out, const struct past *past, const char *name,
                         enum part part)
{
    size_t before;
    buffer_append_format(out, "$%s << END\n", name);
    before = out->length;
    for (size_t row = 0; row < past->count; row++)
        append_row(out, past, row, part);
    bool any = out->length > before;
    buffer_append_string(out, "END\n");
    return any;
}

static void draw(struct buffer *out, const struct past *past)
{
    buffer_append_format(out,
                         "set terminal svg size %d,%zu noenhanced\nset key off\nunset border\n"
                         "set lmargin at screen 0.03\nset rmargin at screen 0.97\n"
                         "set tmargin 0\nset bmargin 0\nunset xtics\nunset ytics\n"
                         "set yrange [%zu.7:-0.6]\nset xrange [-0.2:%zu.2]\n",
                         HTML_PLOT_WIDTH, past->count * ROW_PIXELS + EDGE_PIXELS, past->count - 1,
                         past->history->count);
    for (size_t row = 0; row < past->count; row++)
        buffer_append_format(out, "set label '@%zu' at graph 0,first %.2f left\n", row,
                             (double)row - 0.3);
    append_block(out, past, "curves", CURVE);
    append_block(out, past, "points", POINTS);
    bool others = append_block(out, past, "others", OTHERS);
    buffer_append_string(out, "plot $curves using 1:2:3 with lines lc rgb variable, ");
    if (others)
        buffer_append_string(out, "$others using 1:2:3 with points pt 6 ps 0.6 lc rgb variable, ");
    buffer_append_string(out, "$points using 1:2:3 with points pt 7 ps 0.7 lc rgb variable\n");
}

static void write_title(const struct past *past, char title[static TITLE_BYTES])
{
    const struct history *history = past->history;
    char range[FORMAT_SIZE];
    bool others = false;
    for (size_t v = 0; v < history->count; v++)
        others = others || !history->versions[v].alike;
    format_share(past->range, true, range);
    snprintf(title, TITLE_BYTES,
             "History: %s a request in the %zu versions of the baseline since %.10s, and in this "
             "run at the right; the height of a row is ±%s%s",
             metric_info(past->metric)->title, history->count, history->versions[0].created, range,
             others ? "; hollow: of another machine, corpus or config" : "");
}

static enum metric find_metric(const struct run *run)
{
    static const enum metric metrics[] = {METRIC_INSTRUCTIONS, METRIC_ALLOCATIONS};
    for (size_t m = 0; m < COUNT_OF(metrics); m++)
        for (size_t i = 0; i < run->endpoint_count; i++)
            if (run->endpoints[i].figures[metrics[m]].side[SIDE_HEAD].count > 0)
                return metrics[m];
    return METRIC_COUNT;
}

bool html_append_history(struct buffer *out, const struct html *html,
                         char why[static PLOT_WHY_SIZE], bool *any, struct error *err)
{
    char title[TITLE_BYTES];
    struct arena arena;
    struct buffer commands;
    const struct history *history = html->report->history;
    struct past past = {.html = html, .history = history, .range = LEAST_RANGE};
    if (history == NULL || history->count < VERSIONS_LEAST)
        return true;
    past.metric = find_metric(history->run);
    if (past.metric == METRIC_COUNT)
        return true;
    arena_init(&arena);
    buffer_init(&commands, COMMANDS_MAX);
    bool ok = find_rows(&past, &arena) || error_set_memory(err);
    if (ok && past.count > 0) {
        *any = true;
        write_title(&past, title);
        draw(&commands, &past);
        struct plot_labels labels = {title, past.labels, past.count};
        ok = html_append_picture(out, &commands, &labels, past.total, why, err);
    }
    buffer_release(&commands);
    arena_release(&arena);
    return ok;
}
