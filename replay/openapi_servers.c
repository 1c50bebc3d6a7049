/* The base paths of an OpenAPI document's servers. */
#include "replay/openapi_private.h"

#include "base/buffer.h"

#include <string.h>

enum { SERVERS_MAX = 64, BASE_MAX_BYTES = 4096, EXPANSIONS_MAX = 64 };

/* A URL's path with the variables still in it: after scheme and host, before query and fragment. */
static const char *path_of_url(const char *url, size_t *size)
{
    const char *slashes = strstr(url, "//");
    const char *path = url;
    if (slashes != NULL && (slashes == url || slashes[-1] == ':' || slashes[-1] == '}')) {
        path = strchr(slashes + 2, '/');
        if (path == NULL)
            path = url + strlen(url);
    }
    *size = strcspn(path, "?#");
    return path;
}

/* Adds "/v3" for "/v3/", "v3", "./v3"; once. What is more than there is room for is an error. */
static bool add_base(struct openapi_bases *out, const char *text, struct arena *arena,
                     const struct json_place *place, struct error *err)
{
    size_t size;
    text = path_of_url(text, &size); /* a variable may have held scheme and host */
    if (size >= 1 && text[0] == '.' && (size == 1 || text[1] == '/')) {
        text++;
        size--;
    }
    while (size > 0 && text[size - 1] == '/')
        size--;
    char *base = size == 0
                     ? arena_copy_string(arena, "")
                     : arena_format(arena, "%s%.*s", text[0] == '/' ? "" : "/", (int)size, text);
    if (base == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->items[i], base) == 0)
            return true;
    if (out->count == OPENAPI_BASES_MAX)
        return json_fail(place, err, "has more than %d different base paths", OPENAPI_BASES_MAX);
    out->items[out->count++] = base;
    return true;
}

/* A server whose variables are being filled in. */
struct expansion {
    const json_t *variables;
    struct openapi_bases *out;
    struct arena *arena;
    const struct json_place *place;
    struct error *err;
    size_t made;
};

static bool expand(struct expansion *expansion, const char *text);

static bool expand_with(struct expansion *expansion, const char *text, const char *open,
                        const char *close, const json_t *value, const struct json_place *place)
{
    const char *word = json_string_value(value);
    if (word == NULL || strpbrk(word, "{}") != NULL)
        return json_fail(place, expansion->err, "must be text, without braces");
    char *filled =
        arena_format(expansion->arena, "%.*s%s%s", (int)(open - text), text, word, close + 1);
    if (filled == NULL)
        return error_set_memory(expansion->err);
    if (strlen(filled) > BASE_MAX_BYTES)
        return json_fail(place, expansion->err, "makes the base path too long");
    return expand(expansion, filled);
}

/* Fills in the first variable: each word of its "enum", or else its "default". */
static bool expand(struct expansion *expansion, const char *text)
{
    const char *open = strchr(text, '{');
    const char *close = open != NULL ? strchr(open, '}') : NULL;
    if (++expansion->made > EXPANSIONS_MAX)
        return json_fail(expansion->place, expansion->err, "has too many different base paths");
    if (close == NULL)
        return add_base(expansion->out, text, expansion->arena, expansion->place, expansion->err);
    char *name = arena_copy_bytes(expansion->arena, open + 1, (size_t)(close - open - 1));
    if (name == NULL)
        return error_set_memory(expansion->err);
    struct json_place at_all = json_place_key(expansion->place, "variables");
    struct json_place at = json_place_key(&at_all, name);
    const json_t *variable = json_object_get(expansion->variables, name);
    const json_t *words = json_object_get(variable, "enum");
    struct json_place at_default = json_place_key(&at, "default");
    if (variable == NULL)
        return json_fail(&at, expansion->err, "is missing, and the server's url has it");
    if (json_array_size(words) == 0)
        return expand_with(expansion, text, open, close, json_object_get(variable, "default"),
                           &at_default);
    struct json_place at_words = json_place_key(&at, "enum");
    for (size_t i = 0; i < json_array_size(words); i++) {
        struct json_place at_word = json_place_index(&at_words, i);
        if (!expand_with(expansion, text, open, close, json_array_get(words, i), &at_word))
            return false;
    }
    return true;
}

static bool read_server(struct openapi_bases *out, const json_t *server, struct arena *arena,
                        const struct json_place *place, struct error *err)
{
    const char *url = NULL;
    size_t size;
    if (!json_is_object(server))
        return json_fail(place, err, "must be an object with a \"url\"");
    if (!json_get_string(server, "url", JSON_REQUIRED, &url, place, err))
        return false;
    struct json_place at = json_place_key(place, "url");
    const char *path = path_of_url(url, &size);
    if (size > BASE_MAX_BYTES)
        return json_fail(&at, err, "is too long");
    char *copy = arena_copy_bytes(arena, path, size);
    if (copy == NULL)
        return error_set_memory(err);
    struct expansion expansion = {json_object_get(server, "variables"), out, arena, place, err, 0};
    return expand(&expansion, copy);
}

bool openapi_read_bases(struct openapi_bases *out, bool *has_own, const json_t *object,
                        struct arena *arena, const struct json_place *place, struct error *err)
{
    const json_t *servers = NULL;
    *has_own = false;
    if (!json_get_array(object, "servers", JSON_OPTIONAL, &servers, place, err))
        return false;
    if (json_array_size(servers) == 0)
        return true;
    *has_own = true;
    *out = (struct openapi_bases){0};
    struct json_place at_list = json_place_key(place, "servers");
    if (json_array_size(servers) > SERVERS_MAX)
        return json_fail(&at_list, err, "has more than %d servers", SERVERS_MAX);
    for (size_t i = 0; i < json_array_size(servers); i++) {
        struct json_place at = json_place_index(&at_list, i);
        if (!read_server(out, json_array_get(servers, i), arena, &at, err))
            return false;
    }
    return true;
}
