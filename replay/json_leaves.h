/* Where the values of a JSON text stand in it, so that one can be replaced and every other byte
 * stays. The text may be hostile. */
#ifndef TOLLGATE_REPLAY_JSON_LEAVES_H
#define TOLLGATE_REPLAY_JSON_LEAVES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    JSON_LEAVES_DEPTH_MAX = 128,
    JSON_LEAVES_POINTER_MAX = 2048, /* bytes */
};

/* A string or a number. */
struct json_leaf {
    const char *pointer; /* RFC 6901 */
    size_t from, to;     /* in the text; of a string without its quotes */
    bool is_string;
    const char *value; /* decoded, or as it is written; NUL-terminated, without a NUL inside */
    size_t value_bytes;
};

/* False ends the walk. */
typedef bool json_leaf_take(void *context, const struct json_leaf *leaf);

/* Calls `take` for each leaf of an object or a list, in order. False when the text is neither, is
 * deeper than JSON_LEAVES_DEPTH_MAX, or memory ran out, and when `take` ended it. Strings with a
 * NUL inside and those below a longer pointer are passed over. */
bool json_leaves_walk(const char *text, size_t size, json_leaf_take *take, void *context);

#endif
