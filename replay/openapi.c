#include "replay/openapi.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "replay/openapi_private.h"

#include <stdint.h>
#include <string.h>

/* Methods as path items spell them, in the order in which templates come out. */
static const char *const methods[][2] = {
    {"get", "GET"},       {"put", "PUT"},         {"post", "POST"},
    {"delete", "DELETE"}, {"options", "OPTIONS"}, {"head", "HEAD"},
    {"patch", "PATCH"},   {"trace", "TRACE"},     {"query", "QUERY"},
};

/* The shape of a template that is there already. */
struct known_shape {
    UT_hash_handle hh;
    char key[];
};

struct reading {
    struct openapi *out;
    size_t capacity;
    const json_t *root;
    struct openapi_bases bases; /* of the document */
    struct known_shape *shapes;
    struct arena *arena;
    struct error *err;
};

static bool grow(struct reading *reading)
{
    struct openapi *out = reading->out;
    if (out->count < reading->capacity)
        return true;
    size_t wanted = reading->capacity == 0 ? 64 : reading->capacity * 2;
    struct endpoint_row *rows = arena_alloc_array(reading->arena, wanted, sizeof *rows);
    if (rows == NULL)
        return error_set_memory(reading->err);
    if (out->count > 0)
        memcpy(rows, out->rows, out->count * sizeof *rows);
    out->rows = rows;
    reading->capacity = wanted;
    return true;
}

/* *is_new is false when a template before matches the same requests. */
static bool add_shape(struct reading *reading, const char *text, bool *is_new)
{
    char *shape = endpoint_template_shape(text, reading->arena);
    struct known_shape *known = NULL;
    if (shape == NULL)
        return error_set_memory(reading->err);
    size_t size = strlen(shape);
    HASH_FIND(hh, reading->shapes, shape, size, known);
    *is_new = known == NULL;
    if (!*is_new)
        return true;
    known = arena_alloc(reading->arena, sizeof *known + size + 1);
    if (known == NULL)
        return error_set_memory(reading->err);
    memcpy(known->key, shape, size);
    HASH_ADD_KEYPTR(hh, reading->shapes, known->key, size, known);
    return known->hh.tbl != NULL || error_set_memory(reading->err);
}

static bool note_unusable(struct reading *reading, const char *text, const char *problem)
{
    struct openapi *out = reading->out;
    if (out->unusable++ > 0)
        return true;
    out->example = arena_format(reading->arena, "\"%.200s\": %s", text, problem);
    return out->example != NULL || error_set_memory(reading->err);
}

static bool add_operation(struct reading *reading, const char *method, const char *base,
                          const char *path, const char *rule)
{
    struct openapi *out = reading->out;
    bool is_new;
    char *text = arena_format(reading->arena, "%s %s%s", method, base, path);
    if (text == NULL)
        return error_set_memory(reading->err);
    const char *problem = endpoint_template_problem(text);
    if (problem != NULL)
        return note_unusable(reading, text, problem);
    if (!add_shape(reading, text, &is_new))
        return false;
    if (!is_new) {
        out->twins++;
        return true;
    }
    if (out->count == ENDPOINT_TEMPLATES_MAX)
        return error_set(reading->err, ERROR_INPUT,
                         "the OpenAPI document has more than %d operations",
                         ENDPOINT_TEMPLATES_MAX);
    if (!grow(reading))
        return false;
    out->rows[out->count++] = (struct endpoint_row){text, ENDPOINT_FROM_OPENAPI, rule};
    return true;
}

/* An operation's own servers come before the path item's, and those before the document's. */
static bool read_operation(struct reading *reading, const json_t *operation, const char *method,
                           const char *path, const struct openapi_bases *bases,
                           const struct json_place *place)
{
    struct openapi_bases own;
    bool has_own;
    const char *name = json_string_value(json_object_get(operation, "operationId"));
    char *rule = arena_copy_string(reading->arena, name != NULL ? name : "");
    if (rule == NULL)
        return error_set_memory(reading->err);
    if (!json_is_object(operation))
        return json_fail(place, reading->err, "must be an object");
    if (!openapi_read_bases(&own, &has_own, operation, reading->arena, place, reading->err))
        return false;
    if (has_own)
        bases = &own;
    for (size_t i = 0; i < bases->count; i++)
        if (!add_operation(reading, method, bases->items[i], path, rule))
            return false;
    return true;
}

