#include "insights/growth_private.h"

#include <math.h>
#include <stdlib.h>

/* Touched lines that make up less of the growth are not its cause. */
static const double LEAST_SHARE = 0.2;

/* Less than this of what the endpoint costs is but rounding. */
static const double NOTHING = 1e-6;

enum rank { RANK_TOUCHED, RANK_OWN, RANK_OTHER };

struct ranked {
    struct growth_item item;
    enum rank rank;
    double gain; /* in the direction that is asked for: positive = comes first */
};

struct ranking {
    const struct growth_side *sides;
    enum side dear, other;
    double *charged[SIDE_COUNT]; /* by line: of untouched lines, what is charged to them */
    struct growth_hunks hunks;
    struct ranked *list;
    size_t count;
    double nothing;
};

/* ---- charges ----------------------------------------------------------------------------------
 */

static bool *mark_lines(const struct growth_side *side, bool touched, struct arena *arena)
{
    bool *marks = arena_alloc_array(arena, side->line_count + 1, sizeof *marks);
    for (size_t i = 0; marks != NULL && i < side->line_count; i++)
        marks[i] = touched ? side->lines[i].hunk != GROWTH_NONE : side->lines[i].place.own;
    return marks;
}

/* The touched lines' charges into `charges`, those of all others into ranking->charged. */
static bool charge_side(struct ranking *ranking, enum side which, struct growth_charges *charges,
                        struct arena *arena, struct error *err)
{
    const struct growth_side *side = &ranking->sides[which];
    struct growth_charges own;
    bool *touched = mark_lines(side, true, arena), *marked = mark_lines(side, false, arena);
    if (touched == NULL || marked == NULL)
        return error_set_memory(err);
    if (!growth_charge(charges, side, touched, NULL, arena, err) ||
        !growth_charge(&own, side, marked, touched, arena, err))
        return false;
    ranking->charged[which] = own.loose;
    for (size_t i = 0; i < own.count; i++)
        own.loose[own.list[i].line] += own.list[i].cost;
    return true;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* Either number may be GROWTH_NONE. */
static struct growth_item make_line(const struct growth_side *sides, uint32_t head, uint32_t base,
                                    double grew)
{
    struct growth_item item = {
        .head = NAN, .base = NAN, .head_inclusive = NAN, .base_inclusive = NAN, .grew = grew};
    if (base != GROWTH_NONE) {
        const struct growth_line *line = &sides[SIDE_BASE].lines[base];
        item.place = item.base_place = line->place;
        item.base = line->self;
        item.base_inclusive = line->inclusive;
        item.changed |= line->hunk != GROWTH_NONE;
    }
    if (head != GROWTH_NONE) {
        const struct growth_line *line = &sides[SIDE_HEAD].lines[head];
        item.place = line->place;
        item.head = line->self;
        item.head_inclusive = line->inclusive;
        item.changed |= line->hunk != GROWTH_NONE;
    }
    item.kind = base == GROWTH_NONE   ? GROWTH_NEW
                : head == GROWTH_NONE ? GROWTH_GONE
                : grew >= 0           ? GROWTH_GREW
                                      : GROWTH_SHRANK;
    return item;
}

/* `line` of side `which` and its partner, which cost `gain` more than before in the direction asked
 * for. */
static void rank_line(struct ranking *ranking, enum side which, uint32_t line, double gain)
{
    const struct growth_line *here = &ranking->sides[which].lines[line];
    double grew = ranking->dear == SIDE_HEAD ? gain : -gain;
    if (fabs(gain) <= ranking->nothing)
        return;
    ranking->list[ranking->count++] = (struct ranked){
        .item = make_line(ranking->sides, which == SIDE_HEAD ? line : here->partner,
                          which == SIDE_BASE ? line : here->partner, grew),
        .rank = here->hunk != GROWTH_NONE ? RANK_TOUCHED
                : here->place.own         ? RANK_OWN
                                          : RANK_OTHER,
        .gain = gain,
    };
}

static void rank_side_lines(struct ranking *ranking)
{
    const struct growth_side *dear = &ranking->sides[ranking->dear];
    const struct growth_side *other = &ranking->sides[ranking->other];
    const double *now = ranking->charged[ranking->dear], *then = ranking->charged[ranking->other];
    for (size_t i = 0; i < dear->line_count; i++) {
        const struct growth_line *line = &dear->lines[i];
        bool touched = line->hunk != GROWTH_NONE, paired = line->partner != GROWTH_NONE;
        double gain = touched ? ranking->hunks.extra[i] : now[i];
        if (paired)
            gain -= touched ? ranking->hunks.left[line->partner] : then[line->partner];
        rank_line(ranking, ranking->dear, (uint32_t)i, gain);
    }
    for (size_t i = 0; i < other->line_count; i++) {
        const struct growth_line *line = &other->lines[i];
        if (line->partner == GROWTH_NONE)
            rank_line(ranking, ranking->other, (uint32_t)i,
                      -(line->hunk != GROWTH_NONE ? ranking->hunks.left[i] : then[i]));
    }
}

/* What grew by rank, dearest first; then what went the other way, that which went furthest first.
 */
static int by_rank(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if ((a->gain > 0) != (b->gain > 0))
        return a->gain > 0 ? -1 : 1;
    if (a->gain > 0 && a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (fabs(a->gain) != fabs(b->gain))
        return fabs(a->gain) > fabs(b->gain) ? -1 : 1;
    int order = growth_line_order(&a->item.place, &b->item.place);
    return order != 0 ? order : growth_function_order(&a->item.place, &b->item.place);
}

static const struct growth_item *copy_items(const struct ranking *ranking, struct arena *arena)
{
    struct growth_item *items = arena_alloc_array(arena, ranking->count + 1, sizeof *items);
    for (size_t i = 0; items != NULL && i < ranking->count; i++)
        items[i] = ranking->list[i].item;
    return items;
}

bool growth_rank_lines(struct growth *growth, const struct growth_side sides[SIDE_COUNT],
                       bool improved, struct arena *scratch, struct arena *arena, struct error *err)
{
    struct ranking ranking = {.sides = sides,
                              .dear = improved ? SIDE_BASE : SIDE_HEAD,
                              .other = improved ? SIDE_HEAD : SIDE_BASE};
    struct growth_charges charges[SIDE_COUNT];
    size_t most = sides[SIDE_HEAD].line_count + sides[SIDE_BASE].line_count;
    double gain = sides[ranking.dear].total - sides[ranking.other].total;
    ranking.nothing = NOTHING * fmax(sides[SIDE_HEAD].total, sides[SIDE_BASE].total);
    ranking.list = arena_alloc_array(scratch, most + 1, sizeof *ranking.list);
    if (ranking.list == NULL)
        return error_set_memory(err);
    for (unsigned s = 0; s < SIDE_COUNT; s++)
        if (!charge_side(&ranking, (enum side)s, &charges[s], scratch, err))
            return false;
    if (!growth_weigh_hunks(&ranking.hunks, sides, ranking.dear, charges, scratch, err))
        return false;
    rank_side_lines(&ranking);
    if (gain > 0 && ranking.hunks.dearer < LEAST_SHARE * gain)
        for (size_t i = 0; i < ranking.count; i++)
            ranking.list[i].rank = RANK_TOUCHED;
    qsort(ranking.list, ranking.count, sizeof *ranking.list, by_rank);
    growth->moved = ranking.hunks.moved;
    growth->changed = improved ? -ranking.hunks.net : ranking.hunks.net;
    growth->lines = copy_items(&ranking, arena);
    growth->line_count = ranking.count;
    return growth->lines != NULL || error_set_memory(err);
}

/* ---- functions --------------------------------------------------------------------------------
 */

/* Either number may be GROWTH_NONE. */
static struct growth_item make_function(const struct growth_side *sides, uint32_t head,
                                        uint32_t base)
{
    struct growth_item item = {
        .head = NAN, .base = NAN, .head_inclusive = NAN, .base_inclusive = NAN};
    if (base != GROWTH_NONE) {
        const struct growth_function *function = &sides[SIDE_BASE].functions[base];
        item.place = item.base_place = function->place;
        item.base = function->self;
        item.base_inclusive = function->inclusive;
        item.changed |= function->changed;
        item.grew -= function->self;
    }
    if (head != GROWTH_NONE) {
        const struct growth_function *function = &sides[SIDE_HEAD].functions[head];
        item.place = function->place;
        item.head = function->self;
        item.head_inclusive = function->inclusive;
        item.changed |= function->changed;
        item.grew += function->self;
    }
    if (base == GROWTH_NONE)
        item.kind = GROWTH_NEW;
    else if (head == GROWTH_NONE)
        item.kind = GROWTH_GONE;
    else if (growth_function_order(&item.place, &item.base_place) != 0)
        item.kind = GROWTH_MOVED;
    else
        item.kind = item.grew >= 0 ? GROWTH_GREW : GROWTH_SHRANK;
    return item;
}

static void rank_function(struct ranking *ranking, uint32_t head, uint32_t base)
{
    struct growth_item item = make_function(ranking->sides, head, base);
    double gain = ranking->dear == SIDE_HEAD ? item.grew : -item.grew;
    if (fabs(gain) > ranking->nothing || (item.kind == GROWTH_MOVED && item.head > 0))
        ranking->list[ranking->count++] = (struct ranked){item, RANK_OTHER, gain};
}

static double find_moved(const struct ranking *ranking)
{
    double grew = 0, shrank = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        grew += fmax(0, ranking->list[i].gain);
        shrank += fmax(0, -ranking->list[i].gain);
    }
    return fmin(grew, shrank);
}

bool growth_rank_functions(struct growth *growth, const struct growth_side sides[SIDE_COUNT],
                           bool improved, struct arena *scratch, struct arena *arena,
                           struct error *err)
{
    const struct growth_side *head = &sides[SIDE_HEAD], *base = &sides[SIDE_BASE];
    struct ranking ranking = {.sides = sides, .dear = improved ? SIDE_BASE : SIDE_HEAD};
    size_t most = head->function_count + base->function_count;
    ranking.nothing = NOTHING * fmax(head->total, base->total);
    ranking.list = arena_alloc_array(scratch, most + 1, sizeof *ranking.list);
    if (ranking.list == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < head->function_count; i++)
        rank_function(&ranking, (uint32_t)i, head->functions[i].partner);
    for (size_t i = 0; i < base->function_count; i++)
        if (base->functions[i].partner == GROWTH_NONE)
            rank_function(&ranking, GROWTH_NONE, (uint32_t)i);
    qsort(ranking.list, ranking.count, sizeof *ranking.list, by_rank);
    growth->moved = fmax(growth->moved, find_moved(&ranking));
    growth->functions = copy_items(&ranking, arena);
    growth->function_count = ranking.count;
    return growth->functions != NULL || error_set_memory(err);
}
