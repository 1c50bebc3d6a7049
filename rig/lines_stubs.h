/* The stubs of the procedure linkage table, through which one file calls a function of another.
 * Nobody wrote them: what a stub costs is the calling line's, and who calls it calls the function
 * behind it. */
#ifndef TOLLGATE_RIG_LINES_STUBS_H
#define TOLLGATE_RIG_LINES_STUBS_H

#include "rig/lines_part.h"

struct lines_stub {
    bool is_stub;
    uint64_t cost;                            /* of its own instructions */
    uint64_t calls;                           /* of the stub */
    const struct callgrind_call_cost *onward; /* to the function behind it; NULL = none was seen */
};

struct lines_stubs {
    struct lines_stub *by_context; /* of the profile */
    size_t count;
};

/* Those of one part, which is borrowed. */
MUST_CHECK bool lines_stubs_find(struct lines_stubs *stubs, const struct lines_part *part,
                                 const struct callgrind_profile *profile, struct error *err);
void lines_stubs_release(struct lines_stubs *stubs);

/* NULL when the context is no stub, or one that cannot be taken for the function behind it. */
const struct lines_stub *lines_stubs_at(const struct lines_stubs *stubs, uint32_t context);

#endif
