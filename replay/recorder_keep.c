/* What of a passage is recorded: the capture, its upstream calls, and when it goes to the
 * writer. */
#include "replay/recorder_private.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static struct recorded *recorded_of(struct joinable *joinable)
{
    return (struct recorded *)joinable;
}

/* The exchange will not be written; what it took up is given back. */
static void abandon(struct recorder *recorder, struct recorded *recorded, enum drop_reason reason)
{
    if (recorded->dropped)
        return;
    recorded->dropped = true;
    recorded->reason = reason;
    recording_release(recorder->recording, recorded->captured->reserved_bytes);
    recorded->captured->reserved_bytes = 0;
    captured_exchange_empty(recorded->captured);
}

static void stop_keeping(struct passage *passage)
{
    body_stream_forget(&passage->up);
    body_stream_forget(&passage->down);
}

/* Reserves for what a call grew by. */
static bool reserve(struct recorder *recorder, struct recorded *recorded, size_t bytes)
{
    if (bytes == 0)
        return true;
    if (!recording_reserve(recorder->recording, bytes)) {
        abandon(recorder, recorded, DROP_QUEUE);
        return false;
    }
    recorded->captured->reserved_bytes += bytes;
    return true;
}

void keep_drop(struct passage *passage, enum drop_reason reason)
{
    if (passage->recorded == NULL)
        return;
    abandon(passage->recorder, passage->recorded, reason);
    stop_keeping(passage);
}

void keep_account(struct passage *passage)
{
    struct recorded *recorded = passage->recorded;
    size_t max = passage->recorder->options.body_max_bytes;
    if (recorded == NULL || passage->call == NULL)
        return;
    if (!recorded->dropped && (passage->up.data.length > max || passage->down.data.length > max))
        abandon(passage->recorder, recorded, DROP_LARGE);
    if (!recorded->dropped) {
        size_t bytes = captured_call_bytes(passage->call) + passage->up.data.capacity +
                       passage->down.data.capacity + passage->answer.text.capacity;
        if (bytes > passage->reserved_bytes &&
            reserve(passage->recorder, recorded, bytes - passage->reserved_bytes))
            passage->reserved_bytes = bytes;
    }
    if (recorded->dropped)
        stop_keeping(passage);
}

static uint64_t draw(struct recorder *recorder)
{
    return random_next(&recorder->random);
}

/* Ids for a client that sent none: a random trace, this request in it. */
static void inject(struct passage *passage, const struct captured_fields *asked,
                   struct join_keys *keys)
{
    struct recorder *recorder = passage->recorder;
    struct captured_exchange *captured = passage->recorded->captured;
    char field[64];
    if (recorder->options.inject_traceparent &&
        captured_fields_find(asked, "traceparent") == NULL) {
        snprintf(captured->injected_trace_id, sizeof captured->injected_trace_id, "%016llx%016llx",
                 (unsigned long long)draw(recorder) | 1, (unsigned long long)draw(recorder));
        snprintf(field, sizeof field, "00-%s-%016llx-01", captured->injected_trace_id,
                 (unsigned long long)draw(recorder) | 1);
        join_keys_add_field(keys, "traceparent", field);
        snprintf(passage->traceparent, sizeof passage->traceparent, "%s", field);
    }
    if (recorder->options.inject_request_id &&
        captured_fields_find(asked, "X-Request-ID") == NULL) {
        uint64_t a = draw(recorder), b = draw(recorder);
        snprintf(captured->injected_request_id, sizeof captured->injected_request_id,
                 "%08llx-%04llx-4%03llx-8%03llx-%012llx", (unsigned long long)(a >> 32),
                 (unsigned long long)(a >> 16 & 0xffff), (unsigned long long)(a & 0xfff),
                 (unsigned long long)(b >> 52), (unsigned long long)(b & 0xffffffffffffULL));
        join_keys_add_field(keys, "X-Request-ID", captured->injected_request_id);
    }
}

static void fill_call(struct passage *passage, const struct captured_fields *asked)
{
    struct captured_call *call = passage->call;
    call->method = strdup(passage->method);
    call->target = strdup(buffer_text(&passage->target));
    call->proto = passage->is_http_1_0 ? "HTTP/1.0" : "HTTP/1.1";
    call->has_request_body = passage->has_body && !passage->is_head;
    call->started_ns = passage->started_ns;
    buffer_append(&call->asked.text, buffer_text(&asked->text), asked->text.length);
    call->asked.count = asked->count;
    passage->up.kept = passage->down.kept = true;
    if (call->method == NULL || call->target == NULL || call->asked.text.failed)
        abandon(passage->recorder, passage->recorded, DROP_QUEUE);
    keep_account(passage);
}

static void collect_keys(const struct captured_fields *asked, struct join_keys *keys)
{
    keys->count = 0;
    for (const char *name = captured_fields_next(asked, NULL); name != NULL;
         name = captured_fields_next(asked, name))
        join_keys_add_field(keys, name, captured_fields_value(name));
}

static void begin_gateway(struct passage *passage, const struct captured_fields *asked)
{
    struct recorded *recorded = passage->recorded;
    struct join_keys keys;
    if (recorded == NULL)
        return;
    collect_keys(asked, &keys);
    inject(passage, asked, &keys);
    if (!joiner_open(passage->recorder->joiner, &recorded->joinable, &keys))
        abandon(passage->recorder, recorded, DROP_QUEUE);
    passage->call = &recorded->captured->own;
    fill_call(passage, asked);
}

