/* What an exchange costs, guessed from its traits. */
#include "replay/distill_private.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 4000 };

#define ANSWERED_WEIGHT 0.25 /* of having been answered or refused, apart from what that costs */
#define AXIS_WEIGHT     0.05 /* of the axes each for itself, against their sum */

/* In bytes: most of a gateway's work is reading and writing, and each message has its own. */
static const double rule_of_thumb[DISTILL_TRAITS] = {
    [DISTILL_ANSWERED] = 500,      [DISTILL_REFUSED] = 500, [DISTILL_SENT] = 1,
    [DISTILL_SENT_REFUSED] = 0.25, [DISTILL_RECEIVED] = 1,  [DISTILL_CALLS] = 500,
    [DISTILL_CALL_BYTES] = 1,
};

/* Least squares of relative errors, as sums. */
struct fit {
    double matrix[DISTILL_TRAITS][DISTILL_TRAITS];
    double right[DISTILL_TRAITS];
    size_t rows;
};

double distill_distance(const double difference[DISTILL_AXES])
{
    double sum = 0, squares = 0, cpu = difference[DISTILL_AXIS_CPU];
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        sum += difference[j];
    for (size_t j = 0; j <= DISTILL_AXIS_ANSWERED; j++)
        squares += difference[j] * difference[j];
    return sum * sum + cpu * cpu + AXIS_WEIGHT * squares;
}

/* Items of one variant that were given one cost are one measurement: how many of the order. */
static size_t measured_together(const struct distill_item *items, const uint32_t *order,
                                size_t first, size_t count)
{
    const struct distill_item *one = &items[order[first]];
    size_t next = first + 1;
    for (; next < count && items[order[next]].variant == one->variant; next++) {
        double cost = items[order[next]].cost;
        if (cost != one->cost && !(isnan(cost) && isnan(one->cost)))
            break;
    }
    return next - first;
}

static void find_mean_traits(const struct distill_item *items, const uint32_t *order, size_t count,
                             double mean[DISTILL_TRAITS])
{
    double weight = 0;
    memset(mean, 0, DISTILL_TRAITS * sizeof *mean);
    for (size_t i = 0; i < count; i++) {
        const struct distill_item *item = &items[order[i]];
        weight += item->weight;
        for (size_t j = 0; j < DISTILL_TRAITS; j++)
            mean[j] += item->weight * (double)item->traits[j];
    }
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        mean[j] /= weight;
}

static void add_row(struct fit *fit, const double row[DISTILL_TRAITS], double cost)
{
    for (size_t j = 0; j < DISTILL_TRAITS; j++) {
        fit->right[j] += row[j] / cost;
        for (size_t k = 0; k < DISTILL_TRAITS; k++)
            fit->matrix[j][k] += row[j] * row[k] / cost / cost;
    }
    fit->rows++;
}

static void collect(struct fit *fit, const struct distill_item *items, const uint32_t *order,
                    size_t count)
{
    double mean[DISTILL_TRAITS];
    for (size_t i = 0, taken; i < count; i += taken) {
        double cost = items[order[i]].cost;
        taken = measured_together(items, order, i, count);
        if (!(cost > 0))
            continue;
        find_mean_traits(items, &order[i], taken, mean);
        add_row(fit, mean, cost);
    }
}

/* One price after the other, none below nothing. */
static void solve(const struct fit *fit, double prices[DISTILL_TRAITS])
{
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t j = 0; j < DISTILL_TRAITS; j++) {
            double rest = fit->right[j];
            for (size_t k = 0; k < DISTILL_TRAITS; k++)
                rest -= k == j ? 0 : fit->matrix[j][k] * prices[k];
            prices[j] = fit->matrix[j][j] > 0 ? fmax(0, rest / fit->matrix[j][j]) : 0;
        }
    }
}

static double price_of(const double traits[DISTILL_TRAITS], const double prices[DISTILL_TRAITS])
{
    double sum = 0;
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        sum += traits[j] * prices[j];
    return sum;
}

/* `factor` takes what was measured for what was guessed. */
static void make_point(struct distill_point *point, const struct distill_item *item,
                       const double prices[DISTILL_TRAITS], double factor)
{
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        point->axes[j] = (float)((double)item->traits[j] * prices[j] * factor);
    point->axes[DISTILL_AXIS_ANSWERED] = item->status < 400 ? (float)ANSWERED_WEIGHT : 0;
}

