/* Common and Combined access logs, as Apache and nginx write them by default:
 * HOST IDENT USER [17/May/2015:10:05:03 +0000] "GET /path HTTP/1.1" 200 203023 "REFERER" "AGENT"
 * What follows is not looked at. */
#include "replay/import_log.h"
#include "replay/timestamps.h"

#include <string.h>

struct fields {
    struct span date, request, status, size, referer, agent;
};

/* The bracketed time; the names before it may hold a bracket of their own. */
static const char *find_date(const struct span *line, struct span *date)
{
    const char *end = line->data + line->size, *at = line->data;
    for (;;) {
        at = memchr(at, '[', (size_t)(end - at));
        if (at == NULL || end - at < LOG_DATE_SIZE + 2)
            return NULL;
        at++;
        if (at[LOG_DATE_SIZE] == ']' && at[2] == '/' && at[11] == ':') {
            *date = (struct span){at, LOG_DATE_SIZE};
            return at + LOG_DATE_SIZE + 1;
        }
    }
}

/* NULL, or why the line is odd. */
static const char *split_line(struct span line, struct fields *out)
{
    const char *end = line.data + line.size;
    const char *at = find_date(&line, &out->date);
    if (at == NULL)
        return "there is no time in brackets, as in [17/May/2015:10:05:03 +0000]";
    if (end - at < 2 || *at++ != ' ' || !log_read_quoted(&at, end, &out->request))
        return "no request in quotes follows the time";
    if (end - at < 2 || *at++ != ' ' || !log_read_word(&at, end, &out->status) ||
        !log_read_word(&at, end, &out->size))
        return "no status and size follow the request";
    if (log_read_quoted(&at, end, &out->referer) && end - at >= 2 && *at++ == ' ')
        (void)log_read_quoted(&at, end, &out->agent);
    return NULL;
}

static bool read_date(struct log_scratch *scratch, struct span date, int64_t *ns)
{
    if (memcmp(date.data, scratch->date, LOG_DATE_SIZE) != 0) {
        if (!timestamp_parse_log(date.data, date.size, &scratch->date_ns))
            return false;
        memcpy(scratch->date, date.data, LOG_DATE_SIZE);
    }
    *ns = scratch->date_ns;
    return true;
}

static bool take_line(struct import_run *run, void *state, const struct input_record *record)
{
    struct log_scratch *scratch = state;
    struct import_place place = {record->number, record->offset};
    struct fields fields = {0};
    struct logged_request request = {0};
    const char *why = split_line((struct span){record->data, record->size}, &fields);
    if (why == NULL && !read_date(scratch, fields.date, &request.ts_ns))
        why = "the time in brackets is none";
    request.status = log_read_status(fields.status);
    if (why == NULL && request.status == 0 && log_read_size(fields.status) < 0 &&
        !span_equals(fields.status, "-"))
        why = "the status is no number";
    if (why != NULL) {
        import_note_odd(run, place, why);
        return true;
    }
    struct span line;
    const char *reason = NULL;
    if (log_unescape(fields.request, &scratch->request, &line))
        reason = log_read_request_line(scratch, line, &request);
    if (log_scratch_failed(scratch, run->err))
        return false;
    if (reason == NULL && request.status == 0)
        reason = "the log has no status of HTTP for it";
    if (reason != NULL) {
        import_note_left_out(run, place, reason);
        return true;
    }
    request.size_bytes = log_read_size(fields.size);
    request.referer = fields.referer;
    request.user_agent = fields.agent;
    request.is_escaped = true;
    return import_count(run, place, &request);
}

static bool read_log(const char *path, const struct import_options *options,
                     struct import_sink *sink, struct import_tally *tally, struct error *err)
{
    struct import_run run = {path, IMPORT_LINES, options, sink, tally, err, false};
    struct log_scratch scratch;
    log_scratch_init(&scratch);
    bool ok = import_each_line(&run, LOG_LINE_MAX_BYTES, take_line, &scratch);
    log_scratch_release(&scratch);
    return ok;
}

/* Of the first lines one must be of the format: garbage can come first. */
static int recognise(const char *head, size_t size, bool wants_combined)
{
    const char *at = head, *end = head + size;
    struct span line;
    for (int i = 0; i < 20 && import_head_line(&at, end, &line); i++) {
        struct fields fields = {0};
        int64_t ns;
        if (split_line(line, &fields) == NULL &&
            timestamp_parse_log(fields.date.data, fields.date.size, &ns))
            return (fields.referer.data != NULL) == wants_combined ? 90 : 0;
    }
    return 0;
}

static int recognise_combined(const char *head, size_t size)
{
    return recognise(head, size, true);
}

static int recognise_common(const char *head, size_t size)
{
    return recognise(head, size, false);
}

const struct importer importer_combined = {
    .name = "combined",
    .help = "Combined access log of Apache, nginx and others",
    .unit = "line",
    .is_log = true,
    .recognise = recognise_combined,
    .read = read_log,
};

const struct importer importer_common = {
    .name = "common",
    .help = "Common access log",
    .unit = "line",
    .is_log = true,
    .recognise = recognise_common,
    .read = read_log,
};
