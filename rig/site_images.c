#include "rig/site_images.h"

#include <stdlib.h>

bool site_images_init(struct site_images *images, struct agent_sites *sites,
                      struct symbols *symbols, struct error *err)
{
    *images = (struct site_images){.sites = sites, .symbols = symbols};
    images->maps = calloc(AGENT_WIRE_PROCESSES, sizeof *images->maps);
    return images->maps != NULL || error_set_memory(err);
}

void site_images_release(struct site_images *images)
{
    for (uint32_t i = 0; i < images->count; i++)
        symbols_map_free(images->maps[i]);
    free(images->maps);
    *images = (struct site_images){0};
}

static bool is_in_tree(const struct process_tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->pids[i] == pid)
            return true;
    return false;
}

static uint32_t pid_of(const struct site_images *images, uint32_t process)
{
    return atomic_load(&images->sites->processes[process].pid);
}

/* A process that has become another program has another number, too: the old one's addresses are
 * gone. */
static bool is_replaced(const struct site_images *images, uint32_t process)
{
    for (uint32_t later = process + 1; later < images->count; later++)
        if (pid_of(images, later) == pid_of(images, process))
            return true;
    return false;
}

void site_images_read(struct site_images *images, const struct process_tree *tree, bool again)
{
    uint32_t used = atomic_load(&images->sites->used_processes);
    if (used > AGENT_WIRE_PROCESSES)
        used = AGENT_WIRE_PROCESSES;
    if (used > images->count)
        images->count = used;
    for (uint32_t i = 0; i < images->count; i++) {
        struct symbols_map *map = NULL;
        struct error ended = {0};
        pid_t pid = (pid_t)pid_of(images, i);
        if (pid <= 0 || (images->maps[i] != NULL && !again) || !is_in_tree(tree, pid) ||
            is_replaced(images, i) || !symbols_map_read(&map, images->symbols, pid, &ended))
            continue;
        symbols_map_free(images->maps[i]);
        images->maps[i] = map;
    }
}

const struct symbols_map *site_images_find(const struct site_images *images, uint32_t process)
{
    while (process < images->count) {
        if (images->maps[process] != NULL)
            return images->maps[process];
        uint32_t parent = atomic_load(&images->sites->processes[process].parent) - 1;
        if (parent >= process)
            return NULL;
        process = parent;
    }
    return NULL;
}
