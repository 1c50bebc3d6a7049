#include "baselines/run_text.h"

#include <stdint.h>
#include <string.h>

/* Fifteen digits give every decimal of up to fifteen digits back as it was written. */
#define DUMP_FLAGS (JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(15))

/* The length of an indented array of numbers and nulls from its "[" to its "]", or 0 when `text`
 * does not begin one. */
static size_t measure_figures(const char *text, size_t size)
{
    static const char allowed[] = "0123456789+-.eE, \nnul";
    for (size_t i = 1; i < size; i++) {
        if (text[i] == ']')
            return i + 1;
        if (memchr(allowed, text[i], sizeof allowed - 1) == NULL)
            return 0;
    }
    return 0;
}

static void append_on_one_line(struct buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n' || text[i] == ' ')
            continue;
        buffer_append_char(out, text[i]);
        if (text[i] == ',')
            buffer_append_char(out, ' ');
    }
}

/* The index after the string that begins at `start`. */
static size_t skip_string(const char *text, size_t size, size_t start)
{
    size_t at = start + 1;
    while (at < size && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at < size ? at + 1 : size;
}

static void append_compacted(struct buffer *out, const char *text, size_t size)
{
    size_t copied = 0;
    for (size_t at = 0; at < size;) {
        if (text[at] == '"') {
            at = skip_string(text, size, at);
            continue;
        }
        size_t length = text[at] == '[' ? measure_figures(text + at, size - at) : 0;
        if (length == 0) {
            at++;
            continue;
        }
        buffer_append(out, text + copied, at - copied);
        append_on_one_line(out, text + at, length);
        at += length;
        copied = at;
    }
    buffer_append(out, text + copied, size - copied);
}

static int append_chunk(const char *data, size_t size, void *out)
{
    struct buffer *buffer = out;
    buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

bool run_append_text(struct buffer *out, const json_t *json, struct error *err)
{
    struct buffer plain;
    bool ok = false;
    /* Indentation takes several times the room of what is left of it. */
    buffer_init(&plain, out->max > SIZE_MAX / 8 ? SIZE_MAX : out->max * 8);
    if (json_dump_callback(json, append_chunk, &plain, DUMP_FLAGS) != 0) {
        error_set_memory(err);
        goto out;
    }
    append_compacted(out, buffer_text(&plain), plain.length);
    buffer_append_char(out, '\n');
    ok = buffer_check(out, err);
out:
    buffer_release(&plain);
    return ok;
}
