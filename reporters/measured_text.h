/* The text of a source file as it was measured, where it is still at hand. */
#ifndef TOLLGATE_REPORTERS_MEASURED_TEXT_H
#define TOLLGATE_REPORTERS_MEASURED_TEXT_H

#include <stddef.h>

struct measured_text {
    const char *text; /* NULL: see why. Hostile, and in any encoding */
    size_t size;
    const char *why; /* in words */
};

/* Goes through a text line by line: a line without its end, or NULL after the last. `at` begins
 * with 0. */
const char *measured_text_next_line(const struct measured_text *text, size_t *at, size_t *size);

/* Who has the texts of the files that the head's profiles name. */
struct measured_texts {
    void *context;
    /* A text lives as long as the context. NULL when out of memory. */
    const struct measured_text *(*find)(void *context, const char *path);
};

#endif
