#include "rig/callgrind_store.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64, FIRST_RECORDS = 32 };

#define MOST_RECORDS                                                                               \
    (UINT32_MAX - 1) /* a slot holds the number + 1, and CALLGRIND_NO_STRING is none */

/* ---- the index ------------------------------------------------------------------------------ */

/* Of record `number`, by whoever owns the records. */
typedef uint64_t record_hash(const void *owner, uint32_t number);
typedef bool record_is(const void *owner, uint32_t number, const void *key);

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 32)) * 0xff51afd7ed558ccdULL;
    return value ^ (value >> 29);
}

/* The slot of the record that is `key`, or the free one where it belongs. There is always one. */
static inline uint32_t *find_slot(const struct callgrind_index *index, uint64_t hash,
                                  const void *owner, const void *key, record_is *is)
{
    size_t mask = index->capacity - 1;
    size_t at = (size_t)hash & mask;
    while (index->slots[at] != 0 && !is(owner, index->slots[at] - 1, key))
        at = (at + 1) & mask;
    return &index->slots[at];
}

/* Sees to it that one more record fits, at most three quarters full. */
static bool make_room(struct callgrind_index *index, const void *owner, record_hash *hash)
{
    if (index->used + 1 <= index->capacity / 4 * 3)
        return true;
    size_t capacity = index->capacity > 0 ? 2 * index->capacity : FIRST_SLOTS;
    uint32_t *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < index->capacity; i++) {
        if (index->slots[i] == 0)
            continue;
        size_t at = (size_t)hash(owner, index->slots[i] - 1) & (capacity - 1);
        while (slots[at] != 0)
            at = (at + 1) & (capacity - 1);
        slots[at] = index->slots[i];
    }
    free(index->slots);
    index->slots = slots;
    index->capacity = capacity;
    return true;
}

static void clear_index(struct callgrind_index *index)
{
    if (index->slots != NULL)
        memset(index->slots, 0, index->capacity * sizeof *index->slots);
    index->used = 0;
}

