/* Access logs of AWS application load balancers: fields apart by spaces, some in quotes.
 * What follows the fields that are used is not looked at. */
#include "replay/import_log.h"
#include "replay/timestamps.h"

#include <string.h>

/* Positions of the fields in a line. */
enum {
    ALB_TYPE = 0,
    ALB_TIME = 1,
    ALB_STATUS = 8,
    ALB_SENT_BYTES = 11,
    ALB_REQUEST = 12,
    ALB_AGENT = 13,
    ALB_LEAST = 14,    /* fields that a line has at least */
    ALB_CREATION = 21, /* request_creation_time: when it came in */
    ALB_READ = 22,
};

static const char *const types[] = {"http", "https", "h2", "grpcs", "ws", "wss"};

/* How many fields were read, up to ALB_READ. */
static size_t split_line(struct span line, struct span *fields)
{
    const char *at = line.data, *end = line.data + line.size;
    size_t count = 0;
    while (count < ALB_READ && at < end) {
        if (*at == '"') {
            if (!log_read_quoted(&at, end, &fields[count]))
                return count;
            at += at < end && *at == ' ';
        } else if (!log_read_word(&at, end, &fields[count])) {
            return count;
        }
        count++;
    }
    return count;
}

static bool is_type(struct span text)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (span_equals(text, types[i]))
            return true;
    }
    return false;
}

/* A request that could not be read is logged as "- http://HOST:PORT- -". */
static const char *read_request(struct log_scratch *scratch, const struct span *fields,
                                struct logged_request *out)
{
    struct span line;
    if (span_equals(fields[ALB_TYPE], "ws") || span_equals(fields[ALB_TYPE], "wss"))
        return "it is a WebSocket";
    if (!log_unescape(fields[ALB_REQUEST], &scratch->request, &line))
        return NULL;
    if (span_begins(line, "- "))
        return "the log has no request line";
    const char *reason = log_read_request_line(scratch, line, out);
    if (reason != NULL)
        return reason;
    const char *first = memchr(line.data, ' ', line.size);
    const char *last = memrchr(line.data, ' ', line.size);
    struct span target = {first + 1, (size_t)(last - first - 1)};
    return log_read_target(scratch, target, true, out);
}

static bool read_time(struct span text, int64_t *ns)
{
    return timestamp_parse_iso(text.data, text.size, ns);
}

static bool take_line(struct import_run *run, void *state, const struct input_record *record)
{
    struct log_scratch *scratch = state;
    struct import_place place = {record->number, record->offset};
    struct span fields[ALB_READ] = {0};
    struct logged_request request = {0};
    size_t count = split_line((struct span){record->data, record->size}, fields);
    const char *why = NULL;
    if (count < ALB_LEAST || !is_type(fields[ALB_TYPE]))
        why = "not the fields of a load balancer's log";
    if (why == NULL && !read_time(fields[ALB_CREATION], &request.ts_ns) &&
        !read_time(fields[ALB_TIME], &request.ts_ns))
        why = "the time is none";
    if (why != NULL) {
        import_note_odd(run, place, why);
        return true;
    }
    request.status = log_read_status(fields[ALB_STATUS]);
    const char *reason = read_request(scratch, fields, &request);
    if (log_scratch_failed(scratch, run->err))
        return false;
    if (reason == NULL && request.status == 0)
        reason = "the log has no status of HTTP for it";
    if (reason != NULL) {
        import_note_left_out(run, place, reason);
        return true;
    }
    request.size_bytes = log_read_size(fields[ALB_SENT_BYTES]);
    request.user_agent = fields[ALB_AGENT];
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

static int recognise(const char *head, size_t size)
{
    const char *at = head, *end = head + size;
    struct span line;
    for (int i = 0; i < 20 && import_head_line(&at, end, &line); i++) {
        struct span fields[ALB_READ] = {0};
        int64_t ns;
        if (split_line(line, fields) >= ALB_LEAST && is_type(fields[ALB_TYPE]) &&
            timestamp_parse_iso(fields[ALB_TIME].data, fields[ALB_TIME].size, &ns))
            return 95;
    }
    return 0;
}

const struct importer importer_alb = {
    .name = "alb",
    .help = "access log of an AWS application load balancer",
    .unit = "line",
    .is_log = true,
    .recognise = recognise,
    .read = read_log,
};
