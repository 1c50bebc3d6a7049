#include "reporters/cost_json.h"

#include "reporters/commands.h"
#include "reporters/json_parts.h"

#include <math.h>
#include <stdlib.h>

enum { COST_SCHEMA_VERSION = 1, REAL_DIGITS = 15 };

/* The objects below are put together by json_pack, which fails as a whole when a part is NULL and
 * then frees the others. */

/* In units of the currency; to the last millionth, and as it is shown. */
static json_t *make_money(const struct cost_report *cost, int64_t micros, int64_t shown)
{
    if (!cost->has_money)
        return json_null();
    return json_pack("{sI sI}", "micros", (json_int_t)micros, "shown_micros", (json_int_t)shown);
}

/* Micros of money, or fractions of all that endpoints cost. */
static json_t *make_amount(const struct cost_report *cost, double amount)
{
    return json_parts_number(cost->has_money ? round(amount) : amount);
}

static json_t *make_metric(enum metric metric)
{
    return metric < METRIC_COUNT ? json_string(metric_info(metric)->key) : json_null();
}

static json_t *make_change(const struct cost_report *cost, const struct cost_change *change)
{
    if (!cost->has_change)
        return json_null();
    return json_pack("{sb so so so so so so so}", "sure", (int)change->sure, "fraction",
                     json_parts_number(change->fraction), "efficiency",
                     make_amount(cost, change->efficiency), "low", make_amount(cost, change->low),
                     "high", make_amount(cost, change->high), "traffic",
                     make_amount(cost, change->traffic), "metric", make_metric(change->metric),
                     "why", json_parts_text(change->why));
}

static json_t *make_owner(const struct owners *owners, const char *endpoint)
{
    const struct endpoint_owner *owner = owners_endpoint(owners, endpoint);
    if (owner == NULL)
        return json_null();
    return json_pack("{so ss so so so so}", "name", json_parts_text(owner->owner), "source",
                     owner_source_key(owner->source), "rule", json_parts_text(owner->rule), "file",
                     json_parts_text(owner->file), "file_share",
                     json_parts_number(owner->file_share), "why", json_parts_text(owner->why));
}

static json_t *make_endpoint(const struct cost_view *view, const struct endpoint_cost *endpoint)
{
    const struct cost_report *cost = view->cost;
    return json_pack(
        "{so so so so so so so so so so so so so}", "endpoint", json_parts_text(endpoint->name),
        "unit", json_parts_number(endpoint->unit), "requests",
        json_parts_number(endpoint->requests), "request_share",
        json_parts_number(endpoint->request_share), "cost_share",
        json_parts_number(endpoint->cost_share), "ratio", json_parts_number(endpoint->ratio),
        "month", make_money(cost, endpoint->month_micros, endpoint->month_shown), "naive",
        make_money(cost, endpoint->naive_micros, endpoint->naive_shown), "minute",
        json_parts_number(endpoint->minute), "million", json_parts_number(endpoint->million),
        "instance_hours", json_parts_number(endpoint->instance_hours), "change",
        make_change(cost, &endpoint->change), "owner", make_owner(view->owners, endpoint->name));
}

static json_t *make_total(const struct cost_report *cost, const struct cost_total *total)
{
    bool any = total->endpoints > 0;
    if (!cost->has_change)
        return json_null();
    return json_pack(
        "{sI sI so so so so}", "endpoints", (json_int_t)total->endpoints, "unsure",
        (json_int_t)total->unsure, "efficiency", make_amount(cost, any ? total->efficiency : NAN),
        "low", make_amount(cost, any ? total->low : NAN), "high",
        make_amount(cost, any ? total->high : NAN), "traffic", make_amount(cost, total->traffic));
}

static json_t *make_sum(const struct cost_report *cost, const struct owner_cost *sum)
{
    return json_pack(
        "{so sI so so so so so so so so}", "owner", json_parts_text(sum->owner), "endpoints",
        (json_int_t)sum->endpoints, "requests", json_parts_number(sum->requests), "request_share",
        json_parts_number(sum->request_share), "cost_share", json_parts_number(sum->cost_share),
        "ratio", json_parts_number(sum->ratio), "month",
        make_money(cost, sum->month_micros, sum->month_shown), "average_micros",
        cost->has_money ? json_integer((json_int_t)sum->average_micros) : json_null(),
        "instance_hours", json_parts_number(sum->instance_hours), "change",
        make_total(cost, &sum->total));
}

