#include "insights/dead_private.h"

#include <stdlib.h>
#include <string.h>

struct collecting {
    struct dead_unit *units;
    size_t count, capacity;
    struct error *err;
};

/* How much the code around is used. */
static double find_centrality(const struct dead_unit *unit)
{
    const struct dead_function *function = unit->function;
    size_t all = unit->file->endpoints_observed, file = unit->file->endpoint_count;
    size_t reached = function != NULL ? function->endpoint_count : 0;
    bool starts = function != NULL && !unit->whole && function->lines_by_state[DEAD_START] > 0;
    if (starts && reached == 0)
        reached = file = all;
    return (double)(reached + file) / (2 * (double)all + 1);
}

static bool add_unit(struct collecting *collecting, struct dead_unit unit)
{
    struct dead_unit *units =
        dead_grow(collecting->units, &collecting->capacity, collecting->count, sizeof *units);
    if (units == NULL)
        return error_set_memory(collecting->err);
    collecting->units = units;
    unit.centrality = find_centrality(&unit);
    units[collecting->count++] = unit;
    return true;
}

/* How far any line of the function got: that is the function's state, and all of it is listed as
 * one. A function that requests reach has none. */
static enum dead_state furthest(const struct dead_function *function)
{
    for (unsigned state = 0; state < DEAD_UNSURE; state++)
        if (function->lines_by_state[state] > 0)
            return (enum dead_state)state;
    return DEAD_HIT;
}

static bool is_listed(enum dead_state state)
{
    return state == DEAD_NEVER || state == DEAD_START || state == DEAD_ERROR;
}

static bool add_functions(struct collecting *collecting, const struct dead_file *file)
{
    for (size_t i = 0; i < file->function_count; i++) {
        const struct dead_function *function = &file->functions[i];
        enum dead_state state = furthest(function);
        struct dead_unit unit = {.file = file,
                                 .function = function,
                                 .whole = true,
                                 .state = state,
                                 .first = function->line,
                                 .last = function->last_line,
                                 .lines = (uint32_t)function->lines_by_state[state]};
        if (is_listed(state) && !add_unit(collecting, unit))
            return false;
    }
    return true;
}

static bool add_block(struct collecting *collecting, const struct dead_unit *block)
{
    bool in_whole = block->function != NULL && furthest(block->function) == block->state;
    return block->lines == 0 || !is_listed(block->state) || in_whole ||
           add_unit(collecting, *block);
}

/* Lines that follow each other in one function and one state. Those that nothing can be said of do
 * not part them. */
static bool add_blocks(struct collecting *collecting, const struct dead_file *file)
{
    struct dead_unit block = {.file = file};
    for (size_t i = 0; i < file->line_count; i++) {
        const struct dead_line *line = &file->lines[i];
        const struct dead_function *function =
            line->function != UINT32_MAX ? &file->functions[line->function] : NULL;
        if (line->state == DEAD_UNSURE)
            continue;
        if (block.lines == 0 || function != block.function || line->state != block.state) {
            if (!add_block(collecting, &block))
                return false;
            block = (struct dead_unit){
                .file = file, .function = function, .state = line->state, .first = line->line};
        }
        block.last = line->line;
        block.lines++;
    }
    return add_block(collecting, &block);
}

/* The path as a keep has it, or NULL when it lies elsewhere. */
static const char *path_in_folder(const char *path, const char *folder)
{
    size_t length = folder != NULL ? strlen(folder) : 0;
    if (length == 0)
        return path;
    return strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* Notes which keeps speak of the unit. */
static void find_keeps(struct dead_unit *unit, const struct dead_question *question, bool *used)
{
    const char *path = path_in_folder(unit->file->path, question->keep_folder);
    for (size_t i = 0; path != NULL && i < question->keep->count; i++) {
        const struct dead_keep *keep = &question->keep->items[i];
        if (!dead_keep_matches(keep, path, unit->function != NULL ? unit->function->name : NULL))
            continue;
        used[i] = true;
        if (dead_keep_is_over(keep, question->today))
            unit->expired = keep;
        else
            unit->kept = keep;
    }
    if (unit->kept != NULL)
        unit->expired = NULL;
}

static bool apply_keeps(struct dead *dead, const struct dead_question *question,
                        struct arena *arena, struct error *err)
{
    size_t count = question->keep != NULL ? question->keep->count : 0;
    bool *used = arena_alloc_array(arena, count, sizeof *used);
    const struct dead_keep **idle = arena_alloc_array(arena, count, sizeof *idle);
    if (used == NULL || idle == NULL)
        return error_set_memory(err);
    for (size_t i = 0; count > 0 && i < dead->unit_count; i++)
        find_keeps(&dead->units[i], question, used);
    /* Of a part of the files nobody can say that a keep fits none. */
    bool partial = question->globs != NULL && question->globs[0] != NULL;
    for (size_t i = 0; i < count && !partial; i++)
        if (!used[i])
            idle[dead->idle_keep_count++] = &question->keep->items[i];
    dead->idle_keeps = idle;
    return true;
}

bool dead_find_units(struct dead *dead, const struct dead_question *question, struct arena *arena,
                     struct error *err)
{
    struct collecting collecting = {.err = err};
    bool ok = true;
    for (size_t i = 0; i < dead->file_count && ok; i++)
        ok =
            add_functions(&collecting, &dead->files[i]) && add_blocks(&collecting, &dead->files[i]);
    if (ok) {
        dead->units = arena_alloc_array(arena, collecting.count, sizeof *dead->units);
        ok = dead->units != NULL || error_set_memory(err);
    }
    if (ok && collecting.count > 0) {
        memcpy(dead->units, collecting.units, collecting.count * sizeof *dead->units);
        dead->unit_count = collecting.count;
    }
    free(collecting.units);
    return ok && apply_keeps(dead, question, arena, err);
}

/* What nothing reached comes before what something did. */
static int state_order(enum dead_state state)
{
    return state == DEAD_NEVER ? 0 : state == DEAD_START ? 1 : 2;
}

static int compare_units(const void *left, const void *right)
{
    const struct dead_unit *a = left, *b = right;
    if (a->state != b->state)
        return state_order(a->state) - state_order(b->state);
    if (a->score > b->score || a->score < b->score)
        return a->score > b->score ? -1 : 1;
    if (a->lines != b->lines)
        return a->lines > b->lines ? -1 : 1;
    int path = strcmp(a->file->path, b->file->path);
    if (path != 0)
        return path;
    return a->first < b->first ? -1 : a->first > b->first;
}

void dead_rank(struct dead *dead, int64_t now_s)
{
    for (size_t i = 0; i < dead->unit_count; i++) {
        struct dead_unit *unit = &dead->units[i];
        bool aged = unit->age.known && !unit->age.uncommitted && unit->age.changed_s < now_s;
        unit->age_days = aged ? (double)(now_s - unit->age.changed_s) / 86400 : 0;
        double days = unit->age_days > 1 ? unit->age_days : 1;
        unit->score = unit->lines * days * (1 - unit->centrality);
    }
    if (dead->unit_count > 0)
        qsort(dead->units, dead->unit_count, sizeof *dead->units, compare_units);
}
