/* What a segment's own shape says: an id of some kind, or a word of the route. */
#ifndef TOLLGATE_REPLAY_INFER_SHAPE_H
#define TOLLGATE_REPLAY_INFER_SHAPE_H

#include "base/buffer.h"
#include "replay/endpoint_segments.h"

/* Why a segment is variable. Bits, since a position can hold several kinds. */
enum infer_rule {
    INFER_NUMBER = 1 << 0,     /* 7, 70003 */
    INFER_UUID = 1 << 1,       /* 8-4-4-4-12 hexadecimal digits */
    INFER_HEX = 1 << 2,        /* six hexadecimal digits or more, one of them 0 to 9 */
    INFER_DATE = 1 << 3,       /* 2024-05-17, 2024-05, 2024-05-17T08:00:00Z */
    INFER_DIGITS = 1 << 4,     /* 10.0.0.1 */
    INFER_SLUG = 1 << 5,       /* pin-70003, app.3f2a9c.js: a part of it is an id */
    INFER_TOKEN = 1 << 6,      /* dQw4w9WgXcQ: letters and digits in turn */
    INFER_LONG = 1 << 7,       /* twenty characters or more that are no words */
    INFER_CHARACTERS = 1 << 8, /* has what routes seldom have: % @ , = and others */
    INFER_SERIES = 1 << 9,     /* step-1, step-2, step-3 */
    INFER_VALUES = 1 << 10,    /* many different ones in this place */
    INFER_DEEP = 1 << 11,      /* the rest of a very deep path */
};

enum { INFER_LITERAL_MAX_BYTES = 64 };

/* One of INFER_NUMBER to INFER_CHARACTERS, or 0 for a word of the route. A segment that gets 0 can
 * stand in a template as it is. */
unsigned infer_shape(struct segment segment);

/* v3, v1.2, v2beta1, and 1.1 as APIs spell it. */
bool infer_is_version(struct segment segment);

/* Words that mean an action or a place of the route wherever they stand: me, search, latest. */
bool infer_is_known_word(struct segment segment);

/* "step-#" of "step-12": runs of digits become one mark. False when there are no digits. */
bool infer_append_stem(struct buffer *out, struct segment segment);

/* "number", "number/UUID": the rules of a position, in a fixed order. */
void infer_append_rules(struct buffer *out, unsigned rules);

#endif
