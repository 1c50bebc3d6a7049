#include "replay/session_private.h"

#include "base/buffer.h"
#include "replay/wire.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recorded answer that has a capture's value. */
struct candidate {
    size_t index; /* of the exchange in the corpus */
    uint64_t session;
    size_t slot; /* SIZE_MAX until it is needed */
    const struct recorded_value *value;
    struct candidate *older_equal; /* of the same value */
    struct candidate *older;       /* of the same capture */
};

/* A value that some answers have, by capture. */
struct recorded_value {
    UT_hash_handle hh;
    struct candidate *newest;
    size_t size;
    size_t key_bytes;
    char key[]; /* the capture's number, then the value and a NUL */
};

/* What the corpus has, while the plan is made. */
struct session_lookup {
    struct session_plan *plan;
    const struct corpus *corpus;
    struct arena arena;
    struct recorded_value *values;               /* a uthash by key */
    struct candidate *newest[SESSION_RULES_MAX]; /* [capture] */
    bool long_enough[SESSION_RULES_MAX];         /* some value may be looked for everywhere */
    size_t count;
    uint64_t session;                /* of the exchange that is looked up for */
    size_t index;                    /* and its position: only earlier answers count */
    bool failed;                     /* out of memory */
    struct session_origin **waiting; /* whose own request is still to be looked at */
    size_t waiting_count, waiting_capacity;
};

static const char *cookie_value(const struct headers *headers, const char *field, const char *name,
                                size_t *size)
{
    size_t name_bytes = strlen(name);
    for (size_t i = 0; i < headers->count; i++) {
        const char *at = headers->items[i].value;
        if (!wire_same_name(headers->items[i].name, field))
            continue;
        for (at += strspn(at, " ;"); *at != '\0'; at += strspn(at, " ;")) {
            *size = strcspn(at, ";");
            if (strncmp(at, name, name_bytes) == 0 && at[name_bytes] == '=')
                return at;
            at += *size;
        }
    }
    return NULL;
}

static const char *field_value(const struct headers *headers, const char *name, size_t *size)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (wire_same_name(headers->items[i].name, name)) {
            *size = strlen(headers->items[i].value);
            return headers->items[i].value;
        }
    }
    return NULL;
}

/* What tells sessions apart; 0 = it belongs to none that is known. */
static uint64_t find_session(const struct session_rules *rules, const struct exchange *exchange)
{
    const char *name = rules->scope_name, *found = NULL;
    size_t size = 0;
    if (rules->scope == SESSION_BY_CONNECTION)
        return exchange->conn >= 0 ? (uint64_t)exchange->conn + 1 : 0;
    if (rules->scope == SESSION_BY_HEADER) {
        found = field_value(&exchange->request.headers, name, &size);
        if (found == NULL)
            found = field_value(&exchange->response.headers, name, &size);
    } else {
        found = cookie_value(&exchange->request.headers, "Cookie", name, &size);
        if (found == NULL)
            found = cookie_value(&exchange->response.headers, "Set-Cookie", name, &size);
    }
    return found == NULL ? 0 : (uint64_t)hash_mix(found, size) + 1;
}

static struct recorded_value *add_value(struct session_lookup *lookup, size_t capture,
                                        const struct session_value *recorded)
{
    uint32_t number = (uint32_t)capture;
    size_t key_bytes = sizeof number + recorded->size;
    struct recorded_value *value = arena_alloc(&lookup->arena, sizeof *value + key_bytes + 1),
                          *known = NULL;
    if (value == NULL)
        return NULL;
    memcpy(value->key, &number, sizeof number);
    memcpy(value->key + sizeof number, recorded->text, recorded->size);
    HASH_FIND(hh, lookup->values, value->key, key_bytes, known);
    if (known != NULL)
        return known;
    value->size = recorded->size;
    value->key_bytes = key_bytes;
    HASH_ADD_KEYPTR(hh, lookup->values, value->key, value->key_bytes, value);
    return value->hh.tbl != NULL ? value : NULL;
}

static bool add_candidate(struct session_lookup *lookup, size_t capture,
                          const struct exchange *exchange, const struct session_value *recorded,
                          struct error *err)
{
    if (++lookup->count > SESSION_SOURCES_MAX ||
        lookup->arena.used_bytes > SESSION_VALUES_MAX_BYTES)
        return error_set(err, ERROR_INPUT,
                         "more than %d answers of the corpus have values that \"capture\" carries "
                         "on; distil the corpus, or narrow \"from\"",
                         SESSION_SOURCES_MAX);
    struct recorded_value *value = add_value(lookup, capture, recorded);
    struct candidate *candidate = arena_alloc(&lookup->arena, sizeof *candidate);
    if (value == NULL || candidate == NULL)
        return error_set_memory(err);
    *candidate = (struct candidate){.index = exchange->index,
                                    .session = find_session(lookup->plan->rules, exchange),
                                    .slot = SIZE_MAX,
                                    .value = value,
                                    .older_equal = value->newest,
                                    .older = lookup->newest[capture]};
    value->newest = candidate;
    lookup->newest[capture] = candidate;
    if (recorded->size >= SESSION_PLAIN_MIN_BYTES)
        lookup->long_enough[capture] = true;
    return true;
}

