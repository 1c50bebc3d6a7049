#include "insights/owners_map.h"

#include "base/text.h"
#include "insights/owners_names.h"

#include <string.h>

enum { MATCH_MAX_BYTES = 4096, PLACE_SIZE = 512 };

static bool read_row(struct owners_row *row, const char *match, const json_t *owner,
                     const struct json_place *place, struct arena *arena, struct error *err)
{
    char rule[PLACE_SIZE];
    if (*match == '\0' || strlen(match) > MATCH_MAX_BYTES)
        return json_fail(place, err,
                         "must be for a glob over endpoint names of 1 to %d bytes, such as \"GET "
                         "/v3/*\"",
                         MATCH_MAX_BYTES);
    if (!json_is_null(owner) && !owners_names_valid(owner))
        return json_fail(place, err,
                         "must be an owner's name of 1 to %d bytes, a list of at most %d, or null "
                         "for nobody",
                         OWNERS_NAME_MAX_BYTES, OWNERS_NAMES_MAX);
    json_place_text(place, rule, sizeof rule);
    row->match = arena_copy_string(arena, match);
    row->rule = arena_copy_string(arena, rule);
    row->owner = json_is_null(owner) ? NULL : owners_names_join(owner, arena);
    if (row->match == NULL || row->rule == NULL || (row->owner == NULL && !json_is_null(owner)))
        return error_set_memory(err);
    return true;
}

static bool read_object(struct owners_row *rows, const json_t *json, const struct json_place *place,
                        struct arena *arena, struct error *err)
{
    json_t *walked = (json_t *)(uintptr_t)json; /* jansson iterates without changing */
    size_t at = 0;
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        const char *match = json_object_iter_key(it);
        struct json_place row = json_place_key(place, match);
        if (!read_row(&rows[at++], match, json_object_iter_value(it), &row, arena, err))
            return false;
    }
    return true;
}

static bool read_list(struct owners_row *rows, const json_t *json, const struct json_place *place,
                      struct arena *arena, struct error *err)
{
    static const char *const keys[] = {"match", "owner", NULL};
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *item = json_array_get(json, i), *owner = json_object_get(item, "owner");
        struct json_place row = json_place_index(place, i);
        const char *match = NULL;
        if (!json_is_object(item))
            return json_fail(&row, err, "must be an object with \"match\" and \"owner\"");
        if (!json_only_keys(item, keys, &row, err) ||
            !json_get_string(item, "match", JSON_REQUIRED, &match, &row, err))
            return false;
        if (owner == NULL)
            return json_fail(&row, err, "needs \"owner\": a name, a list of names, or null");
        if (!read_row(&rows[i], match, owner, &row, arena, err))
            return false;
    }
    return true;
}

bool owners_map_parse(struct owners_map *map, const json_t *json, const struct json_place *place,
                      struct arena *arena, struct error *err)
{
    bool list = json_is_array(json);
    *map = (struct owners_map){0};
    if (!list && !json_is_object(json))
        return json_fail(place, err,
                         "must be an object of globs and owners, or a list of objects with "
                         "\"match\" and \"owner\"");
    size_t count = list ? json_array_size(json) : json_object_size(json);
    if (count > OWNERS_ROWS_MAX)
        return json_fail(place, err, "has %zu rows, must have at most %d", count, OWNERS_ROWS_MAX);
    struct owners_row *rows = arena_alloc_array(arena, count, sizeof *rows);
    if (rows == NULL)
        return error_set_memory(err);
    if (list ? !read_list(rows, json, place, arena, err)
             : !read_object(rows, json, place, arena, err))
        return false;
    *map = (struct owners_map){rows, count};
    return true;
}

const struct owners_row *owners_map_find(const struct owners_map *map, const char *endpoint)
{
    for (size_t i = map->count; i > 0; i--)
        if (text_matches_glob(map->rows[i - 1].match, endpoint))
            return &map->rows[i - 1];
    return NULL;
}
