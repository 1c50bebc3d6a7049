#include "reporters/markdown_text.h"

#include "reporters/commands.h"
#include "reporters/words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* A table splits its rows at pipes before it looks for code; renderers differ in how a backslash
 * before one counts, so that spelling it out is the one form that all understand. */
static void append_code_bytes(struct buffer *out, const char *text, size_t size)
{
    buffer_append_char(out, '`');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '`' || text[i] == '|')
            buffer_append_format(out, "\\x%02x", (unsigned)text[i]);
        else if (text[i] == '#' && strncmp(text + i, "##[", 3) == 0)
            buffer_append_string(out, "\\x23"); /* how runners know a command within a line */
        else
            buffer_append_char(out, text[i]);
    }
    buffer_append_char(out, '`');
}

void markdown_append_code(struct buffer *out, const char *text, size_t most)
{
    struct buffer safe;
    buffer_init(&safe, most + 1);
    words_append_cut(&safe, text, most, false);
    const char *whole = buffer_text(&safe);
    size_t size = safe.length;
    while (size > 0 && *whole == ' ') {
        whole++;
        size--;
    }
    while (size > 0 && whole[size - 1] == ' ')
        size--;
    if (safe.failed)
        out->failed = true;
    if (size == 0) /* two backticks would be no code, but begin one */
        buffer_append_string(out, "` `");
    else
        append_code_bytes(out, whole, size);
    buffer_release(&safe);
}

void markdown_append_name(struct buffer *out, const char *name)
{
    markdown_append_code(out, name, MARKDOWN_NAME_MAX_BYTES);
}

static bool begins(const char *word, size_t size, const char *with)
{
    return size >= strlen(with) && strncasecmp(word, with, strlen(with)) == 0;
}

/* Whether a renderer may take the word for more than text: by its characters, or as a link, an
 * issue's short form ("GH-12", "!12", "%12") or an emoji's (":+1:"). */
static bool is_suspicious(const char *word, size_t size)
{
    static const char marks[] = "`*_~[]<>&@#|\\${}", before_names[] = ":!%", after[] = "/+-\"";
    for (size_t i = 0; i < size; i++) {
        char next = i + 1 < size ? word[i + 1] : ' ';
        bool named = isalnum((unsigned char)next) || strchr(after, next) != NULL;
        if (strchr(marks, word[i]) != NULL || (named && strchr(before_names, word[i]) != NULL))
            return true;
    }
    const char *core = word;
    while (size > 0 && !isalnum((unsigned char)*core)) {
        core++;
        size--;
    }
    return begins(core, size, "www.") || begins(core, size, "gh-");
}

void markdown_append_words(struct buffer *out, const char *text, size_t most)
{
    struct buffer safe;
    buffer_init(&safe, most + 1);
    words_append_cut(&safe, text, most, false);
    if (safe.failed)
        out->failed = true;
    for (const char *at = buffer_text(&safe); *at != '\0';) {
        size_t size = strcspn(at, " ");
        if (size == 0)
            buffer_append_char(out, *at++);
        else if (is_suspicious(at, size))
            append_code_bytes(out, at, size);
        else
            buffer_append(out, at, size);
        at += size;
    }
    buffer_release(&safe);
}

/* A line that begins with three backticks would end the block. What is code to a renderer is still
 * a line to a runner. */
void markdown_append_block(struct buffer *out, const char *text)
{
    struct buffer plain;
    buffer_init(&plain, SIZE_MAX / 2);
    buffer_append_string(&plain, text);
    commands_defuse_text(&plain, 0);
    out->failed |= plain.failed;
    buffer_append_string(out, "\n```text\n");
    for (const char *at = buffer_text(&plain); *at != '\0';) {
        size_t run = strspn(at, "`"), other = strcspn(at + run, "`");
        for (size_t n = 0; n < run; n++)
            buffer_append_string(out, run < 3 ? "`" : "\\x60");
        buffer_append(out, at + run, other);
        at += run + other;
    }
    if (plain.length > 0 && plain.data[plain.length - 1] != '\n')
        buffer_append_char(out, '\n');
    buffer_append_string(out, "```\n\n");
    buffer_release(&plain);
}
