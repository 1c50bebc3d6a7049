#include "reporters/flame_view.h"

#include <math.h>

#define WORTH_A_WORD 0.001
#define DEVIATIONS   3.0

/* Samples are counts, and their figure scatters as counts do: by the square of what one stands for,
 * times how many there were. */
static double variance_of(const struct flame_endpoint *endpoint, const struct flame_cost *cost,
                          unsigned side)
{
    double samples = cost->values[side][CPU_SAMPLES] * (double)endpoint->requests[side];
    double figure = endpoint->weight * cost->values[side][CPU_NS];
    return samples > 0 ? figure * figure / samples : 0;
}

static void add_endpoint(struct flame_view *view, const struct flame_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        const struct flame_cost *cost = &endpoint->costs[i];
        for (unsigned side = 0; side < SIDE_COUNT; side++) {
            view->self[side][cost->node] += endpoint->weight * cost->values[side][view->value];
            if (view->tree->kind == PROFILE_CPU)
                view->self_variance[cost->node] += variance_of(endpoint, cost, side);
        }
    }
}

/* Callers come before what they call. */
static void sum_up(struct flame_view *view)
{
    const struct flame_node *nodes = view->tree->nodes;
    for (size_t i = 0; i < view->tree->node_count; i++) {
        view->total[SIDE_HEAD][i] = view->self[SIDE_HEAD][i];
        view->total[SIDE_BASE][i] = view->self[SIDE_BASE][i];
        view->variance[i] = view->self_variance[i];
        view->width[i] = fmax(view->self[SIDE_HEAD][i], view->self[SIDE_BASE][i]);
    }
    for (size_t i = view->tree->node_count; i-- > 1;) {
        uint32_t parent = nodes[i].parent;
        view->total[SIDE_HEAD][parent] += view->total[SIDE_HEAD][i];
        view->total[SIDE_BASE][parent] += view->total[SIDE_BASE][i];
        view->variance[parent] += view->variance[i];
        view->width[parent] += view->width[i];
    }
}

static void lay_out(struct flame_view *view, double *ends)
{
    const struct flame_node *nodes = view->tree->nodes;
    for (size_t i = 0; i < view->tree->node_count; i++) {
        view->left[i] = i > 0 ? ends[nodes[i].parent] : 0;
        ends[i] = view->left[i];
        if (i > 0)
            ends[nodes[i].parent] += view->width[i];
    }
}

bool flame_view_make(struct flame_view *view, const struct flame_tree *tree, size_t value,
                     struct arena *arena, struct error *err)
{
    size_t count = tree->node_count;
    double *ends = arena_alloc_array(arena, count, sizeof *ends);
    *view = (struct flame_view){.tree = tree, .value = value};
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        view->self[side] = arena_alloc_array(arena, count, sizeof(double));
        view->total[side] = arena_alloc_array(arena, count, sizeof(double));
        if (view->self[side] == NULL || view->total[side] == NULL)
            return error_set_memory(err);
    }
    view->self_variance = arena_alloc_array(arena, count, sizeof(double));
    view->variance = arena_alloc_array(arena, count, sizeof(double));
    view->width = arena_alloc_array(arena, count, sizeof(double));
    view->left = arena_alloc_array(arena, count, sizeof(double));
    if (view->self_variance == NULL || view->variance == NULL || view->width == NULL ||
        view->left == NULL || ends == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < tree->endpoint_count; i++)
        add_endpoint(view, &tree->endpoints[i]);
    sum_up(view);
    lay_out(view, ends);
    return true;
}

enum flame_change flame_view_change(double head, double base, double variance, double whole)
{
    double difference = head - base;
    if (!(fabs(difference) > DEVIATIONS * sqrt(variance)) ||
        !(fabs(difference) >= WORTH_A_WORD * whole))
        return FLAME_SAME;
    return difference > 0 ? FLAME_GREW : FLAME_SHRANK;
}

enum flame_change flame_view_node_change(const struct flame_view *view, uint32_t node)
{
    if (!view->tree->present[SIDE_BASE])
        return FLAME_SAME;
    return flame_view_change(view->total[SIDE_HEAD][node], view->total[SIDE_BASE][node],
                             view->variance[node], flame_view_whole(view));
}

int flame_view_level(const struct flame_view *view, uint32_t node)
{
    double head = view->self[SIDE_HEAD][node], base = view->self[SIDE_BASE][node];
    double whole = flame_view_whole(view);
    enum flame_change change = flame_view_change(head, base, view->self_variance[node], whole);
    double share = whole > 0 ? fabs(head - base) / whole : 0;
    if (change != flame_view_node_change(view, node) || share < 0.01)
        return 1;
    return share < 0.05 ? 2 : 3;
}

double flame_view_whole(const struct flame_view *view)
{
    return fmax(view->total[SIDE_HEAD][0], view->total[SIDE_BASE][0]);
}
