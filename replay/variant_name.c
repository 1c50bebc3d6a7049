#include "replay/variant_name.h"

#include "base/file.h"
#include "base/text.h"
#include "replay/body_shape.h"
#include "replay/query_keys.h"
#include "replay/wire.h"

#include <string.h>
#include <strings.h>

enum {
    KEYS_SHOWN_BYTES = 40,
    KEYS_MAX_BYTES = 16384,
    SMALLEST_CLASS = 256, /* bytes; each class is four times the one before */
};

/* Keys of a form may be any bytes. */
static bool is_readable(const char *keys, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)keys[i] <= ' ' || keys[i] == 0x7f)
            return false;
    return size <= KEYS_SHOWN_BYTES && text_is_utf8(keys, size);
}

/* "a+b" for "a&b"; keys that are not to be read become "12 keys 3f2a". */
static void append_keys(struct buffer *out, const char *keys, size_t size)
{
    size_t count = 1;
    for (size_t i = 0; i < size; i++)
        count += keys[i] == '&';
    if (!is_readable(keys, size)) {
        buffer_append_format(out, "%zu %s %04llx", count, count == 1 ? "key" : "keys",
                             file_hash_bytes(FILE_HASH_START, keys, size) & 0xffff);
        return;
    }
    for (size_t i = 0; i < size; i++)
        buffer_append_char(out, keys[i] == '&' ? '+' : keys[i]);
}

static void append_query(struct buffer *out, const char *target, size_t size)
{
    struct buffer keys;
    buffer_init(&keys, KEYS_MAX_BYTES);
    query_keys_append(&keys, target, size);
    if (keys.length > 0 && strcmp(buffer_text(&keys), "…") == 0)
        buffer_append_string(out, "many keys");
    else if (keys.length > 0)
        append_keys(out, buffer_text(&keys), keys.length);
    out->failed |= keys.failed;
    buffer_release(&keys);
}

static void append_joint(struct buffer *out, size_t start)
{
    if (out->length > start)
        buffer_append_string(out, ", ");
}

/* The class's upper end: 256 B, 1 kB, 4 kB and so on. */
static void append_size_class(struct buffer *out, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t end = SMALLEST_CLASS, unit = 0;
    while (end < size && end <= SIZE_MAX / 4)
        end *= 4;
    while (end >= 1024) {
        end /= 1024;
        unit++;
    }
    buffer_append_format(out, "%zu %s", end, units[unit]);
}

static const char *content_type(const struct request *request)
{
    for (size_t i = 0; i < request->headers.count; i++)
        if (wire_same_name(request->headers.items[i].name, "Content-Type"))
            return request->headers.items[i].value;
    return "";
}

static bool is_form(const char *type)
{
    static const char name[] = "application/x-www-form-urlencoded";
    return strncasecmp(type, name, sizeof name - 1) == 0;
}

/* "text/plain; charset=x" is "text/plain". */
static void append_type(struct buffer *out, const char *type)
{
    size_t size = strcspn(type, "; \t");
    if (size == 0 || size > KEYS_SHOWN_BYTES || !text_is_utf8(type, size))
        buffer_append_string(out, "body");
    else
        buffer_append(out, type, size);
}

/* The keys of a form are those of a query. */
static void append_form(struct buffer *out, const struct body *body)
{
    struct buffer query;
    buffer_init(&query, KEYS_MAX_BYTES);
    buffer_append_char(&query, '?');
    if (body->size < KEYS_MAX_BYTES / 2)
        buffer_append(&query, body->data, body->size);
    buffer_append_string(out, "form ");
    if (query.length > 1)
        append_query(out, buffer_text(&query), query.length);
    else
        buffer_append_string(out, "of many");
    out->failed |= query.failed;
    buffer_release(&query);
}

static void append_body(struct buffer *out, const struct request *request)
{
    const struct body *body = &request->body;
    const char *type = content_type(request);
    if (is_form(type))
        append_form(out, body);
    else if (!body_shape_append(out, body))
        append_type(out, type);
    buffer_append_string(out, ", ");
    append_size_class(out, body->size);
}

void variant_name_append(struct buffer *out, const struct request *request)
{
    size_t start = out->length;
    append_query(out, request->target, strlen(request->target));
    if (request->body.data != NULL && request->body.size > 0) {
        append_joint(out, start);
        append_body(out, request);
    }
    if (out->length == start)
        buffer_append_string(out, "plain");
}
