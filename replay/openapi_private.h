/* What the files that read OpenAPI documents share. */
#ifndef TOLLGATE_REPLAY_OPENAPI_PRIVATE_H
#define TOLLGATE_REPLAY_OPENAPI_PRIVATE_H

#include "base/json.h"
#include "replay/openapi.h"

enum { OPENAPI_BASES_MAX = 16 };

/* The different base paths of a list of servers: "" or "/v3", without a slash at the end. */
struct openapi_bases {
    const char *items[OPENAPI_BASES_MAX];
    size_t count;
};

/* Reads `object`'s own "servers"; *has_own is false, and `out` untouched, when it has none. */
MUST_CHECK bool openapi_read_bases(struct openapi_bases *out, bool *has_own, const json_t *object,
                                   struct arena *arena, const struct json_place *place,
                                   struct error *err);

/* Follows {"$ref": "#/…"} until there is no more of it. NULL with an error when it leads out of
 * the document, nowhere, or in circles. Borrowed from `root`. */
MUST_CHECK const json_t *openapi_follow(const json_t *root, const json_t *item,
                                        const struct json_place *place, struct error *err);

#endif
