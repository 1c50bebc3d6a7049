#include "base/json.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct json_place json_place_root(const char *file)
{
    return (struct json_place){.name = file, .index = -1};
}

struct json_place json_place_key(const struct json_place *parent, const char *key)
{
    return (struct json_place){.parent = parent, .name = key, .index = -1};
}

struct json_place json_place_index(const struct json_place *parent, size_t index)
{
    return (struct json_place){.parent = parent, .index = (long)index};
}

static size_t place_format(const struct json_place *place, char *out, size_t size)
{
    if (place->parent == NULL) {
        int written = snprintf(out, size, "%s", place->name);
        return written < 0 ? 0 : (size_t)written < size ? (size_t)written : size - 1;
    }
    size_t used = place_format(place->parent, out, size);
    const char *joint = place->parent->parent == NULL ? ": " : ".";
    if (place->index >= 0)
        snprintf(out + used, size - used, "[%ld]", place->index);
    else
        snprintf(out + used, size - used, "%s%s", joint, place->name);
    return used + strlen(out + used);
}

void json_place_text(const struct json_place *place, char *out, size_t size)
{
    place_format(place, out, size);
}

bool json_fail(const struct json_place *place, struct error *err, const char *format, ...)
{
    char where[sizeof err->where];
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    place_format(place, where, sizeof where);
    return error_set_at(err, ERROR_INPUT, where, "%s", text);
}

json_t *json_parse_text(const char *name, const char *text, size_t size, struct error *err)
{
    json_error_t problem = {0};
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    if (root != NULL)
        return root;
    /* Where its very first allocation fails, jansson says nothing at all. */
    if (json_error_code(&problem) == json_error_out_of_memory || problem.text[0] == '\0') {
        error_set_memory(err);
        return NULL;
    }
    char where[sizeof err->where];
    bool is_encoding = json_error_code(&problem) == json_error_invalid_utf8;
    snprintf(where, sizeof where, "%s:%d:%d", name, problem.line, problem.column);
    error_set_at(err, ERROR_INPUT, where, "not valid %s: %s", is_encoding ? "UTF-8" : "JSON",
                 problem.text);
    return NULL;
}

json_t *json_parse_file(const char *path, size_t max_bytes, struct error *err)
{
    struct buffer text;
    json_t *root = NULL;
    buffer_init(&text, max_bytes);
    if (file_read(path, &text, err))
        root = json_parse_text(path, buffer_text(&text), text.length, err);
    buffer_release(&text);
    return root;
}

bool json_only_keys(const json_t *object, const char *const *keys, const struct json_place *place,
                    struct error *err)
{
    /* jansson's iteration takes a non-const object but changes nothing. */
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *it = json_object_iter(walked); it != NULL; it = json_object_iter_next(walked, it)) {
        const char *key = json_object_iter_key(it);
        bool known = false;
        for (size_t i = 0; keys[i] != NULL && !known; i++)
            known = strcmp(keys[i], key) == 0;
        if (known)
            continue;
        const char *nearest = text_nearest(key, keys);
        if (nearest != NULL)
            return json_fail(place, err, "unknown key \"%s\"; did you mean \"%s\"?", key, nearest);
        return json_fail(place, err, "unknown key \"%s\"", key);
    }
    return true;
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* The value of a key: NULL when absent (or null and optional), with the error set if needed. */
static const json_t *find(const json_t *object, const char *key, enum json_need need,
                          const struct json_place *place, struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value != NULL && (need == JSON_REQUIRED || !json_is_null(value)))
        return value;
    if (need == JSON_REQUIRED)
        json_fail(place, err, "\"%s\" is missing", key);
    return NULL;
}

static bool wrong_type(const json_t *value, const char *key, const char *wanted,
                       const struct json_place *place, struct error *err)
{
    struct json_place at = json_place_key(place, key);
    return json_fail(&at, err, "is %s, must be %s", type_name(value), wanted);
}

bool json_get_string(const json_t *object, const char *key, enum json_need need, const char **out,
                     const struct json_place *place, struct error *err)
{
    const json_t *value = find(object, key, need, place, err);
    if (value == NULL)
        return need == JSON_OPTIONAL;
    if (!json_is_string(value))
        return wrong_type(value, key, "a string", place, err);
    if (strlen(json_string_value(value)) != json_string_length(value))
        return wrong_type(value, key, "a string without NUL", place, err);
    *out = json_string_value(value);
    return true;
}

bool json_get_int(const json_t *object, const char *key, enum json_need need, int64_t min,
                  int64_t max, int64_t *out, const struct json_place *place, struct error *err)
{
    const json_t *value = find(object, key, need, place, err);
    if (value == NULL)
        return need == JSON_OPTIONAL;
    if (!json_is_integer(value))
        return wrong_type(value, key, "a whole number", place, err);
    int64_t number = json_integer_value(value);
    if (number < min || number > max) {
        struct json_place at = json_place_key(place, key);
        return json_fail(&at, err, "is %lld, must be from %lld to %lld", (long long)number,
                         (long long)min, (long long)max);
    }
    *out = number;
    return true;
}

bool json_get_number(const json_t *object, const char *key, enum json_need need, double min,
                     double max, double *out, const struct json_place *place, struct error *err)
{
    const json_t *value = find(object, key, need, place, err);
    if (value == NULL)
        return need == JSON_OPTIONAL;
    if (!json_is_number(value))
        return wrong_type(value, key, "a number", place, err);
    double number = json_number_value(value);
    if (!(number >= min && number <= max)) {
        struct json_place at = json_place_key(place, key);
        return json_fail(&at, err, "is %g, must be from %g to %g", number, min, max);
    }
    *out = number;
    return true;
}

bool json_get_bool(const json_t *object, const char *key, enum json_need need, bool *out,
                   const struct json_place *place, struct error *err)
{
    const json_t *value = find(object, key, need, place, err);
    if (value == NULL)
        return need == JSON_OPTIONAL;
    if (!json_is_boolean(value))
        return wrong_type(value, key, "true or false", place, err);
    *out = json_is_true(value);
    return true;
}

bool json_get_object(const json_t *object, const char *key, enum json_need need, const json_t **out,
                     const struct json_place *place, struct error *err)
{
    const json_t *value = find(object, key, need, place, err);
    if (value == NULL)
        return need == JSON_OPTIONAL;
    if (!json_is_object(value))
        return wrong_type(value, key, "an object", place, err);
    *out = value;
    return true;
}

bool json_get_array(const json_t *object, const char *key, enum json_need need, const json_t **out,
                    const struct json_place *place, struct error *err)
{
    const json_t *value = find(object, key, need, place, err);
    if (value == NULL)
        return need == JSON_OPTIONAL;
    if (!json_is_array(value))
        return wrong_type(value, key, "an array", place, err);
    *out = value;
    return true;
}
