/* Endpoint templates: method and route with `{name}` for a variable segment. */
#ifndef TOLLGATE_REPLAY_ENDPOINTS_H
#define TOLLGATE_REPLAY_ENDPOINTS_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

struct endpoint_template {
    const char *name; /* as the user wrote it: "GET /v3/users/{id}" */
    const char *method;
    const char *path;
    size_t literal_segments; /* how concrete it is */
};

struct endpoint_map {
    struct endpoint_template *templates;
    size_t count;
};

/* Parses "METHOD /path/{id}" texts into `map`, in `arena`. Refuses a template that is not of that
 * form or is there twice; the error names its index and text. "*" as a method matches any; a last
 * segment "{rest...}" matches the rest of the path. */
MUST_CHECK bool endpoint_map_parse(struct endpoint_map *map, const char *const *texts, size_t count,
                                   struct arena *arena, struct error *err);

/* The index of the most concrete template that matches, or -1. The target's query is ignored; its
 * path is compared as sent, without decoding and without resolving dots. */
long endpoint_map_match(const struct endpoint_map *map, const char *method, const char *target);

#endif
