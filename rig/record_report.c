#include "rig/record_report.h"

#include "base/clock.h"
#include "base/terminal.h"
#include "base/text.h"
#include "reporters/format.h"
#include "rig/import_input.h"
#include "rig/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    REDRAW_MS = 200,
    WARN_EVERY_S = 10,
    TOP_ENDPOINTS = 3,
};

void record_report_init(struct record_report *report, const struct record_settings *settings,
                        struct recording *recording, struct recorder *recorder)
{
    struct progress progress;
    struct terminal terminal;
    progress_init(&progress, PROGRESS_AUTO);
    terminal_probe(&terminal, STDERR_FILENO, COLOR_NEVER);
    *report = (struct record_report){
        .settings = settings,
        .recording = recording,
        .recorder = recorder,
        .live = progress.mode == PROGRESS_LIVE,
        .columns = terminal.columns,
        .started_ns = clock_monotonic_ns(),
    };
    report->rated_ns = report->started_ns;
}

void record_report_begin(const struct record_report *report)
{
    const struct record_settings *settings = report->settings;
    fprintf(stderr, "tollgate: recording http://%s to %s into %s; Ctrl-C ends it\n",
            recorder_address(report->recorder, 0), settings->sites[0].url,
            settings->recording.path);
    for (size_t i = 1; i < settings->recorder.site_count; i++)
        fprintf(stderr, "tollgate: upstream %s: http://%s to %s\n", settings->sites[i].name,
                recorder_address(report->recorder, i), settings->sites[i].url);
    if (settings->recording.redaction == NULL)
        fprintf(stderr, "tollgate: nothing is redacted (--no-redact): the corpus may hold secrets "
                        "and personal data\n");
}

/* ---- the live line --------------------------------------------------------------------------- */

static void append_count(struct buffer *out, uint64_t count)
{
    char text[FORMAT_SIZE];
    format_integer((int64_t)count, text);
    buffer_append_string(out, text);
}

static void append_size(struct buffer *out, uint64_t bytes)
{
    char text[FORMAT_SIZE];
    format_value((double)bytes, UNIT_BYTES, true, text);
    buffer_append_string(out, text);
}

/* The most frequent endpoints among what was written, with their shares. */
static void append_top(const struct record_report *report, uint64_t written, struct buffer *out)
{
    const struct endpoint_map *map = report->settings->recording.endpoints;
    uint64_t *counts = calloc(map->count + 1, sizeof *counts);
    if (counts == NULL || map->count == 0 || written == 0) {
        free(counts);
        return;
    }
    recording_count_endpoints(report->recording, counts);
    for (int shown = 0; shown < TOP_ENDPOINTS; shown++) {
        size_t top = 0;
        for (size_t i = 1; i < map->count; i++) {
            if (counts[i] > counts[top])
                top = i;
        }
        if (counts[top] == 0)
            break;
        buffer_append_string(out, shown == 0 ? "  " : ", ");
        text_append_safe(out, map->templates[top].name, strlen(map->templates[top].name), false);
        buffer_append_format(out, " %.0f %%", 100.0 * (double)counts[top] / (double)written);
        counts[top] = 0;
    }
    free(counts);
}

/* So that the line stays one line; a character is not cut through. */
static void cut_to(struct buffer *out, int columns)
{
    while (out->length > 0 && text_columns(buffer_text(out)) > (size_t)columns) {
        do
            out->length--;
        while (out->length > 0 && ((unsigned char)out->data[out->length] & 0xc0) == 0x80);
        out->data[out->length] = '\0';
    }
}

void record_report_append_line(const struct record_report *report, int columns, struct buffer *out)
{
    struct recording_counts counts;
    recording_count(report->recording, &counts);
    append_count(out, counts.seen);
    buffer_append_string(out, counts.seen == 1 ? " request  " : " requests  ");
    append_count(out, (uint64_t)(report->rate + 0.5));
    buffer_append_string(out, "/s  ");
    append_count(out, counts.dropped);
    buffer_append_string(out, " dropped  ");
    append_size(out, counts.written_bytes);
    append_top(report, counts.written, out);
    cut_to(out, columns > 1 ? columns - 1 : 1);
}

void record_report_clear(struct record_report *report)
{
    if (report->shown)
        fputs("\r\033[K", stderr);
    report->shown = false;
}

static void draw(struct record_report *report, int64_t now)
{
    struct buffer line;
    if (!report->live || now - report->drawn_ns < REDRAW_MS * NS_PER_MS)
        return;
    buffer_init(&line, 65536);
    record_report_append_line(report, report->columns, &line);
    fprintf(stderr, "\r\033[K%s", buffer_text(&line));
    buffer_release(&line);
    report->drawn_ns = now;
    report->shown = true;
}

static void take_rate(struct record_report *report, uint64_t seen, int64_t now)
{
    double seconds = (double)(now - report->rated_ns) / NS_PER_SECOND;
    if (seconds < 1)
        return;
    report->rate = (double)(seen - report->rated_seen) / seconds;
    report->rated_seen = seen;
    report->rated_ns = now;
}

/* ---- the account ----------------------------------------------------------------------------- */

static void print_reasons(FILE *file, const struct recording_counts *counts)
{
    for (size_t i = 0; i < DROP_REASONS; i++) {
        char number[FORMAT_SIZE];
        if (counts->by_reason[i] == 0)
            continue;
        format_integer((int64_t)counts->by_reason[i], number);
        fprintf(file, "    %s: %s\n", number, drop_reason_text((enum drop_reason)i));
    }
}

