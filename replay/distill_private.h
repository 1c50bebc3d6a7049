/* What the steps of distilling share. */
#ifndef TOLLGATE_REPLAY_DISTILL_PRIVATE_H
#define TOLLGATE_REPLAY_DISTILL_PRIVATE_H

#include "base/arena.h"
#include "base/random.h"
#include "replay/distill.h"

/* Axes beside those of the traits: whether it was answered, and its CPU time as far as known. */
enum { DISTILL_AXIS_ANSWERED = DISTILL_TRAITS, DISTILL_AXIS_CPU, DISTILL_AXES };

/* An exchange as a point: what each trait costs, as a fraction of its endpoint's mean cost. */
struct distill_point {
    float axes[DISTILL_AXES];
    float popularity; /* what its target has of the endpoint's weight, 0 to 1 */
};

/* Exchanges alike: `count` of the order from `first` on. */
struct distill_stratum {
    size_t first, count;
    double weight;
    double sum[DISTILL_AXES]; /* of the points, weighted */
    double spread;            /* mean square distance from its mean */
    size_t quota;
};

/* Strata that one exchange may have to stand for: `count` of the strata from `first` on. */
struct distill_group {
    size_t first, count;
    double weight;
    double gain; /* of the best cut: how much it brings together what is alike */
    int axis;    /* to sort by for that cut; -1: the sum of all */
    size_t cut;
};

/* A member of a stratum while it is put in order. */
struct distill_ordered {
    uint32_t item;
    uint32_t target;
    double popularity; /* of its target, where that is asked for often; else 0 */
    double cost;
};

struct distill_cell {
    size_t first, count; /* of the members */
    double base_weight;  /* of its members */
    double weight;       /* that the chosen one gets */
    size_t pick;         /* an item */
    bool answered;       /* most of its weight was */
    uint32_t pool;       /* weight may move between cells of one */
};

/* One endpoint under way, with room that is used again for the next. */
struct distill_scope {
    const struct distill_item *items;
    const struct distill_point *points; /* by item */
    const uint32_t *order;              /* items by endpoint and stratum */
    size_t first, count;                /* of the endpoint, in the order */
    double weight;
    double mean[DISTILL_AXES];
    struct distill_stratum *strata; /* in the order that the groups want */
    size_t stratum_count;
    struct distill_group *groups;
    size_t group_count;
    struct distill_cell *cells;
    size_t cell_count;
    uint32_t *members; /* items by cell */
    struct distill_ordered *ordered;
    unsigned needs;
};

/* The square of how far apart two sets of axes are: as a whole, and a little of each axis for
 * itself, since the prices may be wrong. */
double distill_distance(const double difference[DISTILL_AXES]);

/* Points of all items, at prices fitted to the measured costs where there are some. The order is by
 * endpoint and stratum. */
void distill_make_points(struct distill_point *points, const struct distill_item *items,
                         const uint32_t *order, size_t count, bool *fitted);
/* `by_target` has every item, in any order, and is put in another. */
void distill_find_popularity(struct distill_point *points, const struct distill_item *items,
                             uint32_t *by_target, size_t count);

/* Whether two items are of one stratum; and their order. */
int distill_compare_strata(const struct distill_item *a, const struct distill_item *b);

/* The endpoint's strata and its mean. */
void distill_find_strata(struct distill_scope *scope);

/* Makes `wanted` groups of the strata, or one each where they are fewer; strata change places. */
void distill_make_groups(struct distill_scope *scope, size_t wanted);

/* Makes `wanted` cells of the groups: no more than there are exchanges. */
void distill_make_cells(struct distill_scope *scope, size_t wanted);

/* Chooses an exchange for each cell, and moves weights between cells. Returns
 * how far the mean of the chosen ones is from the endpoint's. */
double distill_pick(struct distill_scope *scope, struct random *random);

#endif