static bool answers_rule(const struct capture_rule *rule, const struct exchange *exchange)
{
    return endpoint_map_match(&rule->answers, exchange->request.method, exchange->request.target) >=
           0;
}

static bool scan_exchange(struct session_lookup *lookup, size_t index, struct arena *arena,
                          struct error *err)
{
    const struct session_rules *rules = lookup->plan->rules;
    struct exchange exchange;
    if (!corpus_load(lookup->corpus, index, arena, &exchange, err))
        return false;
    for (size_t i = 0; i < rules->capture_count; i++) {
        struct session_value recorded;
        if (!answers_rule(&rules->captures[i], &exchange))
            continue;
        if (!session_place_read(&rules->captures[i].place, &exchange.response.headers,
                                exchange.response.body, arena, &recorded))
            return error_set_memory(err);
        if (recorded.text != NULL && !add_candidate(lookup, i, &exchange, &recorded, err))
            return false;
    }
    return true;
}

static bool is_ruled(const struct session_rules *rules, size_t capture)
{
    for (size_t i = 0; i < rules->inject_count; i++)
        if (rules->injects[i].capture == capture)
            return true;
    return false;
}

/* A rule that nothing fits is a mistake that would show as 401 much later. */
static bool check_found(const struct session_lookup *lookup, struct error *err)
{
    const struct session_rules *rules = lookup->plan->rules;
    for (size_t i = 0; i < rules->capture_count; i++) {
        const struct capture_rule *rule = &rules->captures[i];
        struct buffer place;
        buffer_init(&place, 4096);
        session_place_describe(&rule->place, &place);
        bool found = lookup->newest[i] != NULL;
        bool usable = is_ruled(rules, i) || lookup->long_enough[i];
        if (!found)
            error_set(
                err, ERROR_USAGE,
                "\"capture\": no answer of the corpus to \"%.200s\" has a value at %.200s for "
                "\"%.100s\"; a recording that was redacted or has no bodies may lack it",
                rule->from, buffer_text(&place), rule->name);
        else if (!usable)
            error_set(err, ERROR_USAGE,
                      "\"capture\": the recorded values of \"%.100s\" are shorter than %d "
                      "characters, so they cannot be told from others in a request; say in "
                      "\"inject\", \"rules\" where they go: {\"name\": \"%.100s\", \"to\": \"GET "
                      "/things/{id}\", \"path\": \"id\"}",
                      rule->name, SESSION_PLAIN_MIN_BYTES, rule->name);
        buffer_release(&place);
        if (!found || !usable)
            return false;
    }
    return true;
}

static bool scan_corpus(struct session_lookup *lookup, struct error *err)
{
    for (size_t i = 0; i < corpus_count(lookup->corpus); i++) {
        struct arena arena;
        arena_init(&arena);
        bool ok = scan_exchange(lookup, i, &arena, err);
        arena_release(&arena);
        if (!ok)
            return false;
    }
    return check_found(lookup, err);
}

static struct session_origin *find_origin(struct session_plan *plan, size_t index)
{
    struct session_origin *origin = NULL;
    HASH_FIND(hh, plan->origins, &index, sizeof index, origin);
    if (origin != NULL)
        return origin;
    origin = arena_alloc(&plan->arena, sizeof *origin);
    if (origin == NULL)
        return NULL;
    origin->index = index;
    HASH_ADD(hh, plan->origins, index, sizeof origin->index, origin);
    return origin->hh.tbl != NULL ? origin : NULL;
}

static bool add_slot_to(struct session_plan *plan, struct session_origin *origin, size_t slot)
{
    /* One more than before: an answer has few values. */
    size_t *slots = arena_alloc_array(&plan->arena, origin->slot_count + 1, sizeof *slots);
    if (slots == NULL)
        return false;
    if (origin->slot_count > 0)
        memcpy(slots, origin->slots, origin->slot_count * sizeof *slots);
    slots[origin->slot_count++] = slot;
    origin->slots = slots;
    return true;
}

