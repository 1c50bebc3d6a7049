#include "insights/growth_private.h"

#include <math.h>
#include <stdlib.h>

enum { NEAREST_TRIED = 64 }; /* units that are looked at on either side of the best place */

static const double SAME_COST = 0.02; /* apart by no more than this: likely the same code */

#define CALLEE_SELF      UINT64_MAX
#define FUNCTION_UNKNOWN UINT64_MAX

/* Cost of a touched line, for what it spent itself or had one function spend. */
struct unit {
    uint32_t line, hunk;
    uint64_t function, callee; /* the same number on both sides for the same function */
    double cost;               /* at the beginning of this round */
    double rest; /* after what stood there before was taken off; of the other side: after what was
                    found again was taken off */
    bool paired; /* in this round */
};

struct units {
    struct unit *list;
    size_t count;
};

static uint64_t number_function(const struct growth_side *side, bool is_base, uint32_t function,
                                uint64_t none)
{
    if (function == GROWTH_NONE)
        return none;
    if (!is_base)
        return function;
    uint32_t partner = side->functions[function].partner;
    return partner != GROWTH_NONE ? partner : UINT64_C(1) << 32 | function;
}

static struct unit make_unit(const struct growth_side *side, bool is_base,
                             const struct growth_charge *charge)
{
    const struct growth_line *line = &side->lines[charge->line];
    return (struct unit){
        .line = charge->line,
        .hunk = line->hunk,
        .function = number_function(side, is_base, growth_function_find(side, &line->place),
                                    FUNCTION_UNKNOWN),
        .callee = number_function(side, is_base, charge->callee, CALLEE_SELF),
        .cost = charge->cost,
        .rest = charge->cost,
    };
}

static bool make_units(struct units *units, const struct growth_side *side, bool is_base,
                       const struct growth_charges *charges, struct arena *arena)
{
    units->list = arena_alloc_array(arena, charges->count + 1, sizeof *units->list);
    if (units->list == NULL)
        return false;
    for (size_t i = 0; i < charges->count; i++)
        if (charges->list[i].cost > 0)
            units->list[units->count++] = make_unit(side, is_base, &charges->list[i]);
    return true;
}

/* ---- the order of units -----------------------------------------------------------------------
 */

static int by_callee(const void *left, const void *right)
{
    const struct unit *a = left, *b = right;
    if (a->callee != b->callee)
        return a->callee < b->callee ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static int by_hunk(const void *left, const void *right)
{
    const struct unit *a = left, *b = right;
    if (a->hunk != b->hunk)
        return a->hunk < b->hunk ? -1 : 1;
    return by_callee(left, right);
}

/* The order of two groups of units, whatever they cost. */
static int group_order(const struct unit *a, const struct unit *b, bool hunks)
{
    if (hunks && a->hunk != b->hunk)
        return a->hunk < b->hunk ? -1 : 1;
    return (a->callee > b->callee) - (a->callee < b->callee);
}

/* ---- pairing ----------------------------------------------------------------------------------
 */

/* The unpaired unit that costs most nearly the same, of some that rise by cost. */
static struct unit *find_nearest(struct unit *list, size_t count, double cost)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle].cost < cost)
            low = middle + 1;
        else
            high = middle;
    }
    struct unit *best = NULL;
    size_t first = low > NEAREST_TRIED ? low - NEAREST_TRIED : 0;
    for (size_t i = first; i < count && i < low + NEAREST_TRIED; i++)
        if (!list[i].paired &&
            (best == NULL || fabs(list[i].cost - cost) < fabs(best->cost - cost)))
            best = &list[i];
    return best;
}

/* As much of what `gone` still has as `dear` has. Returns what went to another function so. */
static double take_off(struct unit *dear, struct unit *gone)
{
    double taken = fmin(fmax(dear->rest, 0), gone->rest);
    bool told = dear->function != FUNCTION_UNKNOWN && gone->function != FUNCTION_UNKNOWN;
    dear->rest -= taken;
    gone->rest -= taken;
    return told && dear->function != gone->function ? taken : 0;
}

/* Takes the cost of each of `gone` off the one of `dear` that costs most nearly the same. Returns
 * what went to another function, as the next does. */
static double pair_nearest(struct units dear, struct units gone, bool only_same)
{
    double moved = 0;
    for (size_t i = gone.count; i-- > 0;) {
        struct unit *lost = &gone.list[i];
        struct unit *found = find_nearest(dear.list, dear.count, lost->cost);
        if (found == NULL || (only_same && fabs(found->cost - lost->cost) > SAME_COST * lost->cost))
            continue;
        found->paired = true;
        moved += take_off(found, lost);
    }
    return moved;
}

/* What is left of `gone`, off the dearest of `dear` as far as it goes. */
static double take_off_rest(struct units dear, struct units gone)
{
    double moved = 0;
    size_t at = dear.count;
    for (size_t i = gone.count; i-- > 0;) {
        while (gone.list[i].rest > 0 && at > 0) {
            moved += take_off(&dear.list[at - 1], &gone.list[i]);
            at -= dear.list[at - 1].rest <= 0;
        }
    }
    return moved;
}

