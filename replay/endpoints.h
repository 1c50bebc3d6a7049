/* Endpoint templates: method and route with `{name}` for a variable segment, or for a part of one.
 * They come from several sources; a request belongs to the best of them. */
#ifndef TOLLGATE_REPLAY_ENDPOINTS_H
#define TOLLGATE_REPLAY_ENDPOINTS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a template comes from; an earlier source outranks a later one. */
enum endpoint_source {
    ENDPOINT_FROM_USER,    /* tollgate.json */
    ENDPOINT_FROM_OPENAPI, /* the paths of an OpenAPI document */
    ENDPOINT_FROM_MAP,     /* the committed map */
    ENDPOINT_FROM_CORPUS,  /* what the exchanges themselves say that they are */
    ENDPOINT_INFERRED,     /* from the corpus, not committed yet */
    ENDPOINT_SOURCE_COUNT,
};

/* A template as its source has it. */
struct endpoint_row {
    const char *text; /* "GET /v3/users/{id}" */
    enum endpoint_source source;
    const char *rule; /* what made it, in a word or two; NULL = "" */
};

struct endpoint_template {
    const char *name; /* as it was written: "GET /v3/users/{id}" */
    const char *method;
    const char *path;
    size_t literal_segments; /* how concrete it is */
    enum endpoint_source source;
    const char *rule; /* may be "" */
};

struct endpoint_index;

struct endpoint_map {
    struct endpoint_template *templates;
    size_t count;
    const struct endpoint_index *index; /* NULL while there are no templates */
};

enum {
    ENDPOINT_SEGMENTS_MAX = 200,     /* of a template */
    ENDPOINT_TEMPLATES_MAX = 100000, /* of a map */
};

/* Makes `map` of the rows, in `arena`; templates keep their order. Refuses a template that is not
 * of the form, and one that is there twice in one source; the error names its index in the source
 * and its text. "*" as a method matches any; a last segment "{rest...}" matches the rest of the
 * path. */
MUST_CHECK bool endpoint_map_build(struct endpoint_map *map, const struct endpoint_row *rows,
                                   size_t count, struct arena *arena, struct error *err);

/* The same of texts that the user wrote. */
MUST_CHECK bool endpoint_map_parse(struct endpoint_map *map, const char *const *texts, size_t count,
                                   struct arena *arena, struct error *err);

/* NULL when the text is a template, else what is wrong with it. */
const char *endpoint_template_problem(const char *text);

/* Writes the template without the names of its variables: texts of one shape match the same
 * requests. NULL when there is no memory. */
MUST_CHECK char *endpoint_template_shape(const char *text, struct arena *arena);

/* The order in which templates are listed: by path, whatever its variables are called, then by
 * method. Below 0, 0 or above as with strcmp; 0 for the same text alone. */
int endpoint_template_compare(const char *one, const char *other);

/* The index of the best template that matches, or -1: of the source with the highest rank, then
 * the most concrete one. The target's query is ignored; its path is compared as sent, without
 * decoding and without resolving dots. */
long endpoint_map_match(const struct endpoint_map *map, const char *method, const char *target);

/* The indices of all templates that match, best first, up to `most` of them. How many there are. */
size_t endpoint_map_match_all(const struct endpoint_map *map, const char *method,
                              const char *target, size_t *indices, size_t most);

/* As reports name it: "config", "OpenAPI", "map", "corpus", "inferred". */
const char *endpoint_source_name(enum endpoint_source source);

#endif
