#include "rig/agent/sites.h"
#include "rig/agent/blocks.h"
#include "rig/agent/rules.h"
#include "rig/agent/slots.h"
#include "rig/agent/unwind.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUESS_BITS = 10 };

/* What a thread needs to record; one a slot, in memory of the process. */
struct sites_thread {
    uint32_t root;
    uint32_t cut; /* the node below it for stacks that are cut, or AGENT_WIRE_NO_NODE */
    bool ready;
    bool busy; /* a signal handler that allocates meanwhile is not recorded */
    uint32_t guesses[1 << GUESS_BITS];
    struct unwind_stack stack;
};

struct bounds {
    uintptr_t low, high;
};

/* Written once, before the first thread begins. */
static struct {
    struct agent_sites *map;
    struct agent_node *nodes;
    _Atomic uint64_t *index;
    uint32_t node_count;
    struct sites_thread *threads; /* by slot */
    struct bounds main_stack;
} sites;

/* The number + 1 of the process that this memory was forked from, or its own. */
static _Atomic uint32_t last_process;

static const uint32_t none = AGENT_WIRE_NO_NODE;

/* The nodes of a tree are made by the thread that has its slot alone. So a node that is not found
 * is not being made by another thread either, though the place for it in the index may be taken by
 * the node of one. */

static uint64_t hash_of(uint32_t parent, uint64_t address)
{
    uint64_t mixed = (address ^ (uint64_t)parent << 40 ^ parent) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ mixed >> 29;
}

static uint32_t make_node(uint32_t parent, uint64_t address, uint32_t root)
{
    if (atomic_load_explicit(&sites.map->used_nodes, memory_order_relaxed) >= sites.node_count)
        return none;
    uint32_t number = atomic_fetch_add_explicit(&sites.map->used_nodes, 1, memory_order_relaxed);
    if (number >= sites.node_count)
        return none;
    struct agent_node *node = &sites.nodes[number];
    node->parent = parent;
    node->address = address;
    uint32_t own_root = root == none ? number : root;
    atomic_store_explicit(&node->root, own_root + 1, memory_order_release);
    return number;
}

/* Words of the index are the high half of the hash and the node's number + 1. */
static uint32_t find_node(uint32_t parent, uint64_t address, uint32_t root)
{
    uint64_t hash = hash_of(parent, address), tag = hash >> 32 << 32;
    uint32_t mask = 2 * sites.node_count - 1, at = (uint32_t)hash & mask, made = none;
    for (uint32_t looked = 0; looked <= 2 * mask; looked++) {
        uint64_t word = atomic_load_explicit(&sites.index[at], memory_order_acquire);
        uint32_t number = (uint32_t)word - 1;
        if (word == 0) {
            if (made == none)
                made = make_node(parent, address, root);
            if (made == none ||
                atomic_compare_exchange_strong(&sites.index[at], &word, tag | (made + 1)))
                return made;
            continue; /* taken by another tree's node: look at it, and go on */
        }
        if (word >> 32 == tag >> 32 && number < sites.node_count &&
            sites.nodes[number].parent == parent && sites.nodes[number].address == address)
            return number;
        at = (at + 1) & mask;
    }
    return none;
}

/* Gives the process its number. */
static uint32_t begin_process(void)
{
    _Atomic uint32_t *own = &agent_state.process->sites_process;
    uint32_t number = atomic_load(own), unset = 0;
    if (number != 0)
        return number;
    number = atomic_fetch_add(&sites.map->used_processes, 1) + 1;
    if (number > AGENT_WIRE_PROCESSES || number == 0)
        return 0;
    struct agent_process *process = &sites.map->processes[number - 1];
    atomic_store(&process->parent, atomic_load(&last_process));
    atomic_store(&process->pid, (uint32_t)getpid());
    if (!atomic_compare_exchange_strong(own, &unset, number)) {
        atomic_store(&process->pid, 0); /* another thread was first: this number is nobody's */
        return unset;
    }
    atomic_store(&last_process, number);
    return number;
}

/* Where nothing is known, no address is within bounds. For the main thread this reads a file. */
static struct bounds find_bounds(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return (struct bounds){0, 0};
    if (pthread_attr_getstack(&attributes, &low, &size) != 0)
        size = 0;
    pthread_attr_destroy(&attributes);
    return (struct bounds){(uintptr_t)low, (uintptr_t)low + size};
}

static bool is_within(struct bounds bounds, const void *address)
{
    return (uintptr_t)address >= bounds.low && (uintptr_t)address < bounds.high;
}

void sites_begin_thread(uint32_t slot)
{
    if (!agent_state.keeps_sites)
        return;
    struct sites_thread *thread = &sites.threads[slot];
    uint32_t process = begin_process();
    bool is_main = is_within(sites.main_stack, __builtin_frame_address(0));
    struct bounds bounds = is_main ? sites.main_stack : find_bounds();
    agent_thread.sites = thread;
    thread->busy = thread->ready = false;
    thread->stack.whole = false;
    thread->stack.low = bounds.low;
    thread->stack.high = bounds.high;
    if (process == 0)
        return;
    thread->root = find_node(none, (uint64_t)slot << 32 | (process - 1), none);
    thread->cut = thread->root != none ? find_node(thread->root, 0, thread->root) : none;
    thread->ready = thread->root != none;
}