static bool append(json_t *array, json_t *item)
{
    return json_array_append_new(array, item) == 0;
}

static json_t *finish(json_t *array, bool ok)
{
    if (ok)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *make_endpoints(const struct cost_view *view,
                              const struct endpoint_cost *const *order)
{
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < view->cost->endpoint_count && ok; i++)
        ok = append(array, make_endpoint(view, order[i]));
    return finish(array, ok);
}

static json_t *make_owners(const struct cost_view *view, const struct owner_cost *sums,
                           size_t count)
{
    if (view->owners == NULL)
        return json_null();
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < count && ok; i++)
        ok = append(array, make_sum(view->cost, &sums[i]));
    return finish(array, ok);
}

static bool append_texts(json_t *array, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!append(array, json_parts_text(texts[i])))
            return false;
    return true;
}

static json_t *make_notes(const struct cost_view *view)
{
    json_t *array = json_array();
    bool ok = array != NULL && append_texts(array, view->cost->notes, view->cost->note_count);
    if (ok && view->owners != NULL)
        ok = append_texts(array, view->owners->notes, view->owners->note_count);
    return finish(array, ok && append_texts(array, view->notes, view->note_count));
}

static json_t *make_rest(const struct cost_report *cost, const struct cost_rest *rest)
{
    return json_pack("{so so so}", "month", make_money(cost, rest->month_micros, rest->month_shown),
                     "share", json_parts_number(rest->share), "instance_hours",
                     json_parts_number(rest->instance_hours));
}

static json_t *make_hours(const struct cost_report *cost)
{
    return json_pack("{so so so so so}", "cpu_hours", json_parts_number(cost->cpu_hours),
                     "paid_hours", json_parts_number(cost->paid_hours), "utilisation",
                     json_parts_number(cost->utilisation), "kappa", json_parts_number(cost->kappa),
                     "vcpu_price", json_parts_number(cost->vcpu_price));
}

static json_t *make_report(const struct cost_view *view, const struct endpoint_cost *const *order,
                           const struct owner_cost *sums, size_t sum_count)
{
    const struct cost_report *cost = view->cost;
    return json_pack("{si ss ss so ss so so so sb so so so so so so so so}", "schema_version",
                     COST_SCHEMA_VERSION, "mode", cost->mode == COST_SHARE ? "share" : "absolute",
                     "currency", cost->currency, "metric", make_metric(cost->metric), "side",
                     cost->side == SIDE_HEAD ? "head" : "base", "basis",
                     json_parts_text(cost->basis), "advice", json_parts_text(cost->advice), "bill",
                     make_money(cost, cost->bill_micros, cost->bill_shown), "month_known",
                     (int)cost->month_known, "confidence",
                     cost->has_change ? json_parts_number(cost->confidence) : json_null(), "hours",
                     make_hours(cost), "endpoints", make_endpoints(view, order), "overhead",
                     make_rest(cost, &cost->overhead), "idle", make_rest(cost, &cost->idle),
                     "change", make_total(cost, &cost->total), "owners",
                     make_owners(view, sums, sum_count), "notes", make_notes(view));
}

static int append_bytes(const char *data, size_t size, void *out)
{
    struct buffer *buffer = out;
    buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

static bool write_json(struct buffer *out, json_t *json, struct error *err)
{
    size_t begin = out->length;
    size_t flags = JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(REAL_DIGITS);
    bool ok = json != NULL && json_dump_callback(json, append_bytes, out, flags) == 0;
    json_decref(json);
    if (!ok)
        return error_set_memory(err);
    buffer_append_char(out, '\n');
    commands_defuse_json(out, begin);
    return buffer_check(out, err);
}

bool cost_json_append(struct buffer *out, const struct cost_view *view, struct error *err)
{
    struct arena arena;
    struct owner_cost *sums = NULL;
    size_t count = 0;
    arena_init(&arena);
    const struct endpoint_cost **order = cost_order(view->cost, view->order, err);
    bool ok = order != NULL &&
              cost_sum_owners(view->cost, view->owners, view->order, &arena, &sums, &count, err) &&
              write_json(out, make_report(view, order, sums, count), err);
    free(order);
    arena_release(&arena);
    return ok;
}
