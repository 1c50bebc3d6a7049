/* The plots: each endpoint's change with its interval, its replicates, and the history. Only
 * numbers go to gnuplot; names are put in afterwards. */
#include "base/markup.h"
#include "baselines/statistics.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"
#include "reporters/layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROW_PIXELS = 33,
    EDGE_PIXELS = 45,
    POINTS_MAX = 60, /* replicates of an endpoint */
    COMMANDS_MAX = 1 << 20,
};

/* Beyond this the axis is logarithmic on both sides of 0, so that small changes stay to be seen. */
static const double LINEAR_UP_TO = 0.3;
static const double NEAR_ZERO = 0.01; /* below, it is as good as linear */
static const double FARTHEST = 1e4;   /* what is more is drawn there */

struct plot {
    const struct html *html;
    const struct endpoint_verdict *rows[HTML_PLOT_ROWS];
    const char *labels[HTML_PLOT_ROWS];
    size_t count, total;
    struct buffer data, other, commands;
    double low, high; /* of all values */
    bool stretched;
};

/* ---- the axis -------------------------------------------------------------------------------- */

static double bounded(double value)
{
    return fmax(-FARTHEST, fmin(FARTHEST, value));
}

/* In percent, or stretched. */
static double place(const struct plot *plot, double change)
{
    change = bounded(change);
    if (!plot->stretched)
        return 100 * change;
    return copysign(log10(1 + fabs(change) / NEAR_ZERO), change);
}

static void widen(struct plot *plot, double value)
{
    if (!isfinite(value))
        return;
    plot->low = fmin(plot->low, bounded(value));
    plot->high = fmax(plot->high, bounded(value));
}

static void append_axis(struct plot *plot)
{
    static const double steps[] = {-0.9, -0.5, -0.1, -0.01, 0, 0.01, 0.1, 1, 10, 100, 1000, 10000};
    struct buffer *out = &plot->commands;
    double low = place(plot, plot->low), high = place(plot, plot->high);
    double edge = fmax(0.05 * (high - low), plot->stretched ? 0.1 : 0.05);
    buffer_append_format(out, "set xrange [%.6g:%.6g]\n", low - edge, high + edge);
    if (!plot->stretched) {
        buffer_append_string(out, "set xtics nomirror\nset format x '%g %%'\n");
        return;
    }
    buffer_append_string(out, "set xtics nomirror (");
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        buffer_append_format(out, "%s'%+g %%' %.6g", i > 0 ? ", " : "", 100 * steps[i],
                             place(plot, steps[i]));
    buffer_append_string(out, ")\n");
}

static void begin_commands(struct plot *plot)
{
    struct buffer *out = &plot->commands;
    buffer_append_format(out,
                         "set terminal svg size %d,%zu noenhanced\nset key off\nset border 1\n"
                         "set lmargin at screen 0.03\nset rmargin at screen 0.97\n"
                         "set tmargin 1\nset grid x\nunset ytics\nset yrange [%zu.5:-0.6]\n",
                         HTML_PLOT_WIDTH, plot->count * ROW_PIXELS + EDGE_PIXELS, plot->count - 1);
    for (size_t i = 0; i < plot->count; i++)
        buffer_append_format(out, "set label '@%zu' at graph 0,first %.2f left\n", i,
                             (double)i - 0.15);
    append_axis(plot);
    buffer_append_string(out, "set arrow 1 from 0,graph 0 to 0,graph 1 nohead lc rgb 'black'\n");
}

