#include "reporters/provenance.h"

#include "base/terminal.h"
#include "baselines/statistics.h"
#include "reporters/cost_words.h"
#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_COLUMNS = 10,
    COMMIT_DIGITS = 7,
    TEXT_MAX_BYTES = 1 << 20,
};

static const double unattributed_worth_telling = 0.01;

/* A labelled paragraph. An empty label goes on with the one before. */
static void append_entry(struct buffer *out, const struct report_style *style, const char *label,
                         const struct buffer *text)
{
    static const struct text_style dim = {.dim = true};
    size_t width = (size_t)style->columns;
    terminal_append_styled(out, style->color, dim, label);
    bool narrow = style->columns < LAYOUT_NARROW_COLUMNS;
    struct layout_paragraph place = {width, strlen(label), narrow ? 2 : LABEL_COLUMNS};
    struct buffer parted;
    buffer_init(&parted, TEXT_MAX_BYTES + LABEL_COLUMNS);
    if (*label != '\0')
        layout_pad(&parted, strlen(label), LABEL_COLUMNS);
    buffer_append_string(&parted, buffer_text(text));
    if (text->failed || parted.failed)
        out->failed = true;
    layout_append_wrapped(out, buffer_text(&parted), place);
    buffer_release(&parted);
}

double provenance_find_unattributed(const struct pass_result *pass)
{
    double largest = NAN;
    for (size_t side = 0; side < SIDE_COUNT; side++) {
        const struct conservation *counter = &pass->conservation[side];
        double share = counter->total > 0 ? counter->unattributed / counter->total : NAN;
        if (isfinite(share) && !(share <= largest))
            largest = share;
    }
    return largest;
}

static void write_count(struct buffer *text, int64_t count, const char *what)
{
    char number[FORMAT_SIZE];
    format_integer(count, number);
    buffer_append_format(text, "%s %s%s", number, what, count == 1 ? "" : "s");
}

static void write_pass(struct buffer *text, const struct pass_result *pass, bool utf8)
{
    char number[FORMAT_SIZE];
    layout_append_safe(text, pass->name, utf8, false);
    if (pass->status != PASS_RAN) {
        buffer_append_format(text, ": %s", pass->status == PASS_CUT ? "cut short" : "skipped");
    } else {
        buffer_append_string(text, ": ");
        write_count(text, pass->replicates, "replicate");
        buffer_append_string(text, ", ");
        write_count(text, pass->requests, "request");
        format_seconds(pass->seconds, utf8, number);
        buffer_append_format(text, " in %s", number);
    }
    if (pass->dropped > 0) {
        buffer_append_string(text, "; ");
        write_count(text, pass->dropped, "replicate");
        buffer_append_string(text, " dropped for stolen time");
    }
    double share = provenance_find_unattributed(pass);
    if (share > unattributed_worth_telling && (unsigned)pass->conserved < METRIC_COUNT) {
        format_share(share, utf8, number);
        buffer_append_format(text, "; %s of %s unattributed", number,
                             metric_info(pass->conserved)->title);
    }
    if (pass->reason != NULL) {
        buffer_append_string(text, pass->status != PASS_RAN ? ", " : "; ");
        layout_append_safe(text, pass->reason, utf8, false);
    }
}

static void append_passes(struct buffer *out, const struct run *run,
                          const struct report_style *style)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < run->pass_count; i++) {
        buffer_clear(&text);
        write_pass(&text, &run->passes[i], style->utf8);
        append_entry(out, style, i == 0 ? "measured" : "", &text);
    }
    buffer_release(&text);
}

/* "main, 1b22c30 + changes" */
static void write_side(struct buffer *text, const struct run_side *side, bool utf8)
{
    if (side->commit == NULL) {
        if (side->ref != NULL) {
            layout_append_short(text, side->ref, LABEL_COLUMNS * 6, utf8);
            buffer_append_string(text, ", ");
        }
        buffer_append_string(text, "not in git");
        return;
    }
    bool named = side->ref != NULL && strncmp(side->ref, side->commit, strlen(side->ref)) != 0;
    if (named) {
        layout_append_short(text, side->ref, LABEL_COLUMNS * 6, utf8);
        buffer_append_string(text, ", ");
    }
    char commit[COMMIT_DIGITS + 1];
    snprintf(commit, sizeof commit, "%s", side->commit);
    layout_append_safe(text, commit, utf8, false);
    if (side->dirty)
        buffer_append_string(text, " + changes");
}

const struct run_side *provenance_find_base(const struct report *report)
{
    if (report->base != NULL)
        return &report->base->sides[SIDE_HEAD];
    const struct run_side *own = &report->head->sides[SIDE_BASE];
    return own->present && report->comparison->has_base ? own : NULL;
}

static void append_sides(struct buffer *out, const struct report *report,
                         const struct report_style *style)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    write_side(&text, &report->head->sides[SIDE_HEAD], style->utf8);
    append_entry(out, style, "head", &text);
    buffer_clear(&text);
    const struct run_side *base = provenance_find_base(report);
    if (base == NULL) {
        buffer_append_string(&text, "none");
    } else {
        write_side(&text, base, style->utf8);
        if (report->base == NULL) {
            buffer_append_string(&text, ", measured in this run");
        } else {
            buffer_append_string(&text, ", a stored run");
            if (report->base->created != NULL) {
                buffer_append_string(&text, " of ");
                layout_append_safe(&text, report->base->created, style->utf8, false);
            }
        }
    }
    append_entry(out, style, "base", &text);
    buffer_release(&text);
}

