/* How many exchanges each endpoint gets: one each, heaviest first; then always the endpoint whose
 * cost is told worst; and what is left in proportion to the traffic. */
#include "replay/distill_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JUDGED_MOST = 16 }; /* exchanges of an endpoint up to which its error is worked out */

#define GOOD_ENOUGH 0.01 /* an error that is not worth another exchange out of turn */

/* An endpoint with the part of the order that is its own. */
struct share {
    size_t first, count;
    double weight;
    double replay_ns; /* mean of one */
    size_t kept;
    double error;
    unsigned needs;
};

struct allotment {
    const struct distill_item *items;
    const struct distill_options *options;
    struct arena arena;
    uint32_t *order;
    struct share *shares; /* by endpoint */
    uint32_t *by_rank;    /* endpoints, needed ones first, then by weight */
    struct distill_scope scope;
    size_t given;
    double replay_ns;
};

/* qsort_r's context is not const. */
struct ordering {
    const struct distill_item *items;
};

static int compare_order(const void *a, const void *b, void *context)
{
    const struct distill_item *items = ((const struct ordering *)context)->items;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = distill_compare_strata(&items[left], &items[right]);
    return order != 0 ? order : left < right ? -1 : left > right;
}

static int compare_ranks(const void *a, const void *b, void *context)
{
    const struct share *shares = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct share *x = &shares[left], *y = &shares[right];
    if ((x->needs != 0) != (y->needs != 0))
        return x->needs != 0 ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return left < right ? -1 : left > right;
}

/* Finds each endpoint's part of the order; the size of the largest. */
static size_t find_shares(struct allotment *allotment, size_t count)
{
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        const struct distill_item *item = &allotment->items[allotment->order[i]];
        struct share *share = &allotment->shares[item->endpoint];
        share->first = share->count == 0 ? i : share->first;
        share->count++;
        share->weight += item->weight;
        share->replay_ns += item->replay_ns;
        largest = share->count > largest ? share->count : largest;
    }
    for (size_t e = 0; e < allotment->options->endpoint_count; e++) {
        struct share *share = &allotment->shares[e];
        share->replay_ns /= share->count > 0 ? (double)share->count : 1;
        share->needs = allotment->options->needs != NULL ? allotment->options->needs[e] : 0;
        share->error = NAN;
    }
    return largest;
}

static bool make_scope(struct allotment *allotment, size_t count, size_t largest, bool *fitted)
{
    struct distill_scope *scope = &allotment->scope;
    struct arena *arena = &allotment->arena;
    struct distill_point *points = arena_alloc_array(arena, count, sizeof *points);
    uint32_t *by_target = arena_alloc_array(arena, count, sizeof *by_target);
    scope->items = allotment->items;
    scope->points = points;
    scope->order = allotment->order;
    scope->strata = arena_alloc_array(arena, largest, sizeof *scope->strata);
    scope->groups = arena_alloc_array(arena, largest, sizeof *scope->groups);
    scope->cells = arena_alloc_array(arena, largest, sizeof *scope->cells);
    scope->members = arena_alloc_array(arena, largest, sizeof *scope->members);
    scope->ordered = arena_alloc_array(arena, largest, sizeof *scope->ordered);
    if (points == NULL || by_target == NULL || scope->strata == NULL || scope->groups == NULL ||
        scope->cells == NULL || scope->members == NULL || scope->ordered == NULL)
        return false;
    distill_make_points(points, allotment->items, allotment->order, count, fitted);
    memcpy(by_target, allotment->order, count * sizeof *by_target);
    distill_find_popularity(points, allotment->items, by_target, count);
    return true;
}

