/* A name for the shape of a request: which variant of its endpoint it is when the corpus does not
 * say. Requests of one name have the same set of query keys, the same structure of body, and bodies
 * of about one size: "limit+q", "{name,tags[]}, 1 kB". */
#ifndef TOLLGATE_REPLAY_VARIANT_NAME_H
#define TOLLGATE_REPLAY_VARIANT_NAME_H

#include "base/buffer.h"
#include "replay/corpus.h"

enum { VARIANT_NAME_MAX_BYTES = 160 };

/* Appends the name; "plain" for a request without query and body. Values never show. What is too
 * long to read becomes a count and four hexadecimal digits of a hash. */
void variant_name_append(struct buffer *out, const struct request *request);

#endif
