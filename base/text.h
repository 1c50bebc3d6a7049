/* Small work on text: nearest words, globs, splitting, what a terminal may be shown. */
#ifndef TOLLGATE_BASE_TEXT_H
#define TOLLGATE_BASE_TEXT_H

#include "base/buffer.h"

/* The word of a NULL-terminated list that is nearest by edit distance, or NULL when none is near
 * enough to be meant. */
const char *text_nearest(const char *word, const char *const *list);

/* `*` matches any run of characters, `?` one; everything else itself. Whole text. */
bool text_matches_glob(const char *glob, const char *text);

/* Appends text from outside for a terminal: control characters, escape sequences and
 * bidirectional overrides become visible escapes, and so do numbers that are no characters;
 * newlines and tabs stay when `keep_lines`. Bytes that are not UTF-8 become \xHH. */
void text_append_safe(struct buffer *out, const char *text, size_t size, bool keep_lines);

/* Whether the bytes are valid UTF-8 (no surrogates, no overlong forms). */
bool text_is_utf8(const char *text, size_t size);

/* Columns that UTF-8 text takes on a terminal. */
size_t text_columns(const char *text);

#endif
