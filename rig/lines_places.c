#include "rig/lines_places.h"

#include "base/hash.h"

#include <stdlib.h>

enum { STATEMENTS_MAX = 16 }; /* that begin at one instruction */

/* Whole structs are keys, zeroed before they are filled in. */
struct place_key {
    uint64_t address;
    uint32_t context;
    uint32_t line;
};

struct place_entry {
    struct place_key key;
    struct lines_place place;
    UT_hash_handle hh;
};

struct callee_key {
    uint64_t address;
    uint32_t context;
    uint32_t unused;
};

struct callee_entry {
    struct callee_key key;
    struct lines_callee callee;
    UT_hash_handle hh;
};

/* An own line that was seen, and its node. */
struct line_entry {
    struct line_key {
        uint64_t file; /* a hash of its name */
        uint64_t line;
    } key;
    uint32_t node;
    UT_hash_handle hh;
};

struct object_entry {
    uint32_t string; /* of the profile: its path */
    struct symbols_object *object;
    UT_hash_handle hh;
};

struct lines_places {
    struct profile_builder *builder;
    const struct callgrind_profile *profile;
    struct symbols *symbols;
    const struct symbols_map *map;
    struct arena arena;
    struct place_entry *places;
    struct callee_entry *callees;
    struct object_entry *objects;
    struct line_entry *lines;
    struct lines_object *executed;
    size_t executed_count, executed_capacity;
};

bool lines_places_new(struct lines_places **out, struct profile_builder *builder,
                      const struct callgrind_profile *profile, struct symbols *symbols,
                      const struct symbols_map *map, struct error *err)
{
    struct lines_places *places = calloc(1, sizeof *places);
    *out = places;
    if (places == NULL)
        return error_set_memory(err);
    places->builder = builder;
    places->profile = profile;
    places->symbols = symbols;
    places->map = map;
    arena_init(&places->arena);
    return true;
}

void lines_places_free(struct lines_places *places)
{
    if (places == NULL)
        return;
    HASH_CLEAR(hh, places->places);
    HASH_CLEAR(hh, places->callees);
    HASH_CLEAR(hh, places->objects);
    HASH_CLEAR(hh, places->lines);
    free(places->executed);
    arena_release(&places->arena);
    free(places);
}

const struct callgrind_profile *lines_places_profile(const struct lines_places *places)
{
    return places->profile;
}

