/* "upstreams": the services that stand-ins play, and how each of them behaves. */
#include "rig/config_private.h"

#include "base/macros.h"

#include <math.h>
#include <string.h>

enum {
    UPSTREAMS_MAX = 256,
    FAULTS_MAX = 16,
};

static bool read_ms(const struct config_reader *reader, const json_t *object, const char *key,
                    double most, int64_t *out_ns, const struct json_place *place)
{
    double ms = 0;
    if (!json_get_number(object, key, JSON_REQUIRED, 0, most, &ms, place, reader->err))
        return false;
    *out_ns = (int64_t)llround(ms * 1e6);
    return true;
}

/* "none", "recorded", or {"median_ms": 5, "sigma": 0.5}. */
static bool read_latency(const struct config_reader *reader, const json_t *upstream,
                         struct standin_settings *out, const struct json_place *place)
{
    static const char *const keys[] = {"median_ms", "sigma", NULL};
    const json_t *latency = json_object_get(upstream, "latency");
    struct json_place at = json_place_key(place, "latency");
    if (latency == NULL)
        return true;
    if (json_is_string(latency) && strcmp(json_string_value(latency), "none") == 0)
        return true;
    if (json_is_string(latency) && strcmp(json_string_value(latency), "recorded") == 0) {
        out->latency = STANDIN_LATENCY_RECORDED;
        return true;
    }
    if (!json_is_object(latency))
        return json_fail(&at, reader->err,
                         "must be \"none\", \"recorded\" or {\"median_ms\": 5, \"sigma\": 0.5}");
    out->latency = STANDIN_LATENCY_LOGNORMAL;
    return json_only_keys(latency, keys, &at, reader->err) &&
           read_ms(reader, latency, "median_ms", 60000, &out->median_ns, &at) &&
           json_get_number(latency, "sigma", JSON_OPTIONAL, 0, 5, &out->sigma, &at, reader->err);
}

static bool read_match(const struct config_reader *reader, const json_t *upstream,
                       struct standin_settings *out, const struct json_place *place)
{
    static const char *const keys[] = {"volatile", "template", NULL};
    const json_t *match = NULL, *list = NULL;
    struct json_place at = json_place_key(place, "match");
    struct json_place list_at = json_place_key(&at, "volatile");
    if (!json_get_object(upstream, "match", JSON_OPTIONAL, &match, place, reader->err))
        return false;
    if (match == NULL)
        return true;
    if (!json_only_keys(match, keys, &at, reader->err) ||
        !json_get_array(match, "volatile", JSON_OPTIONAL, &list, &at, reader->err) ||
        !json_get_bool(match, "template", JSON_OPTIONAL, &out->templates, &at, reader->err))
        return false;
    return list == NULL || config_read_strings(reader, list, 0, &list_at, &out->volatile_names,
                                               &out->volatile_count);
}

static bool read_fault_kind(const struct config_reader *reader, const json_t *fault,
                            struct standin_fault *out, const struct json_place *place)
{
    bool reset = false;
    int64_t status = 0;
    bool has_status = json_object_get(fault, "status") != NULL;
    bool has_slow = json_object_get(fault, "slow_ms") != NULL;
    if (!json_get_bool(fault, "reset", JSON_OPTIONAL, &reset, place, reader->err))
        return false;
    if (has_status + has_slow + reset != 1)
        return json_fail(place, reader->err,
                         "must say what happens by one of \"status\": 503, \"slow_ms\": 200 and "
                         "\"reset\": true");
    out->kind = has_status ? STANDIN_FAULT_STATUS
                : reset    ? STANDIN_FAULT_RESET
                           : STANDIN_FAULT_SLOW;
    if (has_slow)
        return read_ms(reader, fault, "slow_ms", 60000, &out->delay_ns, place);
    if (!json_get_int(fault, "status", JSON_OPTIONAL, 200, 599, &status, place, reader->err))
        return false;
    out->status = (int)status;
    return true;
}

