#include "insights/growth_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Circles of calls are gone round until the shares stand still, but not for ever. */
enum { ROUNDS_MAX = 200 };
static const double SHARE_SETTLED = 1e-9;

static bool is_marked(const bool *marks, uint32_t line)
{
    return marks != NULL && marks[line];
}

static int by_line_and_callee(const void *left, const void *right)
{
    const struct growth_charge *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->callee > b->callee) - (a->callee < b->callee);
}

static void add_charge(struct growth_charges *charges, uint32_t line, uint32_t callee, double cost)
{
    charges->list[charges->count++] = (struct growth_charge){line, callee, cost};
}

/* One charge for each line and callee, by line. */
static void merge_charges(struct growth_charges *charges)
{
    size_t kept = 0;
    qsort(charges->list, charges->count, sizeof *charges->list, by_line_and_callee);
    for (size_t i = 0; i < charges->count; i++) {
        if (kept > 0 && by_line_and_callee(&charges->list[i], &charges->list[kept - 1]) == 0)
            charges->list[kept - 1].cost += charges->list[i].cost;
        else
            charges->list[kept++] = charges->list[i];
    }
    charges->count = kept;
}

/* ---- stacks -----------------------------------------------------------------------------------
 */

/* How a node is reached. */
struct way {
    uint32_t marked; /* the deepest marked node on it, this one included; GROWTH_NONE */
    uint32_t callee; /* the function that this one called; GROWTH_NONE = it is this node */
    bool taken;      /* a taken node is on it */
};

static struct way find_way(const struct growth_side *side, const struct way *ways, uint32_t number,
                           const bool *marked, const bool *taken)
{
    const struct growth_node *node = &side->nodes[number];
    struct way way = {GROWTH_NONE, GROWTH_NONE, false};
    if (node->parent != GROWTH_NONE) {
        way = ways[node->parent];
        if (way.marked == node->parent)
            way.callee = node->function;
    }
    way.taken |= is_marked(taken, node->line);
    if (is_marked(marked, node->line)) {
        way.marked = number;
        way.callee = GROWTH_NONE;
    }
    return way;
}

static bool charge_stacks(struct growth_charges *charges, const struct growth_side *side,
                          const bool *marked, const bool *taken, struct arena *arena)
{
    struct way *ways = arena_alloc_array(arena, side->node_count + 1, sizeof *ways);
    charges->list = arena_alloc_array(arena, side->node_count + 1, sizeof *charges->list);
    if (ways == NULL || charges->list == NULL)
        return false;
    for (size_t n = 0; n < side->node_count; n++) {
        const struct growth_node *node = &side->nodes[n];
        struct way way = ways[n] = find_way(side, ways, (uint32_t)n, marked, taken);
        if (node->cost == 0 || way.taken)
            continue;
        if (way.marked != GROWTH_NONE)
            add_charge(charges, side->nodes[way.marked].line, way.callee, node->cost);
        else
            charges->loose[node->line] += node->cost;
    }
    return true;
}

/* ---- calls ------------------------------------------------------------------------------------
 */

/* A function's calls to itself tell nothing of who is to be charged. */
static bool is_own_call(const struct growth_side *side, const struct growth_call *call)
{
    return side->nodes[call->from].function == call->to;
}

/* Divides by `whole` what was added up by function, and says how far it moved from `shares`. */
static double settle(double *shares, const double *sums, const double *whole, size_t count)
{
    double moved = 0;
    for (size_t i = 0; i < count; i++) {
        double share = whole[i] > 0 ? fmin(fmax(sums[i] / whole[i], 0), 1) : 1;
        moved = fmax(moved, fabs(share - shares[i]));
        shares[i] = share;
    }
    return moved;
}

/* Of what each function spends with all it calls: the share with no marked line on it. */
static bool find_share_below(const struct growth_side *side, const bool *marked, double *shares,
                             struct arena *arena)
{
    size_t functions = side->function_count;
    double *whole = arena_alloc_array(arena, functions + 1, sizeof *whole);
    double *sums = arena_alloc_array(arena, functions + 1, sizeof *sums);
    if (whole == NULL || sums == NULL)
        return false;
    for (size_t n = 0; n < side->node_count; n++)
        whole[side->nodes[n].function] += side->nodes[n].cost;
    for (size_t i = 0; i < side->call_count; i++)
        if (!is_own_call(side, &side->calls[i]))
            whole[side->nodes[side->calls[i].from].function] += side->calls[i].cost;
    for (size_t i = 0; i < functions; i++)
        shares[i] = 1;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        memset(sums, 0, functions * sizeof *sums);
        for (size_t n = 0; n < side->node_count; n++)
            if (!is_marked(marked, side->nodes[n].line))
                sums[side->nodes[n].function] += side->nodes[n].cost;
        for (size_t i = 0; i < side->call_count; i++) {
            const struct growth_call *call = &side->calls[i];
            const struct growth_node *from = &side->nodes[call->from];
            if (!is_own_call(side, call) && !is_marked(marked, from->line))
                sums[from->function] += call->cost * shares[call->to];
        }
        if (settle(shares, sums, whole, functions) < SHARE_SETTLED)
            break;
    }
    return true;
}

