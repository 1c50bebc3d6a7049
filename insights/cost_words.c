/* What the figures rest on, and what is missing, in words. */
#include "insights/cost_private.h"

#include "base/buffer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX_BYTES = 16384 };

static const double busy_least = 0.2, shown_least = 0.0005;

/* "1.2 M", "840", "0.25" */
static void append_count(struct buffer *out, double value)
{
    static const struct {
        double from, size;
        const char *unit;
    } units[] = {{1e12, 1e12, " T"}, {1e9, 1e9, " G"}, {1e6, 1e6, " M"}, {1e4, 1e3, " k"}};
    size_t i = 0;
    while (i < COUNT_OF(units) && value < units[i].from)
        i++;
    double shown = i < COUNT_OF(units) ? value / units[i].size : value;
    buffer_append_format(out, shown >= 100 ? "%.0f" : "%.3g", shown);
    buffer_append_string(out, i < COUNT_OF(units) ? units[i].unit : "");
}

static void append_hours(struct buffer *out, double hours)
{
    if (hours > 0 && hours < 0.01)
        buffer_append_format(out, "%.2g", hours);
    else
        buffer_append_format(out, hours < 100 ? "%.3g" : "%.0f", hours);
}

static void append_percent(struct buffer *out, double share)
{
    if (share > 0 && share < shown_least)
        buffer_append_string(out, "less than 0.1 %");
    else
        buffer_append_format(out, share < 0.1 ? "%.1f %%" : "%.0f %%", share * 100);
}

static double all_requests(const struct cost_report *cost)
{
    double sum = 0;
    for (size_t i = 0; i < cost->endpoint_count; i++)
        sum += cost->endpoints[i].requests;
    return sum;
}

/* "$3,120.00 a month (tollgate.json)" */
static void append_bill(struct buffer *out, const struct cost_work *work)
{
    const struct cost_report *cost = work->cost;
    const struct cost_terms *terms = &work->terms;
    char text[MONEY_SIZE], price[MONEY_SIZE];
    money_text(cost->bill_micros, cost->currency, false, text);
    buffer_append_format(out, "%s a month", text);
    if (terms->has_amount) {
        buffer_append_format(out, " (%s)",
                             terms->amount_from != NULL ? terms->amount_from : "the bill");
        return;
    }
    if (work->estimated) {
        money_text_price(cost_vcpu_price(terms), cost->currency, false, price);
        buffer_append_format(out, " (an estimate: CPU hours at %s a vCPU hour", price);
        if (!isnan(cost->utilisation)) {
            buffer_append_string(out, ", of which ");
            append_percent(out, cost->utilisation);
            buffer_append_string(out, " are used");
        }
        buffer_append_char(out, ')');
        return;
    }
    money_text_price(terms->price_per_hour, cost->currency, false, price);
    buffer_append_string(out, " (");
    append_hours(out, terms->instance_hours);
    buffer_append_format(out, " instance hours at %s)", price);
}

static void append_traffic(struct buffer *out, const struct cost_work *work)
{
    const struct cost_report *cost = work->cost;
    const struct cost_counts *counts = work->terms.counts;
    if (cost->month_known) {
        buffer_append_string(out, cost->has_money ? " at " : "");
        append_count(out, all_requests(cost) * 24 / COST_MONTH_HOURS);
        buffer_append_string(out, " requests a day");
    } else {
        buffer_append_string(out, cost->has_money ? " for all requests" : "requests");
    }
    buffer_append_format(out, " (%s)", counts != NULL ? counts->path : "the corpus's weights");
}

/* "CPU 84 % of 1460 vCPU hours" */
static void append_cpu(struct buffer *out, const struct cost_work *work)
{
    const struct cost_report *cost = work->cost;
    bool cpu = cost->metric == METRIC_CPU_NS;
    buffer_append_format(out, "%s%s a request as measured here", cost->has_money ? "; " : " times ",
                         cpu ? "CPU time" : "instructions (in place of CPU time)");
    if (!isnan(cost->cpu_hours)) {
        buffer_append_string(out, ", ");
        append_hours(out, cost->cpu_hours);
        buffer_append_string(out, " CPU hours a month");
    }
    if (!isnan(cost->kappa))
        buffer_append_format(out, ", times %.3g as production's own hours have it", cost->kappa);
    if (!isnan(cost->utilisation) && !work->estimated) {
        buffer_append_string(out, "; CPU ");
        append_percent(out, cost->utilisation);
        buffer_append_string(out, " used");
        if (!isnan(cost->paid_hours)) {
            buffer_append_string(out, " of ");
            append_hours(out, cost->paid_hours);
            buffer_append_string(out, " vCPU hours");
        }
    }
}