/* Units that still have a rest, to the front and ready for another round. */
static size_t keep_rests(struct units units)
{
    size_t kept = 0;
    for (size_t i = 0; i < units.count; i++) {
        struct unit one = units.list[i];
        one.paired = false;
        one.cost = one.rest;
        if (one.rest <= 0)
            continue;
        units.list[i] = units.list[kept];
        units.list[kept++] = one;
    }
    return kept;
}

/* Whether units must be of one hunk to be paired, and must cost the same. */
struct pairing {
    bool hunks, only_same;
};

static double pair_group(struct units dear, struct units gone, struct pairing pairing)
{
    bool anywhere = !pairing.hunks && dear.list[0].callee == CALLEE_SELF;
    if (anywhere && !pairing.only_same)
        return 0; /* what lines spend themselves is alike everywhere */
    double moved = pair_nearest(dear, gone, pairing.only_same);
    return pairing.only_same ? moved : moved + take_off_rest(dear, gone);
}

static size_t group_end(const struct units *units, size_t first, bool hunks)
{
    size_t end = first;
    while (end < units->count && group_order(&units->list[first], &units->list[end], hunks) == 0)
        end++;
    return end;
}

/* One round over the units of each callee, in each hunk when `hunks`. */
static double pair_units(struct units dear, struct units gone, struct pairing pairing)
{
    double moved = 0;
    int (*order)(const void *, const void *) = pairing.hunks ? by_hunk : by_callee;
    dear.count = keep_rests(dear);
    gone.count = keep_rests(gone);
    qsort(dear.list, dear.count, sizeof *dear.list, order);
    qsort(gone.list, gone.count, sizeof *gone.list, order);
    for (size_t d = 0, g = 0; d < dear.count && g < gone.count;) {
        int step = group_order(&dear.list[d], &gone.list[g], pairing.hunks);
        size_t d_end = group_end(&dear, d, pairing.hunks);
        size_t g_end = group_end(&gone, g, pairing.hunks);
        if (step == 0)
            moved += pair_group((struct units){&dear.list[d], d_end - d},
                                (struct units){&gone.list[g], g_end - g}, pairing);
        d = step <= 0 ? d_end : d;
        g = step >= 0 ? g_end : g;
    }
    return moved;
}

/* ---- sums -------------------------------------------------------------------------------------
 */

static bool add_up(struct growth_hunks *hunks, struct units dear, struct units gone,
                   const struct growth_side *side, struct arena *arena)
{
    uint32_t most = 0;
    for (size_t i = 0; i < dear.count; i++)
        most = dear.list[i].hunk > most ? dear.list[i].hunk : most;
    for (size_t i = 0; i < gone.count; i++)
        most = gone.list[i].hunk > most ? gone.list[i].hunk : most;
    double *net = arena_alloc_array(arena, (size_t)most + 1, sizeof *net);
    if (net == NULL)
        return false;
    for (size_t i = 0; i < dear.count; i++) {
        hunks->extra[dear.list[i].line] += dear.list[i].rest;
        net[dear.list[i].hunk] += dear.list[i].rest;
    }
    for (size_t i = 0; i < gone.count; i++) {
        hunks->left[gone.list[i].line] += gone.list[i].rest;
        net[gone.list[i].hunk] -= gone.list[i].rest;
    }
    for (size_t i = 0; i < side->line_count; i++)
        if (side->lines[i].hunk != GROWTH_NONE && side->lines[i].hunk <= most)
            hunks->extra[i] = fmin(hunks->extra[i], fmax(0, net[side->lines[i].hunk]));
    for (size_t h = 0; h <= most; h++) {
        hunks->net += net[h];
        hunks->dearer += fmax(0, net[h]);
    }
    return true;
}

bool growth_weigh_hunks(struct growth_hunks *hunks, const struct growth_side sides[SIDE_COUNT],
                        enum side dear, const struct growth_charges charges[SIDE_COUNT],
                        struct arena *arena, struct error *err)
{
    enum side other = dear == SIDE_HEAD ? SIDE_BASE : SIDE_HEAD;
    struct units now = {0}, gone = {0};
    *hunks = (struct growth_hunks){
        .extra = arena_alloc_array(arena, sides[dear].line_count + 1, sizeof(double)),
        .left = arena_alloc_array(arena, sides[other].line_count + 1, sizeof(double)),
    };
    if (hunks->extra == NULL || hunks->left == NULL ||
        !make_units(&now, &sides[dear], dear == SIDE_BASE, &charges[dear], arena) ||
        !make_units(&gone, &sides[other], other == SIDE_BASE, &charges[other], arena))
        return error_set_memory(err);
    /* What costs the same is the same code, wherever it went; after that, what is nearest. */
    static const struct pairing rounds[] = {{.hunks = true, .only_same = true},
                                            {.hunks = false, .only_same = true},
                                            {.hunks = true, .only_same = false},
                                            {.hunks = false, .only_same = false}};
    for (size_t i = 0; i < COUNT_OF(rounds); i++)
        hunks->moved += pair_units(now, gone, rounds[i]);
    return add_up(hunks, now, gone, &sides[dear], arena) || error_set_memory(err);
}
