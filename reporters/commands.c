#include "reporters/commands.h"

#include <string.h>

static void append_escaped(struct buffer *out, const char *text, const char *escaped)
{
    for (; *text != '\0'; text++) {
        if (strchr(escaped, *text) != NULL)
            buffer_append_format(out, "%%%02X", (unsigned)(unsigned char)*text);
        else
            buffer_append_char(out, *text);
    }
}

void commands_append_data(struct buffer *out, const char *text)
{
    append_escaped(out, text, "%\r\n");
}

void commands_append_property(struct buffer *out, const char *text)
{
    append_escaped(out, text, "%\r\n:,");
}

/* Puts `changed` in the place of what `text` has from `begin` on. */
static void put_back(struct buffer *text, size_t begin, struct buffer *changed)
{
    text->failed |= changed->failed;
    if (!text->failed) {
        text->length = begin;
        buffer_append(text, buffer_text(changed), changed->length);
    }
    buffer_release(changed);
}

void commands_replace(struct buffer *text, size_t begin, const char *what, const char *with)
{
    struct buffer changed;
    const char *rest = buffer_text(text) + begin;
    if (text->failed || text->length <= begin || strstr(rest, what) == NULL)
        return;
    buffer_init(&changed, text->max);
    for (const char *found; (found = strstr(rest, what)) != NULL; rest = found + strlen(what)) {
        buffer_append(&changed, rest, (size_t)(found - rest));
        buffer_append_string(&changed, with);
    }
    buffer_append_string(&changed, rest);
    put_back(text, begin, &changed);
}

static bool is_command(const char *line)
{
    return strncmp(line + strspn(line, " \t"), "::", 2) == 0;
}

/* A backslash before the colons that would begin a line. */
static void defuse_lines(struct buffer *text, size_t begin)
{
    struct buffer changed;
    if (text->failed || text->length <= begin || strstr(buffer_text(text) + begin, "::") == NULL)
        return;
    buffer_init(&changed, text->max);
    for (const char *line = buffer_text(text) + begin; *line != '\0';) {
        size_t size = strcspn(line, "\n"), blank = is_command(line) ? strspn(line, " \t") : 0;
        size += line[size] == '\n';
        buffer_append(&changed, line, blank);
        buffer_append_string(&changed, is_command(line) ? "\\" : "");
        buffer_append(&changed, line + blank, size - blank);
        line += size;
    }
    put_back(text, begin, &changed);
}

void commands_defuse_text(struct buffer *text, size_t begin)
{
    commands_replace(text, begin, "##[", "#\\#[");
    defuse_lines(text, begin);
}

void commands_defuse_json(struct buffer *text, size_t begin)
{
    commands_replace(text, begin, "##[", "\\u0023#[");
}

void commands_defuse_xml(struct buffer *text, size_t begin)
{
    commands_replace(text, begin, "##[", "&#35;#[");
}
