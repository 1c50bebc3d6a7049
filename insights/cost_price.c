/* The bill and how it is divided. */
#include "insights/cost_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ns_an_hour = 3600e9;

/* Of all that is known, what follows for the hours. */
static void find_hours(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    struct cost_terms *terms = &work->terms;
    double weight = work->weight_sum + work->weights[cost->endpoint_count];
    bool timed = cost->metric == METRIC_CPU_NS && cost->month_known;
    if (isnan(terms->instance_hours) && terms->has_amount && terms->price_per_hour > 0)
        terms->instance_hours = (double)terms->amount_micros / MONEY_MICROS / terms->price_per_hour;
    cost->cpu_hours = timed ? weight / ns_an_hour : NAN;
    cost->paid_hours = terms->instance_hours * terms->vcpus;
    cost->utilisation = cost->kappa = NAN;
    work->needed_hours = terms->cpu_hours;
    if (isnan(work->needed_hours))
        work->needed_hours = terms->utilisation * cost->paid_hours;
    if (work->needed_hours > 0 && cost->cpu_hours > 0)
        cost->kappa = work->needed_hours / cost->cpu_hours;
    if (isnan(work->needed_hours))
        work->needed_hours = cost->cpu_hours;
    if (cost->paid_hours > 0)
        cost->utilisation = work->needed_hours / cost->paid_hours;
    if (isnan(cost->utilisation))
        cost->utilisation = terms->utilisation;
}

/* A bill, else machines and their price, else CPU hours and theirs. In units of the currency. */
static bool find_bill(struct cost_work *work, double *bill)
{
    struct cost_report *cost = work->cost;
    const struct cost_terms *terms = &work->terms;
    double price = cost_vcpu_price(terms);
    double busy = isnan(cost->utilisation) ? 1 : cost->utilisation;
    if (terms->has_amount)
        *bill = (double)terms->amount_micros / MONEY_MICROS;
    else if (!isnan(terms->instance_hours) && !isnan(terms->price_per_hour))
        *bill = terms->instance_hours * terms->price_per_hour;
    else if (!isnan(work->needed_hours) && !isnan(price))
        *bill = work->needed_hours * price / busy;
    else
        return false;
    work->estimated = !terms->has_amount && isnan(terms->instance_hours);
    return true;
}

bool cost_price(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    const struct cost_terms *terms = &work->terms;
    double bill = 0;
    find_hours(work);
    cost->has_money = cost->metric != METRIC_COUNT && find_bill(work, &bill);
    cost->vcpu_price = work->estimated || !(cost->paid_hours > 0) ? cost_vcpu_price(terms)
                                                                  : bill / cost->paid_hours;
    if (cost->has_money && bill > (double)MONEY_MAX_MICROS / MONEY_MICROS)
        return error_set(work->err, ERROR_INPUT,
                         "\"cost\": these hours at this price make a bill larger than any");
    /* More needed than was paid for: the figures do not fit, and nothing is idle. */
    bool fits = cost->utilisation >= 0 && cost->utilisation <= 1;
    work->used = fits ? cost->utilisation : 1;
    cost->mode = work->estimated || fits ? COST_ABSOLUTE : COST_SHARE;
    if (cost->has_money)
        cost->bill_micros =
            terms->has_amount ? terms->amount_micros : (int64_t)llround(bill * MONEY_MICROS);
    cost->bill_shown = money_round(cost->bill_micros, cost->digits);
    return true;
}

/* Hours of instances that the fraction of the bill stands for. */
static double instance_hours(const struct cost_work *work, double fraction)
{
    const struct cost_terms *terms = &work->terms;
    double hours = terms->instance_hours;
    if (isnan(hours))
        hours = work->needed_hours / work->used / terms->vcpus;
    return hours * fraction;
}

static bool divide_bill(struct cost_work *work, int64_t *parts, int64_t *shown, double *requests)
{
    struct cost_report *cost = work->cost;
    size_t count = cost->endpoint_count;
    double weight = work->weight_sum + work->weights[count];
    int64_t idle = (int64_t)llround((double)cost->bill_micros * (1 - work->used));
    if (!(weight > 0))
        idle = cost->bill_micros; /* nothing asked for anything */
    int64_t busy = cost->bill_micros - idle, endpoints = 0;
    parts[count + 1] = idle;
    if (!money_divide(busy, work->weights, count + 1, parts) ||
        !money_round_parts(parts, count + 2, cost->digits, shown))
        return error_set_memory(work->err);
    work->rate = weight > 0 ? (double)busy / weight : 0;
    for (size_t i = 0; i < count; i++) {
        cost->endpoints[i].month_micros = parts[i];
        cost->endpoints[i].month_shown = shown[i];
        requests[i] = isnan(cost->endpoints[i].unit) ? 0 : cost->endpoints[i].requests;
        endpoints += parts[i];
    }
    if (!money_divide(endpoints, requests, count, parts) ||
        !money_round_parts(parts, count, cost->digits, shown + count + 2))
        return error_set_memory(work->err);
    for (size_t i = 0; i < count; i++) {
        cost->endpoints[i].naive_micros = parts[i];
        cost->endpoints[i].naive_shown = shown[count + 2 + i];
    }
    cost->overhead.month_micros = parts[count];
    cost->overhead.month_shown = shown[count];
    cost->idle.month_micros = idle;
    cost->idle.month_shown = shown[count + 1];
    return true;
}

static void fill_prices(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    double weight = work->weight_sum + work->weights[cost->endpoint_count];
    double busy = weight > 0 ? work->used : 0;
    for (size_t i = 0; i < cost->endpoint_count; i++) {
        struct endpoint_cost *endpoint = &cost->endpoints[i];
        double money = (double)endpoint->month_micros / MONEY_MICROS;
        endpoint->minute = cost->has_money ? money / (COST_MONTH_HOURS * 60) : NAN;
        endpoint->million = cost->has_money && cost->month_known && weight > 0
                                ? endpoint->unit * work->rate * 1e6 / MONEY_MICROS
                                : NAN;
        endpoint->instance_hours =
            instance_hours(work, weight > 0 ? work->weights[i] / weight * busy : 0);
    }
    cost->overhead.share = weight > 0 ? work->weights[cost->endpoint_count] / weight * busy : 0;
    cost->idle.share = 1 - busy;
    cost->overhead.instance_hours = instance_hours(work, cost->overhead.share);
    cost->idle.instance_hours = instance_hours(work, cost->idle.share);
}

bool cost_divide(struct cost_work *work)
{
    size_t count = work->cost->endpoint_count;
    int64_t *parts = calloc(count + 2, sizeof *parts);
    int64_t *shown = calloc(2 * count + 2, sizeof *shown);
    double *requests = calloc(count + 1, sizeof *requests);
    bool ok = parts != NULL && shown != NULL && requests != NULL;
    if (!ok)
        error_set_memory(work->err);
    if (ok && work->cost->has_money)
        ok = divide_bill(work, parts, shown, requests);
    else if (ok && work->weight_sum > 0)
        work->rate = 1 / work->weight_sum; /* fractions of all endpoints */
    if (ok)
        fill_prices(work);
    free(parts);
    free(shown);
    free(requests);
    return ok;
}
