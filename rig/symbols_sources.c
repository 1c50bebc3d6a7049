/* What of the own source files is in the objects: executable lines and functions. */
#include "rig/symbols_private.h"

#include "rig/source_text.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Growable lines of a file. */
struct lines {
    uint32_t *items;
    size_t count, capacity;
};

struct functions {
    struct source_function *items;
    size_t count, capacity;
};

struct own_file {
    const char *path;
    bool stale;
    struct lines lines;
    struct functions functions;
    UT_hash_handle hh;
};

/* A function of a unit, whether it stands alone, was inlined, or both. */
struct origin {
    const void *key; /* the entry that all its instances refer to */
    const struct symbols_file *file;
    struct source_function function;
    UT_hash_handle hh;
};

struct survey {
    struct symbols_object *object;
    struct symbols_unit *unit;
    struct own_file **files;    /* of all objects, by path */
    struct own_file **by_index; /* of the unit's files; NULL = not met yet */
    struct origin *origins;     /* of the unit */
    struct origin **by_function;
    struct arena arena; /* of the unit */
};

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void sort_lines(struct lines *lines)
{
    size_t kept = 0;
    if (lines->count == 0)
        return;
    qsort(lines->items, lines->count, sizeof *lines->items, by_number);
    for (size_t i = 0; i < lines->count; i++)
        if (kept == 0 || lines->items[i] != lines->items[kept - 1])
            lines->items[kept++] = lines->items[i];
    lines->count = kept;
}

/* One line comes again and again: before growing, doubles are taken out. */
static bool add_line(struct lines *lines, uint32_t line)
{
    if (lines->count > 0 && lines->items[lines->count - 1] == line)
        return true;
    if (lines->count == lines->capacity)
        sort_lines(lines);
    if (lines->count >= lines->capacity / 2) {
        size_t capacity = lines->capacity > 0 ? lines->capacity * 2 : 256;
        uint32_t *grown = reallocarray(lines->items, capacity, sizeof *lines->items);
        if (grown == NULL)
            return false;
        lines->items = grown;
        lines->capacity = capacity;
    }
    lines->items[lines->count++] = line;
    return true;
}

static bool add_function(struct functions *functions, const struct source_function *function)
{
    if (functions->count == functions->capacity) {
        size_t capacity = functions->capacity > 0 ? functions->capacity * 2 : 32;
        struct source_function *grown =
            reallocarray(functions->items, capacity, sizeof *functions->items);
        if (grown == NULL)
            return false;
        functions->items = grown;
        functions->capacity = capacity;
    }
    functions->items[functions->count++] = *function;
    return true;
}

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool is_stale(const struct symbols_object *object, const char *path, struct arena *arena)
{
    struct stat status;
    const char *full = arena_format(arena, "%s/%s", object->symbols->root, path);
    return full != NULL && stat(full, &status) == 0 &&
           is_newer(&status.st_mtim, &object->stat.st_mtim);
}

/* The own file of a row, or NULL with *ok telling whether memory sufficed. */
static struct own_file *find_file(struct survey *survey, uint32_t index, bool *ok)
{
    struct symbols_unit *unit = survey->unit;
    struct own_file *file;
    if (unit->files == NULL || index >= unit->files->count)
        return NULL;
    if (survey->by_index[index] != NULL)
        return survey->by_index[index];
    const struct symbols_file *named = symbols_named_file(survey->object, unit->files, index);
    if (named == NULL || !named->own)
        return NULL;
    HASH_FIND_STR(*survey->files, named->path, file);
    if (file == NULL) {
        file = calloc(1, sizeof *file);
        if (file == NULL) {
            *ok = false;
            return NULL;
        }
        file->path = named->path;
        HASH_ADD_KEYPTR(hh, *survey->files, file->path, strlen(file->path), file);
        if (file->hh.tbl == NULL) {
            free(file);
            *ok = false;
            return NULL;
        }
    }
    file->stale = file->stale || is_stale(survey->object, file->path, &survey->arena);
    survey->by_index[index] = file;
    return file;
}

/* The entry that the attribute of an entry leads to. */
static bool follow(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (dwarf_attr(die, name, &attribute) == NULL || dwarf_formref_die(&attribute, &next) == NULL)
        return false;
    *die = next;
    return true;
}

static bool read_attribute(Dwarf_Die *die, unsigned name, Dwarf_Word *value)
{
    Dwarf_Attribute attribute;
    return dwarf_attr(die, name, &attribute) != NULL && dwarf_formudata(&attribute, value) == 0;
}

