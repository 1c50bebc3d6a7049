#include "replay/session.h"

#include "base/text.h"
#include "replay/session_write.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    NESTED_MAX = 8, /* sources that need sources of their own, each anew */
    SHOWN_BYTES = 200,
    TEXT_WORK_MAX = 1 << 30, /* bytes looked through for values in one answer */
};

/* What a slot holds in one start of the gateway. */
struct held {
    char *text; /* NULL: nothing was handed out yet */
    size_t size;
    char *problem; /* why not, when its source was sent; or NULL */
};

/* A value of one request alone. */
struct own_value {
    size_t slot;
    struct session_value value;
};

struct session_request {
    struct session_request *next;
    struct arena arena;
    struct exchange exchange;
    struct own_value *own; /* one a patch at most */
    size_t own_count;
};

/* A use while the gateway runs. */
struct use_state {
    struct session_request *current; /* built with the values of `generation`; not of a fresh use */
    uint64_t generation;
    struct session_request *first, *last; /* ready, of a fresh use */
    size_t ready;
    uint64_t sent;
};

struct session {
    const struct session_plan *plan;
    struct driver *driver;
    struct held *held;              /* [slot] */
    struct use_state *uses;         /* [number of the use] */
    uint64_t generation;            /* goes up with each value that changes */
    struct session_request *making; /* what is taken from fresh slots goes here */
    const struct session_use *making_for;
    struct session_request *spent; /* handed out last; its values count until the next */
    int nested;
};

bool session_new(struct session **out, const struct session_plan *plan, struct driver *driver,
                 struct error *err)
{
    struct session *session = calloc(1, sizeof *session);
    *out = NULL;
    if (session == NULL)
        return error_set_memory(err);
    session->plan = plan;
    session->driver = driver;
    session->generation = 1;
    session->held = calloc(plan->slot_count + 1, sizeof *session->held);
    session->uses = calloc(plan->use_count + 1, sizeof *session->uses);
    if (session->held == NULL || session->uses == NULL) {
        session_free(session);
        return error_set_memory(err);
    }
    *out = session;
    return true;
}

static void request_free(struct session *session, struct session_request *request)
{
    if (request == NULL)
        return;
    driver_forget(session->driver, &request->exchange);
    arena_release(&request->arena);
    free(request);
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    for (size_t i = 0; session->held != NULL && i < session->plan->slot_count; i++) {
        free(session->held[i].text);
        free(session->held[i].problem);
    }
    for (size_t i = 0; session->uses != NULL && i < session->plan->use_count; i++) {
        struct use_state *state = &session->uses[i];
        request_free(session, state->current);
        while (state->first != NULL) {
            struct session_request *request = state->first;
            state->first = request->next;
            request_free(session, request);
        }
    }
    request_free(session, session->spent);
    free(session->held);
    free(session->uses);
    free(session);
}

static const struct session_use *find_use(const struct session *session,
                                          const struct exchange *exchange)
{
    struct session_use *use = NULL;
    HASH_FIND(hh, session->plan->uses, &exchange->index, sizeof exchange->index, use);
    return use;
}

static const struct session_origin *find_origin(const struct session *session,
                                                const struct exchange *exchange)
{
    struct session_origin *origin = NULL;
    HASH_FIND(hh, session->plan->origins, &exchange->index, sizeof exchange->index, origin);
    return origin;
}

bool session_has_use(const struct session *session, const struct exchange *exchange)
{
    return find_use(session, exchange) != NULL;
}

bool session_has_values(const struct session *session, const struct exchange *exchange)
{
    return find_origin(session, exchange) != NULL;
}

size_t session_count_ready(const struct session *session, const struct exchange *exchange)
{
    const struct session_use *use = find_use(session, exchange);
    return use == NULL || !use->fresh ? SIZE_MAX : session->uses[use->number].ready;
}

/* Whose values are put in: the request's own first. */
struct value_source {
    const struct session *session;
    const struct session_request *request;
};

static struct session_value value_of(const void *context, size_t slot)
{
    const struct value_source *source = context;
    const struct held *held = &source->session->held[slot];
    for (size_t i = 0; source->request != NULL && i < source->request->own_count; i++)
        if (source->request->own[i].slot == slot)
            return source->request->own[i].value;
    return (struct session_value){held->text, held->size};
}

