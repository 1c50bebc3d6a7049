/* Where the reader of callgrind's dumps puts what it reads: strings, contexts, and costs by place.
 * Private to callgrind_dump.c. */
#ifndef TOLLGATE_RIG_CALLGRIND_STORE_H
#define TOLLGATE_RIG_CALLGRIND_STORE_H

#include "base/arena.h"
#include "rig/callgrind_dump.h"

/* An open-addressing index over an array of records: 4 bytes a slot, since a large program has
 * millions of places. */
struct callgrind_index {
    uint32_t *slots; /* number of a record + 1; 0 = free */
    size_t capacity; /* a power of two, or 0 */
    size_t used;
};

/* Costs that lie near each other: the same context, 64 bytes of code, 16 lines. A dump lists places
 * in the order of their addresses, so the next one is mostly in the same block: without blocks most
 * of the time would go into waiting for memory. */
struct callgrind_block {
    uint64_t near;    /* address, or line where there is none, without its last 6 bits */
    uint64_t highest; /* the highest `near` in it, whole */
    uint32_t context;
    uint32_t line;        /* without its last 4 bits */
    uint32_t first, last; /* of its lines, linked by callgrind_profile.next_lines */
};

struct callgrind_profile {
    struct arena arena; /* the strings' bytes */
    const char **strings;
    size_t string_count, string_capacity;
    struct callgrind_context *contexts;
    size_t context_count, context_capacity;
    struct callgrind_line_cost *lines;
    uint32_t *next_lines; /* of the same block; CALLGRIND_NO_STRING = it is the last */
    size_t line_count, line_capacity, next_capacity;
    size_t latest_line; /* added to */
    struct callgrind_block *blocks;
    size_t block_count, block_capacity;
    size_t latest_block; /* found */
    struct callgrind_call_cost *calls;
    size_t call_count, call_capacity;
    struct callgrind_index string_index, context_index, block_index, call_index;
    uint64_t sum;   /* over the lines; checked to fit, and so does each line */
    uint64_t total; /* as the dumps say */
};

/* Each false when out of memory, or when there are more than 2^32 - 2. */
MUST_CHECK bool callgrind_store_string(struct callgrind_profile *profile, const char *text,
                                       size_t length, uint32_t *index);
MUST_CHECK bool callgrind_store_context(struct callgrind_profile *profile,
                                        const struct callgrind_context *context, uint32_t *index);

/* Adds to what is there. *too_many is set instead when a sum would not fit. */
MUST_CHECK bool callgrind_store_line(struct callgrind_profile *profile,
                                     const struct callgrind_line_cost *cost, bool *too_many);
MUST_CHECK bool callgrind_store_call(struct callgrind_profile *profile,
                                     const struct callgrind_call_cost *cost, bool *too_many);

/* Numbers of one file's "(n) name" to strings. */
struct callgrind_names {
    struct callgrind_name {
        uint64_t number;
        uint32_t string;
    } * names;
    size_t count, capacity;
    struct callgrind_index index;
};

void callgrind_names_release(struct callgrind_names *names);
/* NULL when the number was never given a name. */
const struct callgrind_name *callgrind_names_find(const struct callgrind_names *names,
                                                  uint64_t number);
/* A number that has a name gets the new one. */
MUST_CHECK bool callgrind_names_set(struct callgrind_names *names, uint64_t number,
                                    uint32_t string);

#endif