/* Where the function was declared, as far as the entry or those it refers to say. A number of a
 * file is one of the unit that the entry is in; a split unit has those of the other. */
static void find_declaration(struct survey *survey, Dwarf_Die die, struct origin *origin)
{
    struct symbols_object *object = survey->object;
    for (int i = 0; i < SYMBOLS_ORIGINS_MAX && origin->file == NULL; i++) {
        Dwarf_Word line, file;
        Dwarf_Die unit;
        if (origin->function.line == 0 && read_attribute(&die, DW_AT_decl_line, &line) &&
            line <= UINT32_MAX)
            origin->function.line = (uint32_t)line;
        if (read_attribute(&die, DW_AT_decl_file, &file) &&
            dwarf_diecu(&die, &unit, NULL, NULL) != NULL) {
            struct symbols_named_files *files = symbols_named_files(object, &unit);
            origin->file =
                symbols_named_file(object, files != NULL ? files : survey->unit->files, file);
        }
        if (!follow(&die, DW_AT_abstract_origin) && !follow(&die, DW_AT_specification))
            return;
    }
}

static struct origin *find_origin(struct survey *survey, uint32_t index)
{
    struct symbols_function *function = &survey->unit->functions[index];
    struct origin *origin;
    if (survey->by_function[index] != NULL)
        return survey->by_function[index];
    Dwarf_Die die = function->die;
    for (int i = 0; i < SYMBOLS_ORIGINS_MAX && follow(&die, DW_AT_abstract_origin); i++)
        continue;
    const void *key = die.addr;
    HASH_FIND_PTR(survey->origins, &key, origin);
    if (origin == NULL) {
        origin = arena_alloc(&survey->arena, sizeof *origin);
        if (origin == NULL)
            return NULL;
        origin->key = key;
        origin->function.name = symbols_function_name(survey->object, survey->unit, function);
        find_declaration(survey, function->die, origin);
        HASH_ADD_PTR(survey->origins, key, origin);
        if (origin->hh.tbl == NULL)
            return NULL;
    }
    survey->by_function[index] = origin;
    return origin;
}

/* One row. When the next one begins at the same place, no instruction is of this row's line. Of a
 * line that has only instructions which were moved nobody could say that it was never executed. */
static bool survey_row(struct survey *survey, const struct symbols_row *row)
{
    bool ok = true;
    if (row->end || row->line == 0 || row[1].address == row->address)
        return true;
    uint32_t index = symbols_segments_find(&survey->unit->segments, row->address);
    if (index == SYMBOLS_NONE || !symbols_elf_is_code(survey->object, row->address))
        return true;
    struct own_file *file = find_file(survey, row->file, &ok);
    if (file == NULL)
        return ok;
    struct origin *origin = find_origin(survey, index);
    if (origin == NULL || (row->statement && !add_line(&file->lines, row->line)))
        return false;
    struct source_function *function = &origin->function;
    if (origin->file == NULL || strcmp(origin->file->path, file->path) != 0)
        return true;
    if (function->line == 0)
        function->line = row->line;
    if (row->line >= function->line && row->line > function->last_line)
        function->last_line = row->line;
    return true;
}

static bool keep_functions(struct survey *survey)
{
    for (struct origin *each = survey->origins; each != NULL; each = each->hh.next) {
        struct own_file *file;
        if (each->function.last_line == 0 || each->function.name == NULL)
            continue;
        HASH_FIND_STR(*survey->files, each->file->path, file);
        if (file != NULL && !add_function(&file->functions, &each->function))
            return false;
    }
    return true;
}

static bool survey_rows(struct survey *survey)
{
    struct symbols_unit *unit = survey->unit;
    size_t file_count = unit->files != NULL ? unit->files->count : 0;
    survey->by_index = arena_alloc_array(&survey->arena, file_count + 1, sizeof(struct own_file *));
    survey->by_function =
        arena_alloc_array(&survey->arena, unit->function_count + 1, sizeof(struct origin *));
    if (survey->by_index == NULL || survey->by_function == NULL)
        return false;
    for (size_t i = 0; i < unit->row_count; i++)
        if (!survey_row(survey, &unit->rows[i]))
            return false;
    return keep_functions(survey);
}

static bool has_own_file(struct symbols_object *object, struct symbols_unit *unit)
{
    struct symbols_named_files *files = symbols_named_files(object, &unit->die);
    for (size_t i = 0; files != NULL && i < files->count; i++) {
        const struct symbols_file *file = symbols_named_file(object, files, i);
        if (file != NULL && file->own)
            return true;
    }
    return false;
}

