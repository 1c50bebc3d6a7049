#include "rig/config_private.h"

#include "base/file.h"
#include "base/macros.h"

#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An array of strings as a NULL-terminated vector. `least` is how many there must be. */
bool config_read_strings(const struct config_reader *reader, const json_t *array, size_t least,
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

bool config_read_path(const struct config_reader *reader, const json_t *object, const char *key,
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

bool config_read_name(const struct config_reader *reader, const json_t *object, const char *key,
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

static bool read_check(const struct config_reader *reader, const json_t *root,
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
    return list == NULL || config_read_strings(reader, list, 0, &list_at, &out->volatile_fields,
                                               &out->volatile_count);
}

/* One row a pass: which keys it has and what they are when not set. */
static bool read_pass(const struct config_reader *reader, const json_t *passes, const char *name,
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

static bool read_passes(const struct config_reader *reader, const json_t *root,
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

static bool read_baseline(const struct config_reader *reader, const json_t *root,
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
            config_read_path(reader, baseline, "store", JSON_OPTIONAL, &config->store_path, &at) &&
            config_read_name(reader, baseline, "name", &config->baseline, &at));
}

static bool read_corpus(const struct config_reader *reader, const json_t *root,
                        const struct json_place *place)
{
    return config_read_path(reader, root, "corpus", JSON_REQUIRED, &reader->config->corpus_path,
                            place);
}

static bool read_gate(const struct config_reader *reader, const json_t *root,
                      const struct json_place *place)
{
    const json_t *gate = json_object_get(root, "gate");
    struct json_place at = json_place_key(place, "gate");
    return gate == NULL ||
           gate_parse(&reader->config->gate, gate, &at, &reader->config->arena, reader->err);
}

static bool read_accept(const struct config_reader *reader, const json_t *root,
                        const struct json_place *place)
{
    const json_t *accept = json_object_get(root, "accept");
    struct json_place at = json_place_key(place, "accept");
    return accept == NULL || waiver_parse_list(&reader->config->accept, accept, &at,
                                               &reader->config->arena, reader->err);
}

static bool read_dead(const struct config_reader *reader, const json_t *root,
                      const struct json_place *place)
{
    const json_t *dead = json_object_get(root, "dead");
    struct json_place at = json_place_key(place, "dead");
    return dead == NULL ||
           dead_keep_parse(&reader->config->keep, dead, &at, &reader->config->arena, reader->err);
}

/* What a section decides; hashed, so that runs under other terms are told apart. */
enum decides { NEITHER, WORKLOAD, VERDICT };

/* One row a key of the document, in the order in which they are read. */
static const struct section {
    const char *key;
    config_section *read; /* NULL = nothing to read */
    enum decides decides;
} sections[] = {
    {"$schema", NULL, NEITHER},
    {"gateway", config_read_gateway, WORKLOAD},
    {"corpus", read_corpus, NEITHER},
    {"endpoints", config_read_endpoints, WORKLOAD},
    {"upstreams", config_read_upstreams, WORKLOAD},
    {"check", read_check, NEITHER},
    {"capture", config_read_capture, WORKLOAD},
    {"inject", config_read_inject, WORKLOAD},
    {"redact", config_read_redact, NEITHER},
    {"passes", read_passes, WORKLOAD},
    {"baseline", read_baseline, NEITHER},
    {"gate", read_gate, VERDICT},
    {"dead", read_dead, NEITHER},
    {"cost", config_read_cost, NEITHER},
    {"owners", config_read_owners, NEITHER},
    {"codeowners", config_read_codeowners, NEITHER},
    {"accept", read_accept, VERDICT},
};

/* Of the sections that decide one thing, however they are laid out. */
static bool hash_sections(const json_t *root, enum decides decides, unsigned long long *hash,
                          struct error *err)
{
    *hash = FILE_HASH_START;
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        const json_t *part = json_object_get(root, sections[i].key);
        if (part == NULL || sections[i].decides != decides)
            continue;
        char *text = json_dumps(part, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        if (text == NULL)
            return error_set_memory(err);
        *hash = file_hash_bytes(*hash, text, strlen(text) + 1);
        free(text);
    }
    return true;
}

static bool read_root(const struct config_reader *reader, const json_t *root,
                      const struct json_place *place)
{
    const char *keys[COUNT_OF(sections) + 1] = {NULL};
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        keys[i] = sections[i].key;
    if (!json_is_object(root))
        return json_fail(place, reader->err, "must be a JSON object");
    bool ok = json_only_keys(root, keys, place, reader->err);
    for (size_t i = 0; ok && i < COUNT_OF(sections); i++)
        ok = sections[i].read == NULL || sections[i].read(reader, root, place);
    ok = ok && hash_sections(root, WORKLOAD, &reader->config->workload_hash, reader->err) &&
         hash_sections(root, VERDICT, &reader->config->terms_hash, reader->err);
    if (ok)
        reader->config->workload_hash =
            config_hash_endpoints(reader->config, reader->config->workload_hash);
    return ok;
}

static bool read_file(struct config *config, const char *path, bool map_may_be_missing,
                      struct error *err)
{
    *config = (struct config){0};
    arena_init(&config->arena);
    gate_init(&config->gate);
    bool ok = false;
    struct config_reader reader = {config, err, map_may_be_missing};
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
        ok = read_root(&reader, root, &place);
    json_decref(root);
    if (!ok)
        arena_release(&config->arena);
    return ok;
}

bool config_read(struct config *config, const char *path, struct error *err)
{
    return read_file(config, path, false, err);
}

bool config_read_before_map(struct config *config, const char *path, struct error *err)
{
    return read_file(config, path, true, err);
}

void config_release(struct config *config)
{
    arena_release(&config->arena);
}
