/* Samples of what a process tree executes, taken from outside by perf_event_open(2): by a clock, so
 * many a second of CPU time. Nothing runs in the processes themselves; the kernel writes into ring
 * buffers, one a CPU, that a thread of ours empties.
 *
 * Where the system allows it the clock is that of one CPU, to which everything is pinned: then the
 * sampler costs nothing when threads take turns on it. Else it is a clock of the calling thread,
 * which all that it starts inherits, threads, processes and their own. That takes no right over
 * anybody, misses no thread and counts none twice, which attaching to a running tree cannot
 * promise. Threads that take turns with the gateway should inherit it too: between two threads with
 * the same clock it goes on, between others it is stopped and started, which can cost a gateway
 * more than all else. */
#ifndef TOLLGATE_RIG_PERF_EVENTS_H
#define TOLLGATE_RIG_PERF_EVENTS_H

#include "base/error.h"
#include "rig/perf_records.h"

struct perf_options {
    int frequency_hz;     /* samples a second of CPU time */
    uint32_t stack_bytes; /* of the stack, copied with each sample; 0: call chains alone */
    int cpu;              /* that everything runs on; -1 = not pinned */
    size_t most_bytes;    /* of records that are kept; what comes later counts as lost */
};

/* Why there are no samples on this machine. */
struct perf_refusal {
    char what[256];   /* in words; empty = not refused */
    const char *mend; /* a command that mends it, or what to do; NULL = nothing does */
};

struct perf_events;

/* Samples all that the calling thread starts from now on, and perhaps others; of this process
 * itself no samples are kept. When the system refuses: `refusal` says why, *events is NULL, and
 * that is no error. */
MUST_CHECK bool perf_events_open(struct perf_events **events, const struct perf_options *options,
                                 struct perf_refusal *refusal, struct error *err);

/* Ends the sampling and keeps what came until now. */
MUST_CHECK bool perf_events_stop(struct perf_events *events, struct error *err);

/* NULL is allowed. */
void perf_events_free(struct perf_events *events);

/* Once stopped: a run over all records. Those of one CPU are in order. */
struct perf_records perf_events_records(const struct perf_events *events);

/* Once stopped: records that did not fit into the memory allowed, or that the ring held in pieces.
 * Those that the kernel could not write are told by records of their own. */
int64_t perf_events_lost(const struct perf_events *events);

/* CPU time between two samples. */
int64_t perf_events_period_ns(const struct perf_events *events);

/* Whether time in the kernel is sampled too. */
bool perf_events_see_kernel(const struct perf_events *events);

/* Whether the clock is a CPU's; else it is inherited. */
bool perf_events_are_of_cpu(const struct perf_events *events);

/* Off and on again while they run. */
void perf_events_switch(const struct perf_events *events, bool on);

#endif
