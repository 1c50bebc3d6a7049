/* Which request to the gateway caused a request to an upstream: by the ids that gateways pass on,
 * or by time where only one request was in flight. */
#ifndef TOLLGATE_REPLAY_RECORDER_JOIN_H
#define TOLLGATE_REPLAY_RECORDER_JOIN_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

enum { JOIN_KEYS_MAX = 4, JOIN_KEY_SIZE = 136 };

/* The ids that a request bears: the trace id of its traceparent, X-Request-ID, X-Correlation-ID. */
struct join_keys {
    char text[JOIN_KEYS_MAX][JOIN_KEY_SIZE];
    size_t count;
};

/* Adds the field when it is one of those and bears an id; a traceparent that is none is ignored. */
void join_keys_add_field(struct join_keys *keys, const char *name, const char *value);

/* The trace id of a traceparent in lower case; false when it is not one. */
bool join_trace_id(const char *traceparent, char id[static 33]);

struct join_holder;

/* A request to the gateway; embedded in whatever stands for it. All zero before joiner_open. */
struct joinable {
    struct join_holder *holders;      /* its keys */
    struct joinable *next, *previous; /* in flight */
    bool in_flight;
};

struct joiner;

struct joiner *joiner_new(void); /* NULL when out of memory */
void joiner_free(struct joiner *joiner);

/* The request is in flight and can be found. False when out of memory. */
MUST_CHECK bool joiner_open(struct joiner *joiner, struct joinable *request,
                            const struct join_keys *keys);

/* It has been answered: found by its ids still, but not by time. */
void joiner_answered(struct joiner *joiner, struct joinable *request);

/* It is found no more. */
void joiner_close(struct joiner *joiner, struct joinable *request);

enum join_kind {
    JOINED_BY_ID,
    JOINED_BY_TIME,
    UNJOINED_SAME_ID, /* several requests under way bear its id */
    UNJOINED_SEVERAL, /* no known id, and several requests were in flight */
    UNJOINED_NONE,    /* no known id, and none was in flight */
    JOIN_KINDS,
};

/* NULL when it is one of the unjoined kinds. */
struct joinable *joiner_find(struct joiner *joiner, const struct join_keys *keys,
                             enum join_kind *kind);

#endif
