#include "replay/session_write.h"

#include "base/buffer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_MAX_BYTES = 256 * 1024 * 1024 };

struct writing {
    const struct session_use *use;
    session_value_of *value_of;
    const void *context;
    struct arena *arena;
};

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void append_percent(struct buffer *out, struct session_value value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (is_unreserved(value.text[i]))
            buffer_append_char(out, value.text[i]);
        else
            buffer_append_format(out, "%%%02X", (unsigned)(unsigned char)value.text[i]);
    }
}

/* Between quotes that are there. What is not UTF-8 cannot stand in JSON and goes out as it is. */
static void append_quoted(struct buffer *out, const char *text, size_t size)
{
    json_auto_t *string = json_stringn(text, size);
    char *spelt = string == NULL ? NULL : json_dumps(string, JSON_ENCODE_ANY);
    if (spelt != NULL)
        buffer_append(out, spelt + 1, strlen(spelt) - 2);
    else
        buffer_append(out, text, size);
    free(spelt);
}

static bool is_number(struct session_value value)
{
    json_auto_t *parsed = json_loadb(value.text, value.size, JSON_DECODE_ANY, NULL);
    return json_is_number(parsed);
}

static void append_spelt(struct buffer *out, enum session_spelling spelling,
                         struct session_value value)
{
    bool bare = spelling == SESSION_NUMBER && is_number(value);
    switch (spelling) {
    case SESSION_PERCENT:
        append_percent(out, value);
        break;
    case SESSION_RAW:
        buffer_append(out, value.text, value.size);
        break;
    case SESSION_IN_QUOTES:
        append_quoted(out, value.text, value.size);
        break;
    case SESSION_NUMBER:
        buffer_append_string(out, bare ? "" : "\"");
        append_quoted(out, value.text, value.size);
        buffer_append_string(out, bare ? "" : "\"");
        break;
    }
}

static void append_around(struct buffer *out, enum session_spelling spelling, const char *text)
{
    if (text == NULL)
        return;
    if (spelling == SESSION_IN_QUOTES || spelling == SESSION_NUMBER)
        append_quoted(out, text, strlen(text));
    else
        buffer_append_string(out, text);
}

static void append_patched(struct buffer *out, const struct session_patch *patch,
                           struct session_value value)
{
    /* With text around it, it is no number any more. */
    bool quoted = patch->spelling == SESSION_NUMBER && patch->before != NULL;
    enum session_spelling spelling = quoted ? SESSION_IN_QUOTES : patch->spelling;
    buffer_append_string(out, quoted ? "\"" : "");
    append_around(out, spelling, patch->before);
    append_spelt(out, spelling, value);
    append_around(out, spelling, patch->after);
    buffer_append_string(out, quoted ? "\"" : "");
}

static bool belongs(const struct session_patch *patch, enum session_part part, size_t header)
{
    return patch->part == part && (part != SESSION_IN_HEADER || patch->header == header);
}

/* The text with the patches of one part put in; `text` itself when there are none. */
static bool patch_text(const struct writing *writing, enum session_part part, size_t header,
                       const char **text, size_t *size)
{
    struct buffer out;
    size_t at = 0;
    bool changed = false;
    buffer_init(&out, REQUEST_MAX_BYTES);
    for (size_t i = 0; i < writing->use->patch_count; i++) {
        const struct session_patch *patch = &writing->use->patches[i];
        if (!belongs(patch, part, header))
            continue;
        struct session_value value = writing->value_of(writing->context, patch->slot);
        if (value.text == NULL)
            continue;
        buffer_append(&out, *text + at, patch->from - at);
        append_patched(&out, patch, value);
        at = patch->to;
        changed = true;
    }
    if (changed) {
        buffer_append(&out, *text + at, *size - at);
        *size = out.length;
        *text = out.failed ? NULL : arena_copy_bytes(writing->arena, buffer_text(&out), out.length);
    }
    buffer_release(&out);
    return *text != NULL;
}

/* Room for every field and those that are new. */
static bool write_headers(const struct writing *writing, struct headers *headers)
{
    const struct session_use *use = writing->use;
    size_t count = headers->count;
    struct header *items =
        arena_alloc_array(writing->arena, count + use->patch_count + 1, sizeof *items);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        items[i] = headers->items[i];
        size_t size = strlen(items[i].value);
        if (!patch_text(writing, SESSION_IN_HEADER, i, &items[i].value, &size))
            return false;
    }
    for (size_t i = 0; i < use->patch_count; i++) {
        const struct session_patch *patch = &use->patches[i];
        struct session_value value = writing->value_of(writing->context, patch->slot);
        if (patch->part != SESSION_NEW_HEADER || value.text == NULL)
            continue;
        items[count].name = patch->name;
        items[count].value =
            arena_format(writing->arena, "%s%s%s", patch->before != NULL ? patch->before : "",
                         value.text, patch->after != NULL ? patch->after : "");
        if (items[count++].value == NULL)
            return false;
    }
    *headers = (struct headers){items, count};
    return true;
}

bool session_write_request(const struct exchange *exchange, const struct session_use *use,
                           session_value_of *value_of, const void *context, struct arena *arena,
                           struct exchange *out)
{
    struct writing writing = {use, value_of, context, arena};
    *out = *exchange;
    size_t target_bytes = strlen(out->request.target);
    if (!patch_text(&writing, SESSION_IN_TARGET, 0, &out->request.target, &target_bytes) ||
        !write_headers(&writing, &out->request.headers))
        return false;
    return out->request.body.data == NULL ||
           patch_text(&writing, SESSION_IN_BODY, 0, &out->request.body.data,
                      &out->request.body.size);
}
