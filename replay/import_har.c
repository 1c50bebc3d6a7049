/* HAR 1.2, as browsers and proxies save it: log.entries, each a request with its answer. */
#include "replay/har_scan.h"
#include "replay/import_draft.h"
#include "replay/import_har_form.h"
#include "replay/timestamps.h"
#include "replay/wire.h"

#include "base/json.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

struct state {
    struct import_run *run;
    bool saw_credentials; /* some request has a cookie or an authorization */
};

/* An entry under way. */
struct entry {
    struct import_draft draft;
    const json_t *request, *response;
};

static void warn(struct entry *entry, const char *text)
{
    import_draft_warn(&entry->draft, text);
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static const char *protocol_of(const char *version)
{
    if (strcasecmp(version, "HTTP/1.0") == 0)
        return "HTTP/1.0";
    bool newer = strncasecmp(version, "HTTP/2", 6) == 0 || strncasecmp(version, "HTTP/3", 6) == 0 ||
                 strcasecmp(version, "h2") == 0 || strncasecmp(version, "h3", 2) == 0;
    return newer ? "HTTP/2" : "HTTP/1.1";
}

/* Fields of HTTP/2 with a colon are none of ours. Browsers join fields of one name with
 * newlines. */
static void add_headers(struct entry *entry, const json_t *list, struct import_headers *headers)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *field = json_array_get(list, i);
        const json_t *value = json_object_get(field, "value");
        const char *name = string_of(field, "name");
        const char *at = json_string_value(value);
        const char *end = at != NULL ? at + json_string_length(value) : NULL;
        if (name[0] == ':' || at == NULL)
            continue;
        do {
            const char *newline = memchr(at, '\n', (size_t)(end - at));
            const char *stop = newline != NULL ? newline : end;
            import_draft_add_header(&entry->draft, headers, name, at, (size_t)(stop - at));
            at = newline != NULL ? newline + 1 : end;
        } while (at < end);
    }
}

/* NULL, or why the entry is odd; *left_out says why it cannot be replayed. */
static const char *read_request(struct entry *entry, const char **left_out)
{
    struct import_draft *draft = &entry->draft;
    const json_t *url = json_object_get(entry->request, "url");
    const char *method = string_of(entry->request, "method");
    if (!wire_is_token(method))
        return "request.method is missing or none of HTTP";
    if (!json_is_string(url))
        return "request.url is missing";
    *left_out = import_draft_set_url(draft, json_string_value(url), json_string_length(url));
    if (*left_out != NULL)
        return NULL;
    draft->exchange.request.method = import_draft_copy(draft, method, strlen(method));
    draft->exchange.proto = protocol_of(string_of(entry->request, "httpVersion"));
    add_headers(entry, json_object_get(entry->request, "headers"), &draft->request);
    return NULL;
}

/* What a text holds that was no text: the replacement character, or controls. */
static bool looks_binary(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return true;
    }
    return memmem(text, size, "\xef\xbf\xbd", 3) != NULL;
}

static void set_form(struct entry *entry, const char *type, const json_t *params)
{
    struct buffer form;
    struct body *body = &entry->draft.exchange.request.body;
    buffer_init(&form, CORPUS_LINE_MAX_BYTES);
    if (!har_form_append(&form, type, params)) {
        warn(entry, "the body is a list of fields in no known form and was left out");
    } else if (form.failed) {
        entry->draft.failed = true;
    } else {
        warn(entry, "the body was put together from its list of fields");
        *body = (struct body){import_draft_copy(&entry->draft, buffer_text(&form), form.length),
                              form.length};
    }
    buffer_release(&form);
}

static void check_request_body(struct entry *entry)
{
    const struct body *body = &entry->draft.exchange.request.body;
    const char *length = import_draft_find_header(&entry->draft.request, "Content-Length");
    char text[32];
    snprintf(text, sizeof text, "%zu", body->size);
    if (length != NULL && strcmp(length, text) != 0)
        warn(entry, "the body of the request is not as long as its Content-Length says");
}

/* A HAR knows no encoding for these bodies, so what was binary has suffered; nobody can tell
 * how. */
