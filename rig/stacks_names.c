#include "rig/stacks_names.h"

#include "base/arena.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 16 << 20, SHARE_NOTED = 50 /* one in so many samples */ };

/* What the addresses of an image are. Code compiled at run time belongs to one process; all else
 * means the same in each that shares the image. */
struct map_key {
    uint32_t number;
    pid_t pid; /* 0 = any */
};

struct map_entry {
    struct map_key key;
    struct symbols_map *map;
    UT_hash_handle hh;
};

struct address_key {
    const struct symbols_map *map;
    uint64_t address;
};

/* Frames from the outermost of what was inlined to the innermost. */
struct address_entry {
    struct address_key key;
    UT_hash_handle hh;
    struct symbols_object *object; /* NULL = none */
    bool named;                    /* the innermost frame has a name */
    bool run_up;                   /* only leads to where a program or thread begins */
    bool main;
    size_t count;
    uint32_t frames[];
};

struct object_entry {
    const struct symbols_object *object;
    size_t samples; /* with their innermost frame in it */
    UT_hash_handle hh;
};

struct stacks_names {
    struct arena arena;
    struct symbols *symbols;
    struct profile_builder *builder;
    struct symbols_map *nowhere; /* of processes of which nothing is known */
    struct map_entry *maps;
    struct address_entry *addresses;
    struct object_entry *objects;
    size_t samples;
};

bool stacks_names_new(struct stacks_names **out, struct symbols *symbols,
                      struct profile_builder *builder, struct error *err)
{
    struct stacks_names *names = calloc(1, sizeof *names);
    *out = NULL;
    if (names == NULL)
        return error_set_memory(err);
    arena_init(&names->arena);
    names->symbols = symbols;
    names->builder = builder;
    if (!symbols_map_parse(&names->nowhere, symbols, "", 0, err)) {
        stacks_names_free(names);
        return false;
    }
    *out = names;
    return true;
}

void stacks_names_free(struct stacks_names *names)
{
    if (names == NULL)
        return;
    for (struct map_entry *entry = names->maps; entry != NULL; entry = entry->hh.next)
        symbols_map_free(entry->map);
    HASH_CLEAR(hh, names->maps);
    HASH_CLEAR(hh, names->addresses);
    HASH_CLEAR(hh, names->objects);
    symbols_map_free(names->nowhere);
    arena_release(&names->arena);
    free(names);
}

static bool has_compiled_code(const struct perf_image *image)
{
    for (size_t i = 0; i < image->count; i++)
        if (image->maps[i].path[0] != '/' || image->maps[i].path[1] == '/')
            if (strcmp(image->maps[i].path, "[vdso]") != 0)
                return true;
    return false;
}

static struct symbols_map *add_map(struct stacks_names *names, const struct map_key *key,
                                   const struct stacks_origin *origin, struct error *err)
{
    struct buffer text;
    struct map_entry *entry = arena_alloc(&names->arena, sizeof *entry);
    if (entry == NULL) {
        error_set_memory(err);
        return NULL;
    }
    buffer_init(&text, TEXT_MAX_BYTES);
    perf_image_append_text(origin->image, &text);
    bool ok =
        buffer_check(&text, err) && symbols_map_parse_live(&entry->map, names->symbols, origin->pid,
                                                           buffer_text(&text), text.length, err);
    buffer_release(&text);
    if (!ok)
        return NULL;
    entry->key = *key;
    HASH_ADD(hh, names->maps, key, sizeof entry->key, entry);
    if (entry->hh.tbl != NULL)
        return entry->map;
    symbols_map_free(entry->map);
    error_set_memory(err);
    return NULL;
}

