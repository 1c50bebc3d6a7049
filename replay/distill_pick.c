/* Which exchange stands for a cell, and with what weight. */
#include "replay/distill_private.h"

#include <math.h>
#include <string.h>

enum { SWEEPS = 4, WEIGHT_SWEEPS = 200, WEIGHTS_MOVED_MAX = 64, TRIES = 10 };

#define AS_GOOD     0.005 /* of the endpoint's cost: a smaller difference is not worth a choice */
#define RARE        0.02  /* what a rare target is worse than one that fills its cell */
#define MOVE_WEIGHT 0.02  /* what holds weights to those of their cells */
#define MOVE_MOST   2.0   /* times or a part of what the cell weighs */

static const float *axes_of(const struct distill_scope *scope, size_t item)
{
    return scope->points[item].axes;
}

static bool is_answered(const struct distill_scope *scope, uint32_t item)
{
    return scope->items[item].status < 400;
}

/* The chosen one is of the kind that most are of: what a refused request costs says nothing of
 * those that were answered. */
static void find_kind(const struct distill_scope *scope, struct distill_cell *cell)
{
    double answered = 0;
    for (size_t i = cell->first; i < cell->first + cell->count; i++)
        if (is_answered(scope, scope->members[i]))
            answered += scope->items[scope->members[i]].weight;
    cell->answered = answered * 2 >= cell->base_weight;
}

static bool may_stand(const struct distill_scope *scope, const struct distill_cell *cell,
                      size_t position)
{
    return is_answered(scope, scope->members[position]) == cell->answered;
}

static void shift(double sum[DISTILL_AXES], const float *axes, double share)
{
    for (size_t j = 0; j < DISTILL_AXES; j++)
        sum[j] += share * (double)axes[j];
}

/* How far the endpoint's mean would be off with that one, and a little for being asked for less
 * than the cell weighs; `rest` is that of all other cells. */
static double distance_with(const struct distill_scope *scope, const double rest[DISTILL_AXES],
                            size_t item, double share)
{
    double sum[DISTILL_AXES];
    double known = fmin(1, (double)scope->points[item].popularity / share);
    memcpy(sum, rest, sizeof sum);
    shift(sum, axes_of(scope, item), share);
    return sqrt(distill_distance(sum)) + RARE * share * (1 - known);
}

/* One of those that are as good as `limit`, by chance and weight, so that what is asked for often
 * is likely to be the one. */
static size_t draw(const struct distill_scope *scope, const struct distill_cell *cell,
                   const double rest[DISTILL_AXES], double limit, struct random *random)
{
    double share = cell->weight / scope->weight, sum = 0;
    size_t drawn = SIZE_MAX;
    for (size_t i = cell->first; i < cell->first + cell->count; i++) {
        uint32_t item = scope->members[i];
        double weight = scope->items[item].weight;
        if (!may_stand(scope, cell, i) || distance_with(scope, rest, item, share) > limit)
            continue;
        sum += weight;
        if (random_unit(random) * sum < weight)
            drawn = item;
    }
    return drawn;
}

/* Chooses anew for one cell, where another one is better. */
static bool improve(const struct distill_scope *scope, struct distill_cell *cell,
                    double sum[DISTILL_AXES], struct random *random)
{
    double rest[DISTILL_AXES], best = INFINITY, share = cell->weight / scope->weight;
    memcpy(rest, sum, sizeof rest);
    shift(rest, axes_of(scope, cell->pick), -share);
    double now = distance_with(scope, rest, cell->pick, share);
    for (size_t i = cell->first; i < cell->first + cell->count; i++)
        if (may_stand(scope, cell, i))
            best = fmin(best, distance_with(scope, rest, scope->members[i], share));
    if (now <= best + AS_GOOD)
        return false;
    cell->pick = draw(scope, cell, rest, best + AS_GOOD, random);
    memcpy(sum, rest, sizeof rest);
    shift(sum, axes_of(scope, cell->pick), share);
    return true;
}

/* Whether all of the cell's exchanges are of one variant. */
static bool is_pure(const struct distill_scope *scope, const struct distill_cell *cell)
{
    uint32_t variant = scope->items[scope->members[cell->first]].variant;
    for (size_t i = cell->first + 1; i < cell->first + cell->count; i++)
        if (scope->items[scope->members[i]].variant != variant)
            return false;
    return true;
}

/* Between which cells weight may move: those of one variant, so that each keeps its own; and all,
 * where variants have to share exchanges and cannot. */
static void find_pools(struct distill_scope *scope)
{
    bool pure = true;
    for (size_t c = 0; pure && c < scope->cell_count; c++)
        pure = is_pure(scope, &scope->cells[c]);
    for (size_t c = 0; c < scope->cell_count; c++)
        scope->cells[c].pool =
            pure ? scope->items[scope->members[scope->cells[c].first]].variant : 0;
}