static void read_request_body(struct entry *entry)
{
    struct import_draft *draft = &entry->draft;
    struct body *body = &draft->exchange.request.body;
    const json_t *post = json_object_get(entry->request, "postData");
    const json_t *text = json_object_get(post, "text"), *params = json_object_get(post, "params");
    size_t size = json_string_length(text);
    const char *type = import_draft_find_header(&draft->request, "Content-Type");
    if (type == NULL)
        type = string_of(post, "mimeType");
    if (size > 0 && strcmp(string_of(post, "encoding"), "base64") == 0) {
        if (!import_draft_set_base64(draft, json_string_value(text), size, body))
            warn(entry, "the body of the request is no base64 and was left out");
    } else if (size > 0) {
        *body = (struct body){import_draft_copy(draft, json_string_value(text), size), size};
        if (looks_binary(json_string_value(text), size))
            warn(entry, "the body of the request was binary, which a HAR cannot hold: look at it");
    } else if (json_array_size(params) > 0) {
        set_form(entry, type, params);
    }
    check_request_body(entry);
}

/* The content as bytes; false when the HAR does not have it whole. */
static bool read_content(struct entry *entry, const json_t *content, struct body *out)
{
    const json_t *text = json_object_get(content, "text"), *size = json_object_get(content, "size");
    *out = (struct body){0};
    if (!json_is_string(text))
        return false;
    const char *data = json_string_value(text);
    if (strcmp(string_of(content, "encoding"), "base64") == 0) {
        if (!import_draft_set_base64(&entry->draft, data, json_string_length(text), out))
            return false;
    } else {
        if (memmem(data, json_string_length(text), "\xef\xbf\xbd", 3) != NULL)
            return false;
        out->size = json_string_length(text);
        out->data = import_draft_copy(&entry->draft, data, out->size);
    }
    return !json_is_integer(size) || json_integer_value(size) < 0 ||
           json_integer_value(size) == (json_int_t)out->size;
}

static bool has_no_body(const struct exchange *exchange)
{
    int status = exchange->response.status;
    return status < 200 || status == 204 || status == 304 ||
           strcmp(exchange->request.method, "HEAD") == 0;
}

/* The text of an answer is what the browser unpacked: the fields that say how it was packed go, and
 * with them the wish to have it packed, so that the replayed answer can be compared. */
static void read_response_body(struct entry *entry)
{
    struct import_draft *draft = &entry->draft;
    struct body *body = &draft->exchange.response.body;
    const json_t *content = json_object_get(entry->response, "content");
    const json_t *size = json_object_get(content, "size");
    const char *coding = import_draft_find_header(&draft->response, "Content-Encoding");
    bool packed = coding != NULL && strcasecmp(coding, "identity") != 0;
    import_draft_remove_header(&draft->response, "Content-Encoding");
    import_draft_remove_header(&draft->response, "Content-Length");
    import_draft_remove_header(&draft->response, "Transfer-Encoding");
    if (has_no_body(&draft->exchange)) {
        *body = (struct body){"", 0};
        return;
    }
    if (!read_content(entry, content, body)) {
        bool known = json_is_integer(size) && json_integer_value(size) > 0;
        *body = (struct body){NULL, known ? (size_t)json_integer_value(size) : 0};
        warn(entry, "the HAR does not have the answer's body whole, so only the status is checked");
    } else if (packed && import_draft_find_header(&draft->request, "Accept-Encoding") != NULL) {
        import_draft_remove_header(&draft->request, "Accept-Encoding");
        warn(entry,
             "the answer was compressed and is plain in the HAR: Accept-Encoding was dropped");
    }
}

/* NULL, or why the entry is odd; *left_out says why it cannot be replayed. */
static const char *read_response(struct entry *entry, const char **left_out)
{
    const json_t *status = json_object_get(entry->response, "status");
    json_int_t number = json_is_integer(status) ? json_integer_value(status) : -1;
    if (json_is_number(status) && !(json_number_value(status) > 0)) {
        *left_out = "there was no answer (status 0)";
        return NULL;
    }
    if (number < 100 || number > 599)
        return "response.status is missing or none of HTTP";
    entry->draft.exchange.response.status = (int)number;
    add_headers(entry, json_object_get(entry->response, "headers"), &entry->draft.response);
    return NULL;
}