/* NULL on error. */
static struct symbols_map *find_map(struct stacks_names *names, const struct stacks_origin *origin,
                                    struct error *err)
{
    struct map_entry *entry;
    if (origin->image == NULL)
        return names->nowhere;
    struct map_key key = {.number = origin->image->number};
    HASH_FIND(hh, names->maps, &key, sizeof key, entry);
    if (entry != NULL)
        return entry->map;
    key.pid = origin->pid;
    HASH_FIND(hh, names->maps, &key, sizeof key, entry);
    if (entry != NULL)
        return entry->map;
    if (!has_compiled_code(origin->image))
        key.pid = 0;
    return add_map(names, &key, origin, err);
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

/* What the C library runs before main and before a thread's function, also where it is stripped. */
static bool is_run_up(const struct profile_frame *frame)
{
    static const char *const starts[] = {"_start",
                                         "__libc_start_main",
                                         "__libc_start_main_impl",
                                         "__libc_start_main@@GLIBC_2.34",
                                         "__libc_start_call_main",
                                         "clone",
                                         "__clone",
                                         "clone3",
                                         "__clone3",
                                         "__GI___clone3",
                                         "__GI___clone",
                                         "start_thread",
                                         "thread_start",
                                         NULL};
    if (frame->function != NULL)
        return is_one_of(frame->function, starts);
    return frame->object != NULL && (strncmp(frame->object, "libc.so", 7) == 0 ||
                                     strncmp(frame->object, "libpthread", 10) == 0);
}

static struct address_entry *add_address(struct stacks_names *names, const struct address_key *key)
{
    struct symbols_place place;
    uint64_t in_object;
    symbols_map_resolve(key->map, key->address, &place);
    size_t count = place.count > 0 ? place.count : 1;
    struct address_entry *entry =
        arena_alloc(&names->arena, sizeof *entry + count * sizeof entry->frames[0]);
    if (entry == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        entry->frames[i] = profile_builder_frame(names->builder, &place.frames[count - 1 - i]);
    const struct profile_frame *outer = &place.frames[count - 1];
    entry->key = *key;
    entry->count = count;
    entry->named = place.frames[0].function != NULL;
    entry->run_up = is_run_up(outer);
    entry->main = outer->function != NULL && strcmp(outer->function, "main") == 0;
    entry->object = symbols_map_find(key->map, key->address, &in_object);
    HASH_ADD(hh, names->addresses, key, sizeof entry->key, entry);
    return entry->hh.tbl != NULL ? entry : NULL;
}

static struct address_entry *find_address(struct stacks_names *names, const struct symbols_map *map,
                                          uint64_t address)
{
    struct address_entry *entry;
    struct address_key key = {map, address};
    HASH_FIND(hh, names->addresses, &key, sizeof key, entry);
    return entry != NULL ? entry : add_address(names, &key);
}

static bool count_object(struct stacks_names *names, const struct symbols_object *object)
{
    struct object_entry *entry;
    names->samples++;
    if (object == NULL)
        return true;
    HASH_FIND(hh, names->objects, &object, sizeof object, entry);
    if (entry == NULL) {
        entry = arena_alloc(&names->arena, sizeof *entry);
        if (entry == NULL)
            return false;
        entry->object = object;
        HASH_ADD(hh, names->objects, object, sizeof entry->object, entry);
        if (entry->hh.tbl == NULL)
            return false;
    }
    entry->samples++;
    return true;
}

/* A root for stacks whose outer end is not known. */
static uint32_t cut_root(struct stacks_names *names)
{
    struct profile_frame frame = {.function = "[cut]"};
    return profile_builder_node(names->builder, PROFILE_NONE,
                                profile_builder_frame(names->builder, &frame));
}

/* Up to where the stack is told: what leads to main, or to a thread's function, is left out. */
static size_t find_outermost(struct address_entry *const *entries, const struct perf_stack *stack)
{
    size_t count = stack->count;
    while (count > stack->kernel_count + 1 && entries[count - 1]->run_up)
        count--;
    return count;
}

/* A chain of frame pointers gets no further than main; a process that is being made or taken down
 * has no user's side at all. */
static bool is_cut(struct address_entry *const *entries, const struct perf_stack *stack,
                   size_t outermost)
{
    return !stack->whole && outermost == stack->count && outermost > stack->kernel_count &&
           !entries[outermost - 1]->main;
}

bool stacks_names_find(struct stacks_names *names, const struct stacks_origin *origin,
                       const struct perf_stack *stack, struct stacks_place *place,
                       struct error *err)
{
    struct address_entry *entries[PERF_STACK_MAX];
    const struct symbols_map *map = find_map(names, origin, err);
    *place = (struct stacks_place){.node = PROFILE_NONE, .cut = true};
    if (map == NULL)
        return false;
    for (size_t i = 0; i < stack->count; i++) {
        entries[i] = find_address(names, map, stack->addresses[i]);
        if (entries[i] == NULL)
            return error_set_memory(err);
    }
    size_t outermost = find_outermost(entries, stack);
    place->cut = stack->count == 0 || is_cut(entries, stack, outermost);
    place->named = stack->count > 0 && entries[0]->named;
    if (place->cut)
        place->node = cut_root(names);
    for (size_t i = outermost; i-- > 0;)
        for (size_t k = 0; k < entries[i]->count; k++)
            place->node = profile_builder_node(names->builder, place->node, entries[i]->frames[k]);
    return count_object(names, stack->count > 0 ? entries[0]->object : NULL) ||
           error_set_memory(err);
}

void stacks_names_add_notes(const struct stacks_names *names)
{
    for (struct object_entry *entry = names->objects; entry != NULL; entry = entry->hh.next) {
        const char *why = symbols_object_why(entry->object);
        if (why != NULL && entry->samples * SHARE_NOTED >= names->samples)
            profile_builder_add_note(names->builder, "%s", why);
    }
}
