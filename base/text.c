#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { NEAREST_MAX_LENGTH = 64 };

/* Levenshtein distance by one row; words longer than the maximum are never near. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NEAREST_MAX_LENGTH + 1];
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a > NEAREST_MAX_LENGTH || length_b > NEAREST_MAX_LENGTH)
        return SIZE_MAX;
    for (size_t j = 0; j <= length_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[length_b];
}

const char *text_nearest(const char *word, const char *const *list)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 2;
    for (size_t i = 0; list[i] != NULL; i++) {
        size_t distance = edit_distance(word, list[i]);
        if (distance < best) {
            best = distance;
            nearest = list[i];
        }
    }
    return nearest;
}

bool text_matches_glob(const char *glob, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0') {
        if (*glob == '*') {
            star = glob++;
            resume = text;
        } else if (*glob == '?' || *glob == *text) {
            glob++;
            text++;
        } else if (star != NULL) {
            glob = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

/* Decodes one character; returns its size in bytes, or 0 when the bytes are not UTF-8. */
static size_t decode(const unsigned char *bytes, size_t size, uint32_t *character)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (bytes[0] < 0x80) {
        *character = bytes[0];
        return 1;
    }
    size_t length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : bytes[0] >= 0xc0 ? 2 : 0;
    if (length == 0 || length > size || bytes[0] > 0xf4)
        return 0;
    uint32_t value = bytes[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *character = value;
    return length;
}

bool text_is_utf8(const char *text, size_t size)
{
    uint32_t character;
    for (size_t at = 0; at < size;) {
        size_t length = decode((const unsigned char *)text + at, size - at, &character);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static bool is_bidirectional_control(uint32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x061c;
}

/* U+FFFE, U+FFFF and the like in other planes: no character, and nothing that XML may hold. */
static bool is_no_character(uint32_t c)
{
    return (c & 0xfffe) == 0xfffe;
}

void text_append_safe(struct buffer *out, const char *text, size_t size, bool keep_lines)
{
    for (size_t at = 0; at < size;) {
        const unsigned char *bytes = (const unsigned char *)text + at;
        uint32_t character;
        size_t length = decode(bytes, size - at, &character);
        if (length == 0) {
            buffer_append_format(out, "\\x%02x", bytes[0]);
            at++;
            continue;
        }
        bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
        if (keep_lines && (character == '\n' || character == '\t'))
            control = false;
        if (control)
            buffer_append_format(out, "\\x%02x", (unsigned)character);
        else if (is_bidirectional_control(character) || character == 0x2028 ||
                 character == 0x2029 || is_no_character(character))
            buffer_append_format(out, "\\u%04x", (unsigned)character);
        else
            buffer_append(out, bytes, length);
        at += length;
    }
}

/* East Asian wide ranges are what wcwidth knows; without a UTF-8 locale each character counts 1. */
size_t text_columns(const char *text)
{
    size_t columns = 0;
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        uint32_t character;
        size_t length = decode((const unsigned char *)text + at, size - at, &character);
        if (length == 0) {
            columns++;
            at++;
            continue;
        }
        int width = character < 0x80 ? 1 : wcwidth((wchar_t)character);
        columns += width < 0 ? 1 : (size_t)width;
        at += length;
    }
    return columns;
}
