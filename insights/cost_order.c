#include "insights/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What rows are ordered by; NAN comes last. */
static double key_of(enum cost_order order, double cost, double requests, double ratio)
{
    double key = order == COST_BY_COST ? cost : order == COST_BY_REQUESTS ? requests : ratio;
    return isnan(key) ? -1 : key;
}

static int compare_keys(double left, double right)
{
    return left > right ? -1 : left < right;
}

static int compare_endpoints(const void *a, const void *b, void *order)
{
    const struct endpoint_cost *left = *(const struct endpoint_cost *const *)a;
    const struct endpoint_cost *right = *(const struct endpoint_cost *const *)b;
    enum cost_order by = *(const enum cost_order *)order;
    int keys = compare_keys(key_of(by, left->cost_share, left->requests, left->ratio),
                            key_of(by, right->cost_share, right->requests, right->ratio));
    if (keys == 0)
        keys = compare_keys(left->cost_share, right->cost_share);
    return keys != 0 ? keys : strcmp(left->name, right->name);
}

const struct endpoint_cost **cost_order(const struct cost_report *cost, enum cost_order order,
                                        struct error *err)
{
    const struct endpoint_cost **rows = calloc(cost->endpoint_count + 1, sizeof(*rows));
    if (rows == NULL) {
        error_set_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < cost->endpoint_count; i++)
        rows[i] = &cost->endpoints[i];
    qsort_r(rows, cost->endpoint_count, sizeof(struct endpoint_cost *), compare_endpoints, &order);
    return rows;
}

static bool same_owner(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

static int compare_owners(const void *a, const void *b, void *order)
{
    const struct owner_cost *left = a, *right = b;
    enum cost_order by = *(const enum cost_order *)order;
    if ((left->owner == NULL) != (right->owner == NULL))
        return left->owner == NULL ? 1 : -1;
    int keys = compare_keys(key_of(by, left->cost_share, left->requests, left->ratio),
                            key_of(by, right->cost_share, right->requests, right->ratio));
    return keys != 0 || left->owner == NULL ? keys : strcmp(left->owner, right->owner);
}

/* An endpoint and whose it is, so that those of one owner come to lie side by side. */
struct owned {
    const char *owner;
    const struct endpoint_cost *endpoint;
};

static int compare_owned(const void *a, const void *b)
{
    const struct owned *left = a, *right = b;
    if (left->owner == NULL || right->owner == NULL)
        return (left->owner == NULL) - (right->owner == NULL);
    return strcmp(left->owner, right->owner);
}

static void add_endpoint(struct owner_cost *sum, const struct endpoint_cost *endpoint)
{
    const struct cost_change *change = &endpoint->change;
    sum->endpoints++;
    sum->requests += endpoint->requests;
    sum->request_share += endpoint->request_share;
    sum->cost_share += endpoint->cost_share;
    sum->month_micros += endpoint->month_micros;
    sum->month_shown += endpoint->month_shown;
    sum->instance_hours += endpoint->instance_hours;
    if (isfinite(change->traffic))
        sum->total.traffic += change->traffic;
    if (!change->sure)
        return;
    sum->total.endpoints++;
    sum->total.efficiency += change->efficiency;
    sum->total.low += change->low;
    sum->total.high += change->high;
}

/* In the comparison's order, as the owners are. */
static void fill_owned(struct owned *rows, const struct cost_report *cost,
                       const struct owners *owners)
{
    for (size_t i = 0; i < cost->endpoint_count; i++) {
        bool known = owners != NULL && i < owners->count &&
                     strcmp(owners->endpoints[i].endpoint, cost->endpoints[i].name) == 0;
        rows[i].endpoint = &cost->endpoints[i];
        rows[i].owner = known ? owners->endpoints[i].owner : NULL;
    }
    if (cost->endpoint_count > 0)
        qsort(rows, cost->endpoint_count, sizeof *rows, compare_owned);
}

bool cost_sum_owners(const struct cost_report *cost, const struct owners *owners,
                     enum cost_order order, struct arena *arena, struct owner_cost **out,
                     size_t *count, struct error *err)
{
    struct owner_cost *sums = arena_alloc_array(arena, cost->endpoint_count, sizeof *sums);
    struct owned *rows = calloc(cost->endpoint_count + 1, sizeof *rows);
    size_t used = 0;
    if (sums == NULL || rows == NULL) {
        free(rows);
        return error_set_memory(err);
    }
    fill_owned(rows, cost, owners);
    for (size_t i = 0; i < cost->endpoint_count; i++) {
        if (i == 0 || !same_owner(rows[i].owner, rows[i - 1].owner))
            sums[used++].owner = rows[i].owner;
        add_endpoint(&sums[used - 1], rows[i].endpoint);
    }
    free(rows);
    for (size_t i = 0; i < used; i++) {
        sums[i].average_micros = sums[i].month_micros / (int64_t)sums[i].endpoints;
        sums[i].ratio =
            sums[i].request_share > 0 ? sums[i].cost_share / sums[i].request_share : NAN;
    }
    if (used > 0)
        qsort_r(sums, used, sizeof *sums, compare_owners, &order);
    *out = sums;
    *count = used;
    return true;
}