static bool survey_unit(struct symbols_object *object, struct symbols_unit *unit,
                        struct own_file **files)
{
    struct survey survey = {.object = object, .unit = unit, .files = files};
    bool was_indexed = unit->indexed, ok = true;
    arena_init(&survey.arena);
    if (has_own_file(object, unit))
        ok = symbols_dwarf_index(object, unit) && survey_rows(&survey);
    HASH_CLEAR(hh, survey.origins);
    arena_release(&survey.arena);
    if (!was_indexed)
        symbols_unit_release(unit);
    return ok;
}

static int by_line(const void *left, const void *right)
{
    const struct source_function *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Several units may have a function: an inline one of a header. */
static void sort_functions(struct functions *functions)
{
    size_t kept = 0;
    if (functions->count == 0)
        return;
    qsort(functions->items, functions->count, sizeof *functions->items, by_line);
    for (size_t i = 0; i < functions->count; i++) {
        struct source_function *last = kept > 0 ? &functions->items[kept - 1] : NULL;
        if (last == NULL || by_line(last, &functions->items[i]) != 0)
            functions->items[kept++] = functions->items[i];
        else if (functions->items[i].last_line > last->last_line)
            last->last_line = functions->items[i].last_line;
    }
    functions->count = kept;
}

static bool copy_file(const struct own_file *file, struct arena *arena, struct source_file *out)
{
    uint32_t *lines = arena_alloc_array(arena, file->lines.count, sizeof *lines);
    struct source_function *functions =
        arena_alloc_array(arena, file->functions.count, sizeof *functions);
    out->path = arena_copy_string(arena, file->path);
    if (lines == NULL || functions == NULL || out->path == NULL)
        return false;
    memcpy(lines, file->lines.items, file->lines.count * sizeof *lines);
    for (size_t i = 0; i < file->functions.count; i++) {
        functions[i] = file->functions.items[i];
        functions[i].name = arena_copy_string(arena, functions[i].name);
        if (functions[i].name == NULL)
            return false;
    }
    out->stale = file->stale;
    out->lines = lines;
    out->line_count = file->lines.count;
    out->functions = functions;
    out->function_count = file->functions.count;
    return true;
}

static int by_path(const void *left, const void *right)
{
    const struct source_file *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static bool hash_files(const struct symbols *symbols, struct source_file *files, size_t count,
                       struct arena *arena, struct error *err)
{
    const char **paths = arena_alloc_array(arena, count, sizeof *paths);
    const char **hashes = arena_alloc_array(arena, count, sizeof *hashes);
    if (paths == NULL || hashes == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        paths[i] = files[i].path;
    if (!source_text_hash(symbols->root, paths, count, NULL, arena, hashes, err))
        return false;
    for (size_t i = 0; i < count; i++)
        files[i].hash = hashes[i];
    return true;
}

static bool make_tree(const struct symbols *symbols, struct own_file *files, struct arena *arena,
                      struct source_tree *tree, struct error *err)
{
    size_t count = 0;
    struct source_file *made = arena_alloc_array(arena, HASH_COUNT(files), sizeof *made);
    if (made == NULL)
        return error_set_memory(err);
    for (struct own_file *each = files; each != NULL; each = each->hh.next) {
        if (each->lines.count == 0)
            continue;
        sort_lines(&each->lines);
        sort_functions(&each->functions);
        if (!copy_file(each, arena, &made[count++]))
            return error_set_memory(err);
    }
    if (count > 0) {
        qsort(made, count, sizeof *made, by_path);
        if (!hash_files(symbols, made, count, arena, err))
            return false;
    }
    *tree = (struct source_tree){made, count};
    return true;
}

static void free_files(struct own_file *files)
{
    struct own_file *each, *next;
    HASH_ITER(hh, files, each, next)
    {
        HASH_DEL(files, each);
        free(each->lines.items);
        free(each->functions.items);
        free(each);
    }
}

bool symbols_read_sources(struct symbols *symbols, struct symbols_object *const *objects,
                          size_t count, struct arena *arena, struct source_tree *tree,
                          struct error *err)
{
    struct own_file *files = NULL;
    bool ok = true;
    *tree = (struct source_tree){0};
    for (size_t i = 0; ok && i < count; i++)
        for (size_t j = 0; ok && j < objects[i]->unit_count; j++)
            ok = survey_unit(objects[i], &objects[i]->units[j], &files);
    if (ok)
        ok = make_tree(symbols, files, arena, tree, err);
    else
        error_set_memory(err);
    free_files(files);
    return ok;
}
