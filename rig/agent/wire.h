/* The memory that the rig and the agents share: what was counted, by whom, and whether to count.
 *
 * The rig makes the map (a file, or a memfd reached through /proc/PID/fd), sizes it with
 * agent_wire_size_bytes, calls agent_wire_init, and hands its path to the gateway in
 * AGENT_WIRE_ENVIRONMENT beside LD_PRELOAD. Every process of the gateway's tree that loads libc
 * dynamically maps it and counts into slots, one slot a thread. The rig may unlink the file while
 * agents use it; it must not truncate it (they would die of SIGBUS).
 *
 * Units: counters are events or bytes since agent_wire_init. They only grow: a slot that passes to
 * another thread goes on from where it stood, so sums over all slots stay exact, and a cost is the
 * difference of two sums. They wrap at 2^64.
 *
 * Memory order: a slot's counters have one writer, its thread, and are plain relaxed stores; the
 * overflow slot has many and takes atomic additions. The rig may read at any time; a sum is no
 * snapshot, but after whatever tells the rig that the work is done (the response on a socket), all
 * that the work counted is in it. Slots change hands by release and acquire on `free_slots`. */
#ifndef TOLLGATE_RIG_AGENT_WIRE_H
#define TOLLGATE_RIG_AGENT_WIRE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_WIRE_ENVIRONMENT   "TOLLGATE_AGENT_SHM"
#define AGENT_WIRE_MAGIC         UINT64_C(0x746e656761676c74) /* "tlgagent" in little endian */
#define AGENT_WIRE_VERSION       1U
#define AGENT_WIRE_DEFAULT_SLOTS 1024U
#define AGENT_WIRE_MAX_SLOTS     65536U

/* Bits of `blind`: what some attached process does that the agent cannot see. */
enum agent_blind {
    AGENT_BLIND_MALLOC = 1, /* its malloc is not the agent's: nothing of it was counted */
    AGENT_BLIND_NEW = 2,    /* C++ new goes to an allocator past malloc: not counted */
    AGENT_BLIND_USABLE = 4, /* its allocator does not tell block sizes: retained is not known */
};

/* What one thread counted; one cache line. */
struct agent_slot {
    _Atomic uint32_t pid;  /* of the present or last owner; 0 when never used */
    _Atomic uint32_t tid;  /* 0 while no thread owns the slot */
    _Atomic uint32_t next; /* in the list of free slots: index + 1, 0 ends it */
    uint32_t unused;
    _Atomic uint64_t allocations;     /* blocks handed out; a realloc of a block is one of them */
    _Atomic uint64_t reallocations;   /* how many of `allocations` resized a block */
    _Atomic uint64_t frees;           /* blocks given back, not counting reallocs */
    _Atomic uint64_t requested_bytes; /* what the callers asked for */
    _Atomic uint64_t usable_allocated_bytes; /* malloc_usable_size of what was handed out */
    _Atomic uint64_t usable_freed_bytes;     /* malloc_usable_size of what was given back */
};

struct agent_map {
    /* First line: read by every call of every agent, so what changes often stays off it. */
    _Atomic uint64_t magic; /* stored last */
    uint32_t version;
    uint32_t slot_count;
    _Atomic uint32_t enabled; /* 0: the agents pass calls on and count nothing */
    uint32_t unused_first[11];
    /* Second line: changes when a process or thread comes or goes. */
    _Atomic uint64_t free_slots; /* low half: index + 1 of the first, 0 none; high half: a tag */
    _Atomic uint32_t used_slots; /* slots from this index on were never claimed */
    _Atomic uint32_t attached;   /* processes so far; a fork and an exec are one more each */
    _Atomic uint32_t blind;      /* enum agent_blind, of all processes so far */
    _Atomic uint32_t blind_pid;  /* the process that set a bit last */
    uint32_t unused_second[10];
    struct agent_slot overflow; /* for threads that found no free slot */
    struct agent_slot slots[];
};

static_assert(sizeof(struct agent_slot) == 64, "a slot is one cache line");
static_assert(offsetof(struct agent_map, free_slots) == 64, "the second line");
static_assert(offsetof(struct agent_map, overflow) == 128, "slots are aligned");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "counters work between processes");

/* Sums over all slots. */
struct agent_totals {
    uint64_t allocations;
    uint64_t reallocations;
    uint64_t frees;
    uint64_t requested_bytes;
    uint64_t usable_allocated_bytes;
    uint64_t usable_freed_bytes;
};

static inline size_t agent_wire_size_bytes(uint32_t slot_count)
{
    return sizeof(struct agent_map) + (size_t)slot_count * sizeof(struct agent_slot);
}

/* For the rig. `map` is zeroed memory of agent_wire_size_bytes(slot_count), at least 64-aligned (a
 * fresh mapping is both); 1 to AGENT_WIRE_MAX_SLOTS slots. Counting begins switched off. */
static inline void agent_wire_init(struct agent_map *map, uint32_t slot_count)
{
    map->version = AGENT_WIRE_VERSION;
    map->slot_count = slot_count;
    atomic_store_explicit(&map->magic, AGENT_WIRE_MAGIC, memory_order_release);
}

/* Switches counting; holds for every call that begins after a thread has seen it. */
static inline void agent_wire_enable(struct agent_map *map, bool enabled)
{
    atomic_store_explicit(&map->enabled, enabled ? 1U : 0U, memory_order_relaxed);
}

static inline void agent_wire_add(struct agent_totals *totals, const struct agent_slot *slot)
{
    totals->allocations += atomic_load_explicit(&slot->allocations, memory_order_relaxed);
    totals->reallocations += atomic_load_explicit(&slot->reallocations, memory_order_relaxed);
    totals->frees += atomic_load_explicit(&slot->frees, memory_order_relaxed);
    totals->requested_bytes += atomic_load_explicit(&slot->requested_bytes, memory_order_relaxed);
    totals->usable_allocated_bytes +=
        atomic_load_explicit(&slot->usable_allocated_bytes, memory_order_relaxed);
    totals->usable_freed_bytes +=
        atomic_load_explicit(&slot->usable_freed_bytes, memory_order_relaxed);
}

/* What all processes counted so far. Cheap: reads only slots that were ever claimed. */
static inline void agent_wire_sum(const struct agent_map *map, struct agent_totals *totals)
{
    *totals = (struct agent_totals){0};
    agent_wire_add(totals, &map->overflow);
    uint32_t used = atomic_load_explicit(&map->used_slots, memory_order_acquire);
    for (uint32_t index = 0; index < used && index < map->slot_count; index++)
        agent_wire_add(totals, &map->slots[index]);
}

/* Bytes of blocks handed out and not given back; below 0 where blocks from before counting were
 * freed. Also right for the difference of two sums. */
static inline int64_t agent_wire_retained_bytes(const struct agent_totals *totals)
{
    return (int64_t)(totals->usable_allocated_bytes - totals->usable_freed_bytes);
}

#endif
