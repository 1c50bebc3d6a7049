/* Base64 as RFC 4648 section 4 has it: with padding, without line breaks. */
#ifndef TOLLGATE_REPLAY_BASE64_H
#define TOLLGATE_REPLAY_BASE64_H

#include "base/arena.h"
#include "base/buffer.h"

/* Appends the text of the bytes. */
void base64_encode(const void *data, size_t size, struct buffer *out);

/* Decodes into the arena, with a NUL after the bytes. `valid` tells wrong text from a lack of
 * memory; NULL for both. */
MUST_CHECK char *base64_decode(const char *text, size_t size, struct arena *arena,
                               size_t *decoded_bytes, bool *valid);

#endif
