#include "insights/owners_openapi.h"

#include "base/json.h"
#include "insights/owners_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BASES_MAX = 16,
    BASE_MAX_BYTES = 1024,
    POINTER_MAX_BYTES = 1024,
    PLACE_SIZE = 512,
    METHOD_SIZE = 16
};

static const char *const methods[] = {"get",  "put",   "post",  "delete", "options",
                                      "head", "patch", "trace", NULL};

/* The document while it is read. */
struct reading {
    const json_t *root;
    const char *name;
    struct arena *arena;
    struct error *err;
    struct openapi_owner *rows;
    size_t count, room;
};

struct bases {
    char texts[BASES_MAX][BASE_MAX_BYTES];
    size_t count;
};

/* The path of a server's address, without a slash at its end: "/v3" of "https://{host}/v3/". Its
 * variables get their defaults. */
static void read_server(struct bases *bases, const json_t *server)
{
    const char *url = json_string_value(json_object_get(server, "url"));
    const json_t *variables = json_object_get(server, "variables");
    if (url == NULL || bases->count == BASES_MAX)
        return;
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : url;
    char *out = bases->texts[bases->count];
    size_t used = 0;
    while (path != NULL && *path != '\0' && *path != '?' && used + 1 < BASE_MAX_BYTES) {
        size_t inside = *path == '{' ? strcspn(path, "}") : 0;
        char variable[128];
        if (inside == 0 || path[inside] != '}') {
            out[used++] = *path++;
            continue;
        }
        snprintf(variable, sizeof variable, "%.*s", (int)(inside - 1 < 127 ? inside - 1 : 127),
                 path + 1);
        const char *value =
            json_string_value(json_object_get(json_object_get(variables, variable), "default"));
        for (; value != NULL && *value != '\0' && used + 1 < BASE_MAX_BYTES; value++)
            out[used++] = *value;
        path += inside + 1;
    }
    while (used > 0 && out[used - 1] == '/')
        used--;
    out[used] = '\0';
    bases->count++;
}

/* Those of an object that has servers of its own; else they stay as they were. */
static void read_servers(struct bases *bases, const json_t *object)
{
    const json_t *servers = json_object_get(object, "servers");
    if (!json_is_array(servers) || json_array_size(servers) == 0)
        return;
    bases->count = 0;
    for (size_t i = 0; i < json_array_size(servers); i++)
        read_server(bases, json_array_get(servers, i));
}

static void read_root_bases(struct bases *bases, const json_t *root)
{
    const char *base = json_string_value(json_object_get(root, "basePath"));
    bases->count = 1;
    snprintf(bases->texts[0], BASE_MAX_BYTES, "%s", base != NULL ? base : "");
    size_t used = strlen(bases->texts[0]);
    while (used > 0 && bases->texts[0][used - 1] == '/')
        bases->texts[0][--used] = '\0';
    read_servers(bases, root);
}

/* One name of a JSON pointer, with ~1 and ~0 undone. */
static void unescape(const char *from, size_t size, char out[static POINTER_MAX_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; i < size && used + 1 < POINTER_MAX_BYTES; i++) {
        bool escaped = from[i] == '~' && i + 1 < size && (from[i + 1] == '0' || from[i + 1] == '1');
        out[used++] = escaped ? (from[i + 1] == '1' ? '/' : '~') : from[i];
        i += escaped;
    }
    out[used] = '\0';
}

/* Where a path item's "$ref" points inside the document, one step; else the item itself. */
static const json_t *follow(const json_t *root, const json_t *item)
{
    const char *pointer = json_string_value(json_object_get(item, "$ref"));
    char name[POINTER_MAX_BYTES];
    if (pointer == NULL || strncmp(pointer, "#/", 2) != 0)
        return item;
    const json_t *at = root;
    for (pointer += 1; *pointer == '/' && at != NULL;) {
        size_t size = strcspn(++pointer, "/");
        unescape(pointer, size, name);
        at = json_object_get(at, name);
        pointer += size;
    }
    return at != NULL ? at : item;
}

/* x-owner or x-team of an object; NULL when it has none that is a name. */
static const json_t *find_extension(const json_t *object, const char **key)
{
    static const char *const keys[] = {"x-owner", "x-team"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const json_t *value = json_object_get(object, keys[i]);
        if (value != NULL && owners_names_valid(value)) {
            *key = keys[i];
            return value;
        }
    }
    return NULL;
}

/* Where the document lists the tag; NULL when it does not. */
static const json_t *find_tag(const json_t *root, const char *name, size_t *index)
{
    const json_t *tags = json_object_get(root, "tags");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *each = json_string_value(json_object_get(json_array_get(tags, i), "name"));
        if (each != NULL && strcmp(each, name) == 0) {
            *index = i;
            return json_array_get(tags, i);
        }
    }
    return NULL;
}

