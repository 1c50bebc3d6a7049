/* Access logs of one JSON object a line: nginx by its own log_format, Caddy, Traefik and others.
 * Each field is looked for under the keys that programs commonly use, or under the one that the
 * user names. A dot in a key steps into an object when no key has the whole name. */
#include "replay/import_log.h"
#include "replay/timestamps.h"
#include "replay/url.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum field {
    FIELD_TIME,
    FIELD_REQUEST,
    FIELD_METHOD,
    FIELD_TARGET,
    FIELD_QUERY,
    FIELD_STATUS,
    FIELD_SIZE,
    FIELD_HOST,
    FIELD_PROTOCOL,
    FIELD_AGENT,
    FIELD_REFERER,
    FIELD_COUNT,
};

enum { KEYS_MAX = 10, NUMBER_SIZE = 40 };

struct field_row {
    const char *name; /* for --json-key */
    const char *keys[KEYS_MAX];
};

static const struct field_row rows[FIELD_COUNT] = {
    [FIELD_TIME] = {"time",
                    {"time", "time_iso8601", "time_local", "@timestamp", "timestamp", "ts", "msec",
                     "StartUTC", "date"}},
    [FIELD_REQUEST] = {"request", {"request", "request_line"}},
    [FIELD_METHOD] = {"method",
                      {"method", "request_method", "request.method", "http.request.method",
                       "RequestMethod", "verb"}},
    [FIELD_TARGET] = {"target",
                      {"request_uri", "target", "uri", "request.uri", "url.original", "RequestPath",
                       "path", "url"}},
    [FIELD_QUERY] = {"query", {"args", "query_string", "query"}},
    [FIELD_STATUS] = {"status",
                      {"status", "status_code", "response", "response_status",
                       "http.response.status_code", "DownstreamStatus", "code"}},
    [FIELD_SIZE] = {"size",
                    {"body_bytes_sent", "bytes_sent", "bytes", "size", "response_size",
                     "http.response.body.bytes", "DownstreamContentSize"}},
    [FIELD_HOST] = {"host",
                    {"http_host", "host", "request.host", "url.domain", "RequestHost", "vhost",
                     "server_name"}},
    [FIELD_PROTOCOL] = {"protocol",
                        {"server_protocol", "protocol", "request.proto", "proto",
                         "RequestProtocol"}},
    [FIELD_AGENT] = {"user_agent",
                     {"http_user_agent", "user_agent", "agent", "user_agent.original"}},
    [FIELD_REFERER] = {"referer", {"http_referer", "http_referrer", "referer", "referrer"}},
};

struct state {
    struct log_scratch scratch;
    struct buffer joined;                   /* path and query */
    const char *chosen[FIELD_COUNT];        /* the user's key; NULL = the common ones */
    char numbers[FIELD_COUNT][NUMBER_SIZE]; /* values that are no strings, as text */
};

static int find_row(const char *pair, size_t size)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (strlen(rows[i].name) == size && memcmp(rows[i].name, pair, size) == 0)
            return i;
    }
    return -1;
}

bool import_check_json_key(const char *pair, struct error *err)
{
    const char *equals = strchr(pair, '=');
    if (equals != NULL && equals[1] != '\0' && find_row(pair, (size_t)(equals - pair)) >= 0)
        return true;
    char names[256] = "";
    for (int i = 0; i < FIELD_COUNT; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", rows[i].name);
    }
    return error_set(err, ERROR_USAGE,
                     "--json-key takes FIELD=KEY, as in status=response_code; fields are: %s",
                     names);
}

/* The value under a key: the whole name, else by its dots. */
static const json_t *find_value(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    char part[128];
    while (value == NULL && object != NULL) {
        const char *dot = strchr(key, '.');
        if (dot == NULL)
            return json_object_get(object, key);
        if ((size_t)(dot - key) >= sizeof part)
            return NULL;
        snprintf(part, sizeof part, "%.*s", (int)(dot - key), key);
        object = json_object_get(object, part);
        key = dot + 1;
    }
    return value;
}

/* A string or a number as text; false for all else. */
static bool value_text(struct state *state, enum field field, const json_t *value, struct span *out)
{
    char *number = state->numbers[field];
    if (json_is_string(value)) {
        *out = (struct span){json_string_value(value), json_string_length(value)};
        return out->size > 0;
    }
    if (json_is_integer(value))
        snprintf(number, NUMBER_SIZE, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value) && json_real_value(value) >= 0 && json_real_value(value) < 1e18)
        snprintf(number, NUMBER_SIZE, "%.6f", json_real_value(value));
    else
        return false;
    *out = (struct span){number, strlen(number)};
    return true;
}

static bool get(struct state *state, const json_t *root, enum field field, struct span *out)
{
    *out = (struct span){0};
    if (state->chosen[field] != NULL)
        return value_text(state, field, find_value(root, state->chosen[field]), out);
    for (size_t i = 0; i < KEYS_MAX && rows[field].keys[i] != NULL; i++) {
        if (value_text(state, field, find_value(root, rows[field].keys[i]), out))
            return true;
    }
    return false;
}

