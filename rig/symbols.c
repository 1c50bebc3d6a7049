#include "rig/symbols_private.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_SLOTS = 1 << 16 };

/* Without a '/' at its end: "/" becomes "". */
static const char *copy_folder(struct symbols *symbols, const char *path)
{
    char *copy = arena_copy_string(&symbols->arena, path);
    for (size_t length = strlen(path); copy != NULL && length > 0 && copy[length - 1] == '/';)
        copy[--length] = '\0';
    return copy;
}

bool symbols_new(struct symbols **symbols, const char *source_root, const char *const *tracked,
                 struct error *err)
{
    *symbols = NULL;
    struct symbols *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set_memory(err);
    arena_init(&made->arena);
    made->cache = calloc(CACHE_SLOTS, sizeof *made->cache);
    char *real = realpath(source_root, NULL);
    made->root = copy_folder(made, real != NULL ? real : source_root);
    made->given_root = copy_folder(made, source_root);
    free(real);
    if (made->cache == NULL || made->root == NULL || made->given_root == NULL ||
        !symbols_files_track(made, tracked)) {
        symbols_free(made);
        return error_set_memory(err);
    }
    elf_version(EV_CURRENT);
    *symbols = made;
    return true;
}

static void free_object(struct symbols_object *object)
{
    symbols_dwarf_close(object);
    symbols_elf_close(object);
    symbols_files_release(object);
}

void symbols_free(struct symbols *symbols)
{
    struct symbols_object *object, *next;
    if (symbols == NULL)
        return;
    HASH_ITER(hh, symbols->objects, object, next)
    {
        HASH_DEL(symbols->objects, object);
        free_object(object);
    }
    symbols_kernel_free(symbols->kernel);
    symbols_files_untrack(symbols);
    free(symbols->cache);
    arena_release(&symbols->arena);
    free(symbols);
}

const char *symbols_clean_text(struct symbols *symbols, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return NULL;
    size_t size = strnlen(text, SYMBOLS_NAME_MAX + 1);
    if (size <= SYMBOLS_NAME_MAX && text_is_utf8(text, size))
        return text;
    struct buffer safe;
    buffer_init(&safe, 8 * SYMBOLS_NAME_MAX);
    text_append_safe(&safe, text, size < SYMBOLS_NAME_MAX ? size : SYMBOLS_NAME_MAX, false);
    const char *copy = arena_copy_string(&symbols->arena, buffer_text(&safe));
    buffer_release(&safe);
    return copy;
}

void symbols_object_say(struct symbols_object *object, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    if (object->why != NULL)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0) {
        object->why = arena_copy_string(&object->symbols->arena, text);
        free(text);
    }
    va_end(arguments);
}

bool symbols_spend(struct symbols_object *object, int64_t entries)
{
    if (object->budget < entries)
        object->budget = 0;
    else
        object->budget -= entries;
    return object->budget > 0;
}

static struct symbols_object *new_object(struct symbols *symbols,
                                         const struct symbols_opening *opening)
{
    struct symbols_object *object = arena_alloc(&symbols->arena, sizeof *object);
    const char *key = arena_copy_string(&symbols->arena, opening->key);
    const char *path = symbols_clean_text(symbols, opening->shown);
    if (path == opening->shown && path != NULL)
        path = arena_copy_string(&symbols->arena, path);
    if (object == NULL || key == NULL || path == NULL)
        return NULL;
    const char *slash = strrchr(path, '/');
    *object = (struct symbols_object){.symbols = symbols,
                                      .key = key,
                                      .path = path,
                                      .name = slash != NULL ? slash + 1 : path,
                                      .prefix = opening->prefix,
                                      .fd = -1};
    return object;
}

static struct symbols_object *add_object(struct symbols *symbols, struct symbols_object *object)
{
    HASH_ADD_KEYPTR(hh, symbols->objects, object->key, strlen(object->key), object);
    if (object->hh.tbl != NULL)
        return object;
    free_object(object);
    return NULL;
}

struct symbols_object *symbols_opened(struct symbols *symbols, const char *key)
{
    struct symbols_object *object;
    HASH_FIND_STR(symbols->objects, key, object);
    return object;
}

struct symbols_object *symbols_open_nothing(struct symbols *symbols,
                                            const struct symbols_opening *opening)
{
    struct symbols_object *object = new_object(symbols, opening);
    return object != NULL ? add_object(symbols, object) : NULL;
}

struct symbols_object *symbols_open_as(struct symbols *symbols,
                                       const struct symbols_opening *opening)
{
    struct symbols_object *object = new_object(symbols, opening);
    if (object == NULL)
        return NULL;
    const char *path = opening->path != NULL ? opening->path : "";
    if (HASH_COUNT(symbols->objects) >= SYMBOLS_OBJECTS_MAX) {
        symbols_object_say(object, "%s is not looked into: too many files", object->path);
    } else if (!symbols_elf_open(object, opening) ||
               (object->elf != NULL && !symbols_dwarf_open(object, path))) {
        free_object(object);
        return NULL;
    }
    symbols_explain(object);
    return add_object(symbols, object);
}

