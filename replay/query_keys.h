/* The set of keys in a request's query: requests with the same set are likely to do the same work.
 */
#ifndef TOLLGATE_REPLAY_QUERY_KEYS_H
#define TOLLGATE_REPLAY_QUERY_KEYS_H

#include "base/buffer.h"

/* Appends the keys of "/path?b=1&a=2&b=3" in order of their bytes, each once: "a&b". Nothing
 * without a query. A query of very many keys or bytes appends "…" alone. */
void query_keys_append(struct buffer *out, const char *target, size_t size);

#endif
