/* Endpoint templates out of the requests themselves: segments that vary become {id}. What comes out
 * depends on which requests there are and how many, never on their order. Every request that was
 * added matches one of the templates. */
#ifndef TOLLGATE_REPLAY_INFER_H
#define TOLLGATE_REPLAY_INFER_H

#include "replay/endpoints.h"

struct infer;

MUST_CHECK bool infer_new(struct infer **infer, struct error *err);
void infer_free(struct infer *infer);

/* Looks at the method and the target's path; the query does not count. */
MUST_CHECK bool infer_add(struct infer *infer, const char *method, const char *target,
                          struct error *err);

/* The templates, by path and then method, with the rules that made them: "literal" when no segment
 * varies, else the rules of those that do, in order: "number", "slug, values". Rows live in
 * `arena`. Nothing can be added after that. */
MUST_CHECK bool infer_finish(struct infer *infer, struct endpoint_row **rows, size_t *count,
                             struct arena *arena, struct error *err);

#endif
