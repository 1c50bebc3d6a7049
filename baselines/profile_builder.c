#include "baselines/profile_builder.h"

#include "base/hash.h"
#include "base/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MAX = 100 };

/* Keys are whole structs, zeroed before they are filled in. */
struct frame_key {
    uint32_t function, file, object; /* numbers of strings, PROFILE_NONE = unknown */
    uint32_t line;
    uint32_t own;
};

struct frame_entry {
    struct frame_key key;
    uint32_t number;
    UT_hash_handle hh;
};

struct node_key {
    uint32_t parent, frame;
};

struct node_entry {
    struct node_key key;
    uint32_t number;
    UT_hash_handle hh;
};

struct cost_key {
    uint32_t node;
    uint32_t unused;
};

struct cost_entry {
    struct cost_key key;
    double values[PROFILE_VALUES_MAX];
    UT_hash_handle hh;
};

struct call_key {
    uint32_t from, to;
};

struct call_entry {
    struct call_key key;
    double calls, instructions;
    UT_hash_handle hh;
};

/* One endpoint, or the start. */
struct account {
    struct cost_entry *costs;
    struct call_entry *calls;
    int64_t requests;
};

struct profile_builder {
    enum profile_kind kind;
    const char *const *names;
    size_t endpoint_count;
    struct account *accounts; /* of the endpoints, and the start behind them */
    struct arena arena;
    struct name_table strings;
    struct frame_entry *frames;
    struct node_entry *nodes;
    size_t frame_count, node_count;
    uint32_t *error_nodes;
    size_t error_count, error_capacity;
    const char *notes[NOTES_MAX];
    size_t note_count;
    bool failed; /* out of memory at some point */
};

bool profile_builder_new(struct profile_builder **out, enum profile_kind kind,
                         const char *const *endpoint_names, size_t endpoint_count,
                         struct error *err)
{
    struct profile_builder *builder = calloc(1, sizeof *builder);
    *out = NULL;
    if (builder == NULL)
        return error_set_memory(err);
    builder->kind = kind;
    builder->names = endpoint_names;
    builder->endpoint_count = endpoint_count;
    arena_init(&builder->arena);
    name_table_init(&builder->strings);
    builder->accounts = calloc(endpoint_count + 1, sizeof *builder->accounts);
    if (builder->accounts == NULL) {
        profile_builder_free(builder);
        return error_set_memory(err);
    }
    *out = builder;
    return true;
}

void profile_builder_free(struct profile_builder *builder)
{
    if (builder == NULL)
        return;
    for (size_t i = 0; builder->accounts != NULL && i <= builder->endpoint_count; i++) {
        HASH_CLEAR(hh, builder->accounts[i].costs);
        HASH_CLEAR(hh, builder->accounts[i].calls);
    }
    HASH_CLEAR(hh, builder->frames);
    HASH_CLEAR(hh, builder->nodes);
    free(builder->accounts);
    free(builder->error_nodes);
    name_table_release(&builder->strings);
    arena_release(&builder->arena);
    free(builder);
}

static uint32_t intern(struct profile_builder *builder, const char *text)
{
    uint32_t number = PROFILE_NONE;
    if (text != NULL && !name_table_add(&builder->strings, 0, text, &number))
        builder->failed = true;
    return number;
}

uint32_t profile_builder_frame(struct profile_builder *builder, const struct profile_frame *frame)
{
    struct frame_key key;
    struct frame_entry *entry = NULL;
    memset(&key, 0, sizeof key);
    key.function = intern(builder, frame->function);
    key.file = intern(builder, frame->file);
    key.object = intern(builder, frame->object);
    key.line = frame->line;
    key.own = frame->own ? 1 : 0;
    if (builder->failed)
        return PROFILE_NONE;
    HASH_FIND(hh, builder->frames, &key, sizeof key, entry);
    if (entry != NULL)
        return entry->number;
    entry = arena_alloc(&builder->arena, sizeof *entry);
    if (entry != NULL) {
        entry->key = key;
        entry->number = (uint32_t)builder->frame_count;
        HASH_ADD(hh, builder->frames, key, sizeof key, entry);
    }
    if (entry == NULL || entry->hh.tbl == NULL) {
        builder->failed = true;
        return PROFILE_NONE;
    }
    builder->frame_count++;
    return entry->number;
}

uint32_t profile_builder_node(struct profile_builder *builder, uint32_t parent, uint32_t frame)
{
    struct node_key key = {parent, frame};
    struct node_entry *entry = NULL;
    if (builder->failed || frame == PROFILE_NONE)
        return PROFILE_NONE;
    HASH_FIND(hh, builder->nodes, &key, sizeof key, entry);
    if (entry != NULL)
        return entry->number;
    entry = arena_alloc(&builder->arena, sizeof *entry);
    if (entry != NULL) {
        entry->key = key;
        entry->number = (uint32_t)builder->node_count;
        HASH_ADD(hh, builder->nodes, key, sizeof key, entry);
    }
    if (entry == NULL || entry->hh.tbl == NULL) {
        builder->failed = true;
        return PROFILE_NONE;
    }
    builder->node_count++;
    return entry->number;
}

