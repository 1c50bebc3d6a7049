#include "insights/growth_private.h"

#include <stdlib.h>

/* A line of a function of the base that has none of its name in the head. */
struct vote {
    uint32_t function, line;
    uint32_t elect; /* the head's function that the line went to; GROWTH_NONE */
};

static void pair(struct growth_side sides[SIDE_COUNT], uint32_t base, uint32_t head)
{
    sides[SIDE_BASE].functions[base].partner = head;
    sides[SIDE_HEAD].functions[head].partner = base;
}

/* The same name in the same file, wherever the file went. */
static void pair_same(struct growth_side sides[SIDE_COUNT], const struct growth_changes *changes)
{
    for (size_t i = 0; i < sides[SIDE_BASE].function_count; i++) {
        struct profile_frame base = sides[SIDE_BASE].functions[i].place, head;
        base.line = 0;
        growth_changes_follow(changes, &base, &head);
        uint32_t found = growth_function_find(&sides[SIDE_HEAD], &head);
        if (found != GROWTH_NONE && sides[SIDE_HEAD].functions[found].partner == GROWTH_NONE)
            pair(sides, (uint32_t)i, found);
    }
}

/* ---- renamed: most of its lines are another function's now ---- */

static int by_function_and_line(const void *left, const void *right)
{
    const struct vote *a = left, *b = right;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static int by_elect(const void *left, const void *right)
{
    const struct vote *a = left, *b = right;
    return (a->elect > b->elect) - (a->elect < b->elect);
}

/* The head's function that spends most on each line, by line. */
static uint32_t *find_owners(const struct growth_side *side, struct arena *arena)
{
    uint32_t *owners = arena_alloc_array(arena, side->line_count + 1, sizeof *owners);
    double *most = arena_alloc_array(arena, side->line_count + 1, sizeof *most);
    if (owners == NULL || most == NULL)
        return NULL;
    for (size_t n = 0; n < side->node_count; n++) {
        const struct growth_node *node = &side->nodes[n];
        if (most[node->line] > node->cost)
            continue;
        most[node->line] = node->cost;
        owners[node->line] = node->function;
    }
    return owners;
}

static size_t collect_votes(const struct growth_side sides[SIDE_COUNT], const uint32_t *owners,
                            struct vote *votes)
{
    const struct growth_side *base = &sides[SIDE_BASE], *head = &sides[SIDE_HEAD];
    size_t count = 0, kept = 0;
    for (size_t n = 0; n < base->node_count; n++) {
        const struct growth_node *node = &base->nodes[n];
        uint32_t partner = base->lines[node->line].partner;
        if (base->functions[node->function].partner != GROWTH_NONE ||
            base->lines[node->line].place.line == 0)
            continue;
        uint32_t elect = partner != GROWTH_NONE ? owners[partner] : GROWTH_NONE;
        if (elect != GROWTH_NONE && head->functions[elect].partner != GROWTH_NONE)
            elect = GROWTH_NONE;
        votes[count++] = (struct vote){node->function, node->line, elect};
    }
    qsort(votes, count, sizeof *votes, by_function_and_line);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || by_function_and_line(&votes[i], &votes[kept - 1]) != 0)
            votes[kept++] = votes[i];
    return kept;
}

/* One function's votes: whoever has half of them is its successor. */
static void elect_successor(struct growth_side sides[SIDE_COUNT], struct vote *votes, size_t count)
{
    qsort(votes, count, sizeof *votes, by_elect);
    for (size_t i = 0; i < count && votes[i].elect != GROWTH_NONE;) {
        size_t end = i;
        while (end < count && votes[end].elect == votes[i].elect)
            end++;
        if (2 * (end - i) >= count &&
            sides[SIDE_HEAD].functions[votes[i].elect].partner == GROWTH_NONE) {
            pair(sides, votes[i].function, votes[i].elect);
            return;
        }
        i = end;
    }
}

static bool pair_renamed(struct growth_side sides[SIDE_COUNT], struct arena *arena)
{
    uint32_t *owners = find_owners(&sides[SIDE_HEAD], arena);
    struct vote *votes = arena_alloc_array(arena, sides[SIDE_BASE].node_count + 1, sizeof *votes);
    if (owners == NULL || votes == NULL)
        return false;
    size_t count = collect_votes(sides, owners, votes);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && votes[end].function == votes[i].function)
            end++;
        elect_successor(sides, &votes[i], end - i);
        i = end;
    }
    return true;
}

/* ---- moved: the same name in another file ---- */

/* The only function of the name that has no partner yet; GROWTH_NONE when there are none or more.
 * Functions lie in the order of their names. */
static uint32_t find_single(const struct growth_side *side, const char *name)
{
    size_t low = 0, high = side->function_count;
    uint32_t found = GROWTH_NONE;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (growth_name_order(side->functions[middle].place.function, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < side->function_count; low++) {
        const struct growth_function *function = &side->functions[low];
        if (growth_name_order(function->place.function, name) != 0)
            break;
        if (function->partner != GROWTH_NONE)
            continue;
        if (found != GROWTH_NONE)
            return GROWTH_NONE;
        found = (uint32_t)low;
    }
    return found;
}

static void pair_moved(struct growth_side sides[SIDE_COUNT])
{
    for (size_t i = 0; i < sides[SIDE_BASE].function_count; i++) {
        const struct growth_function *function = &sides[SIDE_BASE].functions[i];
        if (function->partner != GROWTH_NONE || function->place.function == NULL)
            continue;
        uint32_t head = find_single(&sides[SIDE_HEAD], function->place.function);
        if (head != GROWTH_NONE &&
            find_single(&sides[SIDE_BASE], function->place.function) == (uint32_t)i)
            pair(sides, (uint32_t)i, head);
    }
}

bool growth_match_functions(struct growth_side sides[SIDE_COUNT],
                            const struct growth_changes *changes, struct arena *arena,
                            struct error *err)
{
    pair_same(sides, changes);
    if (!pair_renamed(sides, arena))
        return error_set_memory(err);
    pair_moved(sides);
    for (unsigned s = 0; s < SIDE_COUNT; s++)
        for (size_t n = 0; n < sides[s].node_count; n++)
            if (sides[s].lines[sides[s].nodes[n].line].hunk != GROWTH_NONE)
                sides[s].functions[sides[s].nodes[n].function].changed = true;
    return true;
}
