#include "insights/growth_private.h"

#include <stdlib.h>
#include <string.h>

static int by_base_path(const void *left, const void *right)
{
    const struct growth_change *a = left, *b = right;
    return strcmp(a->change->base_path, b->change->base_path);
}

static int by_head_path(const void *left, const void *right)
{
    const struct growth_change *a = left, *b = right;
    return strcmp(a->change->head_path, b->change->head_path);
}

bool growth_changes_index(struct growth_changes *changes, const struct source_change *list,
                          size_t count, struct arena *arena, struct error *err)
{
    uint32_t hunks = 0;
    if (list == NULL)
        count = 0;
    struct growth_change *bases = arena_alloc_array(arena, count + 1, sizeof *bases);
    struct growth_change *heads = arena_alloc_array(arena, count + 1, sizeof *heads);
    if (bases == NULL || heads == NULL)
        return error_set_memory(err);
    changes->base_count = changes->head_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct growth_change one = {&list[i], hunks};
        hunks += (uint32_t)list[i].hunk_count;
        if (list[i].base_path != NULL)
            bases[changes->base_count++] = one;
        if (list[i].head_path != NULL)
            heads[changes->head_count++] = one;
    }
    qsort(bases, changes->base_count, sizeof *bases, by_base_path);
    qsort(heads, changes->head_count, sizeof *heads, by_head_path);
    changes->by_base = bases;
    changes->by_head = heads;
    return true;
}

static const struct growth_change *find_change(const struct growth_changes *changes, enum side side,
                                               const char *path)
{
    const struct growth_change *list = side == SIDE_BASE ? changes->by_base : changes->by_head;
    size_t low = 0, high = side == SIDE_BASE ? changes->base_count : changes->head_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct source_change *change = list[middle].change;
        int order = strcmp(side == SIDE_BASE ? change->base_path : change->head_path, path);
        if (order == 0)
            return &list[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static uint32_t first_line(const struct source_hunk *hunk, enum side side)
{
    return side == SIDE_BASE ? hunk->base_line : hunk->head_line;
}

static uint32_t line_count(const struct source_hunk *hunk, enum side side)
{
    return side == SIDE_BASE ? hunk->base_count : hunk->head_count;
}

/* How many hunks begin at or before the line. */
static size_t hunks_before(const struct source_change *change, enum side side, uint32_t line)
{
    size_t low = 0, high = change->hunk_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (first_line(&change->hunks[middle], side) <= line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The hunk that the line lies in, by number; GROWTH_NONE when in none. */
static uint32_t find_hunk(const struct growth_change *found, enum side side, uint32_t line)
{
    size_t before = hunks_before(found->change, side, line);
    if (before == 0)
        return GROWTH_NONE;
    const struct source_hunk *hunk = &found->change->hunks[before - 1];
    return line - first_line(hunk, side) < line_count(hunk, side)
               ? found->first_hunk + (uint32_t)before - 1
               : GROWTH_NONE;
}

bool growth_changes_touch(const struct growth_changes *changes, const char *base_path)
{
    const struct growth_change *found = find_change(changes, SIDE_BASE, base_path);
    return found != NULL && found->change->hunk_count > 0;
}

uint32_t growth_changes_added(const struct growth_changes *changes,
                              const struct profile_frame *head)
{
    if (!head->own || head->file == NULL || head->line == 0)
        return GROWTH_NONE;
    const struct growth_change *found = find_change(changes, SIDE_HEAD, head->file);
    return found != NULL ? find_hunk(found, SIDE_HEAD, head->line) : GROWTH_NONE;
}

/* The function of the file that holds the line. */
static const struct source_function *function_at(const struct source_file *file, uint32_t line)
{
    const struct source_function *found = NULL;
    for (size_t i = 0; i < file->function_count && file->functions[i].line <= line; i++)
        if (line <= file->functions[i].last_line)
            found = &file->functions[i];
    return found;
}

/* Where nothing is known of the change: the line that is as far into its function as it was, when
 * the file is another one now. */
static void guess(const struct growth_changes *changes, struct profile_frame *head)
{
    const struct source_file *then = source_tree_file(changes->sources[SIDE_BASE], head->file);
    const struct source_file *now = source_tree_file(changes->sources[SIDE_HEAD], head->file);
    if (then == NULL || now == NULL || then->hash == NULL || now->hash == NULL ||
        strcmp(then->hash, now->hash) == 0)
        return;
    const struct source_function *function = function_at(then, head->line);
    for (size_t i = 0; function != NULL && i < now->function_count; i++) {
        const struct source_function *same = &now->functions[i];
        if (growth_name_order(function->name, same->name) != 0)
            continue;
        head->line = same->line + (head->line - function->line);
        return;
    }
}

uint32_t growth_changes_follow(const struct growth_changes *changes,
                               const struct profile_frame *base, struct profile_frame *head)
{
    *head = *base;
    if (!base->own || base->file == NULL)
        return GROWTH_NONE;
    if (!changes->known && base->line > 0)
        guess(changes, head);
    const struct growth_change *found = find_change(changes, SIDE_BASE, base->file);
    if (found == NULL)
        return GROWTH_NONE;
    if (found->change->head_path != NULL)
        head->file = found->change->head_path;
    uint32_t hunk = base->line > 0 ? find_hunk(found, SIDE_BASE, base->line) : GROWTH_NONE;
    if (hunk != GROWTH_NONE)
        return hunk;
    size_t before = hunks_before(found->change, SIDE_BASE, base->line);
    if (base->line > 0 && before > 0) {
        const struct source_hunk *last = &found->change->hunks[before - 1];
        head->line =
            base->line - (last->base_line + last->base_count) + last->head_line + last->head_count;
    }
    return GROWTH_NONE;
}
