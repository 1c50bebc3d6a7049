/* A growable byte buffer with a stated maximum. A failed append sets `failed` and later appends do
 * nothing, so a writer can append many times and ask once at the end. */
#ifndef TOLLGATE_BASE_BUFFER_H
#define TOLLGATE_BASE_BUFFER_H

#include "base/error.h"

#include <stddef.h>

struct buffer {
    char *data;      /* always NUL-terminated once something was appended; NULL while empty */
    size_t length;   /* bytes in use, without the terminating NUL */
    size_t capacity; /* bytes allocated */
    size_t max;      /* `length` never passes this */
    bool failed;     /* out of memory, or the maximum would have been passed */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_release(struct buffer *buffer); /* frees; the buffer can be used again */
void buffer_clear(struct buffer *buffer);   /* forgets the content, keeps the memory */

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_string(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_repeat(struct buffer *buffer, char c, size_t count);
void buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* False with ERROR_MEMORY when any append failed. */
MUST_CHECK bool buffer_check(const struct buffer *buffer, struct error *err);

/* The content, never NULL. Borrowed; valid until the next append. */
const char *buffer_text(const struct buffer *buffer);

#endif