static bool build(struct session *session, const struct session_use *use,
                  const struct exchange *exchange, struct session_request *request,
                  struct error *err)
{
    struct value_source source = {session, request};
    if (!session_write_request(exchange, use, value_of, &source, &request->arena,
                               &request->exchange))
        return error_set_memory(err);
    const struct use_state *state = &session->uses[use->number];
    return driver_prepare(session->driver, &request->exchange, state->sent + state->ready, err);
}

static struct session_request *request_new(void)
{
    struct session_request *request = calloc(1, sizeof *request);
    if (request != NULL)
        arena_init(&request->arena);
    return request;
}

static bool is_fresh_slot(const struct session_use *use, size_t slot)
{
    for (size_t i = 0; i < use->patch_count; i++)
        if (use->patches[i].slot == slot && use->patches[i].fresh)
            return true;
    return false;
}

static bool gives_fresh_slot(const struct session_use *use, const struct session_origin *origin)
{
    for (size_t i = 0; i < origin->slot_count; i++)
        if (is_fresh_slot(use, origin->slots[i]))
            return true;
    return false;
}

static bool send_sources(struct session *session, const struct session_use *use, session_send *send,
                         void *context, struct error *err)
{
    const struct session_plan *plan = session->plan;
    for (size_t i = 0; i < plan->source_count; i++) {
        const struct session_origin *origin = find_origin(session, plan->sources[i]);
        if (origin != NULL && gives_fresh_slot(use, origin) &&
            !send(context, plan->sources[i], err))
            return false;
    }
    return true;
}

bool session_make_ready(struct session *session, const struct exchange *exchange,
                        session_send *send, void *context, struct error *err)
{
    const struct session_use *use = find_use(session, exchange);
    struct use_state *state = &session->uses[use->number];
    struct session_request *outer = session->making, *request = request_new();
    const struct session_use *outer_use = session->making_for;
    if (request == NULL)
        return error_set_memory(err);
    request->own = arena_alloc_array(&request->arena, use->patch_count, sizeof *request->own);
    bool ok = request->own != NULL || error_set_memory(err);
    if (ok && session->nested == NESTED_MAX)
        ok = error_set(err, ERROR_USAGE,
                       "\"fresh\": a request needs a value of its own whose source needs one, and "
                       "so on, more than %d deep",
                       NESTED_MAX);
    session->making = request;
    session->making_for = use;
    session->nested++;
    ok = ok && send_sources(session, use, send, context, err);
    session->nested--;
    session->making = outer;
    session->making_for = outer_use;
    ok = ok && build(session, use, exchange, request, err);
    if (!ok) {
        request_free(session, request);
        return false;
    }
    if (state->last != NULL)
        state->last->next = request;
    else
        state->first = request;
    state->last = request;
    state->ready++;
    return true;
}

static const struct exchange *take_ready(struct session *session, struct use_state *state)
{
    struct session_request *request = state->first;
    if (request == NULL)
        return NULL;
    state->first = request->next;
    state->last = state->first == NULL ? NULL : state->last;
    state->ready--;
    session->spent = request;
    return &request->exchange;
}

/* The request with the values of now; built when one has changed since. */
static bool make_current(struct session *session, const struct session_use *use,
                         const struct exchange *exchange, struct error *err)
{
    struct use_state *state = &session->uses[use->number];
    if (state->current != NULL && state->generation == session->generation)
        return true;
    struct session_request *request = request_new();
    if (request == NULL)
        return error_set_memory(err);
    if (!build(session, use, exchange, request, err)) {
        request_free(session, request);
        return false;
    }
    request_free(session, state->current);
    state->current = request;
    state->generation = session->generation;
    return true;
}

bool session_prepare(struct session *session, const struct exchange *exchange, struct error *err)
{
    const struct session_use *use = find_use(session, exchange);
    return use == NULL || use->fresh || make_current(session, use, exchange, err);
}

