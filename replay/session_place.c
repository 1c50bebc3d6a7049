#include "replay/session_place.h"

#include "replay/wire.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* One step of the pointer, unescaped, at the value; NULL when it leads nowhere. */
static const json_t *step_into(const json_t *value, const char *step, size_t size)
{
    char key[512];
    size_t length = 0;
    for (size_t i = 0; i < size && length + 1 < sizeof key; i++) {
        char c = step[i];
        if (c == '~' && i + 1 < size)
            c = step[++i] == '1' ? '/' : '~';
        key[length++] = c;
    }
    key[length] = '\0';
    if (json_is_object(value))
        return json_object_get(value, key);
    char *end;
    unsigned long index = strtoul(key, &end, 10);
    return length > 0 && key[0] >= '0' && key[0] <= '9' && *end == '\0'
               ? json_array_get(value, index)
               : NULL;
}

static const json_t *follow(const json_t *value, const char *pointer)
{
    while (value != NULL && *pointer == '/') {
        size_t size = strcspn(++pointer, "/");
        value = step_into(value, pointer, size);
        pointer += size;
    }
    return value;
}

static bool keep(const char *text, size_t size, struct arena *arena, struct session_value *out)
{
    if (size == 0 || size > SESSION_VALUE_MAX_BYTES)
        return true;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    }
    out->text = arena_copy_bytes(arena, text, size);
    out->size = size;
    return out->text != NULL;
}

static bool read_json(const char *pointer, struct body body, struct arena *arena,
                      struct session_value *out)
{
    json_auto_t *root =
        body.data == NULL ? NULL : json_loadb(body.data, body.size, JSON_ALLOW_NUL, NULL);
    const json_t *found = follow(root, pointer);
    if (json_is_string(found))
        return keep(json_string_value(found), json_string_length(found), arena, out);
    if (!json_is_number(found))
        return true;
    char *text = json_dumps(found, JSON_ENCODE_ANY);
    bool ok = text != NULL && keep(text, strlen(text), arena, out);
    free(text);
    return ok;
}

static bool read_cookie(const char *name, const char *field, struct arena *arena,
                        struct session_value *out)
{
    size_t size = strlen(name);
    field += strspn(field, " \t");
    if (strncmp(field, name, size) != 0 || field[size] != '=')
        return true;
    field += size + 1;
    return keep(field, strcspn(field, ";"), arena, out);
}

bool session_place_read(const struct session_place *place, const struct headers *headers,
                        struct body body, struct arena *arena, struct session_value *out)
{
    *out = (struct session_value){0};
    if (place->kind == SESSION_JSON)
        return read_json(place->name, body, arena, out);
    const char *field = place->kind == SESSION_COOKIE ? "Set-Cookie" : place->name;
    for (size_t i = 0; i < headers->count && out->text == NULL; i++) {
        const struct header *header = &headers->items[i];
        if (!wire_same_name(header->name, field))
            continue;
        bool ok = place->kind == SESSION_COOKIE
                      ? read_cookie(place->name, header->value, arena, out)
                      : keep(header->value, strlen(header->value), arena, out);
        if (!ok)
            return false;
    }
    return true;
}

void session_place_describe(const struct session_place *place, struct buffer *out)
{
    static const char *const words[] = {"", "header ", "cookie ", "query ", "form ", "path "};
    buffer_append_format(out, "%s%s", words[place->kind], place->name);
}

/* "Name: value" without the line's end. */
static bool split_line(const char *line, size_t size, struct arena *arena, struct header *out)
{
    const char *colon = memchr(line, ':', size);
    *out = (struct header){0};
    if (colon == NULL || colon == line)
        return true;
    const char *value = colon + 1, *end = line + size;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    out->name = arena_copy_bytes(arena, line, (size_t)(colon - line));
    out->value = arena_copy_bytes(arena, value, (size_t)(end - value));
    return out->name != NULL && out->value != NULL;
}

bool session_headers_split(const char *lines, size_t size, struct arena *arena, struct headers *out)
{
    size_t count = 0, room = 1;
    *out = (struct headers){0};
    for (size_t i = 0; i < size; i++)
        room += lines[i] == '\n';
    struct header *items = arena_alloc_array(arena, room, sizeof *items);
    if (items == NULL)
        return false;
    for (const char *end = lines + size; lines < end;) {
        const char *stop = memchr(lines, '\n', (size_t)(end - lines));
        size_t length = (size_t)((stop != NULL ? stop : end) - lines);
        size_t text = length > 0 && lines[length - 1] == '\r' ? length - 1 : length;
        if (!split_line(lines, text, arena, &items[count]))
            return false;
        count += items[count].name != NULL;
        lines += stop != NULL ? length + 1 : length;
    }
    *out = (struct headers){items, count};
    return true;
}
