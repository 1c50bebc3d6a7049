/* The allocator behind the agent: libc's, or a library's that is loaded after the agent. */
#ifndef TOLLGATE_RIG_AGENT_NEXT_H
#define TOLLGATE_RIG_AGENT_NEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_LOCAL __attribute__((visibility("hidden")))

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Callable from the first instruction on: until the real functions are known, the pointers lead to
 * ones that look them up, so that no call needs a test. A function that the allocator lacks fails
 * with ENOMEM. */
struct next_allocator {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void (*free)(void *block);
    int (*posix_memalign)(void **block, size_t alignment, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    void *(*memalign)(size_t alignment, size_t size);
    void *(*valloc)(size_t size);
    void *(*pvalloc)(size_t size);
    size_t (*usable_size)(void *block); /* 0 for any block where the allocator cannot tell */
    bool ready;
    bool foreign;     /* not libc's: it may call malloc by name, and so the agent, from within */
    bool sizes_known; /* usable_size is the allocator's own */
    bool sizes_read;  /* sizes can be read from where glibc keeps them: next_learn_sizes */
    const void *malloc_address; /* of the allocator itself, before any guard */
};

extern AGENT_LOCAL struct next_allocator agent_next;

/* Looks the functions up. It runs within whatever malloc was first called from, which may hold any
 * lock of libc's, so what takes one must not be called: dlerror for one, though a lookup that
 * failed leaves a message behind. False when called from within itself on the same thread (dlsym
 * may allocate): then the pool has to serve. */
AGENT_LOCAL bool next_resolve(void);

/* Whether the allocator brings C++ operator new, which then never reaches malloc. Like the next,
 * not for calls from within malloc. */
AGENT_LOCAL bool next_serves_new(void);

/* Finds out whether block sizes can be read in place. Allocates and frees a few small blocks. */
AGENT_LOCAL void next_learn_sizes(void);

/* glibc keeps a block's size in the word before it, with three flags in the low bits. */
#define NEXT_SIZE_FLAGS  ((size_t)7)
#define NEXT_SIZE_MAPPED ((size_t)2)

static inline size_t next_size_in_place(const void *block, size_t *flags)
{
    size_t word = ((const size_t *)block)[-1];
    *flags = word & NEXT_SIZE_FLAGS;
    return (word & ~NEXT_SIZE_FLAGS) - sizeof word;
}

/* malloc_usable_size, for a block that is not NULL. Read in place it saves a call and the look at
 * the block behind, which may be the only reason for that to come into the cache. */
static inline size_t next_usable_size(void *block)
{
    if (__builtin_expect(agent_next.sizes_read, 1)) {
        size_t flags, size = next_size_in_place(block, &flags);
        if (__builtin_expect((flags & NEXT_SIZE_MAPPED) == 0, 1))
            return size;
    }
    return agent_next.usable_size(block);
}

/* A small static pool for what dlsym allocates; its blocks are never reused. */
#define NEXT_POOL_BYTES ((size_t)32768)
extern AGENT_LOCAL unsigned char agent_pool[NEXT_POOL_BYTES];

static inline bool next_pool_owns(const void *block)
{
    return (uintptr_t)block - (uintptr_t)agent_pool < NEXT_POOL_BYTES;
}

AGENT_LOCAL size_t next_pool_size(const void *block);

#endif
