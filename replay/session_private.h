/* What the plan, the search for places and the running session share. */
#ifndef TOLLGATE_REPLAY_SESSION_PRIVATE_H
#define TOLLGATE_REPLAY_SESSION_PRIVATE_H

#include "base/hash.h"
#include "replay/session_place.h"
#include "replay/session_plan.h"

/* One value that is carried: a capture rule's of one source. */
struct session_slot {
    size_t capture;
    size_t source; /* corpus index of the exchange */
    struct session_value recorded;
};

enum session_part { SESSION_IN_TARGET, SESSION_IN_HEADER, SESSION_NEW_HEADER, SESSION_IN_BODY };

enum session_spelling { SESSION_RAW, SESSION_PERCENT, SESSION_IN_QUOTES, SESSION_NUMBER };

/* Bytes of a request that a value takes the place of. */
struct session_patch {
    enum session_part part;
    size_t header;    /* index, of SESSION_IN_HEADER */
    const char *name; /* of SESSION_NEW_HEADER */
    size_t from, to;
    size_t slot;
    enum session_spelling spelling;
    const char *before, *after; /* NULL = nothing around it */
    bool fresh;                 /* wants a value that no other request was given */
};

/* A request that bears carried values. */
struct session_use {
    UT_hash_handle hh;
    size_t index; /* in the corpus: the key */
    struct session_patch *patches;
    size_t patch_count;
    bool fresh;    /* some patch is: its sources are sent again before it */
    size_t number; /* among the uses */
};

/* An exchange whose answer has values. */
struct session_origin {
    UT_hash_handle hh;
    size_t index;             /* in the corpus: the key */
    struct exchange exchange; /* when it is needed by others; else zeroed */
    bool needed;
    size_t *slots;
    size_t slot_count;
};

struct session_plan {
    struct arena arena;
    const struct session_rules *rules;
    struct session_slot *slots;
    size_t slot_count, slot_capacity;
    struct session_use *uses; /* a uthash by index */
    size_t use_count;
    struct session_origin *origins;  /* a uthash by index */
    const struct exchange **sources; /* needed ones, in corpus order */
    size_t source_count;
};

/* Answers, for one exchange, which recorded value of a capture a text of its request is. */
struct session_lookup;

/* The slot whose recorded value the text is, or SIZE_MAX. *failed is set when memory ran out. */
size_t session_lookup_value(struct session_lookup *lookup, size_t capture, const char *text,
                            size_t size);

/* The slot of the source that was last before the exchange, in its session where there is one. */
size_t session_lookup_latest(struct session_lookup *lookup, size_t capture);

struct session_patches {
    struct session_patch *items;
    size_t count, capacity;
    bool failed; /* out of memory */
};

/* Collects the patches of a request, sorted by place, none overlapping. The caller frees `items`.
 */
void session_find_patches(const struct session_rules *rules, const struct exchange *exchange,
                          struct session_lookup *lookup, struct session_patches *out);

#endif