/* Makes room for one more element of `size` bytes in *array. */
static bool grow(void **array, size_t count, size_t *capacity, size_t size)
{
    size_t bytes;
    if (count < *capacity)
        return true;
    if (count >= MOST_RECORDS)
        return false;
    size_t wanted = *capacity > 0 ? 2 * *capacity : FIRST_RECORDS;
    if (__builtin_mul_overflow(wanted, size, &bytes))
        return false;
    void *grown = realloc(*array, bytes);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* ---- strings -------------------------------------------------------------------------------- */

struct text_key {
    const char *text;
    size_t length;
};

static uint64_t hash_text(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ULL;
    return mix(hash);
}

static uint64_t string_hash(const void *owner, uint32_t number)
{
    const struct callgrind_profile *profile = owner;
    return hash_text(profile->strings[number], strlen(profile->strings[number]));
}

static bool string_is(const void *owner, uint32_t number, const void *key)
{
    const struct callgrind_profile *profile = owner;
    const struct text_key *text = key;
    return strncmp(profile->strings[number], text->text, text->length) == 0 &&
           profile->strings[number][text->length] == '\0';
}

bool callgrind_store_string(struct callgrind_profile *profile, const char *text, size_t length,
                            uint32_t *index)
{
    struct text_key key = {text, length};
    if (!make_room(&profile->string_index, profile, string_hash))
        return false;
    uint32_t *slot =
        find_slot(&profile->string_index, hash_text(text, length), profile, &key, string_is);
    if (*slot == 0) {
        char *copy = arena_copy_bytes(&profile->arena, text, length);
        void *strings = profile->strings;
        if (copy == NULL || !grow(&strings, profile->string_count, &profile->string_capacity,
                                  sizeof *profile->strings))
            return false;
        profile->strings = strings;
        profile->strings[profile->string_count++] = copy;
        *slot = (uint32_t)profile->string_count;
        profile->string_index.used++;
    }
    *index = *slot - 1;
    return true;
}

/* ---- contexts ------------------------------------------------------------------------------- */

static uint64_t hash_context(const struct callgrind_context *context)
{
    uint64_t hash = mix((uint64_t)context->object << 32 | context->file);
    return mix(hash ^ ((uint64_t)context->function << 32 | context->function_file));
}

static uint64_t context_hash(const void *owner, uint32_t number)
{
    return hash_context(&((const struct callgrind_profile *)owner)->contexts[number]);
}

static bool context_is(const void *owner, uint32_t number, const void *key)
{
    const struct callgrind_context *one =
        &((const struct callgrind_profile *)owner)->contexts[number];
    const struct callgrind_context *other = key;
    return one->object == other->object && one->file == other->file &&
           one->function == other->function && one->function_file == other->function_file;
}

bool callgrind_store_context(struct callgrind_profile *profile,
                             const struct callgrind_context *context, uint32_t *index)
{
    if (!make_room(&profile->context_index, profile, context_hash))
        return false;
    uint32_t *slot =
        find_slot(&profile->context_index, hash_context(context), profile, context, context_is);
    if (*slot == 0) {
        void *contexts = profile->contexts;
        if (!grow(&contexts, profile->context_count, &profile->context_capacity,
                  sizeof *profile->contexts))
            return false;
        profile->contexts = contexts;
        profile->contexts[profile->context_count++] = *context;
        *slot = (uint32_t)profile->context_count;
        profile->context_index.used++;
    }
    *index = *slot - 1;
    return true;
}

/* ---- costs ---------------------------------------------------------------------------------- */

static uint64_t hash_block(const struct callgrind_block *block)
{
    return mix(mix(block->near ^ (uint64_t)block->line << 40) ^ block->context);
}

static uint64_t block_hash(const void *owner, uint32_t number)
{
    return hash_block(&((const struct callgrind_profile *)owner)->blocks[number]);
}

static bool same_block(const struct callgrind_block *one, const struct callgrind_block *other)
{
    return one->near == other->near && one->context == other->context && one->line == other->line;
}

static bool block_is(const void *owner, uint32_t number, const void *key)
{
    return same_block(&((const struct callgrind_profile *)owner)->blocks[number], key);
}

static bool same_line(const struct callgrind_line_cost *one,
                      const struct callgrind_line_cost *other)
{
    return one->address == other->address && one->context == other->context &&
           one->line == other->line;
}

static uint64_t near_of(const struct callgrind_line_cost *cost)
{
    return cost->address != 0 ? cost->address : cost->line;
}

/* The block of the place, made when there is none. NULL when out of memory. */
static struct callgrind_block *find_block(struct callgrind_profile *profile,
                                          const struct callgrind_line_cost *cost)
{
    struct callgrind_block key = {.near = near_of(cost) >> 6,
                                  .context = cost->context,
                                  .line = cost->line >> 4,
                                  .first = CALLGRIND_NO_STRING,
                                  .last = CALLGRIND_NO_STRING};
    if (profile->latest_block < profile->block_count &&
        same_block(&profile->blocks[profile->latest_block], &key))
        return &profile->blocks[profile->latest_block];
    if (!make_room(&profile->block_index, profile, block_hash))
        return NULL;
    uint32_t *slot = find_slot(&profile->block_index, hash_block(&key), profile, &key, block_is);
    if (*slot == 0) {
        void *blocks = profile->blocks;
        if (!grow(&blocks, profile->block_count, &profile->block_capacity, sizeof *profile->blocks))
            return NULL;
        profile->blocks = blocks;
        profile->blocks[profile->block_count++] = key;
        *slot = (uint32_t)profile->block_count;
        profile->block_index.used++;
    }
    profile->latest_block = *slot - 1;
    return &profile->blocks[profile->latest_block];
}

static bool append_line(struct callgrind_profile *profile, struct callgrind_block *block,
                        const struct callgrind_line_cost *cost)
{
    void *lines = profile->lines, *next_lines = profile->next_lines;
    bool ok = grow(&lines, profile->line_count, &profile->line_capacity, sizeof *profile->lines) &&
              grow(&next_lines, profile->line_count, &profile->next_capacity,
                   sizeof *profile->next_lines);
    profile->lines = lines;
    profile->next_lines = next_lines;
    if (!ok)
        return false;
    uint32_t number = (uint32_t)profile->line_count++;
    profile->lines[number] = *cost;
    profile->next_lines[number] = CALLGRIND_NO_STRING;
    if (block->first == CALLGRIND_NO_STRING)
        block->first = number;
    else
        profile->next_lines[block->last] = number;
    block->last = number;
    block->highest = near_of(cost) > block->highest ? near_of(cost) : block->highest;
    profile->latest_line = number;
    return true;
}

/* Adds to the line of the block that is this place, or to a new one. */
static bool add_line(struct callgrind_profile *profile, struct callgrind_block *block,
                     const struct callgrind_line_cost *cost)
{
    uint32_t at = near_of(cost) > block->highest ? CALLGRIND_NO_STRING : block->first;
    while (at != CALLGRIND_NO_STRING && !same_line(&profile->lines[at], cost))
        at = profile->next_lines[at];
    if (at == CALLGRIND_NO_STRING)
        return append_line(profile, block, cost);
    profile->lines[at].instructions += cost->instructions;
    profile->latest_line = at;
    return true;
}

bool callgrind_store_line(struct callgrind_profile *profile, const struct callgrind_line_cost *cost,
                          bool *too_many)
{
    uint64_t sum;
    *too_many = __builtin_add_overflow(profile->sum, cost->instructions, &sum);
    if (*too_many)
        return true;
    /* One dump after another lists the places in much the same order. */
    size_t next = profile->latest_line + 1;
    if (next < profile->line_count && same_line(&profile->lines[next], cost)) {
        profile->lines[next].instructions += cost->instructions;
        profile->latest_line = next;
    } else {
        struct callgrind_block *block = find_block(profile, cost);
        if (block == NULL || !add_line(profile, block, cost))
            return false;
    }
    profile->sum = sum;
    return true;
}

static uint64_t hash_call(const struct callgrind_call_cost *call)
{
    uint64_t hash = mix(call->address ^ (uint64_t)call->line << 32 ^ call->to);
    return mix(hash ^ call->context);
}

static uint64_t call_hash(const void *owner, uint32_t number)
{
    return hash_call(&((const struct callgrind_profile *)owner)->calls[number]);
}

static bool call_is(const void *owner, uint32_t number, const void *key)
{
    const struct callgrind_call_cost *one =
        &((const struct callgrind_profile *)owner)->calls[number];
    const struct callgrind_call_cost *other = key;
    return one->address == other->address && one->context == other->context &&
           one->line == other->line && one->to == other->to;
}

bool callgrind_store_call(struct callgrind_profile *profile, const struct callgrind_call_cost *cost,
                          bool *too_many)
{
    *too_many = false;
    if (!make_room(&profile->call_index, profile, call_hash))
        return false;
    uint32_t *slot = find_slot(&profile->call_index, hash_call(cost), profile, cost, call_is);
    if (*slot != 0) {
        struct callgrind_call_cost sum = profile->calls[*slot - 1];
        *too_many = __builtin_add_overflow(sum.calls, cost->calls, &sum.calls) ||
                    __builtin_add_overflow(sum.instructions, cost->instructions, &sum.instructions);
        if (sum.to_address == 0)
            sum.to_address = cost->to_address;
        if (!*too_many)
            profile->calls[*slot - 1] = sum;
        return true;
    }
    void *calls = profile->calls;
    if (!grow(&calls, profile->call_count, &profile->call_capacity, sizeof *profile->calls))
        return false;
    profile->calls = calls;
    profile->calls[profile->call_count++] = *cost;
    *slot = (uint32_t)profile->call_count;
    profile->call_index.used++;
    return true;
}

/* ---- numbered names ------------------------------------------------------------------------- */

static uint64_t name_hash(const void *owner, uint32_t number)
{
    return mix(((const struct callgrind_names *)owner)->names[number].number);
}

static bool name_is(const void *owner, uint32_t number, const void *key)
{
    return ((const struct callgrind_names *)owner)->names[number].number == *(const uint64_t *)key;
}

void callgrind_names_release(struct callgrind_names *names)
{
    free(names->names);
    free(names->index.slots);
    *names = (struct callgrind_names){0};
}

const struct callgrind_name *callgrind_names_find(const struct callgrind_names *names,
                                                  uint64_t number)
{
    if (names->count == 0)
        return NULL;
    uint32_t slot = *find_slot(&names->index, mix(number), names, &number, name_is);
    return slot != 0 ? &names->names[slot - 1] : NULL;
}

bool callgrind_names_set(struct callgrind_names *names, uint64_t number, uint32_t string)
{
    if (!make_room(&names->index, names, name_hash))
        return false;
    uint32_t *slot = find_slot(&names->index, mix(number), names, &number, name_is);
    if (*slot == 0) {
        void *grown = names->names;
        if (!grow(&grown, names->count, &names->capacity, sizeof *names->names))
            return false;
        names->names = grown;
        names->names[names->count++].number = number;
        *slot = (uint32_t)names->count;
        names->index.used++;
    }
    names->names[*slot - 1].string = string;
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------ */

bool callgrind_profile_new(struct callgrind_profile **out, struct error *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return error_set_memory(err);
    arena_init(&(*out)->arena);
    return true;
}

void callgrind_profile_free(struct callgrind_profile *profile)
{
    if (profile == NULL)
        return;
    free(profile->string_index.slots);
    free(profile->context_index.slots);
    free(profile->block_index.slots);
    free(profile->call_index.slots);
    free(profile->strings);
    free(profile->contexts);
    free(profile->lines);
    free(profile->next_lines);
    free(profile->blocks);
    free(profile->calls);
    arena_release(&profile->arena);
    free(profile);
}

void callgrind_profile_clear(struct callgrind_profile *profile)
{
    clear_index(&profile->block_index);
    clear_index(&profile->call_index);
    profile->line_count = profile->call_count = profile->block_count = 0;
    profile->latest_line = profile->latest_block = 0;
    profile->sum = profile->total = 0;
}

const char *callgrind_profile_string(const struct callgrind_profile *profile, uint32_t index)
{
    return index < profile->string_count ? profile->strings[index] : NULL;
}

size_t callgrind_profile_string_count(const struct callgrind_profile *profile)
{
    return profile->string_count;
}

const struct callgrind_context *callgrind_profile_contexts(const struct callgrind_profile *profile,
                                                           size_t *count)
{
    *count = profile->context_count;
    return profile->contexts;
}

const struct callgrind_line_cost *callgrind_profile_lines(const struct callgrind_profile *profile,
                                                          size_t *count)
{
    *count = profile->line_count;
    return profile->lines;
}

const struct callgrind_call_cost *callgrind_profile_calls(const struct callgrind_profile *profile,
                                                          size_t *count)
{
    *count = profile->call_count;
    return profile->calls;
}

uint64_t callgrind_profile_sum(const struct callgrind_profile *profile)
{
    return profile->sum;
}

uint64_t callgrind_profile_total(const struct callgrind_profile *profile)
{
    return profile->total;
}
