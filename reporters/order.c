#include "reporters/order.h"

#include <math.h>
#include <stdlib.h>

static int rank(const struct endpoint_verdict *endpoint)
{
    if (endpoint->invalid != NULL)
        return 0;
    switch (endpoint->verdict) {
    case VERDICT_REGRESSED:
        return 1;
    case VERDICT_INCONCLUSIVE:
        return 2;
    case VERDICT_IMPROVED:
        return endpoint->accepted != NULL ? 3 : 4;
    case VERDICT_PASSED:
        return endpoint->accepted != NULL ? 3 : 5;
    case VERDICT_NONE:
        break;
    }
    return endpoint->presence == ENDPOINT_REMOVED ? 7 : 6;
}

enum metric order_find_cost_metric(const struct comparison *comparison)
{
    for (unsigned metric = 0; metric < METRIC_COUNT; metric++)
        for (size_t i = 0; i < comparison->endpoint_count; i++)
            if (isfinite(comparison->endpoints[i].metrics[metric].head))
                return (enum metric)metric;
    return METRIC_COUNT;
}

static double cost(const struct endpoint_verdict *endpoint, enum metric metric)
{
    if (metric == METRIC_COUNT)
        return 0;
    double each = endpoint->metrics[metric].head;
    if (!isfinite(each))
        each = endpoint->metrics[metric].base;
    double all = each * endpoint->weight;
    return isfinite(all) ? all : -1;
}

static int compare(const void *a, const void *b, void *metric)
{
    const struct endpoint_verdict *left = *(const struct endpoint_verdict *const *)a;
    const struct endpoint_verdict *right = *(const struct endpoint_verdict *const *)b;
    if (rank(left) != rank(right))
        return rank(left) < rank(right) ? -1 : 1;
    double left_cost = cost(left, *(const enum metric *)metric);
    double right_cost = cost(right, *(const enum metric *)metric);
    if (left_cost < right_cost || left_cost > right_cost)
        return left_cost > right_cost ? -1 : 1;
    return left < right ? -1 : left > right; /* both lie in the comparison's array */
}

const struct endpoint_verdict **order_endpoints(const struct comparison *comparison,
                                                struct error *err)
{
    size_t count = comparison->endpoint_count;
    const struct endpoint_verdict **order = calloc(count + 1, sizeof(*order));
    if (order == NULL) {
        error_set_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        order[i] = &comparison->endpoints[i];
    enum metric metric = order_find_cost_metric(comparison);
    qsort_r(order, count, sizeof(struct endpoint_verdict *), compare, &metric);
    return order;
}
