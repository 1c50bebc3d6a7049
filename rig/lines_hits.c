#include "rig/lines_hits.h"

#include "base/hash.h"

struct copy_key {
    uint64_t copy;
    uint32_t node;
    uint32_t teller; /* accounts of their own */
};

/* One copy of a line: the two highest counts among its instructions. */
struct lines_copy {
    struct copy_key key;
    uint64_t highest, second;
    size_t instructions;
    UT_hash_handle hh;
};

/* One function that was inlined at a copy of a line: where it begins. */
struct lines_entry {
    uint64_t inlined; /* the key */
    uint32_t node;
    uint64_t copy;
    uint64_t address, count;
    UT_hash_handle hh;
};

void lines_hits_init(struct lines_hits *hits)
{
    *hits = (struct lines_hits){0};
    arena_init(&hits->arena);
}

void lines_hits_release(struct lines_hits *hits)
{
    HASH_CLEAR(hh, hits->copies);
    HASH_CLEAR(hh, hits->entries);
    arena_release(&hits->arena);
}

/* NULL when out of memory. */
static struct lines_copy *find_copy(struct lines_hits *hits, struct copy_key key)
{
    struct lines_copy *copy = NULL;
    HASH_FIND(hh, hits->copies, &key, sizeof key, copy);
    if (copy != NULL)
        return copy;
    copy = arena_alloc(&hits->arena, sizeof *copy);
    if (copy == NULL)
        return NULL;
    copy->key = key;
    HASH_ADD(hh, hits->copies, key, sizeof key, copy);
    return copy->hh.tbl != NULL ? copy : NULL;
}

static bool add_to_copy(struct lines_hits *hits, const struct lines_place *place, uint64_t count)
{
    struct lines_copy *copy =
        find_copy(hits, (struct copy_key){place->copy, place->node, LINES_OWN});
    if (copy == NULL)
        return false;
    copy->instructions++;
    if (count > copy->highest) {
        copy->second = copy->highest;
        copy->highest = count;
    } else if (count > copy->second) {
        copy->second = count;
    }
    return true;
}

static bool add_to_entry(struct lines_hits *hits, const struct lines_outer *outer, uint64_t address,
                         uint64_t count)
{
    struct lines_entry *entry = NULL;
    HASH_FIND(hh, hits->entries, &outer->inlined, sizeof outer->inlined, entry);
    if (entry == NULL) {
        entry = arena_alloc(&hits->arena, sizeof *entry);
        if (entry == NULL)
            return false;
        *entry = (struct lines_entry){.inlined = outer->inlined,
                                      .node = outer->node,
                                      .copy = outer->copy,
                                      .address = UINT64_MAX};
        HASH_ADD(hh, hits->entries, inlined, sizeof entry->inlined, entry);
        if (entry->hh.tbl == NULL)
            return false;
    }
    if (address < entry->address) {
        entry->address = address;
        entry->count = count;
    }
    return true;
}

bool lines_hits_add(struct lines_hits *hits, const struct lines_place *place, uint64_t address,
                    uint64_t count)
{
    if (!place->statement)
        return true;
    if (place->own && !add_to_copy(hits, place, count))
        return false;
    for (size_t i = 0; i < place->outer_count; i++)
        if (place->outer[i].own && !add_to_entry(hits, &place->outer[i], address, count))
            return false;
    return true;
}

/* Of several instructions that tell of one copy of a line, the one that was executed most. */
static bool tell(struct lines_hits *hits, struct copy_key key, uint64_t count)
{
    struct lines_copy *copy = find_copy(hits, key);
    if (copy == NULL)
        return false;
    copy->instructions = 1;
    copy->highest = count > copy->highest ? count : copy->highest;
    return true;
}

bool lines_hits_add_statement(struct lines_hits *hits, uint32_t node, uint64_t copy, uint64_t count)
{
    return tell(hits, (struct copy_key){copy, node, LINES_MARK}, count);
}

bool lines_hits_each(struct lines_hits *hits,
                     bool (*add)(void *owner, uint32_t node, enum lines_teller teller,
                                 uint64_t count),
                     void *owner)
{
    for (const struct lines_entry *entry = hits->entries; entry != NULL; entry = entry->hh.next)
        if (!tell(hits, (struct copy_key){entry->copy, entry->node, LINES_INLINED}, entry->count))
            return false;
    for (const struct lines_copy *copy = hits->copies; copy != NULL; copy = copy->hh.next)
        if (!add(owner, copy->key.node, (enum lines_teller)copy->key.teller,
                 copy->instructions > 1 ? copy->second : copy->highest))
            return false;
    return true;
}
