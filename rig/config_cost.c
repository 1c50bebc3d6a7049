/* "cost": production's requests, machines and bill. */
#include "rig/config_private.h"

#include "insights/money.h"

#include <math.h>
#include <string.h>

static const double hours_max = 1e9, price_max = 1e6, count_max = 1e6;

static bool read_bill(const struct config_reader *reader, const json_t *cost,
                      const struct json_place *place)
{
    static const char *const keys[] = {"amount", "instance_hours", "cpu_hours", NULL};
    struct cost_terms *terms = &reader->config->cost.terms;
    const json_t *bill = NULL;
    double amount = NAN, most = (double)MONEY_MAX_MICROS / MONEY_MICROS;
    struct json_place at = json_place_key(place, "bill");
    if (!json_get_object(cost, "bill", JSON_OPTIONAL, &bill, place, reader->err))
        return false;
    if (bill == NULL)
        return true;
    if (!json_only_keys(bill, keys, &at, reader->err) ||
        !json_get_number(bill, "amount", JSON_OPTIONAL, 0, most, &amount, &at, reader->err) ||
        !json_get_number(bill, "instance_hours", JSON_OPTIONAL, 0, hours_max,
                         &terms->instance_hours, &at, reader->err) ||
        !json_get_number(bill, "cpu_hours", JSON_OPTIONAL, 0, hours_max, &terms->cpu_hours, &at,
                         reader->err))
        return false;
    if (isnan(amount))
        return true;
    terms->has_amount = true;
    terms->amount_micros = (int64_t)llround(amount * MONEY_MICROS);
    terms->amount_from = arena_format(&reader->config->arena, "%s", reader->config->path);
    return terms->amount_from != NULL || error_set_memory(reader->err);
}

/* What is above 0. */
static bool read_positive(const struct config_reader *reader, const json_t *object, const char *key,
                          double most, double *out, const struct json_place *place)
{
    struct json_place at = json_place_key(place, key);
    if (!json_get_number(object, key, JSON_OPTIONAL, 0, most, out, place, reader->err))
        return false;
    return isnan(*out) || *out > 0 || json_fail(&at, reader->err, "must be above 0");
}

static bool read_instance(const struct config_reader *reader, const json_t *cost,
                          const struct json_place *place)
{
    static const char *const keys[] = {"price_per_hour", "vcpus", "memory_gb", "utilisation", NULL};
    struct cost_terms *terms = &reader->config->cost.terms;
    const json_t *instance = NULL;
    struct json_place at = json_place_key(place, "instance");
    if (!json_get_object(cost, "instance", JSON_OPTIONAL, &instance, place, reader->err))
        return false;
    if (instance == NULL)
        return true;
    return json_only_keys(instance, keys, &at, reader->err) &&
           read_positive(reader, instance, "price_per_hour", price_max, &terms->price_per_hour,
                         &at) &&
           read_positive(reader, instance, "vcpus", count_max, &terms->vcpus, &at) &&
           read_positive(reader, instance, "memory_gb", count_max, &terms->memory_gb, &at) &&
           read_positive(reader, instance, "utilisation", 1, &terms->utilisation, &at);
}

/* {"ServiceName": "Compute", "ResourceId": "gateway"}: all must fit. */
static bool read_filters(const struct config_reader *reader, const json_t *focus,
                         const struct json_place *place)
{
    struct cost_config *out = &reader->config->cost;
    struct arena *arena = &reader->config->arena;
    const json_t *where = NULL;
    struct json_place at = json_place_key(place, "where");
    if (!json_get_object(focus, "where", JSON_OPTIONAL, &where, place, reader->err))
        return false;
    size_t count = json_object_size(where);
    if (count > FOCUS_FILTERS_MAX)
        return json_fail(&at, reader->err, "must not have more than %d columns", FOCUS_FILTERS_MAX);
    struct focus_filter *filters = arena_alloc_array(arena, count, sizeof *filters);
    if (filters == NULL)
        return error_set_memory(reader->err);
    json_t *walked = (json_t *)(uintptr_t)where; /* jansson iterates without changing */
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        struct focus_filter *filter = &filters[out->focus_filter_count++];
        const char *key = json_object_iter_key(it);
        if (!json_get_string(where, key, JSON_REQUIRED, &filter->value, &at, reader->err))
            return false;
        filter->column = arena_copy_string(arena, key);
        filter->value = arena_copy_string(arena, filter->value);
        if (filter->column == NULL || filter->value == NULL)
            return error_set_memory(reader->err);
    }
    out->focus_filters = filters;
    return true;
}

static bool read_focus(const struct config_reader *reader, const json_t *cost,
                       const struct json_place *place)
{
    static const char *const keys[] = {"file", "cost", "where", NULL};
    struct cost_config *out = &reader->config->cost;
    const json_t *focus = NULL;
    struct json_place at = json_place_key(place, "focus"), column = json_place_key(&at, "cost");
    if (!json_get_object(cost, "focus", JSON_OPTIONAL, &focus, place, reader->err))
        return false;
    if (focus == NULL)
        return true;
    if (out->terms.has_amount)
        return json_fail(&at, reader->err, "is a bill, and so is \"bill\": {\"amount\"}; keep one");
    if (!json_only_keys(focus, keys, &at, reader->err) ||
        !config_read_path(reader, focus, "file", JSON_REQUIRED, &out->focus_path, &at) ||
        !config_read_name(reader, focus, "cost", &out->focus_cost, &at) ||
        !read_filters(reader, focus, &at))
        return false;
    if (strcmp(out->focus_cost, "EffectiveCost") != 0 && strcmp(out->focus_cost, "BilledCost") != 0)
        return json_fail(&column, reader->err, "must be \"EffectiveCost\" or \"BilledCost\"");
    return true;
}

static bool read_names(const struct config_reader *reader, const json_t *cost,
                       const struct json_place *place)
{
    struct cost_terms *terms = &reader->config->cost.terms;
    const char *period = NULL;
    struct json_place currency = json_place_key(place, "currency");
    struct json_place period_at = json_place_key(place, "period");
    if (!config_read_name(reader, cost, "currency", &terms->currency, place) ||
        !config_read_name(reader, cost, "period", &period, place))
        return false;
    if (terms->currency != NULL && !money_is_currency(terms->currency))
        return json_fail(&currency, reader->err,
                         "must be a currency as ISO 4217 has it, such as \"USD\" or \"EUR\"");
    return period == NULL || cost_parse_period(period, &terms->period_hours) ||
           json_fail(&period_at, reader->err,
                     "must be a time such as \"day\", \"month\", \"30 days\" or \"90m\"");
}

bool config_read_cost(const struct config_reader *reader, const json_t *root,
                      const struct json_place *place)
{
    static const char *const keys[] = {"currency", "bill",  "instance", "requests",
                                       "period",   "focus", NULL};
    struct cost_config *out = &reader->config->cost;
    const json_t *cost = NULL;
    struct json_place at = json_place_key(place, "cost");
    cost_terms_init(&out->terms);
    out->focus_cost = "EffectiveCost";
    out->given = json_object_get(root, "cost") != NULL;
    if (!json_get_object(root, "cost", JSON_OPTIONAL, &cost, place, reader->err))
        return false;
    if (cost == NULL)
        return true;
    return json_only_keys(cost, keys, &at, reader->err) && read_names(reader, cost, &at) &&
           read_bill(reader, cost, &at) && read_instance(reader, cost, &at) &&
           config_read_path(reader, cost, "requests", JSON_OPTIONAL, &out->requests_path, &at) &&
           read_focus(reader, cost, &at);
}
