/* Frames of a profile for the addresses of sampled processes. */
#ifndef TOLLGATE_RIG_STACKS_NAMES_H
#define TOLLGATE_RIG_STACKS_NAMES_H

#include "baselines/profile_builder.h"
#include "rig/perf_unwind.h"
#include "rig/symbols.h"

struct stacks_names;

MUST_CHECK bool stacks_names_new(struct stacks_names **names, struct symbols *symbols,
                                 struct profile_builder *builder, struct error *err);
void stacks_names_free(struct stacks_names *names);

/* Where a sample's stack comes from. */
struct stacks_origin {
    pid_t pid;
    const struct perf_image *image; /* that its addresses are of; NULL = not known */
};

struct stacks_place {
    uint32_t node; /* of the innermost frame */
    bool named;    /* it has a name */
    bool cut;      /* the stack's outer end is not known */
};

MUST_CHECK bool stacks_names_find(struct stacks_names *names, const struct stacks_origin *origin,
                                  const struct perf_stack *stack, struct stacks_place *place,
                                  struct error *err);

/* Adds a remark for each file that falls short of names and had a good part of the samples. */
void stacks_names_add_notes(const struct stacks_names *names);

#endif
