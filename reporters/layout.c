#include "reporters/layout.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TAB_COLUMNS = 4, SAFE_MAX_BYTES = 1 << 20 };

static void append_ascii(struct buffer *out, const char *text, size_t size, bool utf8)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '\t')
            buffer_append_repeat(out, ' ', TAB_COLUMNS);
        else if (byte >= 0x80 && !utf8)
            buffer_append_format(out, "\\x%02x", byte);
        else
            buffer_append_char(out, text[i]);
    }
}

void layout_append_safe(struct buffer *out, const char *text, bool utf8, bool keep_lines)
{
    struct buffer safe;
    buffer_init(&safe, SAFE_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), keep_lines);
    if (safe.failed)
        out->failed = true;
    append_ascii(out, buffer_text(&safe), safe.length, utf8);
    buffer_release(&safe);
}

/* Bytes of the character at `text`, which is valid UTF-8. */
static size_t character_size(const char *text)
{
    size_t size = 1;
    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return size;
}

static size_t character_columns(const char *text, size_t size)
{
    char one[8] = {0};
    memcpy(one, text, size < sizeof one ? size : sizeof one - 1);
    return text_columns(one);
}

/* Bytes of the longest start of `text` that takes no more than `columns`. */
static size_t bytes_within(const char *text, size_t columns)
{
    size_t at = 0;
    while (text[at] != '\0') {
        size_t size = character_size(text + at);
        size_t wide = character_columns(text + at, size);
        if (wide > columns)
            break;
        columns -= wide;
        at += size;
    }
    return at;
}

void layout_append_short(struct buffer *out, const char *text, size_t columns, bool utf8)
{
    struct buffer safe;
    buffer_init(&safe, SAFE_MAX_BYTES);
    layout_append_safe(&safe, text, utf8, false);
    const char *whole = buffer_text(&safe);
    size_t total = text_columns(whole);
    const char *gap = utf8 ? "…" : "..";
    size_t gap_columns = utf8 ? 1 : 2;
    if (safe.failed) {
        out->failed = true;
    } else if (total <= columns) {
        buffer_append_string(out, whole);
    } else if (columns <= gap_columns + 1) {
        buffer_append(out, whole, bytes_within(whole, columns));
    } else {
        size_t kept = columns - gap_columns;
        size_t end = kept / 2;
        buffer_append(out, whole, bytes_within(whole, kept - end));
        buffer_append_string(out, gap);
        const char *tail = whole + bytes_within(whole, total - end);
        if (text_columns(tail) > end) /* a wide character stands across the cut */
            tail += character_size(tail);
        buffer_append_string(out, tail);
    }
    buffer_release(&safe);
}

void layout_pad(struct buffer *out, size_t used, size_t width)
{
    if (used < width)
        buffer_append_repeat(out, ' ', width - used);
}

/* Whether the word is a unit, so that the figure before it stays with it. */
static bool is_unit(const char *word, size_t size)
{
    static const char *const units[] = {"%", "ns", "us", "µs", "ms",  "s",   "k",
                                        "M", "G",  "T",  "B",  "KiB", "MiB", "GiB"};
    while (size > 0 && strchr(",.;:)", word[size - 1]) != NULL)
        size--;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strlen(units[i]) == size && memcmp(units[i], word, size) == 0)
            return true;
    return false;
}

/* Whether the space at `space` may become a line's end. */
static bool may_break(const char *text, const char *space)
{
    const char *next = space + 1;
    size_t size = strcspn(next, " \n");
    if (next[0] == '/')
        return false;
    bool listed = space > text && space[-1] == ',';
    if ((next[0] == '+' || next[0] == '-') && isdigit((unsigned char)next[1]) && !listed)
        return false;
    return !(space > text && isdigit((unsigned char)space[-1]) && is_unit(next, size));
}

/* Bytes up to the next place where the line may end. */
static size_t chunk_size(const char *text)
{
    size_t at = strcspn(text, " \n");
    while (text[at] == ' ' && !may_break(text, text + at))
        at += 1 + strcspn(text + at + 1, " \n");
    return at;
}

struct wrapper {
    struct buffer *out;
    struct layout_paragraph place;
    size_t at;   /* columns used on this line */
    bool begun;  /* something stands on this line that a space must part from what follows */
    size_t owed; /* spaces to write before the next chunk */
};

static void end_line(struct wrapper *wrapper)
{
    buffer_append_char(wrapper->out, '\n');
    wrapper->at = 0;
    wrapper->begun = false;
    wrapper->owed = 0;
}

static void begin_line(struct wrapper *wrapper)
{
    if (wrapper->at == 0 && !wrapper->begun) {
        buffer_append_repeat(wrapper->out, ' ', wrapper->place.indent);
        wrapper->at = wrapper->place.indent;
    }
}

/* Where to cut text that is longer than a line: at a space, even of those that had better stay,
 * else where the line ends. */
static size_t find_cut(const char *text, size_t room)
{
    size_t cut = bytes_within(text, room);
    for (size_t at = cut; at > 0; at--)
        if (text[at] == ' ')
            return at;
    return cut;
}

static size_t columns_of(const char *text, size_t size)
{
    size_t columns = 0;
    for (size_t at = 0; at < size;) {
        size_t one = character_size(text + at);
        columns += character_columns(text + at, one);
        at += one;
    }
    return columns;
}

static void append_chunk(struct wrapper *wrapper, const char *text, size_t size)
{
    char *chunk = strndup(text, size);
    if (chunk == NULL) {
        wrapper->out->failed = true;
        return;
    }
    size_t wide = text_columns(chunk);
    bool moves = wrapper->begun || (wrapper->at > wrapper->place.indent &&
                                    wrapper->place.indent + wide <= wrapper->place.width);
    if (moves && wrapper->at + wrapper->owed + wide > wrapper->place.width)
        end_line(wrapper);
    begin_line(wrapper);
    buffer_append_repeat(wrapper->out, ' ', wrapper->owed);
    wrapper->at += wrapper->owed;
    wrapper->owed = 0;
    const char *rest = chunk;
    while (wrapper->at + wide > wrapper->place.width) {
        size_t room = wrapper->place.width > wrapper->at ? wrapper->place.width - wrapper->at : 0;
        size_t cut = find_cut(rest, room);
        if (cut == 0 && wrapper->at <= wrapper->place.indent)
            cut = character_size(rest);
        buffer_append(wrapper->out, rest, cut);
        wide -= columns_of(rest, cut + (rest[cut] == ' '));
        rest += cut + (rest[cut] == ' ');
        end_line(wrapper);
        begin_line(wrapper);
    }
    buffer_append_string(wrapper->out, rest);
    wrapper->at += wide;
    wrapper->begun = true;
    free(chunk);
}

void layout_append_wrapped(struct buffer *out, const char *text, struct layout_paragraph place)
{
    struct wrapper wrapper = {.out = out, .place = place, .at = place.start};
    if (place.indent + 8 > place.width)
        wrapper.place.indent = 0;
    while (*text != '\0' && !out->failed) {
        if (*text == '\n') {
            end_line(&wrapper);
            text++;
        } else if (*text == ' ') {
            wrapper.owed++;
            text++;
        } else {
            size_t size = chunk_size(text);
            append_chunk(&wrapper, text, size);
            text += size;
        }
    }
    buffer_append_char(out, '\n');
}