const struct exchange *session_next(struct session *session, const struct exchange *exchange,
                                    struct error *err)
{
    const struct session_use *use = find_use(session, exchange);
    const struct exchange *next = exchange;
    request_free(session, session->spent);
    session->spent = NULL;
    if (use == NULL)
        return exchange;
    struct use_state *state = &session->uses[use->number];
    if (use->fresh)
        next = take_ready(session, state);
    else
        next = make_current(session, use, exchange, err) ? &state->current->exchange : NULL;
    state->sent++;
    return next;
}

/* For the request that is being made alone. What else the answer has belongs to the same thing that
 * nobody else was given, so it is dropped. */
static bool keep_own_value(struct session *session, size_t slot, struct session_value value)
{
    struct session_request *making = session->making;
    if (!is_fresh_slot(session->making_for, slot) ||
        making->own_count == session->making_for->patch_count)
        return true;
    char *copy = arena_copy_bytes(&making->arena, value.text, value.size);
    making->own[making->own_count++] = (struct own_value){slot, {copy, value.size}};
    return copy != NULL;
}

static bool keep_value(struct session *session, size_t slot, struct session_value value)
{
    struct held *held = &session->held[slot];
    if (session->making != NULL)
        return keep_own_value(session, slot, value);
    if (held->text != NULL && held->size == value.size &&
        memcmp(held->text, value.text, value.size) == 0)
        return true;
    char *copy = strndup(value.text, value.size);
    if (copy == NULL)
        return false;
    free(held->text);
    free(held->problem);
    *held = (struct held){.text = copy, .size = value.size};
    session->generation++;
    return true;
}

/* "POST /v3/login (line 12) answered 500 and no value at /token: ..." */
static void describe_lack(const struct exchange *exchange, const struct capture_rule *rule,
                          const struct reply *reply, struct buffer *out)
{
    size_t shown = reply->body.length < SHOWN_BYTES ? reply->body.length : SHOWN_BYTES;
    buffer_append_format(out, "%s %.200s (line %zu of the corpus) answered %d without a value at ",
                         exchange->request.method, exchange->request.target, exchange->line,
                         reply->status);
    session_place_describe(&rule->place, out);
    buffer_append_format(out, " for \"%s\"", rule->name);
    if (shown > 0)
        buffer_append_string(out, ": ");
    text_append_safe(out, buffer_text(&reply->body), shown, false);
    if (shown < reply->body.length)
        buffer_append_string(out, "…");
}

static bool take_slot(struct session *session, size_t slot, const struct exchange *exchange,
                      const struct reply *reply, const struct headers *headers, struct arena *arena,
                      struct buffer *why)
{
    const struct capture_rule *rule =
        &session->plan->rules->captures[session->plan->slots[slot].capture];
    struct session_value value;
    struct buffer lack;
    struct body body = {buffer_text(&reply->body), reply->body.length};
    if (session_place_read(&rule->place, headers, body, arena, &value) && value.text != NULL &&
        keep_value(session, slot, value))
        return true;
    buffer_init(&lack, 4096);
    describe_lack(exchange, rule, reply, &lack);
    if (session->making == NULL && session->held[slot].text == NULL) {
        free(session->held[slot].problem);
        session->held[slot].problem = strdup(buffer_text(&lack));
    }
    if (why->length == 0)
        buffer_append_string(why, buffer_text(&lack));
    buffer_release(&lack);
    return false;
}

bool session_take(struct session *session, const struct exchange *exchange,
                  const struct reply *reply, struct buffer *why)
{
    const struct session_origin *origin = find_origin(session, exchange);
    struct headers headers;
    struct arena arena;
    bool ok = true;
    if (origin == NULL)
        return true;
    arena_init(&arena);
    if (!session_headers_split(buffer_text(&reply->headers), reply->headers.length, &arena,
                               &headers))
        headers = (struct headers){0};
    for (size_t i = 0; i < origin->slot_count; i++)
        ok = take_slot(session, origin->slots[i], exchange, reply, &headers, &arena, why) && ok;
    arena_release(&arena);
    return ok;
}

