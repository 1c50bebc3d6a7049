/* The upstream stand-ins: local HTTP servers that give the answers which the corpus recorded, and
 * never call anyone. Over libmicrohttpd, one server and port an upstream, all answering from one
 * thread each; start them when the calling thread is pinned and they inherit its CPU. Answers that
 * come late wait in one timer (standin_timer.h) and hold no thread. */
#ifndef TOLLGATE_REPLAY_STANDIN_H
#define TOLLGATE_REPLAY_STANDIN_H

#include "base/buffer.h"
#include "replay/corpus.h"
#include "replay/standin_settings.h"

enum { STANDIN_MISS_STATUS = 599 };

struct standin_set;

struct standin_options {
    const struct standin_settings *settings; /* one an upstream, borrowed; NULL: answers at once */
    uint64_t seed;                           /* of latencies and faults */
    bool correlate; /* a request that bears the ids of plan.h gets its own exchange's answers */
};

/* How a stand-in's requests were answered since the start. */
struct standin_counts {
    uint64_t exact, normalised, templated, missed;
    uint64_t faulted; /* of them, so many were given a fault */
};

/* Starts a server on a free port of 127.0.0.1 for each name. */
MUST_CHECK bool standin_set_new(struct standin_set **set, const char *const *names, size_t count,
                                struct error *err);
MUST_CHECK bool standin_set_new_with(struct standin_set **set, const char *const *names,
                                     size_t count, const struct standin_options *options,
                                     struct error *err);
void standin_set_free(struct standin_set *set);

/* "http://127.0.0.1:PORT", or NULL when there is no such name. Borrowed. */
const char *standin_set_url(const struct standin_set *set, const char *name);

/* Makes the exchange's upstream answers known. An answer from an upstream that was not named at
 * the start is an error with the corpus line. The exchange must outlive the set. Call while no
 * request is under way. */
MUST_CHECK bool standin_set_add(struct standin_set *set, const struct exchange *exchange,
                                struct error *err);

/* Which exchange is being replayed: its own answers come first, in recorded order for equal
 * requests, the last one repeated; then those of any other exchange. NULL = none in particular. */
void standin_set_current(struct standin_set *set, const struct exchange *exchange);

/* The same, and how many times the exchange was replayed at this gateway before: latencies and
 * faults are drawn by it. Requests outside a replay get no fault. */
void standin_set_replay(struct standin_set *set, const struct exchange *exchange, uint64_t before);

/* How many requests found no answer since the start, and in words what the first few asked for. */
size_t standin_set_misses(const struct standin_set *set);
void standin_set_describe_misses(const struct standin_set *set, struct buffer *out);

/* How many requests were given a fault: then the gateway's answer cannot be the recorded one. */
size_t standin_set_faults(const struct standin_set *set);

/* Of the upstream with this position among the names. */
struct standin_counts standin_set_count(const struct standin_set *set, size_t upstream);

#endif
