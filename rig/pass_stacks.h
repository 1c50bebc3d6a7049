/* The stacks pass: CPU time by stack, sampled from outside in a start of its own. */
#ifndef TOLLGATE_RIG_PASS_STACKS_H
#define TOLLGATE_RIG_PASS_STACKS_H

#include "rig/perf_events.h"

enum {
    STACKS_FREQUENCY_HZ = 997, /* of CPU time; a prime, so that it does not beat with timers */
    STACKS_COPY_BYTES = 16 << 10,
};

/* As the pass samples; `cpu` that everything runs on, -1 = not pinned. */
struct perf_options stacks_options(int cpu);

#endif
