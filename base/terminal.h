/* What the reader's terminal can show: its width, colours, UTF-8; and text in a style. */
#ifndef TOLLGATE_BASE_TERMINAL_H
#define TOLLGATE_BASE_TERMINAL_H

#include "base/buffer.h"

/* `--color`. */
enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct terminal {
    bool interactive; /* a terminal, not a pipe or a file */
    int columns;      /* as the terminal says, else COLUMNS, else 80 */
    bool color;
    bool utf8; /* else ASCII only */
};

/* "auto", "always", "never"; false for anything else, and *choice stays. */
MUST_CHECK bool terminal_parse_color(const char *text, enum color_choice *choice);

/* Looks at the descriptor and at the environment. Colour: the choice, unless COLOR_AUTO; then
 * NO_COLOR, then CLICOLOR_FORCE, then whether this is a terminal (and TERM not "dumb"). UTF-8: the
 * first of LC_ALL, LC_CTYPE, LANG that is set. */
void terminal_probe(struct terminal *terminal, int fd, enum color_choice choice);

enum hue { HUE_NONE = 0, HUE_RED = 31, HUE_GREEN = 32, HUE_YELLOW = 33, HUE_BLUE = 34 };

/* How a piece of text looks. All zero is plain. */
struct text_style {
    enum hue hue;
    bool bold;
    bool dim;
};

/* Appends `text` in the style, or as it is when `color` is false or the style is plain. The text
 * holds no line breaks, so that no style runs on into the next line. */
void terminal_append_styled(struct buffer *out, bool color, struct text_style style,
                            const char *text);

#endif