static void begin_upstream(struct passage *passage, const struct captured_fields *asked)
{
    struct recorder *recorder = passage->recorder;
    struct join_keys keys;
    enum join_kind kind;
    collect_keys(asked, &keys);
    struct joinable *found = joiner_find(recorder->joiner, &keys, &kind);
    recorder->counts.calls[kind]++;
    if (found == NULL)
        return;
    struct recorded *recorded = recorded_of(found);
    passage->call = captured_exchange_add_call(recorded->captured, passage->site->name);
    if (passage->call == NULL) {
        abandon(recorder, recorded, DROP_QUEUE);
        return;
    }
    passage->recorded = recorded;
    recorded->pending++;
    fill_call(passage, asked);
}

/* Called as soon as there is a request line: from then on the request is counted. */
void keep_see(struct passage *passage)
{
    struct recorded *recorded;
    if (passage->site->name != NULL)
        return;
    recording_see(passage->recorder->recording);
    passage->recorder->counts.in_flight++;
    recorded = calloc(1, sizeof *recorded);
    if (recorded != NULL)
        recorded->captured = captured_exchange_new();
    if (recorded == NULL || recorded->captured == NULL) {
        free(recorded);
        recording_drop(passage->recorder->recording, DROP_QUEUE);
        return;
    }
    recorded->captured->ts_ns = clock_realtime_ns();
    passage->recorded = recorded;
}

void keep_begin(struct passage *passage, const struct captured_fields *asked)
{
    if (passage->site->name == NULL)
        begin_gateway(passage, asked);
    else
        begin_upstream(passage, asked);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void free_recorded(struct recorded *recorded)
{
    captured_exchange_free(recorded->captured);
    free(recorded);
}

static void unlink_answered(struct recorder *recorder, struct recorded *recorded)
{
    if (recorded->previous != NULL)
        recorded->previous->next = recorded->next;
    else
        recorder->answered = recorded->next;
    if (recorded->next != NULL)
        recorded->next->previous = recorded->previous;
    else
        recorder->answered_last = recorded->previous;
}

static void settle(struct recorder *recorder, struct recorded *recorded)
{
    joiner_close(recorder->joiner, &recorded->joinable);
    unlink_answered(recorder, recorded);
    if (recorded->dropped) {
        recording_drop(recorder->recording, recorded->reason);
    } else {
        recording_push(recorder->recording, recorded->captured);
        recorded->captured = NULL;
    }
    free_recorded(recorded);
}

void keep_settle(struct recorder *recorder, int64_t now_ns)
{
    for (struct recorded *recorded = recorder->answered, *next; recorded != NULL; recorded = next) {
        next = recorded->next;
        if (recorded->settle_ns > now_ns)
            return;
        if (recorded->pending == 0)
            settle(recorder, recorded);
    }
}

/* Moves what passed into the capture. */
static void take_messages(struct passage *passage)
{
    struct captured_call *call = passage->call;
    call->status = passage->status;
    call->latency_ns = clock_monotonic_ns() - call->started_ns;
    buffer_release(&call->request_body);
    buffer_release(&call->response_body);
    captured_fields_release(&call->answered);
    call->request_body = passage->up.data;
    call->response_body = passage->down.data;
    call->answered = passage->answer;
    passage->up = passage->down = (struct body_stream){0};
    captured_fields_init(&passage->answer);
}

/* Why the passage's exchange cannot be written. */
static enum drop_reason judge(const struct passage *passage)
{
    if (passage->recorder->stopping)
        return DROP_UNFINISHED;
    if (passage->site->name != NULL)
        return DROP_UPSTREAM;
    if (passage->phase == PHASE_HEAD || !passage->started)
        return DROP_UNREADABLE;
    return passage->gone && passage->problem == NULL ? DROP_CLIENT : DROP_GATEWAY;
}

void keep_end(struct passage *passage)
{
    struct recorder *recorder = passage->recorder;
    struct recorded *recorded = passage->recorded;
    bool gateway = passage->site->name == NULL;
    bool whole = passage->done && passage->head_done && passage->problem == NULL;
    if (gateway)
        recorder->counts.in_flight--;
    if (recorded == NULL)
        return;
    if (!whole)
        abandon(recorder, recorded, judge(passage));
    else if (!recorded->dropped)
        take_messages(passage);
    passage->recorded = NULL;
    passage->call = NULL;
    if (!gateway) {
        recorded->pending--;
        return;
    }
    recorded->answered = true;
    joiner_answered(recorder->joiner, &recorded->joinable);
    int64_t linger_ns = recorder->site_count > 1 ? LINGER_MS * NS_PER_MS : 0;
    recorded->settle_ns = clock_monotonic_ns() + linger_ns;
    recorded->previous = recorder->answered_last;
    if (recorder->answered_last != NULL)
        recorder->answered_last->next = recorded;
    else
        recorder->answered = recorded;
    recorder->answered_last = recorded;
    if (linger_ns == 0 && recorded->pending == 0)
        settle(recorder, recorded);
}
