/* Owners from an OpenAPI document (2.0 or 3, as JSON): the first that is there of x-owner or x-team
 * of the operation, of its path, of its first tag where the document lists that with one, of the
 * document; else the name of the operation's first tag. */
#ifndef TOLLGATE_INSIGHTS_OWNERS_OPENAPI_H
#define TOLLGATE_INSIGHTS_OWNERS_OPENAPI_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

struct openapi_owner {
    const char *method; /* "GET" */
    const char *path;   /* "/v3/users/{id}", with the server's base path before it */
    const char *owner;
    const char *rule; /* "openapi.json: paths./v3/users/{id}.get.x-owner" */
};

struct owners_openapi {
    const struct openapi_owner *rows;
    size_t count;
};

enum { OWNERS_OPENAPI_MAX_BYTES = 32 << 20, OWNERS_OPENAPI_ROWS_MAX = 20000 };

/* From the text of the file `name`. Errors name file and field. */
MUST_CHECK bool owners_openapi_parse(struct owners_openapi *openapi, const char *name,
                                     const char *text, size_t size, struct arena *arena,
                                     struct error *err);

/* Templates are the same when they differ in nothing but the names of their variables. NULL when
 * the document has no owner for it. */
const struct openapi_owner *owners_openapi_find(const struct owners_openapi *openapi,
                                                const char *endpoint);

#endif
