#include "rig/config.h"

#include "base/file.h"
#include "base/json.h"

#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct config *config;
    struct error *err;
};

/* An array of strings as a NULL-terminated vector. `least` is how many there must be. */
static bool read_strings(const struct reader *reader, const json_t *array, size_t least,
                         const struct json_place *place, const char *const **out, size_t *count)
{
    struct arena *arena = &reader->config->arena;
    if (!json_is_array(array))
        return json_fail(place, reader->err, "must be a list of strings");
    size_t size = json_array_size(array);
    if (size < least)
        return json_fail(place, reader->err, "must not be empty");
    const char **vector = arena_alloc_array(arena, size + 1, sizeof *vector);
    if (vector == NULL)
        return error_set_memory(reader->err);
    for (size_t i = 0; i < size; i++) {
        const json_t *item = json_array_get(array, i);
        struct json_place at = json_place_index(place, i);
        if (!json_is_string(item) || strlen(json_string_value(item)) != json_string_length(item))
            return json_fail(&at, reader->err, "must be a string");
        vector[i] = arena_copy_string(arena, json_string_value(item));
        if (vector[i] == NULL)
            return error_set_memory(reader->err);
    }
    *out = vector;
    if (count != NULL)
        *count = size;
    return true;
}

static bool read_path(const struct reader *reader, const json_t *object, const char *key,
                      enum json_need need, const char **out, const struct json_place *place)
{
    const char *text = NULL;
    if (!json_get_string(object, key, need, &text, place, reader->err))
        return false;
    if (text == NULL)
        return true;
    struct config *config = reader->config;
    *out = text[0] == '/' ? arena_copy_string(&config->arena, text)
                          : arena_format(&config->arena, "%s/%s", config->folder, text);
    return *out != NULL || error_set_memory(reader->err);
}

static bool read_name(const struct reader *reader, const json_t *object, const char *key,
                      const char **out, const struct json_place *place)
{
    const char *text = NULL;
    if (!json_get_string(object, key, JSON_OPTIONAL, &text, place, reader->err))
        return false;
    if (text == NULL)
        return true;
    *out = arena_copy_string(&reader->config->arena, text);
    return *out != NULL || error_set_memory(reader->err);
}

/* "build": one argument vector, or a list of them. */
static bool read_build(const struct reader *reader, const json_t *gateway,
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
        if (!read_strings(reader, many ? json_array_get(build, i) : build, 1, many ? &step : &at,
                          &lines[i].arguments, NULL))
            return false;
    }
    return true;
}