static const char *read_entry(struct entry *entry, const json_t *root, const char **left_out)
{
    const char *started = string_of(root, "startedDateTime");
    entry->request = json_object_get(root, "request");
    entry->response = json_object_get(root, "response");
    if (!json_is_object(entry->request) || !json_is_object(entry->response))
        return "request or response is missing";
    const char *why = read_request(entry, left_out);
    if (why == NULL && *left_out == NULL)
        why = read_response(entry, left_out);
    if (why != NULL || *left_out != NULL || entry->draft.failed)
        return why;
    if (json_is_string(json_object_get(root, "_fromCache"))) {
        *left_out = "the browser answered it from its cache";
        return NULL;
    }
    if (!timestamp_parse_iso(started, strlen(started), &entry->draft.exchange.ts_ns))
        warn(entry, "startedDateTime is no time, so it comes first");
    read_request_body(entry);
    read_response_body(entry);
    return NULL;
}

static bool take_object(struct state *state, struct import_place place, const json_t *root)
{
    struct import_run *run = state->run;
    struct entry entry = {0};
    const char *left_out = NULL;
    bool ok = true, taken;
    import_draft_init(&entry.draft);
    const char *why = read_entry(&entry, root, &left_out);
    if (entry.draft.failed) {
        ok = error_set_memory(run->err);
    } else if (why != NULL) {
        import_note_odd(run, place, why);
    } else if (left_out != NULL) {
        import_note_left_out(run, place, left_out);
    } else {
        state->saw_credentials |=
            import_draft_find_header(&entry.draft.request, "Cookie") != NULL ||
            import_draft_find_header(&entry.draft.request, "Authorization") != NULL;
        ok = import_draft_take(&entry.draft, run, place, &taken);
    }
    import_draft_release(&entry.draft);
    return ok;
}

static bool take_entry(struct state *state, const struct har_scan *scan, struct import_place place)
{
    struct import_run *run = state->run;
    json_error_t problem = {0};
    run->tally->seen++;
    if (scan->cut) {
        import_note_left_out(run, place, import_file_ends);
        return true;
    }
    if (scan->too_long) {
        import_note_odd(run, place, "the entry is too long");
        return true;
    }
    json_auto_t *root =
        json_loadb(buffer_text(&scan->text), scan->text.length, JSON_ALLOW_NUL, &problem);
    if (root == NULL)
        return import_note_json(run, place, &problem);
    if (json_is_object(root))
        return take_object(state, place, root);
    import_note_odd(run, place, "not a JSON object");
    return true;
}

static bool read_entries(struct state *state, struct har_scan *scan)
{
    struct import_place place = {0};
    bool found;
    for (;; place.number++) {
        place.offset = scan->input->offset;
        if (!har_scan_next(scan, &found, state->run->err))
            return false;
        if (!found)
            break;
        if (!take_entry(state, scan, place))
            return false;
    }
    if (scan->cut)
        import_note_warning(state->run, place, "the file ends before its list of entries does");
    if (state->run->tally->imported > 0 && !state->saw_credentials)
        import_note_warning(state->run, (struct import_place){0},
                            "no request has a Cookie or Authorization: browsers leave them out of "
                            "a HAR unless asked");
    import_end(state->run, scan->input);
    return true;
}

static bool read_har(const char *path, const struct import_options *options,
                     struct import_sink *sink, struct import_tally *tally, struct error *err)
{
    struct import_run run = {path, IMPORT_ENTRIES, options, sink, tally, err, false};
    struct state state = {.run = &run};
    struct input input;
    struct har_scan scan;
    if (!input_open(&input, path, err))
        return false;
    bool ok = har_scan_begin(&scan, &input, err);
    if (ok) {
        ok = read_entries(&state, &scan);
        har_scan_release(&scan);
    }
    input_close(&input);
    return ok;
}

static int recognise(const char *head, size_t size)
{
    size_t i = 0;
    while (i < size && strchr(" \t\r\n", head[i]) != NULL && head[i] != '\0')
        i++;
    if (i == size || head[i] != '{')
        return 0;
    for (i++; i < size && strchr(" \t\r\n", head[i]) != NULL && head[i] != '\0';)
        i++;
    struct span rest = {head + i, size - i};
    if (span_begins(rest, "\"log\""))
        return 95;
    return span_contains(rest, "\"log\"") && span_contains(rest, "\"entries\"") ? 65 : 0;
}

const struct importer importer_har = {
    .name = "har",
    .help = "HAR 1.2, as browsers and proxies save it (.har)",
    .unit = "entry",
    .recognise = recognise,
    .read = read_har,
};
