#include "rig/perf_images.h"

#include "base/arena.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAPS_MAX = 8192, PROCESSES_MAX = 65536 };

struct process {
    pid_t pid;
    bool followed;
    uint32_t program;
    struct perf_image *image;
    UT_hash_handle hh;
};

struct path {
    UT_hash_handle hh;
    char text[];
};

struct perf_images {
    struct process *processes;
    struct path *paths;
    struct arena arena; /* paths and processes */
    uint32_t numbers;   /* given to images so far */
    pid_t root;         /* of what is followed; 0 = nothing */
    size_t dropped;
};

bool perf_images_new(struct perf_images **images, struct error *err)
{
    *images = calloc(1, sizeof **images);
    if (*images == NULL)
        return error_set_memory(err);
    arena_init(&(*images)->arena);
    return true;
}

static void image_leave(struct perf_image *image)
{
    if (image == NULL || --image->users > 0)
        return;
    free(image->maps);
    free(image);
}

void perf_images_free(struct perf_images *images)
{
    if (images == NULL)
        return;
    for (struct process *process = images->processes; process != NULL; process = process->hh.next)
        image_leave(process->image);
    HASH_CLEAR(hh, images->processes);
    HASH_CLEAR(hh, images->paths);
    arena_release(&images->arena);
    free(images);
}

static struct process *find_process(const struct perf_images *images, pid_t pid)
{
    struct process *process;
    HASH_FIND(hh, images->processes, &pid, sizeof pid, process);
    return process;
}

/* *out stays NULL when there are too many. */
static bool add_process(struct perf_images *images, pid_t pid, struct process **out,
                        struct error *err)
{
    struct process *process = *out = find_process(images, pid);
    if (process != NULL)
        return true;
    if (HASH_COUNT(images->processes) >= PROCESSES_MAX) {
        images->dropped++;
        return true;
    }
    process = arena_alloc(&images->arena, sizeof *process);
    if (process == NULL)
        return error_set_memory(err);
    process->pid = pid;
    HASH_ADD(hh, images->processes, pid, sizeof process->pid, process);
    if (process->hh.tbl == NULL)
        return error_set_memory(err);
    *out = process;
    return true;
}

static const char *keep_path(struct perf_images *images, const char *text)
{
    struct path *path;
    size_t size = strlen(text);
    HASH_FIND(hh, images->paths, text, size, path);
    if (path != NULL)
        return path->text;
    path = arena_alloc(&images->arena, sizeof *path + size + 1);
    if (path == NULL)
        return NULL;
    memcpy(path->text, text, size + 1);
    HASH_ADD_KEYPTR(hh, images->paths, path->text, size, path);
    return path->hh.tbl != NULL ? path->text : NULL;
}

static struct perf_image *copy_image(const struct perf_image *from)
{
    struct perf_image *image = calloc(1, sizeof *image);
    if (image == NULL)
        return NULL;
    image->users = 1;
    if (from == NULL || from->count == 0)
        return image;
    image->maps = calloc(from->count, sizeof *image->maps);
    if (image->maps == NULL) {
        free(image);
        return NULL;
    }
    memcpy(image->maps, from->maps, from->count * sizeof *image->maps);
    image->count = image->capacity = from->count;
    return image;
}

/* The process's image, and its alone. */
static struct perf_image *own_image(struct perf_images *images, struct process *process)
{
    if (process->image == NULL || process->image->users > 1) {
        struct perf_image *own = copy_image(process->image);
        if (own == NULL)
            return NULL;
        image_leave(process->image);
        process->image = own;
    }
    process->image->number = ++images->numbers;
    return process->image;
}

