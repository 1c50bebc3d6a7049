/* Requests of logs, counted: equal ones become one exchange that weighs as many as there were.
 * Equal are method, target, authority and status.
 *
 * Memory has a bound: only so many different requests are kept, the first ones that come. The rest
 * is counted by endpoint alone, and the kept exchanges of an endpoint share what it got beyond
 * them in proportion, so that endpoints weigh what they weigh in the log. */
#ifndef TOLLGATE_REPLAY_DISTINCT_H
#define TOLLGATE_REPLAY_DISTINCT_H

#include "replay/endpoints.h"
#include "replay/import.h"

enum {
    DISTINCT_DEFAULT_MAX = 100000,         /* requests */
    DISTINCT_MAX_BYTES = 48 * 1024 * 1024, /* and this much of their text */
    DISTINCT_GROUPS_MAX = 4096,            /* endpoints that the rest is counted by */
};

struct distinct_options {
    const struct endpoint_map *map; /* borrowed; without templates method and first segment count */
    size_t max_requests;
};

struct distinct;

MUST_CHECK bool distinct_new(struct distinct **distinct, const struct distinct_options *options,
                             struct error *err);
void distinct_free(struct distinct *distinct);

/* Counts a request. */
MUST_CHECK bool distinct_add(struct distinct *distinct, const struct logged_request *request,
                             struct error *err);

/* Calls `take` with an exchange for each kept request, in order of first appearance. An answer
 * whose status depends on headers that no log has is marked as not recorded. */
typedef bool distinct_take(void *context, struct exchange *exchange, struct error *err);
MUST_CHECK bool distinct_emit(struct distinct *distinct, distinct_take *take, void *context,
                              struct error *err);

struct distinct_counts {
    uint64_t requests; /* counted */
    uint64_t kept;     /* of those, of a kept exchange */
    uint64_t shared; /* beyond them, put on the kept ones of their endpoint; after distinct_emit */
    uint64_t lost;   /* beyond them, of endpoints that have none */
    size_t exchanges;
};

struct distinct_counts distinct_count(const struct distinct *distinct);

/* Whether the status of the answer cannot be expected again without headers that logs lack: those
 * of conditional and partial requests. */
bool distinct_status_is_conditional(int status);

#endif