/* Path and query, which some logs keep apart. */
static bool join_query(struct state *state, const json_t *root, struct span *target)
{
    struct span query;
    if (memchr(target->data, '?', target->size) != NULL || !get(state, root, FIELD_QUERY, &query) ||
        span_equals(query, "-"))
        return true;
    buffer_clear(&state->joined);
    buffer_append(&state->joined, target->data, target->size);
    if (query.data[0] != '?')
        buffer_append_char(&state->joined, '?');
    buffer_append(&state->joined, query.data, query.size);
    *target = (struct span){buffer_text(&state->joined), state->joined.length};
    return !state->joined.failed;
}

/* From a method and a target. */
static const char *read_parts(struct state *state, const json_t *root, struct span method,
                              struct logged_request *out)
{
    struct span target, protocol;
    (void)get(state, root, FIELD_TARGET, &target);
    if (!join_query(state, root, &target))
        return NULL;
    out->method = method;
    out->proto = get(state, root, FIELD_PROTOCOL, &protocol) ? log_protocol(protocol) : NULL;
    if (out->proto == NULL)
        out->proto = "HTTP/1.1";
    if (!log_is_method(method) || span_equals(method, "CONNECT"))
        return "the request is not HTTP";
    return log_read_target(&state->scratch, target, true, out);
}

static void read_rest(struct state *state, const json_t *root, struct logged_request *out)
{
    struct span text;
    (void)get(state, root, FIELD_AGENT, &out->user_agent);
    (void)get(state, root, FIELD_REFERER, &out->referer);
    if (get(state, root, FIELD_TIME, &text))
        (void)timestamp_parse(text.data, text.size, &out->ts_ns);
    out->size_bytes = get(state, root, FIELD_SIZE, &text) ? log_read_size(text) : -1;
    if (out->authority.size == 0 && get(state, root, FIELD_HOST, &text) && text.size <= 255 &&
        target_is_clean(text.data, text.size) && !span_equals(text, "-"))
        out->authority = text;
}

static bool take_object(struct import_run *run, struct state *state, struct import_place place,
                        const json_t *root)
{
    struct logged_request request = {0};
    struct span line, method, target, status;
    bool has_line = get(state, root, FIELD_REQUEST, &line);
    bool has_parts =
        get(state, root, FIELD_METHOD, &method) && get(state, root, FIELD_TARGET, &target);
    if (!get(state, root, FIELD_STATUS, &status)) {
        import_note_odd(run, place, "no status under the known keys; name it: --json-key status=");
        return true;
    }
    if (!has_line && !has_parts) {
        import_note_odd(run, place, "no method and target under the known keys; see --json-key");
        return true;
    }
    read_rest(state, root, &request);
    request.status = log_read_status(status);
    const char *reason = has_parts ? read_parts(state, root, method, &request)
                                   : log_read_request_line(&state->scratch, line, &request);
    if (state->joined.failed || log_scratch_failed(&state->scratch, run->err))
        return error_set_memory(run->err);
    if (reason == NULL && request.status == 0)
        reason = "the log has no status of HTTP for it";
    if (reason != NULL) {
        import_note_left_out(run, place, reason);
        return true;
    }
    return import_count(run, place, &request);
}

static bool take_line(struct import_run *run, void *context, const struct input_record *record)
{
    struct import_place place = {record->number, record->offset};
    json_error_t problem = {0};
    json_auto_t *root = json_loadb(record->data, record->size, JSON_ALLOW_NUL, &problem);
    if (root == NULL)
        return import_note_json(run, place, &problem);
    if (json_is_object(root))
        return take_object(run, context, place, root);
    import_note_odd(run, place, "not a JSON object");
    return true;
}

static bool read_log(const char *path, const struct import_options *options,
                     struct import_sink *sink, struct import_tally *tally, struct error *err)
{
    struct import_run run = {path, IMPORT_LINES, options, sink, tally, err, false};
    struct state state = {0};
    const char *const *pairs = options != NULL ? options->json_keys : NULL;
    for (size_t i = 0; pairs != NULL && pairs[i] != NULL; i++) {
        if (!import_check_json_key(pairs[i], err))
            return false;
        const char *equals = strchr(pairs[i], '=');
        state.chosen[find_row(pairs[i], (size_t)(equals - pairs[i]))] = equals + 1;
    }
    log_scratch_init(&state.scratch);
    buffer_init(&state.joined, 4 * LOG_LINE_MAX_BYTES);
    bool ok = import_each_line(&run, LOG_LINE_MAX_BYTES, take_line, &state);
    log_scratch_release(&state.scratch);
    buffer_release(&state.joined);
    return ok;
}

static int recognise(const char *head, size_t size)
{
    const char *at = head, *end = head + size;
    struct span line = {0};
    while (line.size == 0 && import_head_line(&at, end, &line))
        continue;
    if (!span_begins(line, "{"))
        return 0;
    bool has_status = span_contains(line, "\"status\"") || span_contains(line, "status_code\"") ||
                      span_contains(line, "\"response\"") || span_contains(line, "Status\"") ||
                      span_contains(line, "\"code\"");
    return has_status ? 60 : 20;
}

const struct importer importer_json = {
    .name = "json",
    .help = "access log of one JSON object a line; --json-key names its keys",
    .unit = "line",
    .is_log = true,
    .recognise = recognise,
    .read = read_log,
};
