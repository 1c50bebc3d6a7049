/* The structure of a JSON body: which keys lie where, whatever their values are. */
#ifndef TOLLGATE_REPLAY_BODY_SHAPE_H
#define TOLLGATE_REPLAY_BODY_SHAPE_H

#include "base/buffer.h"
#include "replay/corpus.h"

enum {
    BODY_SHAPE_MAX_BYTES = 1024 * 1024, /* a larger body is not looked into */
    BODY_SHAPE_DEPTH = 4,               /* what lies deeper does not count */
};

/* Appends "{name,tags[]}", "{name,owner{}} 3f2a" where there is structure further in,
 * "{12 keys 3f2a}" where the keys would not fit, "[]" for a list of plain values and "[3f2a]" for
 * any other. The order of keys, the values and how many elements of one structure a list has do not
 * count. False, with nothing appended, when the body is no JSON object or list. */
bool body_shape_append(struct buffer *out, const struct body *body);

#endif