const struct lines_object *lines_places_objects(const struct lines_places *places, size_t *count)
{
    *count = places->executed_count;
    return places->executed;
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool keep_object(struct lines_places *places, struct symbols_object *object,
                        const char *path)
{
    if (places->executed_count == places->executed_capacity) {
        size_t wanted = places->executed_capacity > 0 ? 2 * places->executed_capacity : 16;
        struct lines_object *grown = reallocarray(places->executed, wanted, sizeof *grown);
        if (grown == NULL)
            return false;
        places->executed = grown;
        places->executed_capacity = wanted;
    }
    places->executed[places->executed_count++] = (struct lines_object){object, path};
    return true;
}

/* NULL when out of memory, or when the profile names no file. */
static struct symbols_object *find_object(struct lines_places *places, uint32_t string)
{
    struct object_entry *entry = NULL;
    const char *path = callgrind_profile_string(places->profile, string);
    if (path == NULL)
        return NULL;
    HASH_FIND(hh, places->objects, &string, sizeof string, entry);
    if (entry != NULL)
        return entry->object;
    entry = arena_alloc(&places->arena, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->string = string;
    entry->object = symbols_open(places->symbols, path);
    HASH_ADD(hh, places->objects, string, sizeof string, entry);
    if (entry->hh.tbl == NULL || entry->object == NULL || !keep_object(places, entry->object, path))
        return NULL;
    return entry->object;
}

/* ---- frames --------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return slash != NULL ? slash + 1 : path;
}

/* Where it has no symbol callgrind gives an address for a name: no two runs need agree on that. */
static const char *function_name(const struct callgrind_profile *profile, uint32_t string)
{
    const char *name = callgrind_profile_string(profile, string);
    return name != NULL && strncmp(name, "0x", 2) == 0 ? NULL : name;
}

/* What callgrind says of a place: never a line, since whether the file is an own one is not
 * known. */
static struct profile_frame callgrind_frame(const struct lines_places *places,
                                            const struct callgrind_context *context)
{
    return (struct profile_frame){
        .function = function_name(places->profile, context->function),
        .file = callgrind_profile_string(places->profile, context->function_file),
        .object = base_name(callgrind_profile_string(places->profile, context->object)),
    };
}

/* A frame of a function as a whole, or of one line when that is an own one. */
static struct profile_frame fold(struct profile_frame frame)
{
    if (!frame.own)
        frame.line = 0;
    return frame;
}

/* All frames of the place, innermost first. Without debug information it is one, callgrind's; the
 * symbol table of the file may still know a function that callgrind does not, or the other way. */
static void resolve(struct lines_places *places, const struct callgrind_context *context,
                    uint64_t address, struct symbols_place *out)
{
    struct symbols_object *object = find_object(places, context->object);
    struct profile_frame told = callgrind_frame(places, context);
    out->count = 0;
    out->statement = false;
    if (object != NULL && address != 0)
        symbols_find(places->symbols, object, address, out);
    else if (address != 0 && places->map != NULL && told.object == NULL)
        symbols_map_resolve(places->map, address, out);
    if (out->count == 0) {
        out->frames[0] = told;
        out->count = 1;
        out->statement = true;
        return;
    }
    struct profile_frame *first = &out->frames[0];
    if (first->function == NULL && told.function != NULL) {
        first->function = told.function;
        first->file = first->file != NULL ? first->file : told.file;
    }
    if (first->object == NULL)
        first->object = told.object;
}

static uint32_t frame_node(struct lines_places *places, const struct profile_frame *frame,
                           uint32_t *number)
{
    struct profile_frame folded = fold(*frame);
    *number = profile_builder_frame(places->builder, &folded);
    return profile_builder_node(places->builder, PROFILE_NONE, *number);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
    return hash ^ (hash >> 32);
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return mix(hash, text != NULL ? hash_mix(text, strlen(text)) : 0);
}

static bool is_known(const struct lines_place *place, uint32_t node)
{
    bool known = node == place->node;
    for (size_t i = 0; i < place->outer_count; i++)
        known = known || place->outer[i].node == node;
    return known;
}

/* The function that a frame is in, as a whole. */
static uint32_t function_frame(struct lines_places *places, const struct profile_frame *frame)
{
    struct profile_frame function = *frame;
    function.line = 0;
    return profile_builder_frame(places->builder, &function);
}

/* The places that the innermost one was inlined at: each is in the copy that those around it
 * make. */
static bool add_outer(struct lines_places *places, const struct symbols_place *from,
                      struct lines_place *place)
{
    if (from->count == 1)
        return true;
    struct lines_outer *outer = arena_alloc_array(&places->arena, from->count, sizeof *outer);
    if (outer == NULL)
        return false;
    place->outer = outer;
    for (size_t i = from->count - 1; i > 0; i--) {
        const struct profile_frame *at = &from->frames[i], *in = &from->frames[i - 1];
        struct lines_outer *one = &outer[place->outer_count];
        one->node = frame_node(places, at, &one->frame);
        one->function = function_frame(places, in);
        one->own = at->own;
        one->repeated = is_known(place, one->node);
        one->copy = place->copy;
        place->copy = mix(mix(place->copy, one->node), at->line);
        one->inlined = mix_text(place->copy, in->function);
        place->outer_count++;
    }
    return true;
}

/* The function that a statement is in: one that was inlined is where its own file is, those around
 * it where they call. The line table does not say. */
static const char *guess_function(const struct symbols_place *place, const char *file,
                                  uint32_t line)
{
    const char *guess = NULL;
    for (size_t i = 0; i < place->count; i++) {
        const struct profile_frame *frame = &place->frames[i];
        if (frame->file == NULL || strcmp(frame->file, file) != 0)
            continue;
        if (frame->line == line)
            return frame->function;
        guess = guess != NULL ? guess : frame->function;
    }
    return guess;
}

static bool add_statements(struct lines_places *places, const struct symbols_place *from,
                           struct symbols_object *object, uint64_t address,
                           struct lines_place *place)
{
    struct profile_frame frames[STATEMENTS_MAX];
    size_t count =
        symbols_find_statements(places->symbols, object, address, frames, COUNT_OF(frames));
    struct lines_statement *statements =
        arena_alloc_array(&places->arena, count, sizeof *statements);
    if (statements == NULL)
        return false;
    place->statements = statements;
    for (size_t i = 0; i < count; i++)
        if (frames[i].own && frames[i].file != NULL)
            statements[place->statement_count++] = (struct lines_statement){
                .file = frames[i].file,
                .line = frames[i].line,
                .function = guess_function(from, frames[i].file, frames[i].line),
                .object = frames[i].object};
    return true;
}

static struct line_key line_key(const char *file, uint32_t line)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (; *file != '\0'; file++)
        hash = (hash ^ (unsigned char)*file) * 0x100000001b3ULL;
    return (struct line_key){hash, line};
}

/* Remembers the first node that an own line is found at. */
static bool keep_line(struct lines_places *places, const struct profile_frame *frame, uint32_t node)
{
    struct line_entry *entry = NULL;
    struct line_key key = line_key(frame->file, frame->line);
    HASH_FIND(hh, places->lines, &key, sizeof key, entry);
    if (entry != NULL)
        return true;
    entry = arena_alloc(&places->arena, sizeof *entry);
    if (entry == NULL)
        return false;
    entry->key = key;
    entry->node = node;
    HASH_ADD(hh, places->lines, key, sizeof key, entry);
    return entry->hh.tbl != NULL;
}

uint32_t lines_places_statement(struct lines_places *places,
                                const struct lines_statement *statement)
{
    struct line_entry *entry = NULL;
    struct line_key key = line_key(statement->file, statement->line);
    HASH_FIND(hh, places->lines, &key, sizeof key, entry);
    if (entry != NULL)
        return entry->node;
    uint32_t frame;
    struct profile_frame own = {.function = statement->function,
                                .file = statement->file,
                                .line = statement->line,
                                .object = statement->object,
                                .own = true};
    return frame_node(places, &own, &frame);
}

const struct lines_place *lines_places_find(struct lines_places *places, uint32_t context,
                                            uint64_t address, uint32_t line)
{
    size_t contexts;
    struct place_key key = {address, context, line};
    struct place_entry *entry = NULL;
    struct symbols_place found;
    HASH_FIND(hh, places->places, &key, sizeof key, entry);
    if (entry != NULL)
        return &entry->place;
    entry = arena_alloc(&places->arena, sizeof *entry);
    if (entry == NULL)
        return NULL;
    const struct callgrind_context *at =
        &callgrind_profile_contexts(places->profile, &contexts)[context];
    entry->key = key;
    resolve(places, at, address, &found);
    entry->place.node = frame_node(places, &found.frames[0], &entry->place.frame);
    entry->place.own = found.frames[0].own;
    entry->place.statement = found.statement;
    entry->place.copy = mix(mix(mix(0, at->object), at->function), at->function_file);
    struct symbols_object *object = find_object(places, at->object);
    if (!add_outer(places, &found, &entry->place) ||
        (entry->place.own && found.frames[0].file != NULL &&
         !keep_line(places, &found.frames[0], entry->place.node)) ||
        (object != NULL && !add_statements(places, &found, object, address, &entry->place)))
        return NULL;
    HASH_ADD(hh, places->places, key, sizeof key, entry);
    return entry->hh.tbl != NULL ? &entry->place : NULL;
}

const struct lines_callee *lines_places_callee(struct lines_places *places,
                                               const struct callgrind_call_cost *call)
{
    size_t contexts;
    struct callee_key key = {call->to_address, call->to, 0};
    struct callee_entry *entry = NULL;
    struct symbols_place found;
    HASH_FIND(hh, places->callees, &key, sizeof key, entry);
    if (entry != NULL)
        return &entry->callee;
    entry = arena_alloc(&places->arena, sizeof *entry);
    if (entry == NULL)
        return NULL;
    const struct callgrind_context *to =
        &callgrind_profile_contexts(places->profile, &contexts)[call->to];
    resolve(places, to, call->to_address, &found);
    /* The symbol itself, not what was inlined at its start. */
    const struct profile_frame *function = &found.frames[found.count - 1];
    entry->key = key;
    entry->callee.frame = function_frame(places, function);
    entry->callee.node = PROFILE_NONE;
    if (!function->own)
        entry->callee.node =
            profile_builder_node(places->builder, PROFILE_NONE, entry->callee.frame);
    HASH_ADD(hh, places->callees, key, sizeof key, entry);
    return entry->hh.tbl != NULL ? &entry->callee : NULL;
}
