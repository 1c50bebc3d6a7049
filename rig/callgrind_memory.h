/* Callgrind's counters in the memory of a process that runs under it.
 *
 * Callgrind keeps an array of costs for each thread and adds to it at every basic block. A table
 * of threads, at a fixed address in the tool's own data, leads there:
 *
 *     table ─▶ thread[1..] ─▶ thread ─▶ state ─▶ cost: Ir, sysCount, sysTime, sysCpuTime
 *                                   └─▶ the costs of its signal handlers, same shape
 *
 * No symbols are needed: the first block of costs has a known head, and the pointers are followed
 * backwards from it. Every step is checked, and whoever uses this holds the first figures against
 * what callgrind says itself. Reading takes the right to trace the process, as vgdb does. */
#ifndef TOLLGATE_RIG_CALLGRIND_MEMORY_H
#define TOLLGATE_RIG_CALLGRIND_MEMORY_H

#include "rig/callgrind_text.h"

#define CALLGRIND_MAX_THREADS 500 /* --max-threads: the length of the table */

/* Where things are; the same in every process of one tool binary. */
struct callgrind_layout {
    char program[256];       /* the tool binary, as /proc/PID/exe has it */
    uint64_t table_pointer;  /* address of the pointer to the table */
    uint64_t state_offset;   /* in a thread: the pointer to its state */
    uint64_t handler_offset; /* in a thread: the pointer to its signal handlers' costs */
};

/* The threads of one process, as found so far. Zeroed, it knows none. */
struct callgrind_threads {
    uint64_t table;
    size_t count;                            /* of the two below */
    uint64_t cost[CALLGRIND_MAX_THREADS];    /* addresses */
    uint64_t handler[CALLGRIND_MAX_THREADS]; /* addresses */
    bool known[CALLGRIND_MAX_THREADS];       /* by slot of the table */
};

enum callgrind_access {
    CALLGRIND_READ,   /* read */
    CALLGRIND_GONE,   /* the process has ended */
    CALLGRIND_EARLY,  /* callgrind is not up in it yet */
    CALLGRIND_DENIED, /* the system does not let us */
};

/* Looks through the memory of a process once (some 60 MB). False when it is laid out otherwise. */
bool callgrind_memory_find(pid_t pid, const char *program, struct callgrind_layout *layout);

/* `handlers` gets the signal handlers' share apart, since "status internal" leaves it out. */
enum callgrind_access callgrind_memory_read(const struct callgrind_layout *layout, pid_t pid,
                                            struct callgrind_threads *threads,
                                            struct callgrind_cost *cost,
                                            struct callgrind_cost *handlers);

#endif