/* Moves weight from one cell to another as far as that brings the mean nearer: the least of a
 * quadratic, within bounds. Returns what was moved, as a share of the endpoint. */
static double move_weight(const struct distill_scope *scope, struct distill_cell *from,
                          struct distill_cell *to, double sum[DISTILL_AXES])
{
    double total = scope->weight, along[DISTILL_AXES], ahead[DISTILL_AXES], back[DISTILL_AXES];
    for (size_t j = 0; j < DISTILL_AXES; j++) {
        along[j] = (double)(axes_of(scope, to->pick)[j] - axes_of(scope, from->pick)[j]);
        ahead[j] = sum[j] + along[j];
        back[j] = sum[j] - along[j];
    }
    double bend = distill_distance(along) + 2 * MOVE_WEIGHT;
    double slope =
        (distill_distance(ahead) - distill_distance(back)) / 4 +
        MOVE_WEIGHT * ((to->weight - to->base_weight) - (from->weight - from->base_weight)) / total;
    double least = fmax(to->base_weight / MOVE_MOST - to->weight,
                        from->weight - from->base_weight * MOVE_MOST);
    double most = fmin(to->base_weight * MOVE_MOST - to->weight,
                       from->weight - from->base_weight / MOVE_MOST);
    double moved = fmin(fmax(-slope / bend, least / total), most / total);
    to->weight += moved * total;
    from->weight -= moved * total;
    for (size_t j = 0; j < DISTILL_AXES; j++)
        sum[j] += moved * along[j];
    return moved;
}

static void move_weights(struct distill_scope *scope, double sum[DISTILL_AXES])
{
    bool moved = true;
    for (int sweep = 0; moved && sweep < WEIGHT_SWEEPS; sweep++) {
        moved = false;
        for (uint32_t a = 0; a < scope->cell_count; a++)
            for (uint32_t b = a + 1; b < scope->cell_count; b++)
                if (scope->cells[a].pool == scope->cells[b].pool &&
                    fabs(move_weight(scope, &scope->cells[a], &scope->cells[b], sum)) > 1e-6)
                    moved = true;
    }
}

/* Draws for each cell, and then looks for better ones, cell by cell, but for the one that stays. */
static void pick_all(struct distill_scope *scope, double sum[DISTILL_AXES], size_t stays,
                     struct random *random)
{
    double nothing[DISTILL_AXES] = {0};
    for (size_t j = 0; j < DISTILL_AXES; j++)
        sum[j] = -scope->mean[j];
    for (size_t c = 0; c < scope->cell_count; c++) {
        struct distill_cell *cell = &scope->cells[c];
        cell->weight = cell->base_weight;
        cell->pick = draw(scope, cell, nothing, INFINITY, random);
        shift(sum, axes_of(scope, cell->pick), cell->weight / scope->weight);
    }
    bool better = true;
    for (int sweep = 0; better && sweep < SWEEPS; sweep++) {
        better = false;
        for (size_t c = 0; c < scope->cell_count; c++)
            better = (c != stays && improve(scope, &scope->cells[c], sum, random)) || better;
    }
}

/* How bad the choice is, rare targets counted. */
static double judge(const struct distill_scope *scope, const double sum[DISTILL_AXES])
{
    double rare = 0;
    for (size_t c = 0; c < scope->cell_count; c++) {
        const struct distill_cell *cell = &scope->cells[c];
        double share = cell->weight / scope->weight;
        rare += fmax(0, share - (double)scope->points[cell->pick].popularity);
    }
    return sqrt(distill_distance(sum)) + RARE * rare;
}

/* With many cells the mean is good as it is. A few are tried anew, each
 * time with another one left as it was drawn: which ones are good together shows only when weights
 * were moved. */
double distill_pick(struct distill_scope *scope, struct random *random)
{
    struct distill_cell best[WEIGHTS_MOVED_MAX];
    double sum[DISTILL_AXES], least = INFINITY, distance = 0;
    bool few = scope->cell_count > 1 && scope->cell_count <= WEIGHTS_MOVED_MAX;
    for (size_t c = 0; c < scope->cell_count; c++)
        find_kind(scope, &scope->cells[c]);
    if (few)
        find_pools(scope);
    for (int try = 0; try < (few ? TRIES : 1); try++) {
        pick_all(scope, sum, try > 0 ? (size_t)try % scope->cell_count : SIZE_MAX, random);
        if (few)
            move_weights(scope, sum);
        double bad = judge(scope, sum);
        if (bad >= least)
            continue;
        least = bad;
        distance = sqrt(distill_distance(sum));
        if (few)
            memcpy(best, scope->cells, scope->cell_count * sizeof *best);
    }
    if (few)
        memcpy(scope->cells, best, scope->cell_count * sizeof *best);
    return distance;
}
