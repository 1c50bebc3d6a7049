/* What the gateway's processes that have stacks had mapped, so that their addresses get names: read
 * while they live. */
#ifndef TOLLGATE_RIG_SITE_IMAGES_H
#define TOLLGATE_RIG_SITE_IMAGES_H

#include "base/process.h"
#include "rig/agent/wire.h"
#include "rig/symbols.h"

struct site_images {
    struct agent_sites *sites;
    struct symbols *symbols;
    struct symbols_map **maps; /* by process number; NULL = not read */
    uint32_t count;
};

/* Both are borrowed. */
MUST_CHECK bool site_images_init(struct site_images *images, struct agent_sites *sites,
                                 struct symbols *symbols, struct error *err);
void site_images_release(struct site_images *images);

/* Reads the maps of the tree's processes: of those not read yet, or of all. Of one that has ended
 * meanwhile the last map stays. */
void site_images_read(struct site_images *images, const struct process_tree *tree, bool again);

/* The map of a process, or of the one that it was forked from; NULL where neither is known. */
const struct symbols_map *site_images_find(const struct site_images *images, uint32_t process);

#endif
