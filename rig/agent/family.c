/* malloc and its family: pass the call on, then count it if counting is on. What counts: every
 * block handed out, once, and every block given back; failures and free(NULL) are nothing. A
 * realloc of a block is one allocation of the new size, wherever the block ends up, so that the
 * count does not hang on how full the heap is. C++ new and libc's own users of malloc come through
 * here. Where stacks are kept, a block is tied to its own before the caller has it, and untied
 * before the allocator gets it back and may hand it to another thread. */
#include "rig/agent/family.h"
#include "rig/agent/sites.h"
#include "rig/agent/slots.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define AGENT_EXPORT __attribute__((visibility("default")))

static inline __attribute__((always_inline)) void count_allocation(void *block, size_t size)
{
    if (UNLIKELY(block == NULL))
        return;
    size_t usable = next_usable_size(block);
    bool counted = slots_count((struct slots_change){
        .allocations = 1, .requested_bytes = size, .usable_allocated_bytes = usable});
    if (slots_keeping_sites() && counted)
        sites_record(block, size, usable, __builtin_frame_address(0));
}

static __attribute__((noinline)) void *counted_malloc(size_t size)
{
    void *block = agent_next.malloc(size);
    count_allocation(block, size);
    return block;
}

void *family_own_malloc(size_t size)
{
    return slots_counting() ? counted_malloc(size) : agent_next.malloc(size);
}

AGENT_EXPORT extern __typeof(malloc) malloc __attribute__((alias("family_own_malloc")));

static __attribute__((noinline)) void *counted_calloc(size_t count, size_t size)
{
    void *block = agent_next.calloc(count, size);
    count_allocation(block, count * size); /* had it overflowed, there would be no block */
    return block;
}

AGENT_EXPORT void *calloc(size_t count, size_t size)
{
    return slots_counting() ? counted_calloc(count, size) : agent_next.calloc(count, size);
}

static __attribute__((noinline)) void counted_free(void *block)
{
    size_t usable = next_usable_size(block);
    slots_count((struct slots_change){.frees = 1, .usable_freed_bytes = usable});
    if (slots_keeping_sites())
        sites_freed(sites_release(block), usable);
    agent_next.free(block);
}

AGENT_EXPORT void free(void *block)
{
    if (UNLIKELY(next_pool_owns(block)))
        return;
    if (slots_counting() && block != NULL) {
        counted_free(block);
    } else {
        agent_next.free(block);
    }
}

/* A block of the pool cannot be resized by the allocator: it moves out of the pool. */
static void *move_from_pool(void *block, size_t size)
{
    void *moved = malloc(size);
    size_t held = next_pool_size(block);
    if (moved != NULL)
        memcpy(moved, block, held < size ? held : size);
    return moved;
}

static void count_resized(void *resized, size_t size, size_t before)
{
    size_t usable = next_usable_size(resized);
    bool counted = slots_count((struct slots_change){.allocations = 1,
                                                     .reallocations = 1,
                                                     .requested_bytes = size,
                                                     .usable_allocated_bytes = usable,
                                                     .usable_freed_bytes = before});
    if (slots_keeping_sites() && counted)
        sites_record(resized, size, usable, __builtin_frame_address(0));
}

static __attribute__((noinline)) void *counted_realloc(void *block, size_t size)
{
    size_t before = next_usable_size(block);
    bool keeping = slots_keeping_sites();
    uint32_t node = keeping ? sites_release(block) : AGENT_WIRE_NO_NODE;
    void *resized = agent_next.realloc(block, size);
    bool freed = resized != NULL || size == 0;
    if (keeping && freed)
        sites_freed(node, before);
    else if (keeping)
        sites_tie(block, node);
    if (resized != NULL)
        count_resized(resized, size, before);
    else if (freed)
        slots_count((struct slots_change){.frees = 1, .usable_freed_bytes = before});
    return resized;
}

static void *resize(void *block, size_t size)
{
    if (UNLIKELY(next_pool_owns(block)))
        return move_from_pool(block, size);
    if (!slots_counting())
        return agent_next.realloc(block, size);
    if (block != NULL)
        return counted_realloc(block, size);
    void *fresh = agent_next.realloc(NULL, size);
    count_allocation(fresh, size);
    return fresh;
}

AGENT_EXPORT void *realloc(void *block, size_t size)
{
    return resize(block, size);
}

/* Not passed on as reallocarray: libc's calls realloc by name and would be counted again. */
AGENT_EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return resize(block, bytes);
}

AGENT_EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (!slots_counting())
        return agent_next.posix_memalign(block, alignment, size);
    int status = agent_next.posix_memalign(block, alignment, size);
    if (status == 0)
        count_allocation(*block, size);
    return status;
}

AGENT_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    if (!slots_counting())
        return agent_next.aligned_alloc(alignment, size);
    void *block = agent_next.aligned_alloc(alignment, size);
    count_allocation(block, size);
    return block;
}

AGENT_EXPORT void *memalign(size_t alignment, size_t size)
{
    if (!slots_counting())
        return agent_next.memalign(alignment, size);
    void *block = agent_next.memalign(alignment, size);
    count_allocation(block, size);
    return block;
}

AGENT_EXPORT void *valloc(size_t size)
{
    if (!slots_counting())
        return agent_next.valloc(size);
    void *block = agent_next.valloc(size);
    count_allocation(block, size);
    return block;
}

AGENT_EXPORT void *pvalloc(size_t size)
{
    if (!slots_counting())
        return agent_next.pvalloc(size);
    void *block = agent_next.pvalloc(size);
    count_allocation(block, size);
    return block;
}