static void append_machine(struct buffer *out, const struct run *run,
                           const struct report_style *style)
{
    const struct fingerprint *machine = &run->fingerprint;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    layout_append_safe(&text, machine->cpu_model != NULL ? machine->cpu_model : "unknown CPU",
                       style->utf8, false);
    if (machine->cpus > 0) {
        buffer_append_string(&text, ", ");
        write_count(&text, machine->cpus, "CPU");
    }
    if (machine->kernel != NULL) {
        buffer_append_string(&text, ", kernel ");
        layout_append_safe(&text, machine->kernel, style->utf8, false);
    }
    append_entry(out, style, "machine", &text);
    buffer_release(&text);
}

static bool write_peak(struct buffer *text, const struct run_side *side, const char *before,
                       bool utf8)
{
    char number[FORMAT_SIZE];
    double *sorted = calloc(side->peak_rss_bytes.count + 1, sizeof *sorted);
    if (sorted == NULL || side->peak_rss_bytes.count == 0) {
        text->failed |= sorted == NULL;
        free(sorted);
        return false;
    }
    memcpy(sorted, side->peak_rss_bytes.values, side->peak_rss_bytes.count * sizeof *sorted);
    statistics_sort_values(sorted, side->peak_rss_bytes.count);
    format_value(statistics_find_median(sorted, side->peak_rss_bytes.count), UNIT_BYTES, utf8,
                 number);
    buffer_append_format(text, "%s%s", before, number);
    free(sorted);
    return true;
}

static void append_memory(struct buffer *out, const struct report *report,
                          const struct report_style *style)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    const struct run_side *base = provenance_find_base(report);
    if (write_peak(&text, &report->head->sides[SIDE_HEAD], "peak resident ", style->utf8)) {
        if (base != NULL)
            (void)write_peak(&text, base, ", base ", style->utf8);
        append_entry(out, style, "memory", &text);
    }
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

/* What this run could have seen, or why it could not look. */
static void append_sight(struct buffer *out, const struct comparison *comparison,
                         const struct report_style *style)
{
    char number[FORMAT_SIZE];
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    if (isfinite(comparison->smallest_cpu_change)) {
        format_share(comparison->smallest_cpu_change, style->utf8, number);
        buffer_append_format(&text, "CPU slowdowns of %s or more, nine times in ten", number);
        append_entry(out, style, "catches", &text);
    }
    if (comparison->cpu_note != NULL) {
        buffer_clear(&text);
        buffer_append_string(&text, "not gated: ");
        layout_append_safe(&text, comparison->cpu_note, style->utf8, false);
        append_entry(out, style, "CPU", &text);
    }
    buffer_release(&text);
}

static void write_answers(struct buffer *text, int64_t count, const char *how)
{
    char number[FORMAT_SIZE];
    if (count == 0)
        return;
    format_integer(count, number);
    buffer_append_format(text, "; %s %s", number, how);
}

/* Said only where an answer was not simply the recorded one. */
static void append_standins(struct buffer *out, const struct run *run,
                            const struct report_style *style)
{
    struct buffer text;
    bool first = true;
    buffer_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < run->upstream_count; i++) {
        const struct upstream_result *one = &run->upstreams[i];
        int64_t other = one->normalised + one->templated + one->missed;
        if (other + one->faulted == 0)
            continue;
        buffer_clear(&text);
        layout_append_safe(&text, one->name, style->utf8, false);
        buffer_append_string(&text, ": ");
        write_count(&text, one->exact + other, "request");
        write_answers(&text, one->normalised, "matched only when normalised");
        write_answers(&text, one->templated, "answered for other ids (by template)");
        write_answers(&text, one->missed, "found no answer");
        write_answers(&text, one->faulted, "given a fault, as asked");
        append_entry(out, style, first ? "stand-ins" : "", &text);
        first = false;
    }
    buffer_release(&text);
}

static void append_notes(struct buffer *out, const struct run *run,
                         const struct report_style *style)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < run->note_count; i++) {
        buffer_clear(&text);
        layout_append_safe(&text, run->notes[i], style->utf8, true);
        append_entry(out, style, "note", &text);
    }
    buffer_release(&text);
}

/* The sum of the changes, and what amounts of money rest on. */
static void append_cost(struct buffer *out, const struct cost_report *cost,
                        const struct report_style *style)
{
    char total[COST_WORDS_SIZE];
    struct buffer text;
    if (cost == NULL || !cost->has_money || cost->total.endpoints == 0)
        return;
    buffer_init(&text, TEXT_MAX_BYTES);
    cost_words_total(cost, &cost->total, style->utf8, total);
    buffer_append_format(&text, "%s by %zu endpoint%s, of ", total, cost->total.endpoints,
                         cost->total.endpoints == 1 ? "" : "s");
    layout_append_safe(&text, cost->basis, style->utf8, false);
    append_entry(out, style, "cost", &text);
    buffer_release(&text);
}

static void append_legend(struct buffer *out, const struct report *report,
                          const struct report_style *style)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_append_string(&text, "per request");
    if (report->comparison->has_base) {
        buffer_append_string(&text, "; changes against the base");
        if (report->gate != NULL && report->gate->confidence > 0)
            buffer_append_format(&text, ", %g %% intervals", report->gate->confidence * 100);
        buffer_append_format(&text, ", %s unchanged", style->utf8 ? "“=”" : "\"=\"");
    }
    append_entry(out, style, "figures", &text);
    buffer_release(&text);
}

void provenance_append(struct buffer *out, const struct report *report,
                       const struct report_style *style)
{
    append_legend(out, report, style);
    append_passes(out, report->head, style);
    append_sides(out, report, style);
    append_machine(out, report->head, style);
    append_memory(out, report, style);
    append_standins(out, report->head, style);
    append_sight(out, report->comparison, style);
    append_cost(out, report->cost, style);
    append_notes(out, report->head, style);
}