struct symbols_object *symbols_open(struct symbols *symbols, const char *path)
{
    struct symbols_object *object = symbols_opened(symbols, path);
    struct symbols_opening opening = {.key = path, .shown = path, .path = path, .prefix = ""};
    return object != NULL ? object : symbols_open_as(symbols, &opening);
}

enum symbols_detail symbols_object_detail(const struct symbols_object *object)
{
    return object->detail;
}

const char *symbols_object_why(const struct symbols_object *object)
{
    return object->why;
}

const char *symbols_object_name(const struct symbols_object *object)
{
    return object->name;
}

/* Where the address lies, from the cache or looked up. */
static const struct symbols_cached *locate(struct symbols *symbols, struct symbols_object *object,
                                           uint64_t address)
{
    uint64_t mixed = (address ^ (uint64_t)(uintptr_t)object) * 0x9e3779b97f4a7c15ULL;
    struct symbols_cached *slot = &symbols->cache[mixed >> 48 & (CACHE_SLOTS - 1)];
    if (slot->object == object && slot->address == address)
        return slot;
    *slot = (struct symbols_cached){object, address, NULL, SYMBOLS_NONE, SYMBOLS_NONE};
    struct symbols_unit *unit = symbols_dwarf_unit(object, address);
    if (unit != NULL && symbols_dwarf_index(object, unit)) {
        slot->unit = unit;
        slot->row = symbols_unit_row(unit, address);
        slot->function = symbols_segments_find(&unit->segments, address);
    }
    if (slot->unit == NULL || slot->function == SYMBOLS_NONE)
        slot->function = SYMBOLS_NONE;
    return slot;
}

static void set_place(struct symbols_object *object, struct profile_frame *frame,
                      struct symbols_unit *unit, uint32_t file_index, uint32_t line)
{
    const struct symbols_file *file = symbols_named_file(object, unit->files, file_index);
    frame->line = line;
    if (file != NULL) {
        frame->file = file->path;
        frame->own = file->own;
    }
}

/* The function that the address is in and those that it was inlined into. */
static void fill_chain(struct symbols_object *object, const struct symbols_cached *cached,
                       struct symbols_place *place)
{
    struct symbols_unit *unit = cached->unit;
    uint32_t at = cached->function;
    while (at != SYMBOLS_NONE) {
        struct symbols_function *function = &unit->functions[at];
        place->frames[place->count - 1].function = symbols_function_name(object, unit, function);
        at = function->parent;
        if (at == SYMBOLS_NONE || place->count == SYMBOLS_FRAMES_MAX)
            break;
        struct profile_frame *frame = &place->frames[place->count++];
        *frame = (struct profile_frame){.object = object->name};
        set_place(object, frame, unit, function->call_file, function->call_line);
    }
}

void symbols_find(struct symbols *symbols, struct symbols_object *object, uint64_t address,
                  struct symbols_place *place)
{
    const struct symbols_cached *cached = locate(symbols, object, address);
    struct profile_frame *frame = &place->frames[0];
    *frame = (struct profile_frame){.object = object->name};
    place->count = 1;
    place->statement = false;
    if (cached->unit != NULL && cached->row != SYMBOLS_NONE) {
        const struct symbols_row *row = &cached->unit->rows[cached->row];
        set_place(object, frame, cached->unit, row->file, row->line);
        place->statement = row->statement != 0;
    }
    fill_chain(object, cached, place);
    if (frame->function == NULL && place->count == 1) {
        uint32_t index = symbols_segments_find(&object->functions, address);
        if (index != SYMBOLS_NONE)
            frame->function = symbols_clean_text(symbols, object->names[index]);
    }
    if (place->count == 1 && frame->function == NULL && frame->file == NULL)
        place->count = 0;
}

size_t symbols_find_statements(struct symbols *symbols, struct symbols_object *object,
                               uint64_t address, struct profile_frame *frames, size_t most)
{
    const struct symbols_cached *cached = locate(symbols, object, address);
    size_t count = 0;
    if (cached->unit == NULL || cached->row == SYMBOLS_NONE)
        return 0;
    const struct symbols_row *rows = cached->unit->rows;
    for (uint32_t i = cached->row; rows[i].address == address && !rows[i].end && count < most;
         i--) {
        if (rows[i].statement) {
            frames[count] = (struct profile_frame){.object = object->name};
            set_place(object, &frames[count++], cached->unit, rows[i].file, rows[i].line);
        }
        if (i == 0)
            break;
    }
    return count;
}