static void append_block(struct plot *plot, const char *name, const struct buffer *rows)
{
    buffer_append_format(&plot->commands, "$%s << END\n%sEND\n", name, buffer_text(rows));
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int color_of(const struct metric_verdict *metric)
{
    static const int colors[] = {[VERDICT_NONE] = 5,
                                 [VERDICT_PASSED] = 4,
                                 [VERDICT_IMPROVED] = 3,
                                 [VERDICT_INCONCLUSIVE] = 2,
                                 [VERDICT_REGRESSED] = 1};
    return metric->accepted != NULL ? 2 : colors[metric->verdict];
}

/* "▲ GET /v3/feed": the mark says the verdict without colour. */
static const char *label_of(struct arena *arena, const struct endpoint_verdict *endpoint,
                            const struct metric_verdict *metric)
{
    struct buffer text;
    buffer_init(&text, HTML_TEXT_MAX);
    buffer_append_format(&text, "%s ", html_word_metric(metric).mark);
    layout_append_short(&text, endpoint->name, HTML_PLOT_LABEL_COLUMNS, true);
    const char *label = text.failed ? NULL : arena_copy_string(arena, buffer_text(&text));
    buffer_release(&text);
    return label;
}

static const struct samples *pairs_of(const struct html *html,
                                      const struct endpoint_verdict *endpoint, bool noise)
{
    const struct endpoint_result *result = run_endpoint(html->report->head, endpoint->name);
    if (result == NULL || html->report->base != NULL)
        return NULL;
    const struct figure *figure = &result->figures[html->metric];
    return noise ? &figure->aa_log_ratio : &figure->log_ratio;
}

static bool find_rows(struct plot *plot, bool spread, struct arena *arena)
{
    const struct html *html = plot->html;
    for (size_t i = 0; i < html->count; i++) {
        const struct endpoint_verdict *endpoint = html->order[i];
        const struct metric_verdict *metric = &endpoint->metrics[html->metric];
        const struct samples *pairs = pairs_of(html, endpoint, false);
        bool fits = spread ? pairs != NULL && pairs->count >= 2 : isfinite(metric->change);
        if (!fits || ++plot->total > HTML_PLOT_ROWS)
            continue;
        plot->rows[plot->count] = endpoint;
        plot->labels[plot->count] = label_of(arena, endpoint, metric);
        if (plot->labels[plot->count++] == NULL)
            return false;
    }
    return true;
}

/* ---- change with intervals ------------------------------------------------------------------- */

static void draw_changes(struct plot *plot)
{
    enum metric metric = plot->html->metric;
    for (size_t i = 0; i < plot->count; i++) {
        const struct metric_verdict *each = &plot->rows[i]->metrics[metric];
        widen(plot, each->change);
        widen(plot, each->low);
        widen(plot, each->high);
    }
    plot->stretched = plot->high > LINEAR_UP_TO || plot->low < -LINEAR_UP_TO;
    for (size_t i = 0; i < plot->count; i++) {
        const struct metric_verdict *each = &plot->rows[i]->metrics[metric];
        double low = place(plot, each->low), high = place(plot, each->high);
        buffer_append_format(&plot->data, "%.6g %zu.25 %d\n", place(plot, each->change), i,
                             color_of(each));
        if (each->low < each->high)
            buffer_append_format(&plot->other, "%.6g %zu.25 %.6g 0 %d\n", low, i, high - low,
                                 color_of(each));
    }
    begin_commands(plot);
    append_block(plot, "points", &plot->data);
    if (plot->other.length > 0)
        append_block(plot, "intervals", &plot->other);
    buffer_append_string(&plot->commands, "plot ");
    if (plot->other.length > 0)
        buffer_append_string(&plot->commands, "$intervals using 1:2:3:4:5 with vectors nohead "
                                              "lw 3 lc rgb variable, ");
    buffer_append_string(&plot->commands,
                         "$points using 1:2:3 with points pt 7 ps 1.2 lc rgb variable\n");
}

/* ---- replicates ------------------------------------------------------------------------------ */

static void each_pair(struct plot *plot, struct buffer *rows, const struct samples *pairs, double y,
                      int color)
{
    size_t step = pairs != NULL ? (pairs->count + POINTS_MAX - 1) / POINTS_MAX : 1;
    for (size_t i = 0; pairs != NULL && i < pairs->count; i += step) {
        double change = statistics_convert_log_ratio(pairs->values[i]);
        if (!isfinite(change))
            continue;
        if (rows == NULL)
            widen(plot, change);
        else
            buffer_append_format(rows, "%.6g %.2f %d\n", place(plot, change), y, color);
    }
}

static void draw_spread(struct plot *plot)
{
    const struct html *html = plot->html;
    for (size_t i = 0; i < plot->count; i++) {
        each_pair(plot, NULL, pairs_of(html, plot->rows[i], false), 0, 0);
        each_pair(plot, NULL, pairs_of(html, plot->rows[i], true), 0, 0);
    }
    plot->stretched = plot->high > LINEAR_UP_TO || plot->low < -LINEAR_UP_TO;
    for (size_t i = 0; i < plot->count; i++) {
        each_pair(plot, &plot->data, pairs_of(html, plot->rows[i], false), (double)i + 0.18,
                  color_of(&plot->rows[i]->metrics[html->metric]));
        each_pair(plot, &plot->other, pairs_of(html, plot->rows[i], true), (double)i + 0.4, 5);
    }
    begin_commands(plot);
    append_block(plot, "pairs", &plot->data);
    if (plot->other.length > 0)
        append_block(plot, "noise", &plot->other);
    buffer_append_string(&plot->commands, "plot ");
    if (plot->other.length > 0)
        buffer_append_string(&plot->commands,
                             "$noise using 1:2:3 with points pt 6 ps 0.5 lc rgb variable, ");
    buffer_append_string(&plot->commands,
                         "$pairs using 1:2:3 with points pt 7 ps 0.7 lc rgb variable\n");
}

/* ---- both ------------------------------------------------------------------------------------ */

bool html_append_picture(struct buffer *out, const struct buffer *commands,
                         const struct plot_labels *labels, size_t total,
                         char why[static PLOT_WHY_SIZE], struct error *err)
{
    struct buffer picture;
    if (!buffer_check(commands, err))
        return false;
    buffer_init(&picture, out->max);
    bool ok = plot_append(&picture, buffer_text(commands), labels, why, err);
    if (ok && *why == '\0') {
        markup_open(out, "figure", NULL);
        markup_element(out, "figcaption", labels->title, NULL);
        buffer_append(out, buffer_text(&picture), picture.length);
        if (total > labels->count)
            html_append_paragraph(
                out, "left-out",
                "The first %zu of %zu endpoints by rank; the others are in the table.",
                labels->count, total);
        markup_close(out, "figure");
        buffer_append_char(out, '\n');
    }
    flame_release_text(out, &picture);
    return ok;
}

static bool append_plot(struct buffer *out, const struct html *html, bool spread,
                        char why[static PLOT_WHY_SIZE], bool *any, struct error *err)
{
    char title[256];
    struct arena arena;
    struct plot plot = {.html = html};
    arena_init(&arena);
    buffer_init(&plot.data, COMMANDS_MAX);
    buffer_init(&plot.other, COMMANDS_MAX);
    buffer_init(&plot.commands, 4 * COMMANDS_MAX);
    snprintf(title, sizeof title,
             spread ? "Replicates: change of %s in each pair of fresh starts; below it, hollow, "
                      "base against itself: what noise alone does"
                    : "Change of %s a request, with its interval where it is not exact",
             metric_info(html->metric)->title);
    bool ok = find_rows(&plot, spread, &arena) || error_set_memory(err);
    if (ok && plot.count > 0) {
        *any = true;
        (spread ? draw_spread : draw_changes)(&plot);
        struct plot_labels labels = {title, plot.labels, plot.count};
        ok = buffer_check(&plot.data, err) && buffer_check(&plot.other, err) &&
             html_append_picture(out, &plot.commands, &labels, plot.total, why, err);
    }
    buffer_release(&plot.data);
    buffer_release(&plot.other);
    buffer_release(&plot.commands);
    arena_release(&arena);
    return ok;
}

bool html_append_plots(struct buffer *out, const struct html *html, struct error *err)
{
    char why[PLOT_WHY_SIZE] = "";
    bool any = false, ok = true;
    html_open_section(out, "plots", "Plots");
    if (html->report->comparison->has_base && html->metric != METRIC_COUNT) {
        ok = append_plot(out, html, false, why, &any, err) &&
             (*why != '\0' || append_plot(out, html, true, why, &any, err));
    }
    ok = ok && (*why != '\0' || html_append_history(out, html, why, &any, err));
    if (ok && *why != '\0')
        html_append_paragraph(out, "left-out",
                              "The plots are left out: %s. gnuplot draws them (Debian: apt install "
                              "gnuplot-nox). All figures are in the tables.",
                              why);
    else if (ok && !any)
        html_append_paragraph(out, NULL,
                              "There is nothing to plot without a comparison or earlier runs.");
    markup_close(out, "section");
    buffer_append_char(out, '\n');
    return ok;
}
