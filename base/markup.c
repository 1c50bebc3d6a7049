#include "base/markup.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Whether nothing but blanks stands on the line that is being written. */
static bool begins_line(const struct buffer *out)
{
    size_t at = out->length;
    while (at > 0 && (out->data[at - 1] == ' ' || out->data[at - 1] == '\t'))
        at--;
    return at == 0 || out->data[at - 1] == '\n';
}

static void append_escaped(struct buffer *out, const char *text, size_t size)
{
    size_t begin = 0;
    for (size_t i = 0; i < size; i++) {
        const char *entity = entity_of(text[i]);
        bool colons = text[i] == ':' && i + 1 < size && text[i + 1] == ':';
        if (entity == NULL && !colons)
            continue;
        buffer_append(out, text + begin, i - begin);
        begin = i;
        if (colons && begins_line(out))
            entity = "&#58;";
        if (entity == NULL)
            continue;
        buffer_append_string(out, entity);
        begin = i + 1;
    }
    buffer_append(out, text + begin, size - begin);
}

void markup_append_text_bytes(struct buffer *out, const char *text, size_t size)
{
    struct buffer safe;
    buffer_init(&safe, out->max);
    text_append_safe(&safe, text, size, true);
    if (safe.failed)
        out->failed = true;
    else
        append_escaped(out, buffer_text(&safe), safe.length);
    buffer_release(&safe);
}

void markup_append_text(struct buffer *out, const char *text)
{
    markup_append_text_bytes(out, text, strlen(text));
}

static void append_tag(struct buffer *out, const char *name, va_list attributes)
{
    buffer_append_char(out, '<');
    buffer_append_string(out, name);
    for (const char *key; (key = va_arg(attributes, const char *)) != NULL;) {
        const char *value = va_arg(attributes, const char *);
        if (value == NULL)
            continue;
        buffer_append_char(out, ' ');
        buffer_append_string(out, key);
        buffer_append_string(out, "=\"");
        markup_append_text(out, value);
        buffer_append_char(out, '"');
    }
}

void markup_open(struct buffer *out, const char *name, ...)
{
    va_list attributes;
    va_start(attributes, name);
    append_tag(out, name, attributes);
    va_end(attributes);
    buffer_append_char(out, '>');
}

void markup_close(struct buffer *out, const char *name)
{
    buffer_append_string(out, "</");
    buffer_append_string(out, name);
    buffer_append_char(out, '>');
}

void markup_empty(struct buffer *out, const char *name, ...)
{
    va_list attributes;
    va_start(attributes, name);
    append_tag(out, name, attributes);
    va_end(attributes);
    buffer_append_string(out, "/>");
}

void markup_element(struct buffer *out, const char *name, const char *text, ...)
{
    va_list attributes;
    va_start(attributes, text);
    append_tag(out, name, attributes);
    va_end(attributes);
    buffer_append_char(out, '>');
    markup_append_text(out, text);
    markup_close(out, name);
}

static bool is_line_separator(const char *at)
{
    return strncmp(at, "\xe2\x80\xa8", 3) == 0 || strncmp(at, "\xe2\x80\xa9", 3) == 0;
}

void markup_append_json(struct buffer *out, const char *json)
{
    for (const char *at = json; *at != '\0'; at++) {
        if (*at == '<' || *at == '>' || *at == '&') {
            buffer_append_format(out, "\\u%04x", (unsigned)*at);
        } else if (*at == '\xe2' && is_line_separator(at)) {
            buffer_append_format(out, "\\u202%c", at[2] == '\xa8' ? '8' : '9');
            at += 2;
        } else {
            buffer_append_char(out, *at);
        }
    }
}
