#include "baselines/json_reader.h"

#include <string.h>

bool reader_text(struct reader *reader, const json_t *object, const char *key, enum json_need need,
                 size_t max, const char **out, const struct json_place *place)
{
    const char *text = NULL;
    *out = NULL;
    if (!json_get_string(object, key, need, &text, place, reader->err))
        return false;
    if (text == NULL)
        return true;
    if (strlen(text) > max) {
        struct json_place at = json_place_key(place, key);
        return json_fail(&at, reader->err, "is %zu bytes long, must be at most %zu", strlen(text),
                         max);
    }
    *out = arena_copy_string(reader->arena, text);
    return *out != NULL || error_set_memory(reader->err);
}

bool reader_name(struct reader *reader, const json_t *object, const char *key, const char **out,
                 const struct json_place *place)
{
    if (!reader_text(reader, object, key, JSON_REQUIRED, READER_LINE_MAX, out, place))
        return false;
    struct json_place at = json_place_key(place, key);
    return **out != '\0' || json_fail(&at, reader->err, "is empty");
}

bool reader_word(struct reader *reader, const json_t *object, const char *key, const char **out,
                 const struct json_place *place)
{
    return reader_text(reader, object, key, JSON_OPTIONAL, READER_WORD_MAX, out, place);
}

bool reader_hex(struct reader *reader, const json_t *object, const char *key, const char **out,
                const struct json_place *place)
{
    if (!reader_word(reader, object, key, out, place))
        return false;
    if (*out == NULL || (**out != '\0' && (*out)[strspn(*out, "0123456789abcdef")] == '\0'))
        return true;
    struct json_place at = json_place_key(place, key);
    return json_fail(&at, reader->err, "must be hex digits");
}

bool reader_count(struct reader *reader, const json_t *object, const char *key, int64_t *out,
                  const struct json_place *place)
{
    return json_get_int(object, key, JSON_REQUIRED, 0, READER_COUNT_LIMIT, out, place, reader->err);
}

bool reader_list(struct reader *reader, const json_t *object, const char *key, size_t max,
                 size_t element_size, const json_t **array, void **room,
                 const struct json_place *place)
{
    if (!json_get_array(object, key, JSON_REQUIRED, array, place, reader->err))
        return false;
    if (json_array_size(*array) > max) {
        struct json_place at = json_place_key(place, key);
        return json_fail(&at, reader->err, "has %zu elements, must have at most %zu",
                         json_array_size(*array), max);
    }
    *room = arena_alloc_array(reader->arena, json_array_size(*array), element_size);
    return *room != NULL || error_set_memory(reader->err);
}

bool reader_object(struct reader *reader, const json_t *value, const struct json_place *place)
{
    return json_is_object(value) || json_fail(place, reader->err, "must be an object");
}

bool reader_tuple(struct reader *reader, const json_t *value, const struct reader_tuple *rule,
                  int64_t *out, const struct json_place *place)
{
    if (json_array_size(value) != rule->count)
        return json_fail(place, reader->err, "must be an array of %zu whole numbers", rule->count);
    for (size_t i = 0; i < rule->count; i++) {
        const json_t *element = json_array_get(value, i);
        out[i] = json_integer_value(element);
        if (!json_is_integer(element) || out[i] < rule->min || out[i] > rule->max[i]) {
            struct json_place at = json_place_index(place, i);
            return json_fail(&at, reader->err, "must be a whole number from %lld to %lld",
                             (long long)rule->min, (long long)rule->max[i]);
        }
    }
    return true;
}
