/* What callgrind counted between two dumps, by place. */
#ifndef TOLLGATE_RIG_LINES_PART_H
#define TOLLGATE_RIG_LINES_PART_H

#include "rig/callgrind_dump.h"

/* Both by place, rising. */
struct lines_part {
    struct callgrind_line_cost *lines;
    size_t line_count;
    struct callgrind_call_cost *calls;
    size_t call_count;
    uint64_t sum; /* over the lines */
};

/* Copies what the profile holds. The contexts are the profile's own and stay so when it is
 * cleared. */
MUST_CHECK bool lines_part_copy(struct lines_part *part, const struct callgrind_profile *profile,
                                struct error *err);
void lines_part_release(struct lines_part *part);

/* Takes the other's costs off, place by place and never below 0. */
void lines_part_subtract(struct lines_part *part, const struct lines_part *other);

#endif
