/* Reads the value at a place of an answer. */
#ifndef TOLLGATE_REPLAY_SESSION_PLACE_H
#define TOLLGATE_REPLAY_SESSION_PLACE_H

#include "base/buffer.h"
#include "replay/corpus.h"
#include "replay/session_rules.h"

struct session_value {
    const char *text; /* NUL-terminated, without a NUL or a control inside */
    size_t size;
};

/* Of a JSON body, a header or a Set-Cookie. NULL text when there is none, when it is no string or
 * number, when it is empty, longer than SESSION_VALUE_MAX_BYTES or has control characters, which no
 * request could bear. In `arena`; false when out of memory. */
MUST_CHECK bool session_place_read(const struct session_place *place, const struct headers *headers,
                                   struct body body, struct arena *arena,
                                   struct session_value *out);

/* In words: "/token", "header X-Token". */
void session_place_describe(const struct session_place *place, struct buffer *out);

/* Header lines as they came, "Name: value\r\n" and so on, as headers in `arena`. What is no such
 * line is passed over. */
MUST_CHECK bool session_headers_split(const char *lines, size_t size, struct arena *arena,
                                      struct headers *out);

#endif
