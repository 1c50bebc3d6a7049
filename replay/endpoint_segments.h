/* The segments of a path or a template: what lies between its slashes. */
#ifndef TOLLGATE_REPLAY_ENDPOINT_SEGMENTS_H
#define TOLLGATE_REPLAY_ENDPOINT_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

/* From the most concrete kind to the least. */
enum segment_kind {
    SEGMENT_LITERAL,
    SEGMENT_MIXED,    /* "{name}.json": text and variables, each of one character or more */
    SEGMENT_VARIABLE, /* "{id}" */
    SEGMENT_REST,     /* "{rest...}": this segment and all that follow */
};

struct segment {
    const char *text;
    size_t size;
};

/* Steps to the next segment; `*at` points at a slash, or at the end. False at the end. "/" has one
 * segment, which is empty. */
bool segment_next(const char **at, const char *end, struct segment *out);

/* Of a template's segment that is well-formed. */
enum segment_kind segment_kind(struct segment segment);

/* NULL when a template's segment is well-formed, else what is wrong with it. */
const char *segment_problem(struct segment segment, bool last);

bool segment_same(struct segment a, struct segment b);

/* Whether two segments of one kind take the same texts: the names of variables do not count. */
bool segment_same_pattern(struct segment a, struct segment b);

/* Whether a segment of kind SEGMENT_MIXED takes the text. */
bool segment_mixed_matches(struct segment pattern, struct segment given);

/* Bytes that are not part of a variable. */
size_t segment_literal_bytes(struct segment segment);

#endif
