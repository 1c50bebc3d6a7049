/* Names and their numbers in order of first appearance. */
#ifndef TOLLGATE_BASE_NAMES_H
#define TOLLGATE_BASE_NAMES_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_entry;

struct name_table {
    struct arena arena;
    struct name_entry *by_key; /* a uthash */
    struct name_entry **items; /* by number */
    size_t count;
    size_t capacity;
};

void name_table_init(struct name_table *table);
void name_table_release(struct name_table *table);

/* The number of the name within its group, new or known. False when out of memory. */
MUST_CHECK bool name_table_add(struct name_table *table, uint32_t group, const char *name,
                               uint32_t *number);

const char *name_table_get(const struct name_table *table, size_t number);

#endif
