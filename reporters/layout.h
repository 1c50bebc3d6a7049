/* Setting text on a terminal's lines: made safe, shortened, padded, wrapped at words. Widths are
 * columns, not bytes. */
#ifndef TOLLGATE_REPORTERS_LAYOUT_H
#define TOLLGATE_REPORTERS_LAYOUT_H

#include "base/buffer.h"

/* Below this, text goes on near the margin and not behind its label. */
enum { LAYOUT_NARROW_COLUMNS = 50 };

/* Appends text from outside: escapes made visible, and without `utf8` every byte outside ASCII
 * too. Lines stay when `keep_lines`; tabs become spaces. */
void layout_append_safe(struct buffer *out, const char *text, bool utf8, bool keep_lines);

/* The same on one line, with the middle left out when it takes more than `columns`: the start and
 * the end of a route tell more than its middle. */
void layout_append_short(struct buffer *out, const char *text, size_t columns, bool utf8);

/* Columns of spaces up to `width` for text that takes `used`; none when it is too long. */
void layout_pad(struct buffer *out, size_t used, size_t width);

/* Where a paragraph stands: `width` columns a line, the first line filled up to `start` already,
 * the others begin after `indent` spaces. */
struct layout_paragraph {
    size_t width;
    size_t start;
    size_t indent;
};

/* Appends safe text wrapped at words, and the line's end. Figures stay with their units and methods
 * with their paths; a word longer than a line is cut. Line breaks in the text are kept. */
void layout_append_wrapped(struct buffer *out, const char *text, struct layout_paragraph place);

#endif
