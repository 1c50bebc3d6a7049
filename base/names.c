#include "base/names.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* The key is the group's four bytes and then the name. */
struct name_entry {
    UT_hash_handle hh;
    uint32_t number;
    char key[];
};

void name_table_init(struct name_table *table)
{
    *table = (struct name_table){0};
    arena_init(&table->arena);
}

void name_table_release(struct name_table *table)
{
    HASH_CLEAR(hh, table->by_key);
    free(table->items);
    arena_release(&table->arena);
    *table = (struct name_table){0};
}

static bool grow(struct name_table *table)
{
    if (table->count < table->capacity)
        return true;
    size_t wanted = table->capacity == 0 ? 16 : table->capacity * 2;
    struct name_entry **items = reallocarray(table->items, wanted, sizeof *items);
    if (items == NULL)
        return false;
    table->items = items;
    table->capacity = wanted;
    return true;
}

bool name_table_add(struct name_table *table, uint32_t group, const char *name, uint32_t *number)
{
    size_t size = sizeof group + strlen(name);
    /* The candidate is made first: its key is what is looked up. A known name gives it back to
     * nobody, so the common case is tried with a key on the stack. */
    char small[256];
    struct name_entry *entry = NULL;
    if (size <= sizeof small) {
        memcpy(small, &group, sizeof group);
        memcpy(small + sizeof group, name, size - sizeof group);
        HASH_FIND(hh, table->by_key, small, size, entry);
    }
    if (entry == NULL) {
        struct name_entry *fresh = arena_alloc(&table->arena, sizeof *fresh + size + 1);
        if (fresh == NULL || !grow(table))
            return false;
        memcpy(fresh->key, &group, sizeof group);
        memcpy(fresh->key + sizeof group, name, size - sizeof group);
        HASH_FIND(hh, table->by_key, fresh->key, size, entry);
        if (entry == NULL) {
            HASH_ADD_KEYPTR(hh, table->by_key, fresh->key, size, fresh);
            if (fresh->hh.tbl == NULL)
                return false;
            fresh->number = (uint32_t)table->count;
            table->items[table->count++] = fresh;
            entry = fresh;
        }
    }
    *number = entry->number;
    return true;
}

const char *name_table_get(const struct name_table *table, size_t number)
{
    return table->items[number]->key + sizeof(uint32_t);
}
