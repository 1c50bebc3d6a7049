#include "insights/growth_private.h"

#include <math.h>
#include <string.h>

static double clamp(double value, double least, double most)
{
    return fmin(fmax(value, least), fmax(least, most));
}

/* ---- from calls seen ---- */

/* A function that calls itself is not counted twice; one in a longer circle may be, so that nothing
 * is more than all. */
static bool add_from_calls(struct growth_side *side, struct arena *arena)
{
    double *called = arena_alloc_array(arena, side->line_count + 1, sizeof *called);
    if (called == NULL)
        return false;
    for (size_t i = 0; i < side->function_count && side->call_count > 0; i++)
        side->functions[i].inclusive = side->functions[i].self;
    for (size_t i = 0; i < side->call_count; i++) {
        const struct growth_call *call = &side->calls[i];
        const struct growth_node *from = &side->nodes[call->from];
        called[from->line] += call->cost;
        if (from->function != call->to)
            side->functions[from->function].inclusive += call->cost;
    }
    for (size_t i = 0; i < side->line_count; i++) {
        struct growth_line *line = &side->lines[i];
        line->inclusive =
            clamp(fmax(line->inclusive, line->self + called[i]), line->self, side->total);
    }
    for (size_t i = 0; i < side->function_count && side->call_count > 0; i++)
        side->functions[i].inclusive =
            clamp(side->functions[i].inclusive, side->functions[i].self, side->total);
    return true;
}

/* ---- from stacks ---- */

/* A walk over the trees of nodes that knows which lines and functions it is below. */
struct walk {
    struct growth_side *side;
    double *subtree;        /* by node */
    uint32_t *first_child;  /* by node; the roots hang below the number node_count */
    uint32_t *next_sibling; /* by node */
    uint32_t *lines_above, *functions_above; /* how often each is on the way */
};

static bool prepare_walk(struct walk *walk, struct arena *arena)
{
    struct growth_side *side = walk->side;
    size_t nodes = side->node_count;
    walk->subtree = arena_alloc_array(arena, nodes + 1, sizeof *walk->subtree);
    walk->first_child = arena_alloc_array(arena, nodes + 1, sizeof *walk->first_child);
    walk->next_sibling = arena_alloc_array(arena, nodes + 1, sizeof *walk->next_sibling);
    walk->lines_above = arena_alloc_array(arena, side->line_count + 1, sizeof(uint32_t));
    walk->functions_above = arena_alloc_array(arena, side->function_count + 1, sizeof(uint32_t));
    if (walk->subtree == NULL || walk->first_child == NULL || walk->next_sibling == NULL ||
        walk->lines_above == NULL || walk->functions_above == NULL)
        return false;
    memset(walk->first_child, 0xff, (nodes + 1) * sizeof *walk->first_child);
    for (size_t n = nodes; n-- > 0;) {
        uint32_t parent = side->nodes[n].parent;
        size_t above = parent != GROWTH_NONE ? parent : nodes;
        walk->subtree[n] += side->nodes[n].cost;
        walk->subtree[above] += walk->subtree[n];
        walk->next_sibling[n] = walk->first_child[above];
        walk->first_child[above] = (uint32_t)n;
    }
    return true;
}

static void enter(struct walk *walk, uint32_t number)
{
    const struct growth_node *node = &walk->side->nodes[number];
    if (walk->lines_above[node->line]++ == 0)
        walk->side->lines[node->line].inclusive += walk->subtree[number];
    if (walk->functions_above[node->function]++ == 0)
        walk->side->functions[node->function].inclusive += walk->subtree[number];
}

/* The next node that has not been entered, after leaving those that are done. */
static uint32_t leave(struct walk *walk, uint32_t number)
{
    while (number != GROWTH_NONE) {
        const struct growth_node *node = &walk->side->nodes[number];
        walk->lines_above[node->line]--;
        walk->functions_above[node->function]--;
        if (walk->next_sibling[number] != GROWTH_NONE)
            return walk->next_sibling[number];
        number = node->parent;
    }
    return GROWTH_NONE;
}

/* Each stack once: what recurs on the way counts where it is first. */
static bool add_from_stacks(struct growth_side *side, struct arena *arena)
{
    struct walk walk = {.side = side};
    if (!prepare_walk(&walk, arena))
        return false;
    for (size_t i = 0; i < side->function_count; i++)
        side->functions[i].inclusive = 0;
    uint32_t number = walk.first_child[side->node_count];
    while (number != GROWTH_NONE) {
        enter(&walk, number);
        number = walk.first_child[number] != GROWTH_NONE ? walk.first_child[number]
                                                         : leave(&walk, number);
    }
    return true;
}

bool growth_add_inclusive(struct growth_side *side, struct arena *arena, struct error *err)
{
    bool ok = side->stacks ? add_from_stacks(side, arena) : add_from_calls(side, arena);
    return ok || error_set_memory(err);
}
