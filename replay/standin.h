/* The upstream stand-ins: local HTTP servers that give the answers which the corpus recorded, and
 * never call anyone. Over libmicrohttpd, one server and port an upstream, all answering from one
 * thread each; start them when the calling thread is pinned and they inherit its CPU. */
#ifndef TOLLGATE_REPLAY_STANDIN_H
#define TOLLGATE_REPLAY_STANDIN_H

#include "base/buffer.h"
#include "replay/corpus.h"

enum { STANDIN_MISS_STATUS = 599 };

struct standin_set;

/* Starts a server on a free port of 127.0.0.1 for each name. */
MUST_CHECK bool standin_set_new(struct standin_set **set, const char *const *names, size_t count,
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

/* How many requests found no answer since the start, and in words what the first few asked for. */
size_t standin_set_misses(const struct standin_set *set);
void standin_set_describe_misses(const struct standin_set *set, struct buffer *out);

#endif
