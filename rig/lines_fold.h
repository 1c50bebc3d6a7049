/* Adds up by node what a part of callgrind's dumps holds by instruction.
 *
 * How often a line was executed is not in the dumps: they count instructions. In each copy of the
 * line (the function itself, and every place that it was inlined at) it is taken to be the count of
 * the most executed of the line's instructions. A count that one instruction alone has, above the
 * others of its line, is passed over, since string instructions (x86 "rep") count every turn; and
 * so is code that the compiler moved away from its statement, to before the decision whether that
 * is executed. A line that has no instructions of its own, since all of it was inlined functions,
 * was executed as often as these were entered. Copies add up.
 *
 * On a line that is one basic block that is how often the line was executed. Of several blocks (a
 * loop's head, `a ? b : c`) it is the most executed one, where gcov adds up those of its blocks
 * that control reaches from other lines. */
#ifndef TOLLGATE_RIG_LINES_FOLD_H
#define TOLLGATE_RIG_LINES_FOLD_H

#include "rig/lines_part.h"
#include "rig/lines_places.h"

/* What one node has in a part; the values as the columns of PROFILE_LINES, not per request. Of a
 * node that is a function as a whole the hits are the calls of it that were seen. */
struct lines_sum {
    uint32_t node;
    double values[PROFILE_VALUES_MAX];
};

struct lines_sums {
    struct lines_sum *items; /* no node twice */
    size_t count;
    struct profile_call *calls;
    size_t call_count;
};

/* Nothing inclusive is more than the part has in all: callgrind counts what a recursive function
 * calls once for each level. */
MUST_CHECK bool lines_fold(const struct lines_part *part, struct lines_places *places,
                           struct lines_sums *sums, struct error *err);
void lines_sums_release(struct lines_sums *sums);

#endif
