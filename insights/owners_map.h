/* "owners" of tollgate.json: globs over endpoint names, and whose they are. The last row that fits
 * wins, as in "gate". */
#ifndef TOLLGATE_INSIGHTS_OWNERS_MAP_H
#define TOLLGATE_INSIGHTS_OWNERS_MAP_H

#include "base/arena.h"
#include "base/json.h"

#include <stddef.h>

struct owners_row {
    const char *match; /* a glob over "METHOD /template" */
    const char *owner; /* several with ", " between; NULL = nobody, which ends the search */
    const char *rule;  /* "tollgate.json: owners[2]" */
};

struct owners_map {
    const struct owners_row *rows;
    size_t count;
};

enum { OWNERS_ROWS_MAX = 10000 };

/* An object {"GET /v3/feed*": "team-feed"}, in its order, or a list of {"match", "owner"} objects.
 * An owner is a name, a list of names, or null. */
MUST_CHECK bool owners_map_parse(struct owners_map *map, const json_t *json,
                                 const struct json_place *place, struct arena *arena,
                                 struct error *err);

/* The row that decides; NULL when none fits. */
const struct owners_row *owners_map_find(const struct owners_map *map, const char *endpoint);

#endif
