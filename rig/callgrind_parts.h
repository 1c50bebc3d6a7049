/* The dumps that callgrind's processes have written into their folder: read once each, then cut
 * down to their totals, which is all that later accounts ask of them. */
#ifndef TOLLGATE_RIG_CALLGRIND_PARTS_H
#define TOLLGATE_RIG_CALLGRIND_PARTS_H

#include "base/interrupt.h"
#include "rig/callgrind_dump.h"

#include <sys/types.h>

struct callgrind_part {
    size_t dumps;    /* that were read */
    pid_t truncated; /* the process whose dump was cut off, of several one; 0 = none */
    size_t born;     /* processes that are new since the take before */
};

/* Adds the dumps of all processes that were not read yet to the profile: those that were asked for,
 * and those that processes wrote at their end. A fork's first dump also holds what its parent had
 * executed since its own last one. ERROR_INPUT when one cannot be understood. */
MUST_CHECK bool callgrind_parts_take(const char *folder, struct callgrind_profile *profile,
                                     struct callgrind_part *part, const struct interrupt *interrupt,
                                     struct error *err);

#endif
