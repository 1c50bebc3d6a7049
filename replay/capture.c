#include "replay/capture.h"

#include "replay/recorder_join.h"
#include "replay/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void captured_fields_init(struct captured_fields *fields)
{
    fields->count = 0;
    buffer_init(&fields->text, SIZE_MAX / 2);
}

void captured_fields_release(struct captured_fields *fields)
{
    buffer_release(&fields->text);
    fields->count = 0;
}

void captured_fields_clear(struct captured_fields *fields)
{
    buffer_clear(&fields->text);
    fields->count = 0;
}

void captured_fields_add(struct captured_fields *fields, const char *name, size_t name_size,
                         const char *value, size_t value_size)
{
    buffer_append(&fields->text, name, strnlen(name, name_size));
    buffer_append_char(&fields->text, '\0');
    if (value_size > 0)
        buffer_append(&fields->text, value, strnlen(value, value_size));
    buffer_append_char(&fields->text, '\0');
    fields->count++;
}

const char *captured_fields_value(const char *name)
{
    return name + strlen(name) + 1;
}

const char *captured_fields_next(const struct captured_fields *fields, const char *name)
{
    const char *next = fields->text.data;
    if (name != NULL) {
        const char *value = captured_fields_value(name);
        next = value + strlen(value) + 1;
    }
    bool more = next != NULL && next < fields->text.data + fields->text.length;
    return more && !fields->text.failed ? next : NULL;
}

const char *captured_fields_find(const struct captured_fields *fields, const char *name)
{
    for (const char *at = captured_fields_next(fields, NULL); at != NULL;
         at = captured_fields_next(fields, at)) {
        if (wire_same_name(at, name))
            return captured_fields_value(at);
    }
    return NULL;
}

/* Whether a list of names, separated by commas, holds the name. */
static bool list_names(const char *list, const char *name)
{
    size_t size = strlen(name);
    while (*list != '\0') {
        list += strspn(list, ", \t");
        size_t length = strcspn(list, ", \t");
        if (length == size && strncasecmp(list, name, size) == 0)
            return true;
        list += length;
    }
    return false;
}

bool captured_fields_is_hop_by_hop(const struct captured_fields *fields, const char *name)
{
    if (wire_is_hop_by_hop(name))
        return true;
    for (const char *at = captured_fields_next(fields, NULL); at != NULL;
         at = captured_fields_next(fields, at)) {
        if (wire_same_name(at, "Connection") && list_names(captured_fields_value(at), name))
            return true;
    }
    return false;
}

static void init_call(struct captured_call *call)
{
    captured_fields_init(&call->asked);
    captured_fields_init(&call->answered);
    buffer_init(&call->request_body, SIZE_MAX / 2);
    buffer_init(&call->response_body, SIZE_MAX / 2);
}

static void empty_call(struct captured_call *call)
{
    captured_fields_release(&call->asked);
    captured_fields_release(&call->answered);
    buffer_release(&call->request_body);
    buffer_release(&call->response_body);
    free(call->method);
    free(call->target);
    call->method = call->target = NULL;
}

struct captured_exchange *captured_exchange_new(void)
{
    struct captured_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange != NULL)
        init_call(&exchange->own);
    return exchange;
}

void captured_exchange_empty(struct captured_exchange *exchange)
{
    empty_call(&exchange->own);
    for (struct captured_call *call = exchange->calls; call != NULL; call = call->next)
        empty_call(call);
}

void captured_exchange_free(struct captured_exchange *exchange)
{
    if (exchange == NULL)
        return;
    captured_exchange_empty(exchange);
    while (exchange->calls != NULL) {
        struct captured_call *call = exchange->calls;
        exchange->calls = call->next;
        free(call);
    }
    free(exchange);
}

struct captured_call *captured_exchange_add_call(struct captured_exchange *exchange,
                                                 const char *upstream)
{
    struct captured_call **link = &exchange->calls;
    struct captured_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    init_call(call);
    call->upstream = upstream;
    while (*link != NULL)
        link = &(*link)->next;
    *link = call;
    return call;
}

size_t captured_call_bytes(const struct captured_call *call)
{
    return sizeof *call + call->asked.text.capacity + call->answered.text.capacity +
           call->request_body.capacity + call->response_body.capacity +
           (call->target != NULL ? strlen(call->target) : 0);
}

/* ---- into an exchange ------------------------------------------------------------------------ */

static bool is_injected(const struct captured_exchange *captured, const char *name,
                        const char *value)
{
    char id[33];
    if (captured->injected_trace_id[0] != '\0' && wire_same_name(name, "traceparent") &&
        join_trace_id(value, id))
        return strcmp(id, captured->injected_trace_id) == 0;
    return captured->injected_request_id[0] != '\0' && wire_same_name(name, "X-Request-ID") &&
           strcmp(value, captured->injected_request_id) == 0;
}

/* With `captured`, fields that we injected into its request are left out; without, those of a
 * connection. */
static bool convert_fields(const struct captured_fields *fields,
                           const struct captured_exchange *captured, struct arena *arena,
                           struct headers *out)
{
    struct header *items = arena_alloc_array(arena, fields->count + 1, sizeof *items);
    if (items == NULL)
        return false;
    for (const char *name = captured_fields_next(fields, NULL); name != NULL;
         name = captured_fields_next(fields, name)) {
        const char *value = captured_fields_value(name);
        bool left_out = captured != NULL ? is_injected(captured, name, value)
                                         : captured_fields_is_hop_by_hop(fields, name);
        if (!left_out)
            items[out->count++] = (struct header){name, value};
    }
    out->items = items;
    return true;
}

static bool convert_call(const struct captured_exchange *captured, const struct captured_call *call,
                         struct arena *arena, struct request *request, struct response *response)
{
    request->method = call->method;
    request->target = call->target;
    if (call->has_request_body)
        request->body = (struct body){buffer_text(&call->request_body), call->request_body.length};
    response->status = call->status;
    response->body = (struct body){buffer_text(&call->response_body), call->response_body.length};
    return convert_fields(&call->asked, captured, arena, &request->headers) &&
           convert_fields(&call->answered, NULL, arena, &response->headers);
}

bool captured_exchange_convert(const struct captured_exchange *captured, struct arena *arena,
                               struct exchange *out, struct error *err)
{
    const struct captured_call *own = &captured->own;
    const char *host = captured_fields_find(&own->asked, "Host");
    size_t count = 0;
    for (const struct captured_call *call = captured->calls; call != NULL; call = call->next)
        count++;
    *out = (struct exchange){
        .id = "",
        .ts_ns = captured->ts_ns,
        .authority = host != NULL ? host : "",
        .proto = own->proto,
        .variant = "",
        .weight = 1,
    };
    struct upstream_answer *answers = arena_alloc_array(arena, count + 1, sizeof *answers);
    bool ok = answers != NULL && convert_call(captured, own, arena, &out->request, &out->response);
    for (const struct captured_call *call = captured->calls; ok && call != NULL;
         call = call->next) {
        struct upstream_answer *answer = &answers[out->upstream_count++];
        answer->name = call->upstream;
        answer->latency_ns = call->latency_ns;
        ok = convert_call(captured, call, arena, &answer->request, &answer->response);
    }
    out->upstream = answers;
    return ok || error_set_memory(err);
}
