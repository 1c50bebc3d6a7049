/* Memory that lives as long as its owner: many small allocations, one release. */
#ifndef TOLLGATE_BASE_ARENA_H
#define TOLLGATE_BASE_ARENA_H

#include "base/macros.h"

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used_bytes;          /* handed out in all */
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL when out of memory. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);

/* `count` zeroed elements; NULL also when the product overflows. */
MUST_CHECK void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/* Copies with a terminating NUL added, or NULL when out of memory. */
MUST_CHECK char *arena_copy_string(struct arena *arena, const char *text);
MUST_CHECK char *arena_copy_bytes(struct arena *arena, const void *data, size_t size);
MUST_CHECK char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