static bool read_fault(const struct config_reader *reader, const json_t *fault,
                       struct standin_fault *out, const struct json_place *place)
{
    static const char *const keys[] = {"status", "reset", "slow_ms", "share", "every", NULL};
    int64_t every = 0;
    if (!json_is_object(fault))
        return json_fail(place, reader->err, "must be an object: {\"status\": 503, \"every\": 10}");
    if (!json_only_keys(fault, keys, place, reader->err) ||
        !read_fault_kind(reader, fault, out, place))
        return false;
    if ((json_object_get(fault, "share") != NULL) == (json_object_get(fault, "every") != NULL))
        return json_fail(place, reader->err,
                         "must say how often by one of \"share\": 0.01 and \"every\": 100");
    if (!json_get_number(fault, "share", JSON_OPTIONAL, 0.000001, 1, &out->share, place,
                         reader->err) ||
        !json_get_int(fault, "every", JSON_OPTIONAL, 1, 1000000, &every, place, reader->err))
        return false;
    out->every = (uint64_t)every;
    return true;
}

static bool read_faults(const struct config_reader *reader, const json_t *upstream,
                        struct standin_settings *out, const struct json_place *place)
{
    const json_t *list = NULL;
    struct json_place at = json_place_key(place, "faults");
    if (!json_get_array(upstream, "faults", JSON_OPTIONAL, &list, place, reader->err))
        return false;
    size_t count = json_array_size(list);
    if (count > FAULTS_MAX)
        return json_fail(&at, reader->err, "must not have more than %d entries", FAULTS_MAX);
    struct standin_fault *faults =
        arena_alloc_array(&reader->config->arena, count + 1, sizeof *faults);
    if (faults == NULL)
        return error_set_memory(reader->err);
    for (size_t i = 0; i < count; i++) {
        struct json_place one = json_place_index(&at, i);
        if (!read_fault(reader, json_array_get(list, i), &faults[i], &one))
            return false;
    }
    out->faults = faults;
    out->fault_count = count;
    return true;
}

static bool read_upstream(const struct config_reader *reader, const json_t *upstream,
                          struct standin_settings *out, const struct json_place *place)
{
    static const char *const keys[] = {"match", "latency", "faults", NULL};
    if (!json_is_object(upstream))
        return json_fail(place, reader->err,
                         "must be an object: {} for a stand-in that answers at once");
    return json_only_keys(upstream, keys, place, reader->err) &&
           read_match(reader, upstream, out, place) && read_latency(reader, upstream, out, place) &&
           read_faults(reader, upstream, out, place);
}

/* By name; the order of the names is that of the document. */
static bool read_objects(const struct config_reader *reader, const json_t *upstreams,
                         const struct json_place *place)
{
    struct config *config = reader->config;
    size_t count = json_object_size(upstreams), at = 0;
    const char **names = arena_alloc_array(&config->arena, count + 1, sizeof *names);
    struct standin_settings *settings =
        arena_alloc_array(&config->arena, count + 1, sizeof *settings);
    json_t *walked = (json_t *)(uintptr_t)upstreams; /* jansson iterates without changing */
    if (names == NULL || settings == NULL)
        return error_set_memory(reader->err);
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it), at++) {
        struct json_place one = json_place_key(place, json_object_iter_key(it));
        names[at] = arena_copy_string(&config->arena, json_object_iter_key(it));
        if (names[at] == NULL)
            return error_set_memory(reader->err);
        if (!read_upstream(reader, json_object_iter_value(it), &settings[at], &one))
            return false;
    }
    config->upstreams = names;
    config->upstream_count = count;
    config->upstream_settings = settings;
    return true;
}

static bool read_names(const struct config_reader *reader, const json_t *upstreams,
                       const struct json_place *place)
{
    struct config *config = reader->config;
    if (!config_read_strings(reader, upstreams, 0, place, &config->upstreams,
                             &config->upstream_count))
        return false;
    struct standin_settings *settings =
        arena_alloc_array(&config->arena, config->upstream_count + 1, sizeof *settings);
    config->upstream_settings = settings;
    return settings != NULL || error_set_memory(reader->err);
}

bool config_read_upstreams(const struct config_reader *reader, const json_t *root,
                           const struct json_place *place)
{
    const json_t *upstreams = json_object_get(root, "upstreams");
    struct json_place at = json_place_key(place, "upstreams");
    if (upstreams == NULL)
        return true;
    if (!json_is_array(upstreams) && !json_is_object(upstreams))
        return json_fail(&at, reader->err,
                         "must be a list of names, or an object: {\"users\": {\"latency\": "
                         "\"recorded\"}}");
    if (json_array_size(upstreams) + json_object_size(upstreams) > UPSTREAMS_MAX)
        return json_fail(&at, reader->err, "must not have more than %d entries", UPSTREAMS_MAX);
    return json_is_array(upstreams) ? read_names(reader, upstreams, &at)
                                    : read_objects(reader, upstreams, &at);
}
