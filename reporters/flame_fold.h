/* For flame_tree.c: what of a merged profile is shown, and in what order. */
#ifndef TOLLGATE_REPORTERS_FLAME_FOLD_H
#define TOLLGATE_REPORTERS_FLAME_FOLD_H

#include "reporters/flame_tree.h"

enum { FLAME_ENDPOINTS_MAX = 300 }; /* shown apart; the lightest of more are one */

struct flame_folding {
    struct flame_tree *tree; /* kind, threshold and sources are there; all else is filled in */
    const struct profile
        *merged; /* endpoints are the sides in turn: head and base of the first ... */
    const uint32_t *places[SIDE_COUNT]; /* by node of the side's profile: the merged node */
    const struct run *run;              /* knows the weights */
    struct arena *arena;
};

MUST_CHECK bool flame_fold(struct flame_folding *folding, struct error *err);

/* In flame_lines.c: finds the lines of the tree's nodes, which `numbers` gives for merged nodes
 * (PROFILE_NONE: folded). `weights` are those of the merged endpoints. */
MUST_CHECK bool flame_find_lines(const struct flame_folding *folding, const uint32_t *numbers,
                                 const double *weights, struct flame_node *nodes,
                                 struct error *err);

#endif
