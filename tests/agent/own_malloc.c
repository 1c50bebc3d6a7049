/* An allocator, as a program or library brings one that is not libc's: blocks are cut off a static
 * array and never reused. calloc goes through malloc by name, as such allocators do. */
#include <stddef.h>
#include <string.h>

void *malloc(size_t size);
void free(void *block);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);

static _Alignas(16) unsigned char memory[1 << 22];
static size_t used;

void *malloc(size_t size)
{
    size_t whole = 16 + (size + 15) / 16 * 16;
    if (size > sizeof memory || whole > sizeof memory - used)
        return NULL;
    unsigned char *block = memory + used + 16;
    memcpy(block - 16, &size, sizeof size);
    used += whole;
    return block;
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : malloc(bytes);
}

static size_t size_of(const void *block)
{
    size_t size;
    memcpy(&size, (const unsigned char *)block - 16, sizeof size);
    return size;
}

void *realloc(void *block, size_t size)
{
    void *moved = malloc(size);
    if (moved != NULL && block != NULL)
        memcpy(moved, block, size_of(block) < size ? size_of(block) : size);
    return moved;
}

#ifdef COMPLETE
size_t malloc_usable_size(void *block);
void *_Znwm(size_t size);

size_t malloc_usable_size(void *block)
{
    return block != NULL ? size_of(block) : 0;
}

/* What C++ calls operator new(size_t). */
void *_Znwm(size_t size)
{
    return malloc(size);
}
#endif
