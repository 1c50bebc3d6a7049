#include "insights/owners_names.h"

#include "base/buffer.h"

#include <string.h>

static bool is_name(const json_t *json)
{
    if (!json_is_string(json))
        return false;
    const char *text = json_string_value(json);
    size_t length = json_string_length(json);
    return length > 0 && length <= OWNERS_NAME_MAX_BYTES && strlen(text) == length &&
           strspn(text, " \t\r\n") < length;
}

bool owners_names_valid(const json_t *json)
{
    if (!json_is_array(json))
        return is_name(json);
    size_t count = json_array_size(json);
    for (size_t i = 0; i < count; i++)
        if (!is_name(json_array_get(json, i)))
            return false;
    return count > 0 && count <= OWNERS_NAMES_MAX;
}

const char *owners_names_join(const json_t *json, struct arena *arena)
{
    struct buffer text;
    if (json_is_string(json))
        return arena_copy_string(arena, json_string_value(json));
    buffer_init(&text, OWNERS_NAMES_MAX * (OWNERS_NAME_MAX_BYTES + 2));
    for (size_t i = 0; i < json_array_size(json); i++) {
        buffer_append_string(&text, i > 0 ? ", " : "");
        buffer_append_string(&text, json_string_value(json_array_get(json, i)));
    }
    const char *joined = text.failed ? NULL : arena_copy_string(arena, buffer_text(&text));
    buffer_release(&text);
    return joined;
}
