/* Where the calling thread counts: the map, the thread's slot in it, and the test for both. */
#ifndef TOLLGATE_RIG_AGENT_SLOTS_H
#define TOLLGATE_RIG_AGENT_SLOTS_H

#include "rig/agent/next.h"
#include "rig/agent/wire.h"

/* On a page that the kernel hands zeroed to a forked child, however it was forked: 0 then says
 * that the child has not set itself up, and no thread's number equals it. */
struct slots_process {
    _Atomic uint32_t generation;
    _Atomic uint32_t sites_process; /* its number + 1 among the processes that have stacks */
};

struct slots_state {
    struct agent_map
        *map; /* never NULL: a map that is switched off for good where none was given */
    struct slots_process *process;
    bool keeps_sites; /* the map has room for stacks, and the process for what they take */
};

#define SLOTS_NO_GENERATION UINT32_MAX

/* The slot is this thread's while the generation is the process's. */
struct slots_thread {
    uint32_t generation;
    uint16_t inside; /* > 0: within the allocator or the agent, calls are not to be counted */
    bool ended;      /* the slot was given back, a new one would never be */
    struct agent_slot *slot;
    struct sites_thread *sites; /* NULL where no stacks are kept */
};

extern AGENT_LOCAL struct slots_state agent_state;
extern AGENT_LOCAL __thread struct slots_thread agent_thread
    __attribute__((tls_model("initial-exec")));

/* What one call adds. */
struct slots_change {
    uint64_t allocations;
    uint64_t reallocations;
    uint64_t frees;
    uint64_t requested_bytes;
    uint64_t usable_allocated_bytes;
    uint64_t usable_freed_bytes;
};

/* Maps the file at `path`. False, and nothing changed, when it is no map of this version. */
AGENT_LOCAL bool slots_attach(const char *path);

/* Adds what the calling process cannot see (enum agent_blind) to the map. */
AGENT_LOCAL void slots_tell_blind(uint32_t blind);

/* Gives the calling thread's slot back; what it counts after that goes to the overflow slot. */
AGENT_LOCAL void slots_end_thread(void);

/* For a thread without a slot: claims one, or counts in the overflow slot and returns false. */
AGENT_LOCAL bool slots_record_slowly(const struct slots_change *change);

static inline bool slots_counting(void)
{
    return UNLIKELY(atomic_load_explicit(&agent_state.map->enabled, memory_order_relaxed) != 0);
}

/* Whether a call that is counted has its stack kept. */
static inline bool slots_keeping_sites(void)
{
    return UNLIKELY(agent_state.keeps_sites && agent_thread.inside == 0);
}

/* The one writer needs no atomic addition, only a store that readers see whole. */
static inline void slots_add(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

/* Inlined, the tests of what a call never adds fold away. */
static inline __attribute__((always_inline)) void slots_record(struct agent_slot *slot,
                                                               struct slots_change change)
{
    if (change.allocations != 0)
        slots_add(&slot->allocations, change.allocations);
    if (change.reallocations != 0)
        slots_add(&slot->reallocations, change.reallocations);
    if (change.frees != 0)
        slots_add(&slot->frees, change.frees);
    if (change.allocations != 0) {
        slots_add(&slot->requested_bytes, change.requested_bytes);
        slots_add(&slot->usable_allocated_bytes, change.usable_allocated_bytes);
    }
    if (change.frees != 0 || change.reallocations != 0)
        slots_add(&slot->usable_freed_bytes, change.usable_freed_bytes);
}

/* Whether the thread counted in a slot of its own. */
static inline __attribute__((always_inline)) bool slots_count(struct slots_change change)
{
    uint32_t generation =
        atomic_load_explicit(&agent_state.process->generation, memory_order_relaxed);
    if (LIKELY(agent_thread.generation == generation)) {
        slots_record(agent_thread.slot, change);
        return true;
    }
    struct slots_change copy = change; /* whose address is taken, so that `change` needs none */
    return slots_record_slowly(&copy);
}

#endif