bool sites_attach(struct agent_map *map, uint32_t slot_count, uint32_t node_count)
{
    void *threads = mmap(NULL, slot_count * sizeof *sites.threads, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (threads == MAP_FAILED || !blocks_prepare() || !rules_prepare())
        return false;
    sites.threads = threads;
    sites.node_count = node_count;
    sites.main_stack = find_bounds();
    sites.map = agent_wire_sites(map, slot_count);
    sites.nodes = agent_wire_nodes(sites.map);
    sites.index = agent_wire_index(sites.map, node_count);
    return true;
}

/* NULL when the calling thread has no slot: not yet, no longer, or none was free. */
static inline struct sites_thread *own_thread(void)
{
    uint32_t generation =
        atomic_load_explicit(&agent_state.process->generation, memory_order_relaxed);
    struct sites_thread *thread = agent_thread.sites;
    return agent_thread.generation == generation && thread != NULL && thread->ready ? thread : NULL;
}

static inline uint64_t fresh_address(const struct unwind_stack *stack, uint32_t i)
{
    return unwind_plain_address(stack->fresh[i].address);
}

/* The thread's latest node for the way from a node by the fresh frames, whatever they are. */
static inline uint32_t *find_guess(struct sites_thread *thread, uint32_t from)
{
    uint64_t hash = (thread->stack.fresh_hash ^ from) * UINT64_C(0xff51afd7ed558ccd);
    return &thread->guesses[hash >> (64 - GUESS_BITS)];
}

/* Whether a node is at the end of that way; notes those on the way. */
static inline bool is_way(struct unwind_stack *stack, uint32_t from, uint32_t number)
{
    for (uint32_t i = 0; i < stack->fresh_count; i++) {
        if (number >= sites.node_count)
            return false;
        const struct agent_node *node = &sites.nodes[number];
        stack->fresh[i].node = number;
        if (node->address != fresh_address(stack, i))
            return false;
        number = node->parent;
    }
    return number == from;
}

static uint32_t find_way(struct sites_thread *thread, uint32_t from)
{
    struct unwind_stack *stack = &thread->stack;
    for (uint32_t i = stack->fresh_count; i-- > 0 && from != none;)
        from = stack->fresh[i].node = find_node(from, fresh_address(stack, i), thread->root);
    return from;
}

/* The node of the stack that was just walked. */
static inline uint32_t find_stack(struct sites_thread *thread, bool whole)
{
    struct unwind_stack *stack = &thread->stack;
    uint32_t from = whole ? thread->root : thread->cut;
    if (stack->count > 0)
        from = stack->frames[stack->count - 1].node;
    if (stack->fresh_count == 0)
        return from;
    uint32_t *guess = find_guess(thread, from), number = *guess;
    if (UNLIKELY(!is_way(stack, from, number))) {
        number = find_way(thread, from);
        if (number == none) {
            stack->whole = false; /* what follows must not build on it */
            return none;
        }
        *guess = number;
    }
    unwind_keep(stack);
    return number;
}

void sites_record(const void *block, size_t size, size_t usable_bytes, const uintptr_t *own)
{
    struct sites_thread *thread = own_thread();
    if (UNLIKELY(thread == NULL || thread->busy))
        return;
    thread->busy = true;
    atomic_signal_fence(memory_order_seq_cst);
    bool whole = unwind_walk(&thread->stack, own);
    uint32_t number = find_stack(thread, whole);
    if (LIKELY(number != none)) {
        struct agent_node *node = &sites.nodes[number];
        slots_add(&node->allocations, 1);
        slots_add(&node->requested_bytes, size);
        slots_add(&node->usable_allocated_bytes, usable_bytes);
        sites_tie(block, number);
    }
    atomic_signal_fence(memory_order_seq_cst);
    thread->busy = false;
}

uint32_t sites_release(const void *block)
{
    return blocks_take(block);
}

void sites_tie(const void *block, uint32_t node)
{
    if (UNLIKELY(node != none && !blocks_put(block, node)))
        atomic_fetch_add_explicit(&sites.map->untied_blocks, 1, memory_order_relaxed);
}

void sites_freed(uint32_t number, size_t usable_bytes)
{
    const struct sites_thread *thread = own_thread();
    if (UNLIKELY(number == none)) {
        atomic_fetch_add_explicit(&sites.map->untied_frees, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&sites.map->untied_freed_bytes, usable_bytes,
                                  memory_order_relaxed);
        return;
    }
    struct agent_node *node = &sites.nodes[number];
    uint32_t root = atomic_load_explicit(&node->root, memory_order_relaxed) - 1;
    if (LIKELY(thread != NULL && thread->root == root))
        slots_add(&node->usable_freed_bytes, usable_bytes);
    else
        atomic_fetch_add_explicit(&node->usable_freed_elsewhere_bytes, usable_bytes,
                                  memory_order_relaxed);
}
