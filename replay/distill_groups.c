/* Strata, and which of them one exchange stands for where there is not one for each: they are cut
 * apart, each time where that brings together most of what is alike. */
#include "replay/distill_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A stratum whose exchanges look all the same may yet differ in what is not seen. */
#define LEAST_SPREAD 1e-3

int distill_compare_strata(const struct distill_item *a, const struct distill_item *b)
{
    if (a->endpoint != b->endpoint)
        return a->endpoint < b->endpoint ? -1 : 1;
    if (a->variant != b->variant)
        return a->variant < b->variant ? -1 : 1;
    if (a->status != b->status)
        return a->status < b->status ? -1 : 1;
    return a->shape < b->shape ? -1 : a->shape > b->shape;
}

static void add_point(double sum[DISTILL_AXES], const struct distill_point *point, double weight)
{
    for (size_t j = 0; j < DISTILL_AXES; j++)
        sum[j] += weight * (double)point->axes[j];
}

static void measure_spread(const struct distill_scope *scope, struct distill_stratum *stratum)
{
    double sum = 0;
    for (size_t i = stratum->first; i < stratum->first + stratum->count; i++) {
        double difference[DISTILL_AXES];
        uint32_t item = scope->order[i];
        for (size_t j = 0; j < DISTILL_AXES; j++)
            difference[j] = (double)scope->points[item].axes[j] - stratum->sum[j] / stratum->weight;
        sum += scope->items[item].weight * distill_distance(difference);
    }
    stratum->spread = sum / stratum->weight + LEAST_SPREAD;
}

void distill_find_strata(struct distill_scope *scope)
{
    struct distill_stratum *last = NULL;
    scope->stratum_count = 0;
    scope->weight = 0;
    memset(scope->mean, 0, sizeof scope->mean);
    for (size_t i = scope->first; i < scope->first + scope->count; i++) {
        uint32_t item = scope->order[i];
        const struct distill_item *one = &scope->items[item];
        if (last == NULL ||
            distill_compare_strata(&scope->items[scope->order[last->first]], one) != 0) {
            last = &scope->strata[scope->stratum_count++];
            *last = (struct distill_stratum){.first = i};
        }
        last->count++;
        last->weight += one->weight;
        add_point(last->sum, &scope->points[item], one->weight);
        scope->weight += one->weight;
        add_point(scope->mean, &scope->points[item], one->weight);
    }
    for (size_t j = 0; j < DISTILL_AXES; j++)
        scope->mean[j] /= scope->weight;
    for (size_t s = 0; s < scope->stratum_count; s++)
        measure_spread(scope, &scope->strata[s]);
}

/* Where the stratum lies on an axis; -1 is the sum of those that cost. */
static double place_on(const struct distill_stratum *stratum, int axis)
{
    double sum = 0;
    if (axis >= 0)
        return stratum->sum[axis] / stratum->weight;
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        sum += stratum->sum[j];
    return sum / stratum->weight;
}

static int compare_places(const void *a, const void *b, void *context)
{
    const struct distill_stratum *x = a, *y = b;
    int axis = *(const int *)context;
    double left = place_on(x, axis), right = place_on(y, axis);
    if (left != right)
        return left < right ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void sort_group(struct distill_scope *scope, const struct distill_group *group, int axis)
{
    qsort_r(scope->strata + group->first, group->count, sizeof *scope->strata, compare_places,
            &axis);
}

/* The best cut of the group's strata as they are sorted now. Two parts of weights a and b whose
 * means are d apart scatter by ab / (a + b) d² less each around its own mean. */
static void try_cuts(struct distill_scope *scope, struct distill_group *group, int axis,
                     const double total[DISTILL_AXES])
{
    double left[DISTILL_AXES] = {0}, weight = 0;
    for (size_t cut = 1; cut < group->count; cut++) {
        const struct distill_stratum *passed = &scope->strata[group->first + cut - 1];
        double difference[DISTILL_AXES];
        weight += passed->weight;
        double rest = group->weight - weight;
        if (!(rest > 0))
            return;
        for (size_t j = 0; j < DISTILL_AXES; j++) {
            left[j] += passed->sum[j];
            difference[j] = left[j] / weight - (total[j] - left[j]) / rest;
        }
        double gain = weight * rest / group->weight * distill_distance(difference);
        if (gain > group->gain) {
            group->gain = gain;
            group->axis = axis;
            group->cut = cut;
        }
    }
}

/* Finds the group's weight and its best cut. */
static void weigh_group(struct distill_scope *scope, struct distill_group *group)
{
    double total[DISTILL_AXES] = {0};
    group->weight = 0;
    group->gain = 0;
    for (size_t s = group->first; s < group->first + group->count; s++) {
        group->weight += scope->strata[s].weight;
        for (size_t j = 0; j < DISTILL_AXES; j++)
            total[j] += scope->strata[s].sum[j];
    }
    if (group->count < 2)
        return;
    group->axis = -1;
    group->cut = 1; /* strata may differ and yet lie in one place */
    for (int axis = -1; axis < (int)DISTILL_AXES; axis++) {
        sort_group(scope, group, axis);
        try_cuts(scope, group, axis, total);
    }
}

static void cut_group(struct distill_scope *scope, size_t which)
{
    struct distill_group *group = &scope->groups[which];
    struct distill_group *other = &scope->groups[scope->group_count++];
    sort_group(scope, group, group->axis);
    *other = (struct distill_group){.first = group->first + group->cut,
                                    .count = group->count - group->cut};
    group->count = group->cut;
    weigh_group(scope, group);
    weigh_group(scope, other);
}

/* Answered and refused apart, where one of each is needed. */
static void cut_by_answer(struct distill_scope *scope)
{
    struct distill_group *all = &scope->groups[0];
    size_t refused = 0;
    sort_group(scope, all, DISTILL_AXIS_ANSWERED);
    for (size_t s = 0; s < all->count; s++)
        refused += scope->items[scope->order[scope->strata[s].first]].status >= 400;
    if (refused == 0 || refused == all->count)
        return;
    all->axis = DISTILL_AXIS_ANSWERED;
    all->cut = refused;
    cut_group(scope, 0);
}

/* Each stratum is a group of its own: there is nothing to be found out. */
static void take_all_apart(struct distill_scope *scope)
{
    scope->group_count = scope->stratum_count;
    for (size_t g = 0; g < scope->group_count; g++)
        scope->groups[g] = (struct distill_group){.first = g, .count = 1};
}

void distill_make_groups(struct distill_scope *scope, size_t wanted)
{
    if (wanted >= scope->stratum_count) {
        take_all_apart(scope);
        return;
    }
    scope->group_count = 1;
    scope->groups[0] = (struct distill_group){.first = 0, .count = scope->stratum_count};
    weigh_group(scope, &scope->groups[0]);
    if ((scope->needs & DISTILL_NEED_REFUSED) != 0 && wanted > 1)
        cut_by_answer(scope);
    while (scope->group_count < wanted) {
        size_t best = SIZE_MAX;
        for (size_t g = 0; g < scope->group_count; g++) {
            const struct distill_group *group = &scope->groups[g];
            if (group->count > 1 && (best == SIZE_MAX || group->gain > scope->groups[best].gain))
                best = g;
        }
        if (best == SIZE_MAX)
            return;
        cut_group(scope, best);
    }
}
