#include "replay/plan.h"

#include "base/buffer.h"
#include "replay/wire.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT_DIGITS = 12, REPLAY_DIGITS = 8 };

/* Fields libcurl would add by itself; an entry without a value keeps it from doing so. "Host:" also
 * lets a recorded Host through in its own place. */
static const char *const suppressed[] = {"Host:", "Accept:", "Expect:", "Content-Type:"};

/* Lines are collected first, one after the other with a NUL after each. */
struct draft {
    const struct exchange *exchange;
    const struct plan_options *options;
    struct buffer lines;
    size_t count;
    bool chunked;
    size_t trace_offset;  /* of the count's digits, 0 = none */
    size_t replay_offset; /* of those within the trace's own id */
    size_t request_offset;
};

static bool has_header(const struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->request.headers.count; i++) {
        if (wire_same_name(exchange->request.headers.items[i].name, name))
            return true;
    }
    return false;
}

static bool is_chunked(const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->request.headers.count; i++) {
        const struct header *header = &exchange->request.headers.items[i];
        if (wire_same_name(header->name, "Transfer-Encoding") &&
            strcasestr(header->value, "chunked") != NULL)
            return true;
    }
    return false;
}

static void end_line(struct draft *draft)
{
    buffer_append_char(&draft->lines, '\0');
    draft->count++;
}

static void add_field(struct draft *draft, const char *name, const char *value)
{
    buffer_append_string(&draft->lines, name);
    if (value[strspn(value, " \t")] == '\0') {
        buffer_append_char(&draft->lines, ';'); /* libcurl's notation for an empty value */
    } else {
        buffer_append_string(&draft->lines, ": ");
        buffer_append_string(&draft->lines, value);
    }
    end_line(draft);
}

static void add_traceparent(struct draft *draft)
{
    /* "tollgate" in hex, the exchange, the count: the same on every machine and either side. The
     * count is in the trace's id too, since each request is a trace of its own and a gateway puts
     * its own number in place of the second. */
    buffer_append_format(&draft->lines, "traceparent: 00-746f6c6c67617465%08llx",
                         (unsigned long long)draft->exchange->index & 0xffffffffULL);
    draft->replay_offset = draft->lines.length;
    buffer_append_repeat(&draft->lines, '0', REPLAY_DIGITS);
    buffer_append_string(&draft->lines, "-0000");
    draft->trace_offset = draft->lines.length;
    buffer_append_repeat(&draft->lines, '0', COUNT_DIGITS);
    buffer_append_string(&draft->lines, "-01");
    end_line(draft);
}

static void add_request_id(struct draft *draft)
{
    /* The form of a UUID of version 8, which is free for own schemes. */
    buffer_append_format(&draft->lines, "X-Request-ID: %08llx-746f-8000-8000-",
                         (unsigned long long)draft->exchange->index & 0xffffffffULL);
    draft->request_offset = draft->lines.length;
    buffer_append_repeat(&draft->lines, '0', COUNT_DIGITS);
    end_line(draft);
}

static size_t body_bytes_sent(const struct exchange *exchange)
{
    return strcmp(exchange->request.method, "HEAD") == 0 ? 0 : exchange->request.body.size;
}

/* A length is kept as it was spelt when it is right. */
static void add_content_length(struct draft *draft, const struct header *header)
{
    char *end;
    size_t size = body_bytes_sent(draft->exchange);
    bool digits = header->value[0] >= '0' && header->value[0] <= '9';
    unsigned long long recorded = strtoull(header->value, &end, 10);
    char corrected[32];
    if (draft->chunked)
        return;
    snprintf(corrected, sizeof corrected, "%zu", size);
    bool right = digits && *end == '\0' && recorded == size;
    add_field(draft, header->name, right ? header->value : corrected);
}

static bool belongs_to_connection(const char *name)
{
    static const char *const names[] = {"Connection", "Keep-Alive", "Proxy-Connection", "Expect"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (wire_same_name(names[i], name))
            return true;
    }
    return false;
}