/* What CPU time is guessed from: one request, its cost, its upstream calls, each of which is system
 * calls and waiting. Known by endpoint alone, so few things can be told from it. */
static void cpu_traits(const struct distill_point *point, const struct distill_item *item,
                       double out[DISTILL_TRAITS])
{
    memset(out, 0, DISTILL_TRAITS * sizeof *out);
    out[0] = 1;
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        out[1] += (double)point->axes[j];
    out[2] = (double)item->traits[DISTILL_CALLS];
}

static size_t same_endpoint(const struct distill_item *items, const uint32_t *order, size_t first,
                            size_t count)
{
    size_t next = first + 1;
    while (next < count && items[order[next]].endpoint == items[order[first]].endpoint)
        next++;
    return next - first;
}

static void mean_cpu_traits(const struct distill_point *points, const struct distill_item *items,
                            const uint32_t *order, size_t count, double mean[DISTILL_TRAITS])
{
    double weight = 0, one[DISTILL_TRAITS];
    memset(mean, 0, DISTILL_TRAITS * sizeof *mean);
    for (size_t i = 0; i < count; i++) {
        const struct distill_item *item = &items[order[i]];
        cpu_traits(&points[order[i]], item, one);
        weight += item->weight;
        for (size_t j = 0; j < DISTILL_TRAITS; j++)
            mean[j] += item->weight * one[j];
    }
    for (size_t j = 0; j < DISTILL_TRAITS; j++)
        mean[j] /= weight;
}

/* The CPU axis of all points, where CPU times are known. */
static void add_cpu(struct distill_point *points, const struct distill_item *items,
                    const uint32_t *order, size_t count)
{
    struct fit fit = {0};
    double prices[DISTILL_TRAITS] = {0}, mean[DISTILL_TRAITS], one[DISTILL_TRAITS];
    for (size_t i = 0, taken; i < count; i += taken) {
        taken = same_endpoint(items, order, i, count);
        mean_cpu_traits(points, items, &order[i], taken, mean);
        if (items[order[i]].cpu_ns > 0)
            add_row(&fit, mean, items[order[i]].cpu_ns);
    }
    solve(&fit, prices);
    for (size_t i = 0, taken; i < count; i += taken) {
        taken = same_endpoint(items, order, i, count);
        mean_cpu_traits(points, items, &order[i], taken, mean);
        double guess = price_of(mean, prices);
        for (size_t k = i; guess > 0 && k < i + taken; k++) {
            cpu_traits(&points[order[k]], &items[order[k]], one);
            points[order[k]].axes[DISTILL_AXIS_CPU] = (float)(price_of(one, prices) / guess);
        }
    }
}

/* The costs of one endpoint's points as fractions of their mean. */
static void scale_points(struct distill_point *points, const struct distill_item *items,
                         const uint32_t *order, size_t count)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        double cost = 0;
        for (size_t j = 0; j < DISTILL_TRAITS; j++)
            cost += (double)points[order[i]].axes[j];
        sum += items[order[i]].weight * cost;
        weight += items[order[i]].weight;
    }
    for (size_t i = 0; i < count && sum > 0; i++)
        for (size_t j = 0; j < DISTILL_TRAITS; j++)
            points[order[i]].axes[j] = (float)((double)points[order[i]].axes[j] * weight / sum);
}

void distill_make_points(struct distill_point *points, const struct distill_item *items,
                         const uint32_t *order, size_t count, bool *fitted)
{
    struct fit fit = {0};
    double prices[DISTILL_TRAITS], mean[DISTILL_TRAITS];
    memcpy(prices, rule_of_thumb, sizeof prices);
    collect(&fit, items, order, count);
    *fitted = fit.rows > 0;
    if (*fitted)
        solve(&fit, prices);
    for (size_t i = 0, taken; i < count; i += taken) {
        double cost = items[order[i]].cost, factor = 1;
        taken = measured_together(items, order, i, count);
        find_mean_traits(items, &order[i], taken, mean);
        double guess = price_of(mean, prices);
        if (cost > 0 && guess > 0)
            factor = cost / guess;
        for (size_t k = i; k < i + taken; k++)
            make_point(&points[order[k]], &items[order[k]], prices, factor);
    }
    add_cpu(points, items, order, count);
    for (size_t i = 0, all; i < count; i += all) {
        all = same_endpoint(items, order, i, count);
        scale_points(points, items, &order[i], all);
    }
}
