/* "gateway": how it is built, started and known to be ready. */
#include "rig/config_private.h"

#include <math.h>
#include <string.h>

/* "build": one argument vector, or a list of them. */
static bool read_build(const struct config_reader *reader, const json_t *gateway,
                       const struct json_place *place)
{
    struct gateway_config *out = &reader->config->gateway;
    const json_t *build = json_object_get(gateway, "build");
    struct json_place at = json_place_key(place, "build");
    if (build == NULL)
        return true;
    if (!json_is_array(build))
        return json_fail(&at, reader->err,
                         "must be a list: [\"make\", \"all\"] or a list of such lists");
    bool many = json_array_size(build) > 0 && json_is_array(json_array_get(build, 0));
    out->build_count = many ? json_array_size(build) : 1;
    struct command_line *lines =
        arena_alloc_array(&reader->config->arena, out->build_count, sizeof *lines);
    if (lines == NULL)
        return error_set_memory(reader->err);
    out->build = lines;
    for (size_t i = 0; i < out->build_count; i++) {
        struct json_place step = json_place_index(&at, i);
        if (!config_read_strings(reader, many ? json_array_get(build, i) : build, 1,
                                 many ? &step : &at, &lines[i].arguments, NULL))
            return false;
    }
    return true;
}

static bool read_environment(const struct config_reader *reader, const json_t *gateway,
                             const struct json_place *place)
{
    struct gateway_config *out = &reader->config->gateway;
    struct arena *arena = &reader->config->arena;
    const json_t *object = NULL;
    if (!json_get_object(gateway, "env", JSON_OPTIONAL, &object, place, reader->err))
        return false;
    if (object == NULL)
        return true;
    struct json_place at = json_place_key(place, "env");
    struct environment_entry *entries =
        arena_alloc_array(arena, json_object_size(object) + 1, sizeof *entries);
    if (entries == NULL)
        return error_set_memory(reader->err);
    json_t *walked = (json_t *)(uintptr_t)object; /* jansson iterates without changing */
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        const json_t *value = json_object_iter_value(it);
        struct environment_entry *entry = &entries[out->environment_count++];
        entry->name = arena_copy_string(arena, json_object_iter_key(it));
        struct json_place field = json_place_key(&at, json_object_iter_key(it));
        if (!json_is_string(value) && !json_is_null(value))
            return json_fail(&field, reader->err,
                             "must be a string, or null to pass on tollgate's own");
        if (entry->name == NULL)
            return error_set_memory(reader->err);
        if (strchr(entry->name, '=') != NULL || entry->name[0] == '\0')
            return json_fail(&field, reader->err, "is not a name for a variable");
        if (json_is_string(value))
            entry->value = arena_copy_string(arena, json_string_value(value));
    }
    out->environment = entries;
    return true;
}

static bool read_seconds(const struct config_reader *reader, const json_t *object, const char *key,
                         int *out_ms, const struct json_place *place)
{
    double seconds = *out_ms / 1000.0;
    if (!json_get_number(object, key, JSON_OPTIONAL, 0.001, 3600, &seconds, place, reader->err))
        return false;
    *out_ms = (int)lround(seconds * 1000);
    return true;
}

static bool read_ready(const struct config_reader *reader, const json_t *gateway,
                       const struct json_place *place)
{
    static const char *const keys[] = {"path", "status", "timeout_s", NULL};
    struct gateway_config *out = &reader->config->gateway;
    const json_t *ready = NULL;
    int64_t status = 200;
    out->ready_timeout_ms = 30000;
    if (!json_get_object(gateway, "ready", JSON_OPTIONAL, &ready, place, reader->err))
        return false;
    struct json_place at = json_place_key(place, "ready");
    if (ready != NULL &&
        (!json_only_keys(ready, keys, &at, reader->err) ||
         !config_read_name(reader, ready, "path", &out->ready_path, &at) ||
         !json_get_int(ready, "status", JSON_OPTIONAL, 100, 599, &status, &at, reader->err) ||
         !read_seconds(reader, ready, "timeout_s", &out->ready_timeout_ms, &at)))
        return false;
    if (out->ready_path != NULL && out->ready_path[0] != '/') {
        struct json_place path = json_place_key(&at, "path");
        return json_fail(&path, reader->err, "must begin with /");
    }
    out->ready_status = (int)status;
    return true;
}

static bool mentions_port(const struct gateway_config *gateway)
{
    for (size_t i = 0; gateway->start[i] != NULL; i++)
        if (strstr(gateway->start[i], "${port}") != NULL)
            return true;
    for (size_t i = 0; i < gateway->environment_count; i++)
        if (gateway->environment[i].value != NULL &&
            strstr(gateway->environment[i].value, "${port}") != NULL)
            return true;
    return false;
}

bool config_read_gateway(const struct config_reader *reader, const json_t *root,
                         const struct json_place *place)
{
    static const char *const keys[] = {
        "build", "start", "env", "folder", "ready", "stop_timeout_s", "request_timeout_s", NULL};
    struct gateway_config *out = &reader->config->gateway;
    const json_t *gateway = NULL, *start = NULL;
    if (!json_get_object(root, "gateway", JSON_REQUIRED, &gateway, place, reader->err))
        return false;
    struct json_place at = json_place_key(place, "gateway");
    struct json_place start_at = json_place_key(&at, "start");
    out->folder = ".";
    out->stop_timeout_ms = 5000;
    out->request_timeout_ms = 10000;
    if (!json_only_keys(gateway, keys, &at, reader->err) || !read_build(reader, gateway, &at) ||
        !json_get_array(gateway, "start", JSON_REQUIRED, &start, &at, reader->err) ||
        !config_read_strings(reader, start, 1, &start_at, &out->start, NULL) ||
        !read_environment(reader, gateway, &at) ||
        !config_read_name(reader, gateway, "folder", &out->folder, &at) ||
        !read_ready(reader, gateway, &at) ||
        !read_seconds(reader, gateway, "stop_timeout_s", &out->stop_timeout_ms, &at) ||
        !read_seconds(reader, gateway, "request_timeout_s", &out->request_timeout_ms, &at))
        return false;
    if (!mentions_port(out))
        return json_fail(&start_at, reader->err,
                         "must use ${port}, here or in \"env\": tollgate picks a free one");
    return true;
}