static bool read_environment(const struct reader *reader, const json_t *gateway,
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

static bool read_seconds(const struct reader *reader, const json_t *object, const char *key,
                         int *out_ms, const struct json_place *place)
{
    double seconds = *out_ms / 1000.0;
    if (!json_get_number(object, key, JSON_OPTIONAL, 0.001, 3600, &seconds, place, reader->err))
        return false;
    *out_ms = (int)lround(seconds * 1000);
    return true;
}

static bool read_ready(const struct reader *reader, const json_t *gateway,
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
         !read_name(reader, ready, "path", &out->ready_path, &at) ||
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

static bool read_gateway(const struct reader *reader, const json_t *root,
                         const struct json_place *place)
{
    static const char *const keys[] = {"build", "start",          "env",               "folder",
                                       "ready", "stop_timeout_s", "request_timeout_s", NULL};
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
        !read_strings(reader, start, 1, &start_at, &out->start, NULL) ||
        !read_environment(reader, gateway, &at) ||
        !read_name(reader, gateway, "folder", &out->folder, &at) ||
        !read_ready(reader, gateway, &at) ||
        !read_seconds(reader, gateway, "stop_timeout_s", &out->stop_timeout_ms, &at) ||
        !read_seconds(reader, gateway, "request_timeout_s", &out->request_timeout_ms, &at))
        return false;
    if (!mentions_port(out))
        return json_fail(&start_at, reader->err,
                         "must use ${port}, here or in \"env\": tollgate picks a free one");
    return true;
}

static bool read_endpoints(const struct reader *reader, const json_t *root,
                           const struct json_place *place)
{
    const json_t *list = NULL;
    const char *const *texts = NULL;
    size_t count = 0;
    struct json_place at = json_place_key(place, "endpoints");
    struct error local = {0};
    if (!json_get_array(root, "endpoints", JSON_OPTIONAL, &list, place, reader->err))
        return false;
    if (list == NULL)
        return true;
    if (!read_strings(reader, list, 0, &at, &texts, &count))
        return false;
    if (!endpoint_map_parse(&reader->config->endpoints, texts, count, &reader->config->arena,
                            &local))
        return json_fail(&at, reader->err, "%s", local.text);
    return true;
}

static bool read_check(const struct reader *reader, const json_t *root,
                       const struct json_place *place)
{
    static const char *const keys[] = {"volatile", "bodies", NULL};
    struct check_rules *out = &reader->config->check;
    const json_t *check = NULL, *list = NULL;
    bool bodies = true;
    struct json_place at = json_place_key(place, "check");
    struct json_place list_at = json_place_key(&at, "volatile");
    if (!json_get_object(root, "check", JSON_OPTIONAL, &check, place, reader->err))
        return false;
    if (check == NULL)
        return true;
    if (!json_only_keys(check, keys, &at, reader->err) ||
        !json_get_array(check, "volatile", JSON_OPTIONAL, &list, &at, reader->err) ||
        !json_get_bool(check, "bodies", JSON_OPTIONAL, &bodies, &at, reader->err))
        return false;
    out->ignore_bodies = !bodies;
    return list == NULL || read_strings(reader, list, 0, &list_at, &out->volatile_fields,
                                        &out->volatile_count);
}

static bool read_inject(const struct reader *reader, const json_t *root,
                        const struct json_place *place)
{
    static const char *const keys[] = {"traceparent", "x_request_id", NULL};
    const json_t *inject = NULL;
    struct json_place at = json_place_key(place, "inject");
    if (!json_get_object(root, "inject", JSON_OPTIONAL, &inject, place, reader->err))
        return false;
    if (inject == NULL)
        return true;
    return json_only_keys(inject, keys, &at, reader->err) &&
           json_get_bool(inject, "traceparent", JSON_OPTIONAL, &reader->config->inject_traceparent,
                         &at, reader->err) &&
           json_get_bool(inject, "x_request_id", JSON_OPTIONAL, &reader->config->inject_request_id,
                         &at, reader->err);
}

/* One row a pass: which keys it has and what they are when not set. */
static bool read_pass(const struct reader *reader, const json_t *passes, const char *name,
                      const char *rounds_key, struct pass_settings *out,
                      const struct json_place *place)
{
    const char *const keys[] = {"enabled", "replicates", "exchanges", rounds_key, NULL};
    const json_t *pass = NULL;
    int64_t replicates = out->replicates, rounds = out->rounds, exchanges = out->exchanges;
    struct json_place at = json_place_key(place, name);
    if (passes == NULL)
        return true;
    if (!json_get_object(passes, name, JSON_OPTIONAL, &pass, place, reader->err))
        return false;
    if (pass == NULL)
        return true;
    if (!json_only_keys(pass, keys, &at, reader->err) ||
        !json_get_bool(pass, "enabled", JSON_OPTIONAL, &out->enabled, &at, reader->err) ||
        !json_get_int(pass, "replicates", JSON_OPTIONAL, 1, 200, &replicates, &at, reader->err) ||
        !json_get_int(pass, "exchanges", JSON_OPTIONAL, 1, 100000, &exchanges, &at, reader->err) ||
        !json_get_int(pass, rounds_key, JSON_OPTIONAL, 1, 100000, &rounds, &at, reader->err))
        return false;
    out->replicates = (int)replicates;
    out->rounds = (int)rounds;
    out->exchanges = (int)exchanges;
    return true;
}

void config_set_default_passes(struct config *config)
{
    config->live = (struct pass_settings){true, 40, 70, 16};
    config->exact = (struct pass_settings){true, 2, 8, 8};
    config->alloc = (struct pass_settings){true, 2, 8, 16};
    config->lines = (struct pass_settings){true, 1, 4, 8};
    config->sites = (struct pass_settings){true, 1, 4, 16};
    config->stacks = (struct pass_settings){true, 1, 200, 16};
}

static bool read_passes(const struct reader *reader, const json_t *root,
                        const struct json_place *place)
{
    static const char *const keys[] = {"live", "exact", "alloc", "lines", "sites", "stacks", NULL};
    struct config *config = reader->config;
    const json_t *passes = NULL;
    struct json_place at = json_place_key(place, "passes");
    config_set_default_passes(config);
    if (!json_get_object(root, "passes", JSON_OPTIONAL, &passes, place, reader->err) ||
        (passes != NULL && !json_only_keys(passes, keys, &at, reader->err)))
        return false;
    return read_pass(reader, passes, "live", "pairs", &config->live, &at) &&
           read_pass(reader, passes, "exact", "rounds", &config->exact, &at) &&
           read_pass(reader, passes, "alloc", "rounds", &config->alloc, &at) &&
           read_pass(reader, passes, "lines", "rounds", &config->lines, &at) &&
           read_pass(reader, passes, "sites", "rounds", &config->sites, &at) &&
           read_pass(reader, passes, "stacks", "rounds", &config->stacks, &at);
}

static bool read_baseline(const struct reader *reader, const json_t *root,
                          const struct json_place *place)
{
    static const char *const keys[] = {"store", "name", NULL};
    struct config *config = reader->config;
    const json_t *baseline = NULL;
    struct json_place at = json_place_key(place, "baseline");
    config->store_path = arena_format(&config->arena, "%s/.tollgate/baselines", config->folder);
    if (config->store_path == NULL)
        return error_set_memory(reader->err);
    if (!json_get_object(root, "baseline", JSON_OPTIONAL, &baseline, place, reader->err))
        return false;
    return baseline == NULL ||
           (json_only_keys(baseline, keys, &at, reader->err) &&
            read_path(reader, baseline, "store", JSON_OPTIONAL, &config->store_path, &at) &&
            read_name(reader, baseline, "name", &config->baseline, &at));
}

/* Of some parts of the document, however they are laid out. */
static bool hash_parts(const json_t *root, const char *const *keys, unsigned long long *hash,
                       struct error *err)
{
    *hash = FILE_HASH_START;
    for (size_t i = 0; keys[i] != NULL; i++) {
        const json_t *part = json_object_get(root, keys[i]);
        if (part == NULL)
            continue;
        char *text = json_dumps(part, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        if (text == NULL)
            return error_set_memory(err);
        *hash = file_hash_bytes(*hash, text, strlen(text) + 1);
        free(text);
    }
    return true;
}

static bool hash_config(struct config *config, const json_t *root, struct error *err)
{
    static const char *const workload[] = {"gateway", "endpoints", "upstreams", "inject", "passes",
                                           NULL};
    static const char *const terms[] = {"gate", "accept", NULL};
    return hash_parts(root, workload, &config->workload_hash, err) &&
           hash_parts(root, terms, &config->terms_hash, err);
}

static bool read_root(const struct reader *reader, const json_t *root,
                      const struct json_place *place)
{
    static const char *const keys[] = {"$schema", "gateway", "corpus", "endpoints", "upstreams",
                                       "check",   "inject",  "passes", "gate",      "accept",
                                       "baseline", "dead", NULL};
    struct config *config = reader->config;
    const json_t *upstreams = NULL;
    struct json_place names = json_place_key(place, "upstreams");
    struct json_place gate = json_place_key(place, "gate");
    struct json_place accept = json_place_key(place, "accept");
    struct json_place dead = json_place_key(place, "dead");
    if (!json_is_object(root))
        return json_fail(place, reader->err, "must be a JSON object");
    if (!json_only_keys(root, keys, place, reader->err) || !read_gateway(reader, root, place) ||
        !read_path(reader, root, "corpus", JSON_REQUIRED, &config->corpus_path, place) ||
        !read_endpoints(reader, root, place) ||
        !json_get_array(root, "upstreams", JSON_OPTIONAL, &upstreams, place, reader->err) ||
        (upstreams != NULL && !read_strings(reader, upstreams, 0, &names, &config->upstreams,
                                            &config->upstream_count)) ||
        !read_check(reader, root, place) || !read_inject(reader, root, place) ||
        !read_passes(reader, root, place) || !read_baseline(reader, root, place))
        return false;
    const json_t *gate_json = json_object_get(root, "gate");
    const json_t *accept_json = json_object_get(root, "accept");
    const json_t *dead_json = json_object_get(root, "dead");
    if (gate_json != NULL &&
        !gate_parse(&config->gate, gate_json, &gate, &config->arena, reader->err))
        return false;
    if (dead_json != NULL &&
        !dead_keep_parse(&config->keep, dead_json, &dead, &config->arena, reader->err))
        return false;
    return accept_json == NULL || waiver_parse_list(&config->accept, accept_json, &accept,
                                                    &config->arena, reader->err);
}

bool config_read(struct config *config, const char *path, struct error *err)
{
    *config = (struct config){0};
    arena_init(&config->arena);
    gate_init(&config->gate);
    bool ok = false;
    struct reader reader = {config, err};
    struct json_place place = json_place_root(path);
    char *copy = arena_copy_string(&config->arena, path);
    config->path = arena_copy_string(&config->arena, path);
    if (copy == NULL || config->path == NULL) {
        arena_release(&config->arena);
        return error_set_memory(err);
    }
    config->folder = dirname(copy);
    config->work_path = arena_format(&config->arena, "%s/.tollgate/work", config->folder);
    json_t *root = json_parse_file(path, CONFIG_MAX_BYTES, err);
    if (root != NULL && config->work_path != NULL)
        ok = read_root(&reader, root, &place) && hash_config(config, root, err);
    json_decref(root);
    if (!ok)
        arena_release(&config->arena);
    return ok;
}

void config_release(struct config *config)
{
    arena_release(&config->arena);
}
