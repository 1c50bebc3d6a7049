#include "rig/agent/guard.h"
#include "rig/agent/slots.h"

/* The functions that are wrapped. Written once, before any call can come here. */
static struct next_allocator behind;

/* Taking the generation away sends calls from within to the path of threads without a slot, which
 * looks at `inside`; so the calls that are counted need no test for it. */
static uint32_t enter(void)
{
    uint32_t generation = agent_thread.generation;
    agent_thread.generation = SLOTS_NO_GENERATION;
    agent_thread.inside++;
    return generation;
}

static void leave(uint32_t generation)
{
    agent_thread.inside--;
    agent_thread.generation = generation;
}

static void *guarded_malloc(size_t size)
{
    uint32_t generation = enter();
    void *block = behind.malloc(size);
    leave(generation);
    return block;
}

static void *guarded_calloc(size_t count, size_t size)
{
    uint32_t generation = enter();
    void *block = behind.calloc(count, size);
    leave(generation);
    return block;
}

static void *guarded_realloc(void *block, size_t size)
{
    uint32_t generation = enter();
    void *resized = behind.realloc(block, size);
    leave(generation);
    return resized;
}

static void guarded_free(void *block)
{
    uint32_t generation = enter();
    behind.free(block);
    leave(generation);
}

static int guarded_posix_memalign(void **block, size_t alignment, size_t size)
{
    uint32_t generation = enter();
    int status = behind.posix_memalign(block, alignment, size);
    leave(generation);
    return status;
}

static void *guarded_aligned_alloc(size_t alignment, size_t size)
{
    uint32_t generation = enter();
    void *block = behind.aligned_alloc(alignment, size);
    leave(generation);
    return block;
}

static void *guarded_memalign(size_t alignment, size_t size)
{
    uint32_t generation = enter();
    void *block = behind.memalign(alignment, size);
    leave(generation);
    return block;
}

static void *guarded_valloc(size_t size)
{
    uint32_t generation = enter();
    void *block = behind.valloc(size);
    leave(generation);
    return block;
}

static void *guarded_pvalloc(size_t size)
{
    uint32_t generation = enter();
    void *block = behind.pvalloc(size);
    leave(generation);
    return block;
}

void guard_wrap(struct next_allocator *next, const struct next_allocator *unset)
{
    behind = *next;
    if (next->malloc != unset->malloc)
        next->malloc = guarded_malloc;
    if (next->calloc != unset->calloc)
        next->calloc = guarded_calloc;
    if (next->realloc != unset->realloc)
        next->realloc = guarded_realloc;
    if (next->free != unset->free)
        next->free = guarded_free;
    if (next->posix_memalign != unset->posix_memalign)
        next->posix_memalign = guarded_posix_memalign;
    if (next->aligned_alloc != unset->aligned_alloc)
        next->aligned_alloc = guarded_aligned_alloc;
    if (next->memalign != unset->memalign)
        next->memalign = guarded_memalign;
    if (next->valloc != unset->valloc)
        next->valloc = guarded_valloc;
    if (next->pvalloc != unset->pvalloc)
        next->pvalloc = guarded_pvalloc;
}
