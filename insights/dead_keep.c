#include "insights/dead_keep.h"

#include "base/text.h"
#include "baselines/waiver.h"

#include <string.h>

enum { KEEPS_MAX = 10000, FIELD_MAX_BYTES = 4096 };

static bool read_field(const json_t *object, const char *key, enum json_need need, const char **out,
                       const struct json_place *place, struct arena *arena, struct error *err)
{
    const char *text = NULL;
    struct json_place at = json_place_key(place, key);
    if (!json_get_string(object, key, need, &text, place, err))
        return false;
    if (text == NULL)
        return true;
    if (*text == '\0' || strlen(text) > FIELD_MAX_BYTES)
        return json_fail(&at, err, "must be 1 to %d bytes long", FIELD_MAX_BYTES);
    *out = arena_copy_string(arena, text);
    return *out != NULL || error_set_memory(err);
}

static bool read_row(struct dead_keep *keep, const json_t *object, const struct json_place *place,
                     struct arena *arena, struct error *err)
{
    static const char *const keys[] = {"path", "function", "until", "because", NULL};
    struct json_place until = json_place_key(place, "until");
    if (!json_is_object(object))
        return json_fail(place, err, "must be an object");
    if (!json_only_keys(object, keys, place, err) ||
        !read_field(object, "path", JSON_REQUIRED, &keep->path, place, arena, err) ||
        !read_field(object, "function", JSON_OPTIONAL, &keep->function, place, arena, err) ||
        !read_field(object, "until", JSON_REQUIRED, &keep->until, place, arena, err) ||
        !read_field(object, "because", JSON_REQUIRED, &keep->because, place, arena, err))
        return false;
    if (!waiver_is_date(keep->until))
        return json_fail(&until, err, "must be a day such as \"2027-01-31\"");
    return true;
}

bool dead_keep_parse(struct dead_keep_list *list, const json_t *json,
                     const struct json_place *place, struct arena *arena, struct error *err)
{
    static const char *const keys[] = {"keep", NULL};
    const json_t *array = NULL;
    struct json_place rows = json_place_key(place, "keep");
    *list = (struct dead_keep_list){0};
    if (!json_is_object(json))
        return json_fail(place, err, "must be an object");
    if (!json_only_keys(json, keys, place, err) ||
        !json_get_array(json, "keep", JSON_OPTIONAL, &array, place, err))
        return false;
    size_t count = array != NULL ? json_array_size(array) : 0;
    if (count > KEEPS_MAX)
        return json_fail(&rows, err, "has %zu rows, must have at most %d", count, KEEPS_MAX);
    struct dead_keep *items = arena_alloc_array(arena, count, sizeof *items);
    if (items == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct json_place at = json_place_index(&rows, i);
        if (!read_row(&items[i], json_array_get(array, i), &at, arena, err))
            return false;
    }
    *list = (struct dead_keep_list){items, count};
    return true;
}

bool dead_keep_matches(const struct dead_keep *keep, const char *path, const char *function)
{
    if (!text_matches_glob(keep->path, path))
        return false;
    return keep->function == NULL ||
           (function != NULL && text_matches_glob(keep->function, function));
}

bool dead_keep_is_over(const struct dead_keep *keep, const char *today)
{
    return strcmp(today, keep->until) > 0;
}
