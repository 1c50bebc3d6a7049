#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 32 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){0};
}

static struct arena_block *arena_add_block(struct arena *arena, size_t size)
{
    size_t wanted = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
    size_t total;
    if (__builtin_add_overflow(wanted, sizeof(struct arena_block), &total))
        return NULL;
    struct arena_block *block = calloc(1, total);
    if (block == NULL)
        return NULL;
    block->size = wanted;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t padded;
    if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &padded))
        return NULL;
    padded &= ~(alignof(max_align_t) - 1);
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < padded)
        block = arena_add_block(arena, padded);
    if (block == NULL)
        return NULL;
    void *memory = block->data + block->used;
    block->used += padded;
    arena->used_bytes += padded;
    return memory;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_alloc(arena, total);
}

char *arena_copy_bytes(struct arena *arena, const void *data, size_t size)
{
    size_t total;
    if (__builtin_add_overflow(size, (size_t)1, &total))
        return NULL;
    char *copy = arena_alloc(arena, total);
    if (copy != NULL && size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *arena_copy_string(struct arena *arena, const char *text)
{
    return arena_copy_bytes(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return NULL;
    char *copy = arena_copy_bytes(arena, text, (size_t)length);
    free(text);
    return copy;
}