/* Who, and the place that says so. NULL = nobody. */
static const json_t *find_owner(const struct reading *reading, const char *path, const json_t *item,
                                const char *method, const json_t *operation,
                                char where[static PLACE_SIZE])
{
    const char *key = NULL;
    size_t index = 0;
    const json_t *tag = json_array_get(json_object_get(operation, "tags"), 0);
    const json_t *owner = find_extension(operation, &key);
    snprintf(where, PLACE_SIZE, "%s: paths.%s.%s.%s", reading->name, path, method,
             owner != NULL ? key : "tags[0]");
    if (owner != NULL)
        return owner;
    if ((owner = find_extension(item, &key)) != NULL) {
        snprintf(where, PLACE_SIZE, "%s: paths.%s.%s", reading->name, path, key);
        return owner;
    }
    const json_t *listed =
        json_is_string(tag) ? find_tag(reading->root, json_string_value(tag), &index) : NULL;
    if ((owner = find_extension(listed, &key)) != NULL) {
        snprintf(where, PLACE_SIZE, "%s: tags[%zu].%s", reading->name, index, key);
        return owner;
    }
    if ((owner = find_extension(reading->root, &key)) != NULL) {
        snprintf(where, PLACE_SIZE, "%s: %s", reading->name, key);
        return owner;
    }
    if ((owner = find_extension(json_object_get(reading->root, "info"), &key)) != NULL) {
        snprintf(where, PLACE_SIZE, "%s: info.%s", reading->name, key);
        return owner;
    }
    return tag != NULL && owners_names_valid(tag) ? tag : NULL;
}

static bool make_room(struct reading *reading)
{
    if (reading->count < reading->room)
        return true;
    if (reading->count >= OWNERS_OPENAPI_ROWS_MAX)
        return error_set_at(reading->err, ERROR_INPUT, reading->name, "has more than %d operations",
                            OWNERS_OPENAPI_ROWS_MAX);
    size_t room = reading->room > 0 ? 2 * reading->room : 64;
    struct openapi_owner *rows = reallocarray(reading->rows, room, sizeof *rows);
    if (rows == NULL)
        return error_set_memory(reading->err);
    reading->rows = rows;
    reading->room = room;
    return true;
}

static bool read_operation(struct reading *reading, const struct bases *bases, const char *path,
                           const json_t *item, const char *method)
{
    char where[PLACE_SIZE], upper[METHOD_SIZE];
    const json_t *operation = json_object_get(item, method);
    const json_t *owner = json_is_object(operation)
                              ? find_owner(reading, path, item, method, operation, where)
                              : NULL;
    struct bases own = *bases;
    size_t length = strlen(method);
    if (owner == NULL)
        return true;
    for (size_t i = 0; i <= length; i++)
        upper[i] = (char)toupper((unsigned char)method[i]);
    const char *name = owners_names_join(owner, reading->arena);
    const char *verb = arena_copy_string(reading->arena, upper);
    const char *rule = arena_copy_string(reading->arena, where);
    if (name == NULL || verb == NULL || rule == NULL)
        return error_set_memory(reading->err);
    read_servers(&own, operation);
    for (size_t i = 0; i < own.count; i++) {
        const char *full = arena_format(reading->arena, "%s%s", own.texts[i], path);
        if (full == NULL)
            return error_set_memory(reading->err);
        if (!make_room(reading))
            return false;
        reading->rows[reading->count++] = (struct openapi_owner){verb, full, name, rule};
    }
    return true;
}

static bool read_paths(struct reading *reading)
{
    json_t *paths = json_object_get(reading->root, "paths");
    struct bases bases;
    read_root_bases(&bases, reading->root);
    for (void *it = json_object_iter(paths); it; it = json_object_iter_next(paths, it)) {
        const json_t *item = follow(reading->root, json_object_iter_value(it));
        struct bases own = bases;
        if (!json_is_object(item) || json_object_iter_key(it)[0] != '/')
            continue;
        read_servers(&own, item);
        for (size_t i = 0; methods[i] != NULL; i++)
            if (!read_operation(reading, &own, json_object_iter_key(it), item, methods[i]))
                return false;
    }
    return true;
}

bool owners_openapi_parse(struct owners_openapi *openapi, const char *name, const char *text,
                          size_t size, struct arena *arena, struct error *err)
{
    *openapi = (struct owners_openapi){0};
    json_t *root = json_parse_text(name, text, size, err);
    if (root == NULL)
        return false;
    struct json_place place = json_place_root(name);
    struct reading reading = {.root = root, .name = name, .arena = arena, .err = err};
    struct openapi_owner *rows = NULL;
    bool ok = json_is_object(root) && json_is_object(json_object_get(root, "paths"));
    if (!ok)
        json_fail(&place, err, "is no OpenAPI document in JSON: it has no \"paths\"");
    ok = ok && read_paths(&reading);
    if (ok && (rows = arena_alloc_array(arena, reading.count, sizeof *rows)) == NULL)
        ok = error_set_memory(err);
    if (ok && reading.count > 0)
        memcpy(rows, reading.rows, reading.count * sizeof *rows);
    if (ok)
        *openapi = (struct owners_openapi){rows, reading.count};
    free(reading.rows);
    json_decref(root);
    return ok;
}

/* Segment by segment, a variable being like any other. */
static bool same_template(const char *left, const char *right)
{
    while (*left != '\0' && *right != '\0') {
        if (*left == '{' && *right == '{') {
            left += strcspn(left, "}/");
            right += strcspn(right, "}/");
        }
        if (*left != *right)
            return false;
        left += *left != '\0';
        right += *right != '\0';
    }
    return *left == *right;
}

const struct openapi_owner *owners_openapi_find(const struct owners_openapi *openapi,
                                                const char *endpoint)
{
    const char *space = strchr(endpoint, ' ');
    size_t method = space != NULL ? (size_t)(space - endpoint) : 0;
    for (size_t i = 0; i < openapi->count && space != NULL; i++) {
        const struct openapi_owner *row = &openapi->rows[i];
        if (strlen(row->method) == method && strncmp(row->method, endpoint, method) == 0 &&
            same_template(row->path, space + 1))
            return row;
    }
    return NULL;
}
