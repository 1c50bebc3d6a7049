/* "endpoints": the user's templates, an OpenAPI document, the committed map. */
#include "rig/config_private.h"

#include "base/file.h"
#include "replay/endpoint_file.h"
#include "replay/openapi.h"

#include <stdlib.h>
#include <string.h>

/* The rows of all sources. */
struct gathering {
    const struct config_reader *reader;
    struct endpoint_row *rows;
    size_t count;
};

static bool add_room(struct gathering *gathering, size_t more)
{
    struct arena *arena = &gathering->reader->config->arena;
    struct endpoint_row *rows = arena_alloc_array(arena, gathering->count + more, sizeof *rows);
    if (rows == NULL)
        return error_set_memory(gathering->reader->err);
    if (gathering->count > 0)
        memcpy(rows, gathering->rows, gathering->count * sizeof *rows);
    gathering->rows = rows;
    return true;
}

static bool add_templates(struct gathering *gathering, const json_t *list,
                          const struct json_place *place)
{
    const char *const *texts = NULL;
    size_t count = 0;
    if (list == NULL)
        return true;
    if (!config_read_strings(gathering->reader, list, 0, place, &texts, &count) ||
        !add_room(gathering, count))
        return false;
    for (size_t i = 0; i < count; i++)
        gathering->rows[gathering->count++] =
            (struct endpoint_row){texts[i], ENDPOINT_FROM_USER, ""};
    return true;
}

static bool add_openapi(struct gathering *gathering, const char *path)
{
    struct config *config = gathering->reader->config;
    struct openapi *document = &config->endpoint_sources.openapi;
    if (path == NULL)
        return true;
    if (!openapi_read(document, path, &config->arena, gathering->reader->err) ||
        !add_room(gathering, document->count))
        return false;
    memcpy(gathering->rows + gathering->count, document->rows,
           document->count * sizeof *document->rows);
    gathering->count += document->count;
    return true;
}

static bool add_map(struct gathering *gathering, const char *path)
{
    const struct config_reader *reader = gathering->reader;
    struct config *config = gathering->reader->config;
    struct endpoint_file file;
    if (path == NULL || (reader->map_may_be_missing && !file_exists(path)))
        return true;
    if (!file_exists(path))
        return error_set_at(reader->err, ERROR_INPUT, config->path,
                            "endpoints.map: there is no %s; make it of the corpus: tollgate corpus "
                            "endpoints --freeze %s",
                            path, path);
    if (!endpoint_file_read(&file, path, &config->arena, reader->err) ||
        !add_room(gathering, file.count))
        return false;
    for (size_t i = 0; i < file.count; i++)
        gathering->rows[gathering->count++] =
            (struct endpoint_row){file.rows[i].text, ENDPOINT_FROM_MAP,
                                  file.rows[i].rule[0] != '\0' ? file.rows[i].rule : "by hand"};
    return true;
}

static bool gather_object(struct gathering *gathering, const json_t *object,
                          const struct json_place *place)
{
    static const char *const keys[] = {"templates", "openapi", "map", NULL};
    const struct config_reader *reader = gathering->reader;
    struct endpoint_sources *sources = &reader->config->endpoint_sources;
    const json_t *list = NULL;
    struct json_place at = json_place_key(place, "templates");
    return json_only_keys(object, keys, place, reader->err) &&
           json_get_array(object, "templates", JSON_OPTIONAL, &list, place, reader->err) &&
           config_read_path(reader, object, "openapi", JSON_OPTIONAL, &sources->openapi_path,
                            place) &&
           config_read_path(reader, object, "map", JSON_OPTIONAL, &sources->map_path, place) &&
           add_templates(gathering, list, &at) && add_openapi(gathering, sources->openapi_path) &&
           add_map(gathering, sources->map_path);
}

bool config_read_endpoints(const struct config_reader *reader, const json_t *root,
                           const struct json_place *place)
{
    const json_t *endpoints = json_object_get(root, "endpoints");
    struct config *config = reader->config;
    struct gathering gathering = {.reader = reader};
    struct json_place at = json_place_key(place, "endpoints");
    struct error local = {0};
    if (endpoints == NULL)
        return true;
    if (!json_is_array(endpoints) && !json_is_object(endpoints))
        return json_fail(&at, reader->err,
                         "must be a list of templates, or an object with \"templates\", "
                         "\"openapi\" and \"map\"");
    bool ok = json_is_array(endpoints) ? add_templates(&gathering, endpoints, &at)
                                       : gather_object(&gathering, endpoints, &at);
    if (!ok)
        return false;
    if (endpoint_map_build(&config->endpoints, gathering.rows, gathering.count, &config->arena,
                           &local))
        return true;
    return local.code == ERROR_MEMORY ? error_set_memory(reader->err)
                                      : json_fail(&at, reader->err, "%s", local.text);
}

unsigned long long config_hash_endpoints(const struct config *config, unsigned long long hash)
{
    for (size_t i = 0; i < config->endpoints.count; i++) {
        const struct endpoint_template *template = &config->endpoints.templates[i];
        if (template->source != ENDPOINT_FROM_USER)
            hash = file_hash_bytes(hash, template->name, strlen(template->name) + 1);
    }
    return hash;
}
