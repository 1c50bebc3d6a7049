#include "reporters/finding_json.h"

#include "reporters/commands.h"
#include "reporters/words.h"

#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 20, TEXT_SHOWN_BYTES = 2000, REAL_DIGITS = 12 };

static json_t *take_text(struct buffer *text)
{
    json_t *json = text->failed ? NULL : json_stringn(buffer_text(text), text->length);
    buffer_release(text);
    return json;
}

json_t *finding_json_message(const struct finding *finding)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    finding_append_title(&text, finding);
    buffer_append_string(&text, finding->metric == METRIC_COUNT ? ": " : ". ");
    finding_append_reason(&text, finding);
    if (finding->because != NULL) {
        buffer_append_string(&text, ". Because of ");
        words_append_cut(&text, finding->because, TEXT_SHOWN_BYTES, false);
    }
    return take_text(&text);
}

json_t *finding_json_text(const char *text)
{
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    words_append_cut(&safe, text, TEXT_SHOWN_BYTES, false);
    return take_text(&safe);
}

static int append_bytes(const char *data, size_t size, void *out)
{
    struct buffer *buffer = out;
    buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

bool finding_json_dump(const json_t *json, struct buffer *out, struct error *err)
{
    size_t begin = out->length;
    size_t flags = JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(REAL_DIGITS);
    if (json_dump_callback(json, append_bytes, out, flags) != 0 && !out->failed)
        return error_set_memory(err);
    buffer_append_char(out, '\n');
    commands_defuse_json(out, begin);
    return buffer_check(out, err);
}