static bool say_basis(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    struct buffer text;
    buffer_init(&text, SENTENCE_MAX_BYTES);
    if (cost->metric == METRIC_COUNT) {
        buffer_append_string(&text, "nothing: this run has neither CPU time nor instructions");
    } else {
        if (cost->has_money)
            append_bill(&text, work);
        else
            buffer_append_string(&text, "shares: ");
        append_traffic(&text, work);
        append_cpu(&text, work);
    }
    cost->basis = text.failed ? NULL : arena_copy_string(&cost->arena, buffer_text(&text));
    buffer_release(&text);
    return cost->basis != NULL || error_set_memory(work->err);
}

/* What is nearest to being enough. */
static const char *find_advice(const struct cost_work *work)
{
    const struct cost_terms *terms = &work->terms;
    if (work->cost->has_money)
        return NULL;
    if (work->cost->metric == METRIC_COUNT)
        return "measure CPU time: tollgate bench --passes live";
    if (isnan(terms->price_per_hour))
        return "for money, say in tollgate.json what a month costs: \"cost\": {\"bill\": "
               "{\"amount\": "
               "3120}}, or name a bill in the FOCUS format: {\"focus\": {\"file\": \"bill.csv\"}}";
    if (isnan(terms->vcpus))
        return "for money, say how many vCPUs the instance has: \"cost\": {\"instance\": "
               "{\"vcpus\": "
               "4}}, or give \"bill\"";
    if (!work->cost->month_known)
        return "for money, say what time the requests are of: \"cost\": {\"period\": \"day\"}, or "
               "give \"bill\"";
    return "for money, give the bill in tollgate.json, or measure CPU time: tollgate bench "
           "--passes "
           "live";
}

static bool note_share(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    if (!cost->has_money || cost->mode == COST_ABSOLUTE)
        return true;
    if (cost->utilisation > 1)
        return cost_add_note(
            work, arena_format(&cost->arena,
                               "the requests need %.0f %% of the vCPU hours that were paid for: "
                               "production's CPUs are faster than this one, or the counts are too "
                               "high; the bill is divided by shares",
                               cost->utilisation * 100));
    return cost_add_note(work,
                         "what nobody used is not known, so it is spread over all: give "
                         "\"instance_hours\", \"vcpus\" and \"period\", or \"utilisation\", to "
                         "see it apart");
}

static bool note_requests(struct cost_work *work)
{
    struct cost_report *cost = work->cost;
    if (cost->overhead.month_micros > 0 &&
        !cost_add_note(work, "overhead is what the gateway spent between requests while it was "
                             "measured, in the same proportion"))
        return false;
    if (cost->unmeasured_share > 0 &&
        !cost_add_note(work,
                       arena_format(&cost->arena,
                                    "%.3g %% of the requests are to endpoints that this run "
                                    "has no figure of, most of them to %s: their part is in "
                                    "%s",
                                    cost->unmeasured_share * 100, work->unmeasured,
                                    cost->has_money && work->used < 1 ? "what is shown as idle"
                                                                      : "what the others pay")))
        return false;
    if (cost->metric != METRIC_COUNT && !(work->weight_sum > 0) &&
        !cost_add_note(work, "no measured endpoint has any requests"))
        return false;
    if (work->invalid > 0 &&
        !cost_add_note(work, arena_format(&cost->arena,
                                          "%zu endpoint%s answered wrongly: what their requests "
                                          "cost may be wrong as well",
                                          work->invalid, work->invalid == 1 ? "" : "s")))
        return false;
    return true;
}

static bool note_change(struct cost_work *work)
{
    const struct cost_report *cost = work->cost;
    char text[MONEY_SIZE];
    if (!cost->has_change || !cost->has_money)
        return true;
    if (!cost_add_note(work, "the bill is divided by what the base costs; the change is what the "
                             "head would add"))
        return false;
    /* Nobody buys machines for what a nearly idle fleet does more. */
    if (!(work->used < 1) || work->used < busy_least || cost->total.endpoints == 0)
        return true;
    money_text_change((int64_t)llround(cost->total.efficiency / work->used), cost->currency, false,
                      text);
    return cost_add_note(work, arena_format(&work->cost->arena,
                                            "where the fleet grows with it and stays %.0f %% used, "
                                            "the change is %s a month, idle time included",
                                            work->used * 100, text));
}

bool cost_explain(struct cost_work *work)
{
    work->cost->advice = find_advice(work);
    return say_basis(work) && note_share(work) && note_requests(work) && note_change(work);
}