/* The slot of a candidate, made when it is first needed. SIZE_MAX when memory ran out. */
static size_t slot_of(struct session_lookup *lookup, size_t capture, struct candidate *candidate)
{
    struct session_plan *plan = lookup->plan;
    if (candidate->slot != SIZE_MAX)
        return candidate->slot;
    if (plan->slot_count == plan->slot_capacity) {
        size_t capacity = plan->slot_capacity == 0 ? 64 : 2 * plan->slot_capacity;
        struct session_slot *slots = reallocarray(plan->slots, capacity, sizeof *slots);
        if (slots == NULL)
            return SIZE_MAX;
        plan->slots = slots;
        plan->slot_capacity = capacity;
    }
    struct session_origin *origin = find_origin(plan, candidate->index);
    struct session_value recorded = {arena_copy_bytes(&plan->arena,
                                                      candidate->value->key + sizeof(uint32_t),
                                                      candidate->value->size),
                                     candidate->value->size};
    if (origin == NULL || recorded.text == NULL || !add_slot_to(plan, origin, plan->slot_count))
        return SIZE_MAX;
    plan->slots[plan->slot_count] = (struct session_slot){capture, candidate->index, recorded};
    candidate->slot = plan->slot_count++;
    return candidate->slot;
}

/* The origin's exchange will be sent, so what it needs itself is still to be found. */
static bool need_origin(struct session_lookup *lookup, size_t index)
{
    struct session_origin *origin = find_origin(lookup->plan, index);
    if (origin == NULL)
        return false;
    if (origin->needed)
        return true;
    if (lookup->waiting_count == lookup->waiting_capacity) {
        size_t capacity = lookup->waiting_capacity == 0 ? 64 : 2 * lookup->waiting_capacity;
        struct session_origin **waiting = reallocarray(lookup->waiting, capacity, sizeof *waiting);
        if (waiting == NULL)
            return false;
        lookup->waiting = waiting;
        lookup->waiting_capacity = capacity;
    }
    origin->needed = true;
    lookup->waiting[lookup->waiting_count++] = origin;
    return true;
}

/* Among candidates, newest first, the first that is early enough: of the session, else of any. */
static size_t take_candidate(struct session_lookup *lookup, size_t capture,
                             struct candidate *candidate, bool equal)
{
    struct candidate *any = NULL, *own = NULL;
    for (; candidate != NULL && own == NULL;
         candidate = equal ? candidate->older_equal : candidate->older) {
        if (candidate->index >= lookup->index)
            continue;
        any = any == NULL ? candidate : any;
        if (lookup->session != 0 && candidate->session == lookup->session)
            own = candidate;
    }
    if (own == NULL)
        own = any;
    if (own == NULL)
        return SIZE_MAX;
    size_t slot = slot_of(lookup, capture, own);
    if (slot == SIZE_MAX || !need_origin(lookup, own->index))
        lookup->failed = true;
    return lookup->failed ? SIZE_MAX : slot;
}

size_t session_lookup_value(struct session_lookup *lookup, size_t capture, const char *text,
                            size_t size)
{
    uint32_t number = (uint32_t)capture;
    struct recorded_value *value = NULL;
    char small[256], *key = small;
    size_t key_bytes = sizeof number + size;
    if (size == 0 || size > SESSION_VALUE_MAX_BYTES)
        return SIZE_MAX;
    if (key_bytes > sizeof small && (key = malloc(key_bytes)) == NULL) {
        lookup->failed = true;
        return SIZE_MAX;
    }
    memcpy(key, &number, sizeof number);
    memcpy(key + sizeof number, text, size);
    HASH_FIND(hh, lookup->values, key, key_bytes, value);
    if (key != small)
        free(key);
    return value == NULL ? SIZE_MAX : take_candidate(lookup, capture, value->newest, true);
}

size_t session_lookup_latest(struct session_lookup *lookup, size_t capture)
{
    return take_candidate(lookup, capture, lookup->newest[capture], false);
}

/* A DELETE takes away what its path names, and a nonce is used up: each needs one of its own. */
static bool mark_fresh(const struct session_plan *plan, const struct exchange *exchange,
                       struct session_use *use)
{
    bool deletes = strcmp(exchange->request.method, "DELETE") == 0, any = false;
    for (size_t i = 0; i < use->patch_count; i++) {
        struct session_patch *patch = &use->patches[i];
        patch->fresh |= plan->rules->captures[plan->slots[patch->slot].capture].fresh ||
                        (deletes && patch->part == SESSION_IN_TARGET);
        any |= patch->fresh;
    }
    return any;
}

static bool keep_use(struct session_plan *plan, const struct exchange *exchange,
                     const struct session_patches *patches)
{
    struct session_use *use = arena_alloc(&plan->arena, sizeof *use);
    if (use == NULL)
        return false;
    use->patches = arena_alloc_array(&plan->arena, patches->count, sizeof *use->patches);
    if (use->patches == NULL)
        return false;
    memcpy(use->patches, patches->items, patches->count * sizeof *use->patches);
    use->patch_count = patches->count;
    use->index = exchange->index;
    use->fresh = mark_fresh(plan, exchange, use);
    use->number = plan->use_count++;
    HASH_ADD(hh, plan->uses, index, sizeof use->index, use);
    return use->hh.tbl != NULL;
}