static struct account *account_of(struct profile_builder *builder, int endpoint)
{
    if (endpoint == PROFILE_START)
        return &builder->accounts[builder->endpoint_count];
    if (endpoint < 0 || (size_t)endpoint >= builder->endpoint_count)
        BUG("endpoint %d of %zu", endpoint, builder->endpoint_count);
    return &builder->accounts[endpoint];
}

void profile_builder_add(struct profile_builder *builder, int endpoint, uint32_t node,
                         const double values[PROFILE_VALUES_MAX])
{
    struct account *account = account_of(builder, endpoint);
    struct cost_key key = {node, 0};
    struct cost_entry *entry = NULL;
    if (builder->failed || node == PROFILE_NONE)
        return;
    HASH_FIND(hh, account->costs, &key, sizeof key, entry);
    if (entry == NULL) {
        entry = arena_alloc(&builder->arena, sizeof *entry);
        if (entry != NULL) {
            entry->key = key;
            HASH_ADD(hh, account->costs, key, sizeof key, entry);
        }
        if (entry == NULL || entry->hh.tbl == NULL) {
            builder->failed = true;
            return;
        }
    }
    for (size_t i = 0; i < PROFILE_VALUES_MAX; i++)
        entry->values[i] += values[i];
}

void profile_builder_add_call(struct profile_builder *builder, int endpoint,
                              const struct profile_call *call)
{
    struct account *account = account_of(builder, endpoint);
    struct call_key key = {call->from, call->to};
    struct call_entry *entry = NULL;
    if (builder->kind != PROFILE_LINES)
        BUG("calls in a profile of kind %d", (int)builder->kind);
    if (builder->failed || call->from == PROFILE_NONE || call->to == PROFILE_NONE)
        return;
    HASH_FIND(hh, account->calls, &key, sizeof key, entry);
    if (entry == NULL) {
        entry = arena_alloc(&builder->arena, sizeof *entry);
        if (entry != NULL) {
            entry->key = key;
            HASH_ADD(hh, account->calls, key, sizeof key, entry);
        }
        if (entry == NULL || entry->hh.tbl == NULL) {
            builder->failed = true;
            return;
        }
    }
    entry->calls += call->calls;
    entry->instructions += call->instructions;
}

void profile_builder_add_requests(struct profile_builder *builder, int endpoint, int64_t requests)
{
    account_of(builder, endpoint)->requests += requests;
}

void profile_builder_add_error_node(struct profile_builder *builder, uint32_t node)
{
    if (builder->failed || node == PROFILE_NONE)
        return;
    if (builder->error_count == builder->error_capacity) {
        size_t wanted = builder->error_capacity == 0 ? 64 : 2 * builder->error_capacity;
        uint32_t *grown = reallocarray(builder->error_nodes, wanted, sizeof *grown);
        if (grown == NULL) {
            builder->failed = true;
            return;
        }
        builder->error_nodes = grown;
        builder->error_capacity = wanted;
    }
    builder->error_nodes[builder->error_count++] = node;
}

void profile_builder_add_note(struct profile_builder *builder, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < builder->note_count; i++)
        if (strcmp(builder->notes[i], text) == 0)
            return;
    if (builder->note_count == NOTES_MAX)
        return;
    const char *copy = arena_copy_string(&builder->arena, text);
    if (copy == NULL)
        builder->failed = true;
    else
        builder->notes[builder->note_count++] = copy;
}

/* ---- into the arena ------------------------------------------------------------------------- */

struct finishing {
    const struct profile_builder *builder;
    struct arena *arena;
    struct profile *profile;
    const char **strings; /* copies, by number */
};

static const char *string_of(const struct finishing *finishing, uint32_t number)
{
    return number != PROFILE_NONE ? finishing->strings[number] : NULL;
}

static bool copy_strings(struct finishing *finishing)
{
    const struct name_table *table = &finishing->builder->strings;
    finishing->strings = arena_alloc_array(finishing->arena, table->count, sizeof(char *));
    if (finishing->strings == NULL)
        return false;
    for (size_t i = 0; i < table->count; i++) {
        finishing->strings[i] = arena_copy_string(finishing->arena, name_table_get(table, i));
        if (finishing->strings[i] == NULL)
            return false;
    }
    return true;
}

static bool copy_frames(struct finishing *finishing)
{
    const struct profile_builder *builder = finishing->builder;
    struct profile_frame *frames =
        arena_alloc_array(finishing->arena, builder->frame_count, sizeof *frames);
    struct profile_node *nodes =
        arena_alloc_array(finishing->arena, builder->node_count, sizeof *nodes);
    if (frames == NULL || nodes == NULL)
        return false;
    for (const struct frame_entry *entry = builder->frames; entry != NULL; entry = entry->hh.next)
        frames[entry->number] = (struct profile_frame){
            string_of(finishing, entry->key.function), string_of(finishing, entry->key.file),
            entry->key.line, string_of(finishing, entry->key.object), entry->key.own != 0};
    for (const struct node_entry *entry = builder->nodes; entry != NULL; entry = entry->hh.next)
        nodes[entry->number] = (struct profile_node){entry->key.parent, entry->key.frame};
    finishing->profile->frames = frames;
    finishing->profile->frame_count = builder->frame_count;
    finishing->profile->nodes = nodes;
    finishing->profile->node_count = builder->node_count;
    return true;
}

