/* The agents' nodes as nodes of a profile: frames with names, outermost first. */
#ifndef TOLLGATE_RIG_SITE_NAMES_H
#define TOLLGATE_RIG_SITE_NAMES_H

#include "baselines/profile_builder.h"
#include "rig/site_counts.h"
#include "rig/site_images.h"

struct site_names;

/* A node of an agent in the profile. */
struct site_name {
    uint32_t node; /* PROFILE_NONE: it stands for nothing, as a root does, or makes no sense */
    bool whole;    /* the outermost frame was reached */
    bool known;    /* of each frame at least the program or library */
};

/* All but the result are borrowed, and of `counts` what the looks so far have seen. For after the
 * last maps were read. */
MUST_CHECK bool site_names_new(struct site_names **names, struct profile_builder *builder,
                               const struct site_counts *counts, const struct site_images *images,
                               struct error *err);
void site_names_free(struct site_names *names);

/* False when out of memory. */
MUST_CHECK bool site_names_find(struct site_names *names, uint32_t number, struct site_name *name,
                                struct error *err);

/* Whether a source line of the gateway's own was among the frames found so far. */
bool site_names_has_own(const struct site_names *names);

#endif
