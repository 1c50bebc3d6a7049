/* How often each target is asked for. */
#include "replay/distill_private.h"

#include <stdlib.h>

/* qsort_r's context is not const. */
struct ordering {
    const struct distill_item *items;
};

static int compare_targets(const void *a, const void *b, void *context)
{
    const struct distill_item *items = ((const struct ordering *)context)->items;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct distill_item *x = &items[left], *y = &items[right];
    if (x->endpoint != y->endpoint)
        return x->endpoint < y->endpoint ? -1 : 1;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return left < right ? -1 : left > right;
}

void distill_find_popularity(struct distill_point *points, const struct distill_item *items,
                             uint32_t *by_target, size_t count)
{
    struct ordering ordering = {items};
    qsort_r(by_target, count, sizeof *by_target, compare_targets, &ordering);
    for (size_t i = 0, next; i < count; i = next) {
        const struct distill_item *first = &items[by_target[i]];
        double all = 0, weight = 0;
        for (next = i; next < count && items[by_target[next]].endpoint == first->endpoint; next++)
            all += items[by_target[next]].weight;
        for (size_t k = i, end = i; k < next; k = end, weight = 0) {
            uint32_t target = items[by_target[k]].target;
            for (end = k; end < next && items[by_target[end]].target == target; end++)
                weight += items[by_target[end]].weight;
            for (size_t t = k; t < end; t++)
                points[by_target[t]].popularity = (float)(weight / all);
        }
    }
}
