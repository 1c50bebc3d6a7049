#include "rig/site_names.h"

#include "base/hash.h"

#include <stdlib.h>

/* The whole struct is the key, zeroed before it is filled in. */
struct place_key {
    uint64_t address;
    const struct symbols_map *map;
};

/* What is at an address. */
struct place {
    struct place_key key;
    uint32_t frames[SYMBOLS_FRAMES_MAX]; /* of the builder, outermost first */
    size_t count;
    const char *nameless_in; /* the object in which there is no name; NULL = there is one */
    bool known;
    UT_hash_handle hh;
};

struct entry {
    struct site_name name;
    const struct place *place; /* NULL: none of its own */
    bool done;
};

struct site_names {
    struct profile_builder *builder;
    const struct site_counts *counts;
    const struct site_images *images;
    struct place *places;
    struct entry *entries; /* by the agents' numbers */
    uint32_t count;
    bool has_own;
};

bool site_names_new(struct site_names **out, struct profile_builder *builder,
                    const struct site_counts *counts, const struct site_images *images,
                    struct error *err)
{
    struct site_names *names = calloc(1, sizeof *names);
    *out = names;
    if (names == NULL)
        return error_set_memory(err);
    names->builder = builder;
    names->counts = counts;
    names->images = images;
    names->count = site_counts_seen(counts);
    names->entries = calloc((size_t)names->count + 1, sizeof *names->entries);
    return names->entries != NULL || error_set_memory(err);
}

void site_names_free(struct site_names *names)
{
    struct place *place, *next;
    if (names == NULL)
        return;
    HASH_ITER(hh, names->places, place, next)
    {
        HASH_DEL(names->places, place);
        free(place);
    }
    free(names->entries);
    free(names);
}

/* A call is the instruction before the one that it returns to. */
static void look_up(struct site_names *names, struct place *place)
{
    struct symbols_place found = {.count = 0};
    if (place->key.map != NULL)
        symbols_map_resolve(place->key.map, place->key.address - 1, &found);
    const struct profile_frame *innermost = &found.frames[0];
    place->count = found.count > 0 ? found.count : 1; /* where nothing more is known, the object */
    place->known = innermost->object != NULL || innermost->function != NULL;
    if (place->count == 1 && innermost->function == NULL && innermost->file == NULL)
        place->nameless_in = innermost->object != NULL ? innermost->object : "";
    for (size_t i = 0; i < place->count; i++) {
        names->has_own = names->has_own || found.frames[i].own;
        place->frames[place->count - 1 - i] =
            profile_builder_frame(names->builder, &found.frames[i]);
    }
}

/* NULL when out of memory. */
static const struct place *find_place(struct site_names *names, const struct site_node *node)
{
    struct place_key key;
    struct place *place;
    memset(&key, 0, sizeof key);
    key.address = node->address;
    key.map = site_images_find(names->images, node->process);
    HASH_FIND(hh, names->places, &key, sizeof key, place);
    if (place != NULL)
        return place;
    place = calloc(1, sizeof *place);
    if (place == NULL)
        return NULL;
    place->key = key;
    look_up(names, place);
    HASH_ADD(hh, names->places, key, sizeof key, place);
    if (place->hh.tbl == NULL) {
        free(place);
        return NULL;
    }
    return place;
}

/* Frames in a row of which only the library is known are one. */
static bool is_more_of_the_same(const struct place *place, const struct place *caller)
{
    return place->nameless_in != NULL && caller != NULL && caller->nameless_in != NULL &&
           strcmp(place->nameless_in, caller->nameless_in) == 0;
}

static const struct entry root = {.name = {PROFILE_NONE, true, true}, .done = true};
static const struct entry nonsense = {.name = {PROFILE_NONE, false, false}, .done = true};

/* The parent is resolved, or there is none. */
static bool resolve(struct site_names *names, uint32_t number)
{
    struct entry *entry = &names->entries[number];
    struct site_node node;
    *entry = nonsense;
    if (!site_counts_node(names->counts, number, &node))
        return true;
    *entry = root;
    if (node.parent == AGENT_WIRE_NO_NODE)
        return true;
    const struct entry *parent = &names->entries[node.parent];
    entry->name = parent->name;
    if (node.address == 0) {
        entry->name.whole = false;
        return true;
    }
    entry->place = find_place(names, &node);
    if (entry->place == NULL)
        return false;
    entry->name.known = entry->name.known && entry->place->known;
    if (is_more_of_the_same(entry->place, parent->place))
        return true;
    for (size_t i = 0; i < entry->place->count; i++)
        entry->name.node =
            profile_builder_node(names->builder, entry->name.node, entry->place->frames[i]);
    return true;
}

/* The node itself, or the outermost one that it needs first. Parents have lower numbers. */
static uint32_t find_first(const struct site_names *names, uint32_t number)
{
    struct site_node node;
    while (site_counts_node(names->counts, number, &node) && node.parent < names->count &&
           !names->entries[node.parent].done)
        number = node.parent;
    return number;
}

bool site_names_find(struct site_names *names, uint32_t number, struct site_name *name,
                     struct error *err)
{
    *name = nonsense.name;
    if (number >= names->count)
        return true;
    while (!names->entries[number].done)
        if (!resolve(names, find_first(names, number)))
            return error_set_memory(err);
    *name = names->entries[number].name;
    return true;
}

bool site_names_has_own(const struct site_names *names)
{
    return names->has_own;
}
