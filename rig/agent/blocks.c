#include "rig/agent/blocks.h"
#include "rig/agent/wire.h"

#include <sys/mman.h>

#define LINES        ((size_t)1 << BLOCKS_BITS)
#define NODE_BITS    20
#define ADDRESS_BITS (64 - NODE_BITS)
#define LINE_SHIFT   7  /* neighbours on the heap, up to 128 bytes, are in one line */
#define ARENA_SHIFT  26 /* glibc's threads have arenas that begin at multiples of this */
#define ARENA_STEP   UINT64_C(40503)

/* Low bits of a block's address. Those above ALWAYS_ZERO + ADDRESS_BITS are 0 too. */
#if defined(__x86_64__)
#define ALWAYS_ZERO 3
#else
#define ALWAYS_ZERO 4
#endif

static_assert(AGENT_WIRE_MAX_NODES <= 1U << NODE_BITS, "a node's number fits into an entry");

/* An entry is an address and a node in one word, 0 when free; an entry never moves. `passed` counts
 * the blocks that went to a later line because this one was full: without any, a search ends. */
struct line {
    _Atomic uint64_t entries[BLOCKS_LINE_ENTRIES];
    _Atomic uint64_t passed;
};

static struct line *lines;

bool blocks_prepare(void)
{
    void *memory = mmap(NULL, LINES * sizeof *lines, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    lines = memory;
    return true;
}

static inline size_t home_of(uint64_t address)
{
    return (size_t)((address >> LINE_SHIFT) + (address >> ARENA_SHIFT) * ARENA_STEP) % LINES;
}

/* Where in a line to begin: neighbours begin at different entries. */
static inline unsigned first_of(uint64_t address)
{
    unsigned eighth = (unsigned)(address >> (LINE_SHIFT - 3)) & 7;
    return eighth < BLOCKS_LINE_ENTRIES ? eighth : 0;
}

/* The block's address as an entry has it; 0 when it does not fit in. */
static inline uint64_t key_of(uint64_t address)
{
    uint64_t key = address >> ALWAYS_ZERO;
    return key << ALWAYS_ZERO == address && key >> ADDRESS_BITS == 0 ? key << NODE_BITS : 0;
}

static inline unsigned next_entry(unsigned entry)
{
    return entry + 1 < BLOCKS_LINE_ENTRIES ? entry + 1 : 0;
}

static bool put_in_line(struct line *line, unsigned first, uint64_t word)
{
    unsigned entry = first;
    do {
        uint64_t there = atomic_load_explicit(&line->entries[entry], memory_order_relaxed);
        /* The same address: its free was not seen, since nothing was recorded at the time. */
        bool stale = there >> NODE_BITS == word >> NODE_BITS;
        if ((there == 0 || stale) &&
            atomic_compare_exchange_strong_explicit(&line->entries[entry], &there, word,
                                                    memory_order_relaxed, memory_order_relaxed))
            return true;
        entry = next_entry(entry);
    } while (entry != first);
    return false;
}

static void pass_by(size_t home, size_t count, bool more)
{
    for (size_t i = 0; i < count; i++) {
        _Atomic uint64_t *passed = &lines[(home + i) % LINES].passed;
        if (more)
            atomic_fetch_add_explicit(passed, 1, memory_order_relaxed);
        else
            atomic_fetch_sub_explicit(passed, 1, memory_order_relaxed);
    }
}

bool blocks_put(const void *block, uint32_t node)
{
    uint64_t address = (uint64_t)(uintptr_t)block, key = key_of(address);
    size_t home = home_of(address);
    unsigned first = first_of(address);
    if (key == 0)
        return false;
    for (size_t i = 0; i < BLOCKS_LINES_PROBED; i++) {
        if (!put_in_line(&lines[(home + i) % LINES], first, key | node))
            continue;
        if (i > 0)
            pass_by(home, i, true);
        return true;
    }
    return false;
}

/* The entry of the block in the line; BLOCKS_LINE_ENTRIES when it is not there. */
static inline unsigned find_in_line(const struct line *line, unsigned first, uint64_t key,
                                    uint64_t *word)
{
    unsigned entry = first;
    do {
        *word = atomic_load_explicit(&line->entries[entry], memory_order_relaxed);
        if (*word >> NODE_BITS == key >> NODE_BITS)
            return entry;
        entry = next_entry(entry);
    } while (entry != first);
    return BLOCKS_LINE_ENTRIES;
}

uint32_t blocks_take(const void *block)
{
    uint64_t address = (uint64_t)(uintptr_t)block, key = key_of(address), word;
    size_t home = home_of(address);
    unsigned first = first_of(address);
    if (key == 0)
        return AGENT_WIRE_NO_NODE;
    for (size_t i = 0; i < BLOCKS_LINES_PROBED; i++) {
        struct line *line = &lines[(home + i) % LINES];
        unsigned entry = find_in_line(line, first, key, &word);
        if (entry < BLOCKS_LINE_ENTRIES) {
            atomic_store_explicit(&line->entries[entry], 0, memory_order_relaxed);
            if (i > 0)
                pass_by(home, i, false);
            return (uint32_t)word & (AGENT_WIRE_MAX_NODES - 1);
        }
        if (atomic_load_explicit(&line->passed, memory_order_relaxed) == 0)
            break;
    }
    return AGENT_WIRE_NO_NODE;
}
