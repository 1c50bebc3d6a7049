#include "rig/agent/next.h"
#include "rig/agent/guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* Before each block of the pool stands its size, in one unit of the strictest alignment. */
#define POOL_UNIT ((size_t)16)

AGENT_LOCAL _Alignas(16) unsigned char agent_pool[NEXT_POOL_BYTES];
static _Atomic size_t pool_used;
static __thread bool resolving __attribute__((tls_model("initial-exec")));

static void *pool_allocate(size_t size)
{
    if (size > NEXT_POOL_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    size_t whole = POOL_UNIT + (size + POOL_UNIT - 1) / POOL_UNIT * POOL_UNIT;
    size_t start = atomic_fetch_add(&pool_used, whole);
    if (start > NEXT_POOL_BYTES || whole > NEXT_POOL_BYTES - start) {
        atomic_fetch_sub(&pool_used, whole);
        errno = ENOMEM;
        return NULL;
    }
    memcpy(agent_pool + start, &size, sizeof size);
    return agent_pool + start + POOL_UNIT;
}

size_t next_pool_size(const void *block)
{
    size_t size;
    memcpy(&size, (const unsigned char *)block - POOL_UNIT, sizeof size);
    return size;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

/* The functions that stand in until the real ones are known, and after that only for those which
 * the allocator lacks. */

static void *first_malloc(size_t size)
{
    return next_resolve() ? agent_next.malloc(size) : pool_allocate(size);
}

static void *first_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (next_resolve())
        return agent_next.calloc(count, size);
    if (__builtin_mul_overflow(count, size, &bytes))
        return no_memory();
    return pool_allocate(bytes); /* zero: never used before */
}

static void *first_realloc(void *block, size_t size)
{
    if (next_resolve())
        return agent_next.realloc(block, size);
    /* Blocks of the pool were dealt with before; no other block can exist yet. */
    return block == NULL ? pool_allocate(size) : no_memory();
}

static void first_free(void *block)
{
    if (next_resolve())
        agent_next.free(block);
}

static int first_posix_memalign(void **block, size_t alignment, size_t size)
{
    if (!next_resolve() || agent_next.posix_memalign == first_posix_memalign)
        return ENOMEM;
    return agent_next.posix_memalign(block, alignment, size);
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
    if (!next_resolve() || agent_next.aligned_alloc == first_aligned_alloc)
        return no_memory();
    return agent_next.aligned_alloc(alignment, size);
}

static void *first_memalign(size_t alignment, size_t size)
{
    if (!next_resolve() || agent_next.memalign == first_memalign)
        return no_memory();
    return agent_next.memalign(alignment, size);
}

static void *first_valloc(size_t size)
{
    if (!next_resolve() || agent_next.valloc == first_valloc)
        return no_memory();
    return agent_next.valloc(size);
}

static void *first_pvalloc(size_t size)
{
    if (!next_resolve() || agent_next.pvalloc == first_pvalloc)
        return no_memory();
    return agent_next.pvalloc(size);
}

static size_t unknown_size(void *block)
{
    (void)block;
    return 0;
}

AGENT_LOCAL struct next_allocator agent_next = {
    .malloc = first_malloc,
    .calloc = first_calloc,
    .realloc = first_realloc,
    .free = first_free,
    .posix_memalign = first_posix_memalign,
    .aligned_alloc = first_aligned_alloc,
    .memalign = first_memalign,
    .valloc = first_valloc,
    .pvalloc = first_pvalloc,
    .usable_size = unknown_size,
};

/* Writes the function to the pointer at `target`, which stays as it is when there is none. The copy
 * is what ISO C leaves for turning dlsym's answer into a function. */
static void *look_up(void *handle, const char *name, void *target)
{
    void *address = dlsym(handle, name);
    if (address != NULL && target != NULL)
        memcpy(target, &address, sizeof address);
    return address;
}

static const void *object_of(const void *address)
{
    Dl_info info;
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

/* Sizes are taken only from the object that brings malloc: libc's malloc_usable_size would read
 * memory before another allocator's block. */
static void learn_character(struct next_allocator *next, const void *malloc_address)
{
    const void *object = object_of(malloc_address);
    const void *usable = look_up(RTLD_NEXT, "malloc_usable_size", NULL);
    next->foreign = object != object_of(look_up(RTLD_NEXT, "getpid", NULL));
    next->sizes_known = object != NULL && object_of(usable) == object;
    if (next->sizes_known)
        look_up(RTLD_NEXT, "malloc_usable_size", &next->usable_size);
    next->malloc_address = malloc_address;
}

bool next_resolve(void)
{
    if (agent_next.ready)
        return true;
    if (resolving)
        return false;
    int saved = errno;
    resolving = true;
    struct next_allocator next = agent_next;
    const void *malloc_address = look_up(RTLD_NEXT, "malloc", &next.malloc);
    look_up(RTLD_NEXT, "calloc", &next.calloc);
    look_up(RTLD_NEXT, "realloc", &next.realloc);
    look_up(RTLD_NEXT, "free", &next.free);
    look_up(RTLD_NEXT, "posix_memalign", &next.posix_memalign);
    look_up(RTLD_NEXT, "aligned_alloc", &next.aligned_alloc);
    look_up(RTLD_NEXT, "memalign", &next.memalign);
    look_up(RTLD_NEXT, "valloc", &next.valloc);
    look_up(RTLD_NEXT, "pvalloc", &next.pvalloc);
    learn_character(&next, malloc_address);
    if (next.foreign)
        guard_wrap(&next, &agent_next);
    next.ready = true;
    /* Two threads may both come here; they write the same. */
    agent_next = next;
    resolving = false;
    errno = saved;
    return true;
}

bool next_serves_new(void)
{
    const void *object = object_of(agent_next.malloc_address);
    return object != NULL && object_of(dlsym(RTLD_DEFAULT, "_Znwm")) == object;
}

void next_learn_sizes(void)
{
#if defined(__GLIBC__) && defined(__x86_64__)
    static const size_t sizes[] = {1, 24, 25, 100, 1000};
    bool read = !agent_next.foreign && agent_next.sizes_known;
    for (size_t i = 0; read && i < sizeof sizes / sizeof *sizes; i++) {
        void *block = agent_next.malloc(sizes[i]);
        size_t flags;
        read = block != NULL && next_size_in_place(block, &flags) == agent_next.usable_size(block);
        agent_next.free(block);
    }
    agent_next.sizes_read = read;
#endif
}