static int compare_costs(const void *left, const void *right)
{
    const struct profile_cost *a = left;
    const struct profile_cost *b = right;
    return (a->node > b->node) - (a->node < b->node);
}

static int compare_calls(const void *left, const void *right)
{
    const struct profile_call *a = left;
    const struct profile_call *b = right;
    return a->from != b->from ? (a->from > b->from) - (a->from < b->from)
                              : (a->to > b->to) - (a->to < b->to);
}

static int compare_numbers(const void *left, const void *right)
{
    const uint32_t *a = left;
    const uint32_t *b = right;
    return (*a > *b) - (*a < *b);
}

static bool copy_costs(struct finishing *finishing, const struct account *account,
                       const struct profile_cost **out, size_t *count)
{
    *count = HASH_COUNT(account->costs);
    struct profile_cost *costs = arena_alloc_array(finishing->arena, *count, sizeof *costs);
    if (costs == NULL)
        return false;
    size_t i = 0;
    for (const struct cost_entry *entry = account->costs; entry != NULL; entry = entry->hh.next) {
        costs[i].node = entry->key.node;
        memcpy(costs[i++].values, entry->values, sizeof entry->values);
    }
    if (*count > 0)
        qsort(costs, *count, sizeof *costs, compare_costs);
    *out = costs;
    return true;
}

static bool copy_calls(struct finishing *finishing, const struct account *account,
                       struct profile_endpoint *out)
{
    out->call_count = HASH_COUNT(account->calls);
    struct profile_call *calls =
        arena_alloc_array(finishing->arena, out->call_count, sizeof *calls);
    if (calls == NULL)
        return false;
    size_t i = 0;
    for (const struct call_entry *entry = account->calls; entry != NULL; entry = entry->hh.next)
        calls[i++] = (struct profile_call){entry->key.from, entry->key.to, entry->calls,
                                           entry->instructions};
    if (out->call_count > 0)
        qsort(calls, out->call_count, sizeof *calls, compare_calls);
    out->calls = calls;
    return true;
}

static bool copy_endpoints(struct finishing *finishing)
{
    const struct profile_builder *builder = finishing->builder;
    struct profile *profile = finishing->profile;
    struct profile_endpoint *endpoints =
        arena_alloc_array(finishing->arena, builder->endpoint_count, sizeof *endpoints);
    if (endpoints == NULL)
        return false;
    for (size_t e = 0; e < builder->endpoint_count; e++) {
        const struct account *account = &builder->accounts[e];
        endpoints[e].name = arena_copy_string(finishing->arena, builder->names[e]);
        endpoints[e].requests = account->requests;
        if (endpoints[e].name == NULL ||
            !copy_costs(finishing, account, &endpoints[e].costs, &endpoints[e].cost_count) ||
            !copy_calls(finishing, account, &endpoints[e]))
            return false;
    }
    profile->endpoints = endpoints;
    profile->endpoint_count = builder->endpoint_count;
    return copy_costs(finishing, &builder->accounts[builder->endpoint_count], &profile->start,
                      &profile->start_count);
}

static bool copy_lists(struct finishing *finishing)
{
    const struct profile_builder *builder = finishing->builder;
    struct profile *profile = finishing->profile;
    uint32_t *nodes = arena_alloc_array(finishing->arena, builder->error_count, sizeof *nodes);
    const char **notes = arena_alloc_array(finishing->arena, builder->note_count, sizeof *notes);
    if (nodes == NULL || notes == NULL)
        return false;
    if (builder->error_count > 0) {
        memcpy(nodes, builder->error_nodes, builder->error_count * sizeof *nodes);
        qsort(nodes, builder->error_count, sizeof *nodes, compare_numbers);
    }
    for (size_t i = 0; i < builder->error_count; i++) /* without doubles */
        if (i == 0 || nodes[i] != nodes[profile->error_node_count - 1])
            nodes[profile->error_node_count++] = nodes[i];
    for (size_t i = 0; i < builder->note_count; i++)
        if ((notes[i] = arena_copy_string(finishing->arena, builder->notes[i])) == NULL)
            return false;
    profile->error_nodes = nodes;
    profile->notes = notes;
    profile->note_count = builder->note_count;
    return true;
}

bool profile_builder_finish(struct profile_builder *builder, struct arena *arena,
                            struct profile *profile, struct error *err)
{
    struct finishing finishing = {.builder = builder, .arena = arena, .profile = profile};
    *profile = (struct profile){0};
    if (builder->failed || !copy_strings(&finishing) || !copy_frames(&finishing) ||
        !copy_endpoints(&finishing) || !copy_lists(&finishing)) {
        *profile = (struct profile){0};
        return error_set_memory(err);
    }
    profile->present = true;
    return true;
}
