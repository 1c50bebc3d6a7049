/* Endpoint templates out of an OpenAPI 3 document in JSON: its paths, under its servers' base
 * paths. */
#ifndef TOLLGATE_REPLAY_OPENAPI_H
#define TOLLGATE_REPLAY_OPENAPI_H

#include "replay/endpoints.h"

enum { OPENAPI_MAX_BYTES = 64 * 1024 * 1024 };

struct openapi {
    struct endpoint_row *rows; /* in the document's order */
    size_t count;
    size_t twins;        /* operations whose requests an earlier one matches as well; left out */
    size_t unusable;     /* operations whose path is no template; left out */
    const char *example; /* the first unusable one and why, for a person; NULL = none */
};

/* Reads the document; rows live in `arena`. A path item is taken from where its $ref points inside
 * the document. Errors name the file and the place in it. A document without operations is an
 * error. */
MUST_CHECK bool openapi_read(struct openapi *out, const char *path, struct arena *arena,
                             struct error *err);

/* The same of a text; `name` is for errors. */
MUST_CHECK bool openapi_parse(struct openapi *out, const char *name, const char *text, size_t size,
                              struct arena *arena, struct error *err);

#endif
