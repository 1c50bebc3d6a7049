#include "replay/body_shape.h"

#include "base/file.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS_SHOWN = 6,
    KEYS_SHOWN_BYTES = 40,
    KEYS_MAX = 64,     /* an object of more keys is a table, and its keys are values */
    ELEMENTS_MAX = 32, /* of a list that are looked at */
};

#define SCALAR     0x9e3779b97f4a7c15ULL
#define DEEP       0xc2b2ae3d27d4eb4fULL
#define TABLE      0x165667b19e3779f9ULL
#define PLAIN_LIST 0x27d4eb2f165667c5ULL

static uint64_t shape_hash(const json_t *value, int depth);

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

/* A list of numbers or texts, or an empty one. */
static bool is_plain_list(const json_t *value)
{
    if (!json_is_array(value))
        return false;
    for (size_t i = 0; i < json_array_size(value) && i < ELEMENTS_MAX; i++)
        if (!is_scalar(json_array_get(value, i)))
            return false;
    return true;
}

/* A sum does not know an order. */
static uint64_t object_hash(const json_t *object, int depth)
{
    uint64_t sum = 1;
    json_t *walked = (json_t *)(uintptr_t)object; /* jansson iterates without changing */
    if (json_object_size(object) > KEYS_MAX)
        return TABLE;
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        const char *key = json_object_iter_key(it);
        unsigned long long hash = file_hash_bytes(FILE_HASH_START, key, strlen(key) + 1);
        uint64_t inner = shape_hash(json_object_iter_value(it), depth + 1);
        sum += file_hash_bytes(hash, &inner, sizeof inner);
    }
    return sum;
}

/* Each structure once, however many elements have it. */
static uint64_t array_hash(const json_t *array, int depth)
{
    uint64_t seen[ELEMENTS_MAX], sum = 2;
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(array) && i < ELEMENTS_MAX; i++) {
        uint64_t hash = shape_hash(json_array_get(array, i), depth + 1);
        size_t at = 0;
        while (at < count && seen[at] != hash)
            at++;
        if (at < count)
            continue;
        seen[count++] = hash;
        sum += file_hash_bytes(FILE_HASH_START, &hash, sizeof hash);
    }
    return sum;
}

/* No deeper than BODY_SHAPE_DEPTH. */
static uint64_t shape_hash(const json_t *value, int depth)
{
    if (is_scalar(value))
        return SCALAR;
    if (is_plain_list(value))
        return PLAIN_LIST;
    if (depth >= BODY_SHAPE_DEPTH)
        return DEEP;
    return json_is_object(value) ? object_hash(value, depth) : array_hash(value, depth);
}

static unsigned short_hash(const json_t *value)
{
    uint64_t hash = shape_hash(value, 0);
    return (unsigned)(file_hash_bytes(FILE_HASH_START, &hash, sizeof hash) & 0xffff);
}

static int compare_keys(const void *a, const void *b)
{
    const char *const *one = a, *const *other = b;
    return strcmp(*one, *other);
}

/* The keys in order, or false when they would not be easy to read. */
static bool append_keys(struct buffer *out, const json_t *object)
{
    const char *keys[KEYS_SHOWN];
    size_t count = 0, bytes = 0;
    json_t *walked = (json_t *)(uintptr_t)object;
    if (json_object_size(object) > KEYS_SHOWN)
        return false;
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        keys[count] = json_object_iter_key(it);
        for (const char *c = keys[count]; *c != '\0'; c++)
            if ((unsigned char)*c <= ' ' || *c == 0x7f)
                return false;
        bytes += strlen(keys[count++]) + 1;
    }
    if (bytes > KEYS_SHOWN_BYTES)
        return false;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++) {
        buffer_append_char(out, i == 0 ? '{' : ',');
        buffer_append_string(out, keys[i]);
        const json_t *value = json_object_get(object, keys[i]);
        buffer_append_string(out, is_scalar(value) ? "" : is_plain_list(value) ? "[]" : "{}");
    }
    buffer_append_string(out, count == 0 ? "{}" : "}");
    return true;
}

static bool has_structure_inside(const json_t *object)
{
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *it = json_object_iter(walked); it; it = json_object_iter_next(walked, it)) {
        const json_t *value = json_object_iter_value(it);
        if (!is_scalar(value) && !is_plain_list(value))
            return true;
    }
    return false;
}

static void append_object(struct buffer *out, const json_t *object)
{
    size_t size = json_object_size(object);
    if (size > KEYS_MAX)
        buffer_append_string(out, "{many keys}");
    else if (!append_keys(out, object))
        buffer_append_format(out, "{%zu %s %04x}", size, size == 1 ? "key" : "keys",
                             short_hash(object));
    else if (has_structure_inside(object))
        buffer_append_format(out, " %04x", short_hash(object));
}

bool body_shape_append(struct buffer *out, const struct body *body)
{
    size_t start = 0;
    if (body->data == NULL || body->size > BODY_SHAPE_MAX_BYTES)
        return false;
    while (start < body->size && memchr(" \t\r\n", body->data[start], 4) != NULL)
        start++;
    if (start == body->size || (body->data[start] != '{' && body->data[start] != '['))
        return false;
    json_auto_t *root = json_loadb(body->data, body->size, JSON_ALLOW_NUL, NULL);
    if (json_is_object(root))
        append_object(out, root);
    else if (is_plain_list(root))
        buffer_append_string(out, "[]");
    else if (json_is_array(root))
        buffer_append_format(out, "[%04x]", short_hash(root));
    return root != NULL;
}