/* Of what each function spends: the share that it is not called for from a marked line, or from a
 * function that is. What it spends beyond all calls seen was called for by nobody. */
static bool find_share_above(const struct growth_side *side, const bool *marked, double *shares,
                             struct arena *arena)
{
    size_t functions = side->function_count;
    double *whole = arena_alloc_array(arena, functions + 1, sizeof *whole);
    double *sums = arena_alloc_array(arena, functions + 1, sizeof *sums);
    double *uncalled = arena_alloc_array(arena, functions + 1, sizeof *uncalled);
    if (whole == NULL || sums == NULL || uncalled == NULL)
        return false;
    for (size_t i = 0; i < side->call_count; i++)
        if (!is_own_call(side, &side->calls[i]))
            whole[side->calls[i].to] += side->calls[i].cost;
    for (size_t i = 0; i < functions; i++) {
        const struct growth_function *function = &side->functions[i];
        double spent = isnan(function->inclusive) ? function->self : function->inclusive;
        uncalled[i] = fmax(0, spent - whole[i]);
        whole[i] += uncalled[i];
        shares[i] = 1;
    }
    for (int round = 0; round < ROUNDS_MAX; round++) {
        memcpy(sums, uncalled, functions * sizeof *sums);
        for (size_t i = 0; i < side->call_count; i++) {
            const struct growth_call *call = &side->calls[i];
            const struct growth_node *from = &side->nodes[call->from];
            if (!is_own_call(side, call) && !is_marked(marked, from->line))
                sums[call->to] += call->cost * shares[from->function];
        }
        if (settle(shares, sums, whole, functions) < SHARE_SETTLED)
            break;
    }
    return true;
}

/* Circles of calls may be counted more than once: all charges together are no more than all cost.
 */
static void limit_charges(struct growth_charges *charges, double total)
{
    double self = 0, called = 0;
    for (size_t i = 0; i < charges->count; i++) {
        if (charges->list[i].callee == GROWTH_NONE)
            self += charges->list[i].cost;
        else
            called += charges->list[i].cost;
    }
    if (called <= 0 || self + called <= total)
        return;
    double scale = fmax(0, total - self) / called;
    for (size_t i = 0; i < charges->count; i++)
        if (charges->list[i].callee != GROWTH_NONE)
            charges->list[i].cost *= scale;
}

static bool charge_calls(struct growth_charges *charges, const struct growth_side *side,
                         const bool *marked, const bool *taken, struct arena *arena)
{
    double *below = arena_alloc_array(arena, side->function_count + 1, sizeof *below);
    double *untaken = arena_alloc_array(arena, side->function_count + 1, sizeof *untaken);
    double *unmarked = arena_alloc_array(arena, side->function_count + 1, sizeof *unmarked);
    bool *either = arena_alloc_array(arena, side->line_count + 1, sizeof *either);
    charges->list =
        arena_alloc_array(arena, side->node_count + side->call_count + 1, sizeof *charges->list);
    if (below == NULL || untaken == NULL || unmarked == NULL || either == NULL ||
        charges->list == NULL)
        return false;
    for (size_t i = 0; i < side->line_count; i++)
        either[i] = is_marked(marked, (uint32_t)i) || is_marked(taken, (uint32_t)i);
    if (!find_share_below(side, either, below, arena) ||
        !find_share_above(side, taken, untaken, arena) ||
        !find_share_above(side, either, unmarked, arena))
        return false;
    for (size_t n = 0; n < side->node_count; n++) {
        const struct growth_node *node = &side->nodes[n];
        if (!either[node->line])
            charges->loose[node->line] += node->cost * unmarked[node->function];
        else if (!is_marked(taken, node->line))
            add_charge(charges, node->line, GROWTH_NONE, node->cost * untaken[node->function]);
    }
    for (size_t i = 0; i < side->call_count; i++) {
        const struct growth_call *call = &side->calls[i];
        const struct growth_node *from = &side->nodes[call->from];
        if (is_marked(marked, from->line) && !is_marked(taken, from->line))
            add_charge(charges, from->line, call->to,
                       call->cost * below[call->to] * untaken[from->function]);
    }
    limit_charges(charges, side->total);
    return true;
}

bool growth_charge(struct growth_charges *charges, const struct growth_side *side,
                   const bool *marked, const bool *taken, struct arena *arena, struct error *err)
{
    *charges = (struct growth_charges){
        .loose = arena_alloc_array(arena, side->line_count + 1, sizeof(double))};
    bool ok = charges->loose != NULL &&
              (side->stacks ? charge_stacks(charges, side, marked, taken, arena)
                            : charge_calls(charges, side, marked, taken, arena));
    if (!ok)
        return error_set_memory(err);
    merge_charges(charges);
    return true;
}
