/* The ids that our requests bear when the config has them injected, and that a gateway passes on to
 * its upstreams: which exchange a request belongs to, and which replay of it. plan.c writes them.
 */
#ifndef TOLLGATE_REPLAY_CORRELATION_H
#define TOLLGATE_REPLAY_CORRELATION_H

#include <stdbool.h>
#include <stdint.h>

struct correlation {
    uint64_t exchange; /* index in the corpus, its lower 32 bits */
    uint64_t replay;   /* how many times it was sent, from 1; its lower 32 bits */
};

/* Read what came in a header. False when it is none of ours. */
bool correlation_of_traceparent(const char *value, struct correlation *out);
bool correlation_of_request_id(const char *value, struct correlation *out);

#endif