/* Finds what the exchange's request bears, and makes slots of what its own answer has. */
static bool plan_exchange(struct session_lookup *lookup, const struct exchange *exchange,
                          struct error *err)
{
    struct session_plan *plan = lookup->plan;
    struct session_use *known = NULL;
    struct session_patches patches;
    HASH_FIND(hh, plan->uses, &exchange->index, sizeof exchange->index, known);
    if (known != NULL)
        return true;
    lookup->index = exchange->index;
    lookup->session = find_session(plan->rules, exchange);
    session_find_patches(plan->rules, exchange, lookup, &patches);
    bool ok = !patches.failed && !lookup->failed &&
              (patches.count == 0 || keep_use(plan, exchange, &patches));
    free(patches.items);
    return ok || error_set_memory(err);
}

/* The values of its own answer, which the check must know to be others than the recorded ones. */
static bool plan_answer(struct session_lookup *lookup, const struct exchange *exchange,
                        struct error *err)
{
    const struct session_rules *rules = lookup->plan->rules;
    for (size_t i = 0; i < rules->capture_count; i++) {
        if (!answers_rule(&rules->captures[i], exchange))
            continue;
        struct candidate *candidate = lookup->newest[i];
        while (candidate != NULL && candidate->index != exchange->index)
            candidate = candidate->older;
        if (candidate != NULL && slot_of(lookup, i, candidate) == SIZE_MAX)
            return error_set_memory(err);
    }
    return true;
}

static bool plan_waiting(struct session_lookup *lookup, struct error *err)
{
    while (lookup->waiting_count > 0) {
        struct session_origin *origin = lookup->waiting[--lookup->waiting_count];
        if (!corpus_load(lookup->corpus, origin->index, &lookup->plan->arena, &origin->exchange,
                         err) ||
            !plan_answer(lookup, &origin->exchange, err) ||
            !plan_exchange(lookup, &origin->exchange, err))
            return false;
    }
    return true;
}

static int compare_exchanges(const void *a, const void *b)
{
    const struct exchange *x = *(const struct exchange *const *)a,
                          *y = *(const struct exchange *const *)b;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool list_sources(struct session_plan *plan, struct error *err)
{
    plan->sources =
        arena_alloc_array(&plan->arena, HASH_COUNT(plan->origins) + 1, sizeof *plan->sources);
    if (plan->sources == NULL)
        return error_set_memory(err);
    for (struct session_origin *origin = plan->origins; origin != NULL; origin = origin->hh.next)
        if (origin->needed)
            plan->sources[plan->source_count++] = &origin->exchange;
    qsort(plan->sources, plan->source_count, sizeof(struct exchange *), compare_exchanges);
    return true;
}

bool session_plan_new(struct session_plan **out, const struct session_rules *rules,
                      const struct corpus *corpus, const struct exchange *const *replayed,
                      size_t count, struct error *err)
{
    *out = NULL;
    struct session_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return error_set_memory(err);
    struct session_lookup *lookup = calloc(1, sizeof *lookup);
    arena_init(&plan->arena);
    plan->rules = rules;
    if (lookup == NULL) {
        session_plan_free(plan);
        return error_set_memory(err);
    }
    lookup->plan = plan;
    lookup->corpus = corpus;
    arena_init(&lookup->arena);
    bool ok = scan_corpus(lookup, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = plan_answer(lookup, replayed[i], err) && plan_exchange(lookup, replayed[i], err);
    ok = ok && plan_waiting(lookup, err) && list_sources(plan, err);
    HASH_CLEAR(hh, lookup->values);
    arena_release(&lookup->arena);
    free(lookup->waiting);
    free(lookup);
    if (ok)
        *out = plan;
    else
        session_plan_free(plan);
    return ok;
}

void session_plan_free(struct session_plan *plan)
{
    if (plan == NULL)
        return;
    HASH_CLEAR(hh, plan->uses);
    HASH_CLEAR(hh, plan->origins);
    free(plan->slots);
    arena_release(&plan->arena);
    free(plan);
}

size_t session_plan_source_count(const struct session_plan *plan)
{
    return plan->source_count;
}

const struct exchange *session_plan_source(const struct session_plan *plan, size_t index)
{
    return plan->sources[index];
}

bool session_plan_wants_headers(const struct session_plan *plan)
{
    for (size_t i = 0; i < plan->rules->capture_count; i++)
        if (plan->rules->captures[i].place.kind != SESSION_JSON)
            return true;
    return false;
}