/* seen = written + dropped, and what is still under way. */
static void print_balance(FILE *file, const struct recording_counts *counts)
{
    char seen[FORMAT_SIZE], written[FORMAT_SIZE], dropped[FORMAT_SIZE], open[FORMAT_SIZE];
    uint64_t sum = counts->written + counts->dropped + counts->open;
    format_integer((int64_t)counts->seen, seen);
    format_integer((int64_t)counts->written, written);
    format_integer((int64_t)counts->dropped, dropped);
    format_integer((int64_t)counts->open, open);
    fprintf(file, "  %s seen = %s written + %s dropped", seen, written, dropped);
    if (counts->open > 0)
        fprintf(file, " + %s under way", open);
    fputs(sum == counts->seen ? "\n" : "  (these do not add up: please report it)\n", file);
    print_reasons(file, counts);
}

static void print_calls(FILE *file, const struct recorder_counts *counts)
{
    static const char *const texts[] = {
        [UNJOINED_SAME_ID] = "several requests bore their id",
        [UNJOINED_SEVERAL] = "without a known id, while several requests were in flight",
        [UNJOINED_NONE] = "without a known id, while no request was in flight",
    };
    char by_id[FORMAT_SIZE], by_time[FORMAT_SIZE], unjoined[FORMAT_SIZE];
    uint64_t left = 0;
    for (size_t i = UNJOINED_SAME_ID; i < JOIN_KINDS; i++)
        left += counts->calls[i];
    format_integer((int64_t)counts->calls[JOINED_BY_ID], by_id);
    format_integer((int64_t)counts->calls[JOINED_BY_TIME], by_time);
    format_integer((int64_t)left, unjoined);
    fprintf(file, "  upstream calls: %s joined by id, %s by time, %s not joined\n", by_id, by_time,
            unjoined);
    for (size_t i = UNJOINED_SAME_ID; i < JOIN_KINDS; i++) {
        if (counts->calls[i] == 0)
            continue;
        format_integer((int64_t)counts->calls[i], unjoined);
        fprintf(file, "    %s: %s\n", unjoined, texts[i]);
    }
}

static void print_account(const struct record_report *report, FILE *file)
{
    struct recording_counts counts;
    struct recorder_counts calls;
    recording_count(report->recording, &counts);
    recorder_count(report->recorder, &calls);
    print_balance(file, &counts);
    if (report->settings->recorder.site_count > 1)
        print_calls(file, &calls);
}

/* ---- while it runs --------------------------------------------------------------------------- */

static void warn_of_failure(struct record_report *report)
{
    struct error problem = {0};
    if (report->warned_failed || !recording_problem(report->recording, &problem))
        return;
    report->warned_failed = true;
    record_report_clear(report);
    fprintf(stderr, "tollgate: %s; nothing more is recorded, requests are passed on as before\n",
            problem.text);
}

static void warn_of_drops(struct record_report *report, const struct recording_counts *counts,
                          int64_t now)
{
    char number[FORMAT_SIZE];
    if (counts->dropped == report->warned_dropped || counts->failed ||
        (report->warned_ns != 0 && now - report->warned_ns < WARN_EVERY_S * NS_PER_SECOND))
        return;
    format_integer((int64_t)counts->dropped, number);
    record_report_clear(report);
    fprintf(stderr, "tollgate: %s dropped from the recording so far, not from the traffic:\n",
            number);
    print_reasons(stderr, counts);
    report->warned_dropped = counts->dropped;
    report->warned_ns = now;
}

void record_report_tick(struct record_report *report, bool whole)
{
    struct recording_counts counts;
    int64_t now = clock_monotonic_ns();
    recording_count(report->recording, &counts);
    take_rate(report, counts.seen, now);
    warn_of_failure(report);
    warn_of_drops(report, &counts, now);
    if (whole) {
        record_report_clear(report);
        fprintf(stderr, "tollgate: recording for %.0f s\n",
                (double)(now - report->started_ns) / NS_PER_SECOND);
        print_account(report, stderr);
    }
    draw(report, now);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void print_redactions(const struct record_report *report, FILE *file)
{
    struct buffer text;
    if (report->settings->recording.redaction == NULL)
        return;
    buffer_init(&text, 1 << 20);
    recording_append_redactions(report->recording, &text);
    import_print_redactions(file, recording_redactions(report->recording), buffer_text(&text));
    buffer_release(&text);
}

static void print_files(const struct record_report *report, const struct recording_counts *counts,
                        FILE *file)
{
    char size[FORMAT_SIZE];
    format_value((double)counts->written_bytes, UNIT_BYTES, true, size);
    for (size_t i = 0; i < counts->files; i++) {
        const char *name = recording_file_name(report->recording, i);
        fputs(i == 0 ? "" : ", ", file);
        import_print_safe(file, name, strlen(name));
    }
    fputs(counts->files > 0 ? ": " : "", file);
    import_print_count(file, (size_t)counts->written, "exchange");
    if (report->settings->recorder.site_count > 1) {
        fputs(", ", file);
        import_print_count(file, (size_t)counts->joined_calls, "upstream call");
    }
    if (counts->files > 0)
        fprintf(file, ", %s", size);
    fputc('\n', file);
}

void record_report_end(struct record_report *report)
{
    struct recording_counts counts;
    FILE *file = report->settings->report;
    recording_count(report->recording, &counts);
    print_files(report, &counts, file);
    print_account(report, file);
    if (counts.bodies_left_out > 0) {
        fputs("  compressed bodies of answers are not in it, so these are not checked: ", file);
        import_print_count(file, (size_t)counts.bodies_left_out, "exchange");
        fputc('\n', file);
    }
    print_redactions(report, file);
    if (report->settings->recording.endpoints->count > 0 && counts.unmatched > 0) {
        fputs("tollgate: no endpoint template matches ", stderr);
        import_print_count(stderr, (size_t)counts.unmatched, "exchange");
        fputs("; tollgate corpus validate shows which\n", stderr);
    }
}