static bool read_item(struct reading *reading, const json_t *item, const char *path,
                      const struct json_place *place)
{
    struct openapi_bases own;
    const struct openapi_bases *bases = &reading->bases;
    bool has_own;
    if (!json_is_object(item))
        return json_fail(place, reading->err, "must be an object: a path item");
    /* What stands beside a $ref counts before what it leads to. */
    const json_t *target = openapi_follow(reading->root, item, place, reading->err);
    if (target == NULL ||
        !openapi_read_bases(&own, &has_own, item, reading->arena, place, reading->err) ||
        (!has_own &&
         !openapi_read_bases(&own, &has_own, target, reading->arena, place, reading->err)))
        return false;
    if (has_own)
        bases = &own;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct json_place at = json_place_key(place, methods[i][0]);
        const json_t *operation = json_object_get(item, methods[i][0]);
        if (operation == NULL)
            operation = json_object_get(target, methods[i][0]);
        if (operation != NULL &&
            !read_operation(reading, operation, methods[i][1], path, bases, &at))
            return false;
    }
    return true;
}

static bool read_paths(struct reading *reading, const struct json_place *place)
{
    const json_t *paths = NULL;
    struct json_place at = json_place_key(place, "paths");
    if (!json_get_object(reading->root, "paths", JSON_OPTIONAL, &paths, place, reading->err))
        return false;
    json_t *walked = (json_t *)(uintptr_t)paths; /* jansson iterates without changing */
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        const char *path = json_object_iter_key(it);
        struct json_place at_item = json_place_key(&at, path);
        if (strncmp(path, "x-", 2) == 0)
            continue;
        if (path[0] != '/')
            return json_fail(&at_item, reading->err, "is no path: it must begin with /");
        if (!read_item(reading, json_object_iter_value(it), path, &at_item))
            return false;
    }
    if (reading->out->count > 0)
        return true;
    if (reading->out->unusable > 0)
        return json_fail(&at, reading->err, "none of the operations can be used; the first is %s",
                         reading->out->example);
    return json_fail(&at, reading->err, "has no operations");
}

static bool check_version(const json_t *root, const struct json_place *place, struct error *err)
{
    const char *version = NULL;
    if (!json_is_object(root))
        return json_fail(place, err, "must be a JSON object: an OpenAPI document");
    if (json_object_get(root, "swagger") != NULL)
        return json_fail(place, err,
                         "is of Swagger 2, older than OpenAPI 3; convert it, or give the templates "
                         "themselves");
    if (!json_get_string(root, "openapi", JSON_REQUIRED, &version, place, err))
        return false;
    struct json_place at = json_place_key(place, "openapi");
    return strncmp(version, "3.", 2) == 0 ||
           json_fail(&at, err, "is \"%.40s\"; versions 3.x are read", version);
}

static bool read_document(struct reading *reading, const struct json_place *place)
{
    bool has_own;
    reading->bases = (struct openapi_bases){{""}, 1};
    return check_version(reading->root, place, reading->err) &&
           openapi_read_bases(&reading->bases, &has_own, reading->root, reading->arena, place,
                              reading->err) &&
           read_paths(reading, place);
}

bool openapi_parse(struct openapi *out, const char *name, const char *text, size_t size,
                   struct arena *arena, struct error *err)
{
    struct reading reading = {.out = out, .arena = arena, .err = err};
    struct json_place place = json_place_root(name);
    size_t blank = 0;
    *out = (struct openapi){0};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    while (blank < size && strchr(" \t\r\n", text[blank]) != NULL && text[blank] != '\0')
        blank++;
    if (blank < size && text[blank] != '{')
        return error_set_at(err, ERROR_INPUT, name,
                            "is not JSON; an OpenAPI document in YAML has to be converted to JSON");
    json_auto_t *root = json_parse_text(name, text, size, err);
    reading.root = root;
    bool ok = root != NULL && read_document(&reading, &place);
    HASH_CLEAR(hh, reading.shapes);
    return ok;
}

bool openapi_read(struct openapi *out, const char *path, struct arena *arena, struct error *err)
{
    struct buffer text;
    buffer_init(&text, OPENAPI_MAX_BYTES);
    bool ok = file_read(path, &text, err) &&
              openapi_parse(out, path, buffer_text(&text), text.length, arena, err);
    buffer_release(&text);
    return ok;
}
