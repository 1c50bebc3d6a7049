/* One picture of a tree: a column of values, of all endpoints by their share of the traffic, laid
 * out so that a frame is as wide as it is dear. flame.js does the same for what is chosen later. */
#ifndef TOLLGATE_REPORTERS_FLAME_VIEW_H
#define TOLLGATE_REPORTERS_FLAME_VIEW_H

#include "reporters/flame_tree.h"

/* By node; all are a request. With two sides a node is as wide as the dearer of them, so that what
 * is gone is seen as well as what is new. */
struct flame_view {
    const struct flame_tree *tree;
    size_t value;
    double *self[SIDE_COUNT];
    double *total[SIDE_COUNT]; /* with what lies below */
    double *self_variance;     /* of the difference of what was spent itself, from sampling */
    double *variance;          /* of the difference of the totals; 0 = exact */
    double *width;
    double *left;
};

enum flame_change { FLAME_SAME, FLAME_GREW, FLAME_SHRANK };

MUST_CHECK bool flame_view_make(struct flame_view *view, const struct flame_tree *tree,
                                size_t value, struct arena *arena, struct error *err);

/* Whether a difference is more than what sampling scatters (three standard deviations) and more
 * than what is worth a word (a thousandth of `whole`). */
enum flame_change flame_view_change(double head, double base, double variance, double whole);

/* The same of a node's total. */
enum flame_change flame_view_node_change(const struct flame_view *view, uint32_t node);

/* 1 to 3: how much of the whole a node changed itself; from 1 % it is 2, from 5 % it is 3. 1 where
 * only what it calls changed, so that the cause stands out. */
int flame_view_level(const struct flame_view *view, uint32_t node);

/* The larger of the two sides' roots. */
double flame_view_whole(const struct flame_view *view);

#endif
