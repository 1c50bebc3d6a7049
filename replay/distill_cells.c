/* Cells: what one exchange stands for. A group of strata is a cell; a stratum with more than one
 * exchange to give is cut into cells of equal weight. */
#include "replay/distill_private.h"

#include <stdlib.h>

/* Gives each stratum its number of exchanges: by weight and spread (Neyman, JRSS 97 (1934)), the
 * next one always where it takes most from the variance of the mean. */
static void share_out(struct distill_scope *scope, size_t wanted)
{
    for (size_t s = 0; s < scope->stratum_count; s++)
        scope->strata[s].quota = 1;
    for (size_t given = scope->stratum_count; given < wanted; given++) {
        struct distill_stratum *best = NULL;
        double best_gain = 0;
        for (size_t s = 0; s < scope->stratum_count; s++) {
            struct distill_stratum *one = &scope->strata[s];
            double quota = (double)one->quota;
            double gain = one->weight * one->weight * one->spread / (quota * (quota + 1));
            if (one->quota < one->count && (best == NULL || gain > best_gain)) {
                best = one;
                best_gain = gain;
            }
        }
        if (best == NULL)
            return;
        best->quota++;
    }
}

static int compare_numbers(double left, double right)
{
    return left < right ? -1 : left > right;
}

static int compare_targets(const void *a, const void *b)
{
    const struct distill_ordered *x = a, *y = b;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* Those asked for often first, each target together; the rest by what they cost. */
static int compare_members(const void *a, const void *b)
{
    const struct distill_ordered *x = a, *y = b;
    if (x->popularity != y->popularity)
        return compare_numbers(y->popularity, x->popularity);
    if (x->popularity > 0 && x->target != y->target)
        return x->target < y->target ? -1 : 1;
    if (x->cost != y->cost)
        return compare_numbers(x->cost, y->cost);
    return x->item < y->item ? -1 : x->item > y->item;
}

/* A target is asked for often when its requests would fill half a cell. */
static void find_popular(struct distill_ordered *ordered, size_t count,
                         const struct distill_item *items, double cell_weight)
{
    qsort(ordered, count, sizeof *ordered, compare_targets);
    for (size_t i = 0, next; i < count; i = next) {
        double weight = 0;
        for (next = i; next < count && ordered[next].target == ordered[i].target; next++)
            weight += items[ordered[next].item].weight;
        for (size_t k = i; k < next; k++)
            ordered[k].popularity = weight >= cell_weight / 2 ? weight : 0;
    }
}

static void order_stratum(struct distill_scope *scope, const struct distill_stratum *stratum)
{
    for (size_t i = 0; i < stratum->count; i++) {
        uint32_t item = scope->order[stratum->first + i];
        double cost = 0;
        for (size_t j = 0; j < DISTILL_TRAITS; j++)
            cost += (double)scope->points[item].axes[j];
        scope->ordered[i] = (struct distill_ordered){item, scope->items[item].target, 0, cost};
    }
    find_popular(scope->ordered, stratum->count, scope->items,
                 stratum->weight / (double)stratum->quota);
    qsort(scope->ordered, stratum->count, sizeof *scope->ordered, compare_members);
}

static void add_member(struct distill_scope *scope, size_t position, uint32_t item)
{
    struct distill_cell *cell = &scope->cells[scope->cell_count - 1];
    scope->members[position] = item;
    cell->count++;
    cell->base_weight += scope->items[item].weight;
}

static struct distill_cell *begin_cell(struct distill_scope *scope, size_t first)
{
    struct distill_cell *cell = &scope->cells[scope->cell_count++];
    *cell = (struct distill_cell){.first = first};
    return cell;
}

/* Cuts a stratum so that each cell has its part of the weight that is left, and none is empty. */
static size_t cut_stratum(struct distill_scope *scope, const struct distill_stratum *stratum,
                          size_t position)
{
    double left = stratum->weight;
    size_t i = 0;
    order_stratum(scope, stratum);
    for (size_t cells = stratum->quota; cells > 0; cells--) {
        struct distill_cell *cell = begin_cell(scope, position);
        size_t most = stratum->count - (cells - 1);
        double wanted = left / (double)cells;
        do {
            double next = scope->items[scope->ordered[i].item].weight;
            if (cells > 1 && cell->count > 0 && cell->base_weight + next / 2 > wanted)
                break;
            add_member(scope, position++, scope->ordered[i++].item);
        } while (i < most);
        left -= cell->base_weight;
    }
    return position;
}

static size_t gather_group(struct distill_scope *scope, const struct distill_group *group,
                           size_t position)
{
    begin_cell(scope, position);
    for (size_t s = group->first; s < group->first + group->count; s++) {
        const struct distill_stratum *stratum = &scope->strata[s];
        for (size_t i = stratum->first; i < stratum->first + stratum->count; i++)
            add_member(scope, position++, scope->order[i]);
    }
    return position;
}

void distill_make_cells(struct distill_scope *scope, size_t wanted)
{
    size_t position = 0;
    scope->cell_count = 0;
    distill_make_groups(scope, wanted);
    if (wanted > scope->stratum_count)
        share_out(scope, wanted);
    for (size_t g = 0; g < scope->group_count; g++) {
        const struct distill_group *group = &scope->groups[g];
        if (wanted > scope->stratum_count)
            position = cut_stratum(scope, &scope->strata[group->first], position);
        else
            position = gather_group(scope, group, position);
    }
}
