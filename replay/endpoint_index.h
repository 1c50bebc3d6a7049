/* A tree of the templates' segments, so that a request is held against few of them. Only for
 * endpoints.c. */
#ifndef TOLLGATE_REPLAY_ENDPOINT_INDEX_H
#define TOLLGATE_REPLAY_ENDPOINT_INDEX_H

#include "replay/endpoints.h"

/* Of well-formed templates. NULL when there is no memory. */
MUST_CHECK struct endpoint_index *endpoint_index_new(const struct endpoint_template *templates,
                                                     size_t count, struct arena *arena);

/* Called with each template whose path matches, whatever its method is; in no order. */
typedef void endpoint_visit(void *context, size_t index);

void endpoint_index_visit(const struct endpoint_index *index, const char *path, size_t size,
                          endpoint_visit *visit, void *context);

#endif
