/* The rules by which endpoints have owners, as a tree has them. */
#ifndef TOLLGATE_RIG_OWNERS_READ_H
#define TOLLGATE_RIG_OWNERS_READ_H

#include "insights/owners.h"
#include "rig/config.h"

struct owners_rules {
    const struct owners_map *map;
    const struct owners_openapi *openapi;
    const struct codeowners *codeowners;
    const char *note; /* why one of them was not read; NULL = all that there is was */
};

/* From the config and from its tree: the root is the folder with `.git` that the config's lies in,
 * else that folder. A file that cannot be used is a note, unless the config names it. Each is NULL
 * where there is none; all live in `arena` and in the config. */
MUST_CHECK bool owners_read(struct owners_rules *rules, const struct config *config,
                            struct arena *arena, struct error *err);

#endif
