#include "baselines/gate.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

enum {
    RULES_MAX = 10000,
    MATCH_MAX_BYTES = 4096,
};

#define RELATIVE_LIMIT 1000.0
#define FIGURE_LIMIT   1e18

static const struct limits unset = {NAN, NAN, NAN};

void gate_init(struct gate *gate)
{
    *gate = (struct gate){.alpha = 0.01, .confidence = 0.95};
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        gate->defaults[i] = (struct limits){info->relative, info->absolute, NAN};
    }
}

/* Fields that are not there keep what *out has. */
static bool parse_limits(const json_t *object, const char *key, struct limits *out,
                         const struct json_place *place, struct error *err)
{
    static const char *const keys[] = {"relative", "absolute", "max", NULL};
    struct json_place at = json_place_key(place, key);
    bool gated = metric_info(metric_by_key(key))->kind != METRIC_INFORMATIONAL;
    if (!json_only_keys(object, keys, &at, err))
        return false;
    if (!gated && (json_object_get(object, "relative") != NULL ||
                   json_object_get(object, "absolute") != NULL))
        return json_fail(&at, err, "is shown and not compared: only \"max\" can be set");
    return json_get_number(object, "relative", JSON_OPTIONAL, 0, RELATIVE_LIMIT, &out->relative,
                           &at, err) &&
           json_get_number(object, "absolute", JSON_OPTIONAL, 0, FIGURE_LIMIT, &out->absolute, &at,
                           err) &&
           json_get_number(object, "max", JSON_OPTIONAL, 0, FIGURE_LIMIT, &out->max, &at, err);
}

static bool parse_metrics(const json_t *object, struct limits limits[METRIC_COUNT],
                          const struct json_place *place, struct error *err)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        const char *key = metric_info((enum metric)i)->key;
        const json_t *value = NULL;
        if (!json_get_object(object, key, JSON_OPTIONAL, &value, place, err))
            return false;
        if (value != NULL && !parse_limits(value, key, &limits[i], place, err))
            return false;
    }
    return true;
}

/* Refuses what is neither a metric nor one of `others`, which is NULL-terminated. */
static bool check_keys(const json_t *object, const char *const others[],
                       const struct json_place *place, struct error *err)
{
    const char *keys[METRIC_COUNT + 4] = {0};
    size_t count = 0;
    for (; others[count] != NULL; count++)
        keys[count] = others[count];
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        keys[count + i] = metric_info((enum metric)i)->key;
    return json_only_keys(object, keys, place, err);
}

static bool parse_rule(struct gate_rule *rule, const json_t *object, const struct json_place *place,
                       struct arena *arena, struct error *err)
{
    static const char *const keys[] = {"match", NULL};
    const char *match = NULL;
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        rule->limits[i] = unset;
    if (!json_is_object(object))
        return json_fail(place, err, "must be an object");
    if (!check_keys(object, keys, place, err) ||
        !json_get_string(object, "match", JSON_REQUIRED, &match, place, err))
        return false;
    struct json_place at = json_place_key(place, "match");
    if (*match == '\0' || strlen(match) > MATCH_MAX_BYTES)
        return json_fail(&at, err, "must be 1 to %d bytes long", MATCH_MAX_BYTES);
    rule->match = arena_copy_string(arena, match);
    if (rule->match == NULL)
        return error_set_memory(err);
    return parse_metrics(object, rule->limits, place, err);
}

static bool parse_rules(struct gate *gate, const json_t *array, const struct json_place *place,
                        struct arena *arena, struct error *err)
{
    size_t count = json_array_size(array);
    if (count > RULES_MAX)
        return json_fail(place, err, "has %zu rules, must have at most %d", count, RULES_MAX);
    struct gate_rule *rules = arena_alloc_array(arena, count, sizeof *rules);
    if (rules == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct json_place at = json_place_index(place, i);
        if (!parse_rule(&rules[i], json_array_get(array, i), &at, arena, err))
            return false;
    }
    gate->rules = rules;
    gate->rule_count = count;
    return true;
}

bool gate_parse(struct gate *gate, const json_t *json, const struct json_place *place,
                struct arena *arena, struct error *err)
{
    static const char *const keys[] = {"alpha", "confidence", "endpoints", NULL};
    const json_t *rules = NULL;
    gate_init(gate);
    if (!json_is_object(json))
        return json_fail(place, err, "must be an object");
    if (!check_keys(json, keys, place, err) ||
        !json_get_number(json, "alpha", JSON_OPTIONAL, 1e-6, 0.25, &gate->alpha, place, err) ||
        !json_get_number(json, "confidence", JSON_OPTIONAL, 0.5, 0.9999, &gate->confidence, place,
                         err) ||
        !parse_metrics(json, gate->defaults, place, err) ||
        !json_get_array(json, "endpoints", JSON_OPTIONAL, &rules, place, err))
        return false;
    struct json_place at = json_place_key(place, "endpoints");
    return rules == NULL || parse_rules(gate, rules, &at, arena, err);
}

static void override(double *value, double with)
{
    if (!isnan(with))
        *value = with;
}

struct limits gate_limits(const struct gate *gate, const char *endpoint, enum metric metric)
{
    struct limits limits = gate->defaults[metric];
    for (size_t i = 0; i < gate->rule_count; i++) {
        const struct gate_rule *rule = &gate->rules[i];
        if (!text_matches_glob(rule->match, endpoint))
            continue;
        override(&limits.relative, rule->limits[metric].relative);
        override(&limits.absolute, rule->limits[metric].absolute);
        override(&limits.max, rule->limits[metric].max);
    }
    return limits;
}