static void add_recorded(struct draft *draft, const struct header *header)
{
    if (belongs_to_connection(header->name))
        return;
    if (draft->options->inject_traceparent && wire_same_name(header->name, "traceparent")) {
        if (draft->trace_offset == 0)
            add_traceparent(draft);
    } else if (draft->options->inject_request_id && wire_same_name(header->name, "X-Request-ID")) {
        if (draft->request_offset == 0)
            add_request_id(draft);
    } else if (wire_same_name(header->name, "Content-Length")) {
        add_content_length(draft, header);
    } else {
        add_field(draft, header->name, header->value);
    }
}

static void write_lines(struct draft *draft)
{
    const struct exchange *exchange = draft->exchange;
    for (size_t i = 0; i < COUNT_OF(suppressed); i++) {
        buffer_append_string(&draft->lines, suppressed[i]);
        end_line(draft);
    }
    if (!has_header(exchange, "Host"))
        add_field(draft, "Host",
                  exchange->authority[0] != '\0' ? exchange->authority : draft->options->host);
    for (size_t i = 0; i < exchange->request.headers.count; i++)
        add_recorded(draft, &exchange->request.headers.items[i]);
    if (draft->options->inject_traceparent && draft->trace_offset == 0)
        add_traceparent(draft);
    if (draft->options->inject_request_id && draft->request_offset == 0)
        add_request_id(draft);
}

static void choose_shape(struct plan *plan, const struct draft *draft)
{
    const struct request *request = &draft->exchange->request;
    plan->method = request->method;
    plan->target = request->target;
    plan->body = (struct body){"", 0};
    if (strcmp(request->method, "HEAD") == 0) {
        plan->shape = PLAN_HEAD;
    } else if (request->body.size > 0) {
        plan->shape = PLAN_BODY;
        plan->body = request->body;
    } else {
        plan->shape = draft->chunked ? PLAN_BODY : PLAN_PLAIN;
    }
}

/* The plan, its list nodes and their text in one piece of memory. */
static struct plan *assemble(const struct draft *draft)
{
    size_t nodes_bytes = draft->count * sizeof(struct curl_slist);
    struct plan *plan = calloc(1, sizeof *plan + nodes_bytes + draft->lines.length);
    if (plan == NULL)
        return NULL;
    struct curl_slist *nodes = (struct curl_slist *)(plan + 1);
    char *text = (char *)(nodes + draft->count);
    memcpy(text, draft->lines.data, draft->lines.length);
    plan->headers = nodes;
    plan->trace_count = draft->trace_offset > 0 ? text + draft->trace_offset : NULL;
    plan->trace_replay = draft->replay_offset > 0 ? text + draft->replay_offset : NULL;
    plan->request_count = draft->request_offset > 0 ? text + draft->request_offset : NULL;
    for (size_t i = 0; i < draft->count; i++) {
        nodes[i].data = text;
        nodes[i].next = i + 1 < draft->count ? &nodes[i + 1] : NULL;
        text += strlen(text) + 1;
    }
    choose_shape(plan, draft);
    return plan;
}

struct plan *plan_new(const struct exchange *exchange, const struct plan_options *options)
{
    struct draft draft = {.exchange = exchange, .options = options};
    struct plan *plan = NULL;
    /* A HEAD has no body, so it is not chunked either; its recorded field goes out as it is. */
    draft.chunked = is_chunked(exchange) && strcmp(exchange->request.method, "HEAD") != 0;
    buffer_init(&draft.lines, SIZE_MAX / 2);
    write_lines(&draft);
    if (!draft.lines.failed)
        plan = assemble(&draft);
    buffer_release(&draft.lines);
    return plan;
}

static void write_count(char *digits, int width, uint64_t count)
{
    if (digits == NULL)
        return;
    for (int i = width - 1; i >= 0; i--) {
        digits[i] = "0123456789abcdef"[count & 15];
        count >>= 4;
    }
}

void plan_number(struct plan *plan)
{
    plan->sent++;
    write_count(plan->trace_count, COUNT_DIGITS, plan->sent);
    write_count(plan->trace_replay, REPLAY_DIGITS, plan->sent);
    write_count(plan->request_count, COUNT_DIGITS, plan->sent);
}