static bool prepare(struct allotment *allotment, size_t count, bool *fitted, struct error *err)
{
    size_t endpoints = allotment->options->endpoint_count;
    struct arena *arena = &allotment->arena;
    allotment->order = arena_alloc_array(arena, count, sizeof *allotment->order);
    allotment->shares = arena_alloc_array(arena, endpoints, sizeof *allotment->shares);
    allotment->by_rank = arena_alloc_array(arena, endpoints, sizeof *allotment->by_rank);
    if (allotment->order == NULL || allotment->shares == NULL || allotment->by_rank == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        allotment->order[i] = (uint32_t)i;
    struct ordering ordering = {allotment->items};
    qsort_r(allotment->order, count, sizeof *allotment->order, compare_order, &ordering);
    size_t largest = find_shares(allotment, count);
    for (size_t e = 0; e < endpoints; e++)
        allotment->by_rank[e] = (uint32_t)e;
    qsort_r(allotment->by_rank, endpoints, sizeof *allotment->by_rank, compare_ranks,
            allotment->shares);
    return make_scope(allotment, count, largest, fitted) || error_set_memory(err);
}

/* Chooses the endpoint's exchanges; the scope's cells hold them. The dice depend on nothing that
 * was thrown for another. */
static double choose(struct allotment *allotment, size_t endpoint)
{
    const struct share *share = &allotment->shares[endpoint];
    struct distill_scope *scope = &allotment->scope;
    struct random random;
    scope->first = share->first;
    scope->count = share->count;
    scope->needs = share->needs;
    random_seed(&random, allotment->options->seed * 0x9e3779b97f4a7c15ULL +
                             (uint64_t)endpoint * 1000003 + share->kept);
    distill_find_strata(scope);
    distill_make_cells(scope, share->kept);
    return distill_pick(scope, &random);
}

static bool is_room(const struct allotment *allotment, const struct share *share)
{
    double limit_ns = allotment->options->seconds * 1e9;
    return allotment->given < allotment->options->budget && share->kept < share->count &&
           allotment->replay_ns + share->replay_ns <= limit_ns;
}

static void give(struct allotment *allotment, size_t endpoint)
{
    struct share *share = &allotment->shares[endpoint];
    share->kept++;
    allotment->given++;
    allotment->replay_ns += share->replay_ns;
}

static void give_and_judge(struct allotment *allotment, size_t endpoint)
{
    give(allotment, endpoint);
    allotment->shares[endpoint].error = choose(allotment, endpoint);
}

static void give_one_each(struct allotment *allotment)
{
    for (size_t i = 0; i < allotment->options->endpoint_count; i++)
        if (is_room(allotment, &allotment->shares[allotment->by_rank[i]]))
            give_and_judge(allotment, allotment->by_rank[i]);
    /* An answered and a refused one are two. */
    for (size_t i = 0; i < allotment->options->endpoint_count; i++) {
        const struct share *share = &allotment->shares[allotment->by_rank[i]];
        if ((share->needs & DISTILL_NEED_REFUSED) != 0 && share->kept == 1 &&
            is_room(allotment, share))
            give_and_judge(allotment, allotment->by_rank[i]);
    }
}

static void give_to_worst(struct allotment *allotment)
{
    for (;;) {
        size_t worst = SIZE_MAX;
        double error = GOOD_ENOUGH;
        for (size_t e = 0; e < allotment->options->endpoint_count; e++) {
            const struct share *share = &allotment->shares[e];
            if (share->kept > 0 && share->kept < JUDGED_MOST && share->error > error &&
                is_room(allotment, share)) {
                worst = e;
                error = share->error;
            }
        }
        if (worst == SIZE_MAX)
            return;
        give_and_judge(allotment, worst);
    }
}

/* Highest averages: what was given already counts. */
static void give_in_proportion(struct allotment *allotment)
{
    for (;;) {
        size_t best = SIZE_MAX;
        double claim = 0;
        for (size_t e = 0; e < allotment->options->endpoint_count; e++) {
            const struct share *share = &allotment->shares[e];
            double average = share->weight / ((double)share->kept + 0.5);
            if (is_room(allotment, share) && average > claim) {
                best = e;
                claim = average;
            }
        }
        if (best == SIZE_MAX)
            return;
        give(allotment, best);
    }
}

static int compare_choices(const void *a, const void *b)
{
    const struct distill_choice *x = a, *y = b;
    return x->item < y->item ? -1 : x->item > y->item;
}

static bool take_choices(struct allotment *allotment, struct distillation *out, struct error *err)
{
    size_t endpoints = allotment->options->endpoint_count;
    out->choices = calloc(allotment->given, sizeof *out->choices);
    out->endpoints = calloc(endpoints, sizeof *out->endpoints);
    if (out->choices == NULL || out->endpoints == NULL) {
        distillation_release(out);
        return error_set_memory(err);
    }
    for (size_t e = 0; e < endpoints; e++) {
        struct share *share = &allotment->shares[e];
        if (share->kept > 0)
            share->error = choose(allotment, e);
        out->endpoints[e] =
            (struct distill_endpoint){share->count, share->kept, share->weight, share->error};
        for (size_t c = 0; share->kept > 0 && c < allotment->scope.cell_count; c++) {
            const struct distill_cell *cell = &allotment->scope.cells[c];
            out->choices[out->count++] = (struct distill_choice){cell->pick, cell->weight};
        }
    }
    qsort(out->choices, out->count, sizeof *out->choices, compare_choices);
    out->replay_ns = allotment->replay_ns;
    return true;
}

bool distill(struct distillation *out, const struct distill_item *items, size_t count,
             const struct distill_options *options, struct error *err)
{
    struct allotment allotment = {.items = items, .options = options};
    *out = (struct distillation){0};
    arena_init(&allotment.arena);
    bool ok = prepare(&allotment, count, &out->fitted, err);
    if (ok) {
        give_one_each(&allotment);
        ok = allotment.given > 0 ||
             error_set(err, ERROR_USAGE, "the budget has no room for a single exchange");
    }
    if (ok) {
        give_to_worst(&allotment);
        give_in_proportion(&allotment);
        ok = take_choices(&allotment, out, err);
    }
    arena_release(&allotment.arena);
    return ok;
}

void distillation_release(struct distillation *distillation)
{
    free(distillation->choices);
    free(distillation->endpoints);
    *distillation = (struct distillation){0};
}
