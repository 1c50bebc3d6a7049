/* What the live pass will do, settled before it begins: at how many replicates it looks, and on
 * which CPUs replicates run side by side. Pure. */
#ifndef TOLLGATE_RIG_LIVE_PLAN_H
#define TOLLGATE_RIG_LIVE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

enum { LIVE_LOOKS_MAX = 4, LIVE_WORKERS_MAX = 32 };

/* Looks at about a third, half and two thirds of the way and at the end: 14, 20, 28 and 40 of 40.
 * Rising; how many is returned. `most` is at least 1. */
size_t live_plan_looks(size_t most, size_t looks[LIVE_LOOKS_MAX]);

/* A CPU that we may use, and the physical core that it is a thread of. */
struct live_cpu {
    int cpu;
    int core;
};

/* The CPUs to measure on, one replicate on each at a time. Up to two: the last one only, so that
 * the other is left for everything else. More: one thread of each core but the first's, which
 * takes most interrupts; two threads of a core would slow each other. `cpus` in rising order;
 * returns how many of `chosen` were filled, at most LIVE_WORKERS_MAX; 0 when there is no CPU. */
size_t live_plan_cpus(const struct live_cpu *cpus, size_t count, int chosen[LIVE_WORKERS_MAX]);

#endif
