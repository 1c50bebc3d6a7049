/* What a process has mapped, and names for its addresses. */
#include "rig/symbols_private.h"

#include "base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

enum { MAPS_BYTES_MAX = 64 << 20, MAPPINGS_MAX = 1 << 17 };

struct mapping {
    uint64_t low, high, offset;
    struct symbols_object *object; /* NULL: no file */
};

struct symbols_map {
    struct symbols *symbols;
    struct symbols_process process;
    struct symbols_jit *jit;  /* NULL: none */
    struct mapping *mappings; /* executable ones, by address */
    size_t count, capacity;
    struct symbols_object **objects; /* each once */
    size_t object_count;
};

static bool add_object(struct symbols_map *map, struct symbols_object *object)
{
    /* Mappings of one file stand together. */
    for (size_t i = map->object_count; i > 0; i--)
        if (map->objects[i - 1] == object)
            return true;
    struct symbols_object **grown =
        reallocarray(map->objects, map->object_count + 1, sizeof *map->objects);
    if (grown == NULL)
        return false;
    map->objects = grown;
    map->objects[map->object_count++] = object;
    return true;
}

static bool add_mapping(struct symbols_map *map, const struct mapping *mapping)
{
    if (map->count == map->capacity) {
        size_t capacity = map->capacity > 0 ? map->capacity * 2 : 64;
        struct mapping *grown = reallocarray(map->mappings, capacity, sizeof *map->mappings);
        if (grown == NULL)
            return false;
        map->mappings = grown;
        map->capacity = capacity;
    }
    map->mappings[map->count++] = *mapping;
    return mapping->object == NULL || add_object(map, mapping->object);
}

/* A newline in a path is written as \012. */
static void decode_path(char *path)
{
    char *out = path;
    for (const char *in = path; *in != '\0';) {
        if (strncmp(in, "\\012", 4) == 0) {
            *out++ = '\n';
            in += 4;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
}

/* One line: "start-end perms offset device inode path". Others than executable ones are passed
 * over, and so is what is no such line. */
static bool parse_line(struct symbols_map *map, char *line)
{
    unsigned long long low, high, offset, inode;
    unsigned major_number, minor_number;
    char rights[5];
    int path_at = 0;
    if (sscanf(line, "%16llx-%16llx %4s %16llx %8x:%8x %20llu%n", &low, &high, rights, &offset,
               &major_number, &minor_number, &inode, &path_at) < 7 ||
        low >= high || strlen(rights) < 3 || rights[2] != 'x' || map->count >= MAPPINGS_MAX)
        return true;
    struct mapping mapping = {low, high, offset, NULL};
    struct symbols_mapped mapped = {low, high, makedev(major_number, minor_number), inode,
                                    line + path_at + strspn(line + path_at, " \t")};
    if (mapped.path[0] == '/' || strcmp(mapped.path, "[vdso]") == 0) {
        decode_path(line + path_at);
        mapping.object = symbols_process_open(map->symbols, &map->process, &mapped);
        if (mapping.object == NULL)
            return false;
    }
    return add_mapping(map, &mapping);
}

static int by_address(const void *left, const void *right)
{
    const struct mapping *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

static bool parse_text(struct symbols_map *map, char *text)
{
    bool ok = true;
    for (char *line = text; ok && line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        ok = parse_line(map, line);
        line = end != NULL ? end + 1 : NULL;
    }
    if (map->count > 0)
        qsort(map->mappings, map->count, sizeof *map->mappings, by_address);
    return ok;
}

bool symbols_map_parse_live(struct symbols_map **map, struct symbols *symbols, pid_t pid,
                            const char *text, size_t size, struct error *err)
{
    *map = NULL;
    struct symbols_map *made = calloc(1, sizeof *made);
    char *copy = strndup(size > 0 ? text : "", size);
    bool ok = made != NULL && copy != NULL;
    if (ok) {
        made->symbols = symbols;
        ok = symbols_process_init(&made->process, symbols, pid) && parse_text(made, copy) &&
             symbols_jit_read(&made->jit, symbols, &made->process);
    }
    free(copy);
    if (!ok) {
        symbols_map_free(made);
        return error_set_memory(err);
    }
    *map = made;
    return true;
}

bool symbols_map_parse(struct symbols_map **map, struct symbols *symbols, const char *text,
                       size_t size, struct error *err)
{
    return symbols_map_parse_live(map, symbols, 0, text, size, err);
}

bool symbols_map_read(struct symbols_map **map, struct symbols *symbols, pid_t pid,
                      struct error *err)
{
    char path[64];
    struct buffer text;
    *map = NULL;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    buffer_init(&text, MAPS_BYTES_MAX);
    bool ok = file_read(path, &text, err) &&
              symbols_map_parse_live(map, symbols, pid, buffer_text(&text), text.length, err);
    buffer_release(&text);
    return ok;
}

void symbols_map_free(struct symbols_map *map)
{
    if (map == NULL)
        return;
    symbols_jit_free(map->jit);
    free(map->mappings);
    free(map->objects);
    free(map);
}

struct symbols_object *const *symbols_map_objects(const struct symbols_map *map, size_t *count)
{
    *count = map->object_count;
    return map->objects;
}

static const struct mapping *find_mapping(const struct symbols_map *map, uint64_t address)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->mappings[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= map->mappings[low - 1].high)
        return NULL;
    return &map->mappings[low - 1];
}

static bool find_in_mapping(const struct mapping *mapping, uint64_t address,
                            uint64_t *object_address)
{
    uint64_t offset;
    return mapping != NULL && mapping->object != NULL &&
           !__builtin_add_overflow(address - mapping->low, mapping->offset, &offset) &&
           symbols_elf_address(mapping->object, offset, object_address);
}

struct symbols_object *symbols_map_find(const struct symbols_map *map, uint64_t address,
                                        uint64_t *object_address)
{
    const struct mapping *mapping = find_mapping(map, address);
    return find_in_mapping(mapping, address, object_address) ? mapping->object : NULL;
}

void symbols_map_resolve(const struct symbols_map *map, uint64_t address,
                         struct symbols_place *place)
{
    uint64_t object_address;
    const struct mapping *mapping = find_mapping(map, address);
    place->count = 0;
    place->statement = false;
    place->frames[0] = (struct profile_frame){0};
    if (find_in_mapping(mapping, address, &object_address)) {
        symbols_find(map->symbols, mapping->object, object_address, place);
        return;
    }
    if (symbols_jit_find(map->jit, map->symbols, address, place))
        return;
    if (mapping != NULL)
        place->frames[0].object = mapping->object != NULL ? mapping->object->name : "[jit]";
    else if (address > INT64_MAX)
        symbols_kernel_find(map->symbols, address, place);
}
