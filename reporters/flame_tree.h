/* A profile as a flame graph shows it: the stacks of both sides in one tree, whose frames are
 * functions; what is too small to be seen is folded. Lines have no stacks: there each function's
 * lines lie below it.
 *
 * Nodes are in the order of the picture: a node comes before those below it, and of two with one
 * caller the dearer first. Node 0 is the root, all that was measured. */
#ifndef TOLLGATE_REPORTERS_FLAME_TREE_H
#define TOLLGATE_REPORTERS_FLAME_TREE_H

#include "reporters/reporter.h"

struct flame_node {
    uint32_t parent;     /* PROFILE_NONE = the root */
    uint32_t frame;      /* PROFILE_NONE = the root, or small ones folded together */
    uint32_t depth;      /* of the root: 0 */
    uint32_t line;       /* the dearest of the function's lines that led here; 0 = unknown */
    uint32_t line_count; /* how many there were */
};

/* What an endpoint spent at a node itself, a request; nothing is below 0. */
struct flame_cost {
    uint32_t node;
    double values[SIDE_COUNT][PROFILE_VALUES_MAX];
};

struct flame_endpoint {
    const char *name; /* NULL = all those beyond the limit, as one */
    double weight;    /* share of the traffic of all that are shown */
    int64_t requests[SIDE_COUNT];
    const struct flame_cost *costs; /* by node, rising */
    size_t cost_count;
};

struct flame_tree {
    enum profile_kind kind;
    bool present[SIDE_COUNT];
    const struct profile_frame *frames; /* `line` is 0, but for lines */
    size_t frame_count;
    const struct flame_node *nodes;
    size_t node_count;
    const struct flame_endpoint *endpoints; /* by weight, the heaviest first */
    size_t endpoint_count;
    size_t left_out;  /* how many are beyond the limit of those that are shown apart */
    double threshold; /* share of a total below which nodes were folded */
    const struct profile *source[SIDE_COUNT]; /* what it was made of */
};

/* Of the head's profile of the kind, and the base's if there is one. ERROR_INPUT or ERROR_USAGE as
 * from export_find_profile. All is in `arena`. `threshold` is from 0 to 1. */
MUST_CHECK bool flame_tree_make(struct flame_tree *tree, const struct report *report,
                                enum profile_kind kind, double threshold, struct arena *arena,
                                struct error *err);

/* Whether the column is a cost of its own, and so one to be drawn. */
bool flame_tree_draws(enum profile_kind kind, size_t value);

#endif
