#include "replay/import_har_form.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX_BYTES = 70 }; /* RFC 2046, 5.1.1 */

static const char *text_of(const json_t *param, const char *key, size_t *size)
{
    const json_t *value = json_object_get(param, key);
    *size = json_string_length(value);
    return json_is_string(value) ? json_string_value(value) : "";
}

/* As a browser encodes the fields of a form: a space is a plus. */
static void append_encoded(struct buffer *out, const char *text, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c != '\0' && strchr("*-._", c) != NULL);
        if (c == ' ') {
            buffer_append_char(out, '+');
        } else if (plain) {
            buffer_append_char(out, (char)c);
        } else {
            char coded[3] = {'%', hex[c >> 4], hex[c & 15]};
            buffer_append(out, coded, sizeof coded);
        }
    }
}

static void append_urlencoded(struct buffer *out, const json_t *params)
{
    size_t size;
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *param = json_array_get(params, i);
        if (i > 0)
            buffer_append_char(out, '&');
        const char *name = text_of(param, "name", &size);
        append_encoded(out, name, size);
        buffer_append_char(out, '=');
        const char *value = text_of(param, "value", &size);
        append_encoded(out, value, size);
    }
}

/* Quotes and line ends in a name, as browsers write them. */
static void append_quoted(struct buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            buffer_append_string(out, "%22");
        else if (text[i] == '\r')
            buffer_append_string(out, "%0D");
        else if (text[i] == '\n')
            buffer_append_string(out, "%0A");
        else
            buffer_append_char(out, text[i]);
    }
}

static void append_part(struct buffer *out, const char *boundary, const json_t *param)
{
    size_t size;
    buffer_append_format(out, "--%s\r\nContent-Disposition: form-data; name=\"", boundary);
    const char *name = text_of(param, "name", &size);
    append_quoted(out, name, size);
    buffer_append_char(out, '"');
    const char *file = text_of(param, "fileName", &size);
    if (size > 0) {
        buffer_append_string(out, "; filename=\"");
        append_quoted(out, file, size);
        buffer_append_char(out, '"');
    }
    const char *type = text_of(param, "contentType", &size);
    if (size > 0) {
        buffer_append_string(out, "\r\nContent-Type: ");
        append_quoted(out, type, size);
    }
    buffer_append_string(out, "\r\n\r\n");
    const char *value = text_of(param, "value", &size);
    buffer_append(out, value, size);
    buffer_append_string(out, "\r\n");
}

/* The boundary of "multipart/form-data; boundary=XXX", perhaps in quotes. */
static bool find_boundary(const char *content_type, char out[BOUNDARY_MAX_BYTES + 1])
{
    const char *at = strcasestr(content_type, "boundary=");
    if (at == NULL)
        return false;
    at += strlen("boundary=");
    bool quoted = *at == '"';
    at += quoted;
    size_t size = strcspn(at, quoted ? "\"" : "; \t");
    if (size == 0 || size > BOUNDARY_MAX_BYTES)
        return false;
    memcpy(out, at, size);
    out[size] = '\0';
    return true;
}

bool har_form_append(struct buffer *out, const char *content_type, const json_t *params)
{
    char boundary[BOUNDARY_MAX_BYTES + 1];
    if (strncasecmp(content_type, "application/x-www-form-urlencoded", 33) == 0) {
        append_urlencoded(out, params);
        return true;
    }
    if (strncasecmp(content_type, "multipart/form-data", 19) != 0 ||
        !find_boundary(content_type, boundary))
        return false;
    for (size_t i = 0; i < json_array_size(params); i++)
        append_part(out, boundary, json_array_get(params, i));
    buffer_append_format(out, "--%s--\r\n", boundary);
    return true;
}
