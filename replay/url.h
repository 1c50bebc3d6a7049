/* Absolute URLs as recordings have them, split into what a request line and a Host field hold. */
#ifndef TOLLGATE_REPLAY_URL_H
#define TOLLGATE_REPLAY_URL_H

#include "base/buffer.h"

struct url {
    const char *authority; /* host and port, without user and password; borrowed from the text */
    size_t authority_size;
    const char *target; /* path and query, without the fragment; borrowed, may be empty */
    size_t target_size;
    const char *user; /* "name:password", NULL when there is none */
    size_t user_size;
};

enum url_kind {
    URL_HTTP,   /* http: or https: with a host */
    URL_OTHER,  /* of another scheme: data:, blob:, ws:, … */
    URL_BROKEN, /* no URL, or one of http without a host */
};

enum url_kind url_split(const char *text, size_t size, struct url *out);

/* Whether it may stand in a request line and in our corpus as it is: no spaces, no controls, UTF-8.
 */
bool target_is_clean(const char *text, size_t size);

/* Appends it with what may not stand there as %HH, and a slash in front where none is. Bytes above
 * 0x7f stay when the whole is UTF-8 and `ascii_only` is false. */
void target_append_clean(struct buffer *out, const char *text, size_t size, bool ascii_only);

#endif