/* The first mapping that ends behind the address. */
static size_t find_index(const struct perf_image *image, uint64_t address)
{
    size_t low = 0, high = image->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (image->maps[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool insert_at(struct perf_image *image, size_t index, const struct perf_map *map)
{
    if (image->count == image->capacity) {
        size_t capacity = image->capacity == 0 ? 32 : 2 * image->capacity;
        struct perf_map *maps = realloc(image->maps, capacity * sizeof *maps);
        if (maps == NULL)
            return false;
        image->maps = maps;
        image->capacity = capacity;
    }
    memmove(&image->maps[index + 1], &image->maps[index],
            (image->count - index) * sizeof *image->maps);
    image->maps[index] = *map;
    image->count++;
    return true;
}

static void remove_between(struct perf_image *image, size_t first, size_t last)
{
    if (first == last)
        return;
    memmove(&image->maps[first], &image->maps[last], (image->count - last) * sizeof *image->maps);
    image->count -= last - first;
}

/* A new mapping takes the place of what lay there: others end before it, begin behind it, or are
 * split in two. */
static bool insert_map(struct perf_image *image, const struct perf_map *map)
{
    size_t first = find_index(image, map->start), last = first;
    if (first < image->count && image->maps[first].start < map->start) {
        struct perf_map behind = image->maps[first];
        image->maps[first].end = map->start;
        first++;
        if (behind.end > map->end) {
            behind.offset += map->end - behind.start;
            behind.start = map->end;
            if (!insert_at(image, first, &behind))
                return false;
        }
        last = first;
    }
    while (last < image->count && image->maps[last].end <= map->end)
        last++;
    remove_between(image, first, last);
    if (first < image->count && image->maps[first].start < map->end) {
        image->maps[first].offset += map->end - image->maps[first].start;
        image->maps[first].start = map->end;
    }
    return insert_at(image, first, map);
}

static bool apply_mapping(struct perf_images *images, const struct perf_record *record,
                          struct error *err)
{
    struct process *process;
    const struct perf_mapping *mapping = &record->u.mapping;
    if (!add_process(images, record->pid, &process, err))
        return false;
    if (process == NULL || mapping->size == 0)
        return true;
    if (process->image != NULL && process->image->count >= MAPS_MAX) {
        images->dropped++;
        return true;
    }
    struct perf_map map = {.start = mapping->start,
                           .end = mapping->start + mapping->size,
                           .offset = mapping->offset,
                           .major = mapping->major,
                           .minor = mapping->minor,
                           .inode = mapping->inode,
                           .path = keep_path(images, mapping->path)};
    struct perf_image *image = own_image(images, process);
    return (map.path != NULL && image != NULL && insert_map(image, &map)) || error_set_memory(err);
}

static bool apply_exec(struct perf_images *images, pid_t pid, struct error *err)
{
    struct process *process;
    if (!add_process(images, pid, &process, err))
        return false;
    if (process == NULL)
        return true;
    image_leave(process->image);
    process->image = NULL;
    process->program++;
    process->followed = process->followed || pid == images->root;
    return true;
}

/* A thread of the process itself changes nothing. A number that was used before is used anew. */
static bool apply_fork(struct perf_images *images, pid_t pid, pid_t parent, struct error *err)
{
    struct process *process, *from = find_process(images, parent);
    if (pid == parent)
        return true;
    if (!add_process(images, pid, &process, err))
        return false;
    if (process == NULL)
        return true;
    image_leave(process->image);
    process->program++;
    process->followed = from != NULL && from->followed;
    process->image = from != NULL ? from->image : NULL;
    if (process->image != NULL)
        process->image->users++;
    return true;
}

bool perf_images_apply(struct perf_images *images, const struct perf_record *record,
                       struct error *err)
{
    switch (record->kind) {
    case PERF_MAPPED:
        return apply_mapping(images, record, err);
    case PERF_EXECUTED:
        return apply_exec(images, record->pid, err);
    case PERF_FORKED:
        return apply_fork(images, record->pid, record->u.parent, err);
    case PERF_SAMPLED:
    case PERF_LOST:
    case PERF_THROTTLED:
        break;
    }
    return true;
}

const struct perf_image *perf_images_find(const struct perf_images *images, pid_t pid)
{
    const struct process *process = find_process(images, pid);
    return process != NULL ? process->image : NULL;
}

const struct perf_map *perf_image_find(const struct perf_image *image, uint64_t address)
{
    size_t index = find_index(image, address);
    if (index == image->count || image->maps[index].start > address)
        return NULL;
    return &image->maps[index];
}

/* A line break in a path is written as the kernel does. */
static void append_path(struct buffer *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == '\n')
            buffer_append_string(out, "\\012");
        else
            buffer_append_char(out, *path);
    }
}

void perf_image_append_text(const struct perf_image *image, struct buffer *out)
{
    for (size_t i = 0; i < image->count; i++) {
        const struct perf_map *map = &image->maps[i];
        buffer_append_format(out, "%" PRIx64 "-%" PRIx64 " r-xp %08" PRIx64 " %x:%x %" PRIu64 " ",
                             map->start, map->end, map->offset, map->major, map->minor, map->inode);
        if (strcmp(map->path, "//anon") != 0)
            append_path(out, map->path);
        buffer_append_char(out, '\n');
    }
}

uint32_t perf_images_program(const struct perf_images *images, pid_t pid)
{
    const struct process *process = find_process(images, pid);
    return process != NULL ? process->program : 0;
}

void perf_images_follow(struct perf_images *images, pid_t root)
{
    images->root = root;
}

bool perf_images_is_followed(const struct perf_images *images, pid_t pid)
{
    const struct process *process = find_process(images, pid);
    return process != NULL && process->followed;
}

size_t perf_images_dropped(const struct perf_images *images)
{
    return images->dropped;
}
