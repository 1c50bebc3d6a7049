/* The memory that the rig and the agents share: what was counted, by whom, and whether to count.
 *
 * The rig makes the map (a file, or a memfd reached through /proc/PID/fd), sizes it with
 * agent_wire_size_bytes, calls agent_wire_init, and hands its path to the gateway in
 * AGENT_WIRE_ENVIRONMENT beside LD_PRELOAD. A map with room for nodes has the agents keep the stack
 * of every allocation too, as a tree of calls; one without has them count only. Every process of
 * the gateway's tree that loads libc dynamically maps it and counts into slots, one slot a thread.
 * The rig may unlink the file while agents use it; it must not truncate it (they would die of
 * SIGBUS).
 *
 * Units: counters are events or bytes since agent_wire_init. They only grow: a slot that passes to
 * another thread goes on from where it stood, so sums over all slots stay exact, and a cost is the
 * difference of two sums. They wrap at 2^64.
 *
 * Memory order: a slot's counters have one writer, its thread, and are plain relaxed stores; the
 * overflow slot has many and takes atomic additions. A node's counters are its thread's likewise,
 * but for what others free. The rig may read at any time; a sum is no snapshot, but after whatever
 * tells the rig that the work is done (the response on a socket), all that the work counted is in
 * it. Slots change hands by release and acquire on `free_slots`. */
#ifndef TOLLGATE_RIG_AGENT_WIRE_H
#define TOLLGATE_RIG_AGENT_WIRE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_WIRE_ENVIRONMENT   "TOLLGATE_AGENT_SHM"
#define AGENT_WIRE_MAGIC         UINT64_C(0x746e656761676c74) /* "tlgagent" in little endian */
#define AGENT_WIRE_VERSION       2U
#define AGENT_WIRE_DEFAULT_SLOTS 1024U
#define AGENT_WIRE_MAX_SLOTS     65536U
#define AGENT_WIRE_DEFAULT_NODES (1U << 18)
#define AGENT_WIRE_MAX_NODES     (1U << 20) /* a node's number has 20 bits where blocks keep it */
#define AGENT_WIRE_PROCESSES     4096U      /* that may have stacks */
#define AGENT_WIRE_NO_NODE       UINT32_MAX

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
    uint32_t node_count;      /* room for nodes, a power of two; 0 = no stacks are kept */
    uint32_t unused_first[10];
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

/* Where allocations came from: a return address below the node of its caller. A tree a thread, so
 * that its counters have one writer; what another thread or process frees is counted apart. Its
 * root stands for the thread's slot in a process, below which are the outermost frames; stacks
 * whose outermost frame could not be reached lie below a node of address 0 there. Parents have
 * lower numbers than their children. */
struct agent_node {
    uint32_t parent;       /* AGENT_WIRE_NO_NODE: a root */
    _Atomic uint32_t root; /* number of the root + 1, stored last; 0: not filled in yet */
    uint64_t address;      /* of a root: the number of its process, its slot's in the high half */
    _Atomic uint64_t allocations; /* with this stack, of which the node is the innermost frame */
    _Atomic uint64_t requested_bytes;
    _Atomic uint64_t usable_allocated_bytes;
    _Atomic uint64_t usable_freed_bytes;           /* of those blocks, by the same thread */
    _Atomic uint64_t usable_freed_elsewhere_bytes; /* by others */
    uint64_t unused;
};

/* A process that has stacks. Its addresses are its own. */
struct agent_process {
    _Atomic uint32_t pid;    /* 0: none after all */
    _Atomic uint32_t parent; /* number + 1 of the process that it was forked from; 0: exec'ed */
};

/* After the slots, where there is room for nodes; then the nodes, then the index. */
struct agent_sites {
    _Atomic uint32_t used_nodes;     /* may pass node_count, then stacks were lost */
    _Atomic uint32_t used_processes; /* may pass AGENT_WIRE_PROCESSES, likewise */
    _Atomic uint64_t untied_blocks;  /* allocated, but too many to know where they belong */
    _Atomic uint64_t untied_frees;   /* of blocks that nobody knows the stack of */
    _Atomic uint64_t untied_freed_bytes;
    uint64_t unused[4];
    struct agent_process processes[AGENT_WIRE_PROCESSES];
};

static_assert(sizeof(struct agent_slot) == 64, "a slot is one cache line");
static_assert(sizeof(struct agent_node) == 64, "a node is one cache line");
static_assert(sizeof(struct agent_sites) % 64 == 0, "nodes are aligned");
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

static inline size_t agent_wire_size_bytes(uint32_t slot_count, uint32_t node_count)
{
    size_t size = sizeof(struct agent_map) + (size_t)slot_count * sizeof(struct agent_slot);
    if (node_count > 0)
        size += sizeof(struct agent_sites) +
                node_count * (sizeof(struct agent_node) + 2 * sizeof(_Atomic uint64_t));
    return size;
}

/* What lies behind the slots of a map with room for nodes. The counts are not taken from the map:
 * others can write there. */
static inline struct agent_sites *agent_wire_sites(struct agent_map *map, uint32_t slot_count)
{
    return (struct agent_sites *)(void *)&map->slots[slot_count];
}

static inline struct agent_node *agent_wire_nodes(struct agent_sites *sites)
{
    return (struct agent_node *)(void *)(sites + 1);
}

/* The agents' way from a parent and an address to the node: twice as many words as nodes. */
static inline _Atomic uint64_t *agent_wire_index(struct agent_sites *sites, uint32_t node_count)
{
    return (_Atomic uint64_t *)(void *)(agent_wire_nodes(sites) + node_count);
}

/* For the rig. `map` is zeroed memory of agent_wire_size_bytes of the same counts, at least
 * 64-aligned (a fresh mapping is both); 1 to AGENT_WIRE_MAX_SLOTS slots; nodes: 0, or a power of
 * two from 64 to AGENT_WIRE_MAX_NODES. Counting begins switched off. */
static inline void agent_wire_init(struct agent_map *map, uint32_t slot_count, uint32_t node_count)
{
    map->version = AGENT_WIRE_VERSION;
    map->slot_count = slot_count;
    map->node_count = node_count;
    atomic_store_explicit(&map->magic, AGENT_WIRE_MAGIC, memory_order_release);
}

/* Switches counting, and with it the keeping of stacks where there is room for them; holds for
 * every call that begins after a thread has seen it. */
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
