/* Replicates as dots, drawn here: a picture the size of a line, which needs no program. */
#include "base/markup.h"
#include "baselines/statistics.h"
#include "reporters/flame_words.h"
#include "reporters/format.h"
#include "reporters/html_private.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 200, ROW = 12, EDGE = 4, DOTS_MAX = 200 };

static const double FARTHEST = 1e15; /* no figure that anybody measured */

struct row {
    const char *label;
    const struct samples *samples;
};

struct dots {
    struct row rows[SIDE_COUNT];
    size_t row_count;
    bool ratios; /* log ratios, shown as changes; else figures in the unit */
    enum metric_unit unit;
    double low, high;
    bool scatters; /* else every start gave the same: there is nothing to see */
};

static double value_of(const struct dots *dots, double value)
{
    return dots->ratios ? statistics_convert_log_ratio(value) : value;
}

static void add_row(struct dots *dots, const char *label, const struct samples *samples)
{
    size_t finite = 0;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < samples->count; i++) {
        double value = value_of(dots, samples->values[i]);
        if (!isfinite(value) || fabs(value) > FARTHEST)
            continue;
        low = fmin(low, value);
        high = fmax(high, value);
        finite++;
    }
    if (finite < 2)
        return;
    dots->scatters = dots->scatters || high > low;
    dots->low = dots->row_count == 0 ? low : fmin(dots->low, low);
    dots->high = dots->row_count == 0 ? high : fmax(dots->high, high);
    dots->rows[dots->row_count++] = (struct row){label, samples};
}

static void find_rows(struct dots *dots, const struct html *html,
                      const struct endpoint_verdict *endpoint, enum metric metric)
{
    const struct report *report = html->report;
    const struct endpoint_result *head = run_endpoint(report->head, endpoint->name);
    const struct endpoint_result *base =
        report->base != NULL ? run_endpoint(report->base, endpoint->name) : head;
    enum side side = report->base != NULL ? SIDE_HEAD : SIDE_BASE;
    if (report->base == NULL && head != NULL && head->figures[metric].log_ratio.count >= 2) {
        dots->ratios = true;
        add_row(dots, "pairs", &head->figures[metric].log_ratio);
        add_row(dots, "base against itself", &head->figures[metric].aa_log_ratio);
        return;
    }
    if (base != NULL && report->comparison->has_base)
        add_row(dots, "base", &base->figures[metric].side[side]);
    if (head != NULL)
        add_row(dots, "head", &head->figures[metric].side[SIDE_HEAD]);
}

static double place(const struct dots *dots, double value)
{
    double room = WIDTH - 2 * EDGE;
    return EDGE + room * (value - dots->low) / (dots->high - dots->low);
}

/* One path for all: each dot is a line without length, whose ends are round. */
static void append_row(struct buffer *out, const struct dots *dots, size_t row)
{
    struct buffer path;
    const struct samples *samples = dots->rows[row].samples;
    size_t step = (samples->count + DOTS_MAX - 1) / DOTS_MAX;
    buffer_init(&path, HTML_TEXT_MAX);
    for (size_t i = 0; i < samples->count; i += step) {
        double value = value_of(dots, samples->values[i]);
        if (isfinite(value) && fabs(value) <= FARTHEST)
            buffer_append_format(&path, "M%.1f %zuh0", place(dots, value), row * ROW + ROW / 2);
    }
    markup_empty(out, "path", "class", row == 0 ? "dots" : "dots second", "d", buffer_text(&path),
                 NULL);
    flame_release_text(out, &path);
}

static void write_value(const struct dots *dots, double value, char text[static FORMAT_SIZE])
{
    if (dots->ratios)
        format_change(value, true, text);
    else
        format_value(value, dots->unit, true, text);
}

static void append_picture(struct buffer *out, const struct dots *dots)
{
    char low[FORMAT_SIZE], high[FORMAT_SIZE], text[512], height[16], box[40], zero[80];
    size_t length = 0;
    write_value(dots, dots->low, low);
    write_value(dots, dots->high, high);
    for (size_t i = 0; i < dots->row_count; i++)
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%s: %zu", i > 0 ? "; " : "",
                             dots->rows[i].label, dots->rows[i].samples->count);
    snprintf(text + length, sizeof text - length, " replicates, from %s to %s", low, high);
    snprintf(height, sizeof height, "%zu", dots->row_count * ROW);
    snprintf(box, sizeof box, "0 0 %d %zu", WIDTH, dots->row_count * ROW);
    markup_open(out, "span", "class", "spread", NULL);
    markup_open(out, "svg", "class", "spread", "role", "img", "aria-label", text, "width", "200",
                "height", height, "viewBox", box, NULL);
    markup_element(out, "title", text, NULL);
    if (dots->ratios && dots->low < 0 && dots->high > 0) {
        snprintf(zero, sizeof zero, "M%.1f 0v%zu", place(dots, 0), dots->row_count * ROW);
        markup_empty(out, "path", "class", "zero", "d", zero, NULL);
    }
    for (size_t i = 0; i < dots->row_count; i++)
        append_row(out, dots, i);
    markup_close(out, "svg");
    snprintf(text, sizeof text, "%s to %s", low, high);
    markup_element(out, "span", text, "class", "quiet", NULL);
    markup_close(out, "span");
}

void html_append_dots(struct buffer *out, const struct html *html,
                      const struct endpoint_verdict *endpoint, enum metric metric)
{
    struct dots dots = {.unit = metric_info(metric)->unit};
    find_rows(&dots, html, endpoint, metric);
    if (dots.scatters)
        append_picture(out, &dots);
}