bool session_explain_missing(const struct session *session, const struct exchange *exchange,
                             struct buffer *why)
{
    const struct session_use *use = find_use(session, exchange);
    const struct session_slot *root = NULL;
    for (size_t i = 0; use != NULL && i < use->patch_count; i++) {
        const struct session_slot *slot = &session->plan->slots[use->patches[i].slot];
        /* The earliest source is the cause: the others may have needed its value. */
        if (session->held[use->patches[i].slot].text == NULL && !use->patches[i].fresh &&
            (root == NULL || slot->source < root->source))
            root = slot;
    }
    if (root == NULL)
        return false;
    const char *problem = session->held[root - session->plan->slots].problem;
    buffer_append_format(why, "it needs the value of \"%s\", which is not there: %s",
                         session->plan->rules->captures[root->capture].name,
                         problem != NULL ? problem : "its source was not answered yet");
    return true;
}

/* A recorded value within a text, and what may stand there now. */
struct occurrence {
    size_t at;
    size_t slot;
};

static int compare_occurrences(const void *a, const void *b)
{
    const struct occurrence *x = a, *y = b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->slot > y->slot) - (x->slot < y->slot);
}

static struct session_value now_in(const struct session *session, size_t slot)
{
    struct value_source source = {session, session->spent};
    return value_of(&source, slot);
}

static bool is_whole(const struct session *session, const char *recorded, size_t recorded_bytes,
                     const char *got, size_t got_bytes)
{
    for (size_t i = 0; i < session->plan->slot_count; i++) {
        const struct session_value *was = &session->plan->slots[i].recorded;
        struct session_value now = now_in(session, i);
        if (now.text != NULL && was->size == recorded_bytes && now.size == got_bytes &&
            memcmp(was->text, recorded, recorded_bytes) == 0 &&
            memcmp(now.text, got, got_bytes) == 0)
            return true;
    }
    return false;
}

/* Where values that cannot be there by chance stand. NULL when there are none, or no memory. */
static struct occurrence *find_occurrences(const struct session *session, const char *text,
                                           size_t size, size_t *count)
{
    struct occurrence *found = NULL;
    size_t capacity = 0;
    *count = 0;
    if (size * session->plan->slot_count > TEXT_WORK_MAX)
        return NULL;
    for (size_t i = 0; i < session->plan->slot_count; i++) {
        const struct session_value *was = &session->plan->slots[i].recorded;
        if (was->size < SESSION_PLAIN_MIN_BYTES || now_in(session, i).text == NULL)
            continue;
        const char *at = memmem(text, size, was->text, was->size);
        for (; at != NULL;
             at = memmem(at + 1, size - (size_t)(at + 1 - text), was->text, was->size)) {
            if (*count == capacity) {
                capacity = capacity == 0 ? 16 : 2 * capacity;
                struct occurrence *more = reallocarray(found, capacity, sizeof *more);
                if (more == NULL) {
                    free(found);
                    return NULL;
                }
                found = more;
            }
            found[(*count)++] = (struct occurrence){(size_t)(at - text), i};
        }
    }
    if (found != NULL)
        qsort(found, *count, sizeof *found, compare_occurrences);
    return found;
}

/* Walks both texts: at an occurrence what stands there now may stand, else byte is held to byte. */
static bool same_along(const struct session *session, const struct occurrence *found, size_t count,
                       const char *recorded, size_t recorded_bytes, const char *got,
                       size_t got_bytes)
{
    size_t r = 0, g = 0, next = 0;
    while (r < recorded_bytes || g < got_bytes) {
        bool carried = false;
        while (next < count && found[next].at < r)
            next++;
        for (; next < count && found[next].at == r && !carried; next++) {
            struct session_value now = now_in(session, found[next].slot);
            carried = got_bytes - g >= now.size && memcmp(got + g, now.text, now.size) == 0;
            if (carried) {
                r += session->plan->slots[found[next].slot].recorded.size;
                g += now.size;
            }
        }
        if (carried)
            continue;
        if (r == recorded_bytes || g == got_bytes || recorded[r] != got[g])
            return false;
        r++;
        g++;
    }
    return true;
}

bool session_same_text(const struct session *session, const char *recorded, size_t recorded_bytes,
                       const char *got, size_t got_bytes)
{
    size_t count;
    if (is_whole(session, recorded, recorded_bytes, got, got_bytes))
        return true;
    struct occurrence *found = find_occurrences(session, recorded, recorded_bytes, &count);
    bool same = found != NULL &&
                same_along(session, found, count, recorded, recorded_bytes, got, got_bytes);
    free(found);
    return same;
}
