#include "reporters/flame_fold.h"

#include <stdlib.h>
#include <string.h>

typedef double columns[PROFILE_VALUES_MAX];

/* Scratch arrays by merged node, of which the last stands for the root. */
struct fold {
    struct flame_folding *folding;
    const struct profile *merged;
    uint32_t root;
    size_t endpoint_count;
    double *weights;    /* of the endpoints, adding up to 1 */
    uint32_t *order;    /* endpoints, the heaviest first */
    columns *inclusive; /* of one endpoint and side at a time */
    columns *all[SIDE_COUNT];
    double *importance; /* the largest share of any total */
    double *rank;       /* share of what all endpoints spent, all columns added up */
    uint32_t *touched;  /* nodes that the endpoint at hand reaches */
    size_t touched_count;
    bool *is_touched;
    uint32_t *sorted; /* kept nodes by caller, the dearest first */
    size_t kept_count;
    uint32_t *first;   /* where a caller's begin in `sorted` */
    uint32_t *numbers; /* in the tree; PROFILE_NONE = folded */
    uint32_t *rests;   /* of a kept node: what its folded callees are charged to */
    struct flame_node *nodes;
    size_t node_count;
};

static bool fold_allocate(struct fold *fold, struct error *err)
{
    size_t count = fold->merged->node_count + 2;
    fold->weights = calloc(fold->endpoint_count + 1, sizeof *fold->weights);
    fold->order = calloc(fold->endpoint_count + 1, sizeof *fold->order);
    fold->inclusive = calloc(count, sizeof *fold->inclusive);
    fold->all[SIDE_HEAD] = calloc(count, sizeof **fold->all);
    fold->all[SIDE_BASE] = calloc(count, sizeof **fold->all);
    fold->importance = calloc(count, sizeof *fold->importance);
    fold->rank = calloc(count, sizeof *fold->rank);
    fold->touched = calloc(count, sizeof *fold->touched);
    fold->is_touched = calloc(count, sizeof *fold->is_touched);
    fold->sorted = calloc(count, sizeof *fold->sorted);
    fold->first = calloc(count, sizeof *fold->first);
    fold->numbers = calloc(count, sizeof *fold->numbers);
    fold->rests = calloc(count, sizeof *fold->rests);
    if (fold->weights == NULL || fold->order == NULL || fold->inclusive == NULL ||
        fold->all[SIDE_HEAD] == NULL || fold->all[SIDE_BASE] == NULL || fold->importance == NULL ||
        fold->rank == NULL || fold->touched == NULL || fold->is_touched == NULL ||
        fold->sorted == NULL || fold->first == NULL || fold->numbers == NULL || fold->rests == NULL)
        return error_set_memory(err);
    return true;
}

static void fold_release(struct fold *fold)
{
    free(fold->weights);
    free(fold->order);
    free(fold->inclusive);
    free(fold->all[SIDE_HEAD]);
    free(fold->all[SIDE_BASE]);
    free(fold->importance);
    free(fold->rank);
    free(fold->touched);
    free(fold->is_touched);
    free(fold->sorted);
    free(fold->first);
    free(fold->numbers);
    free(fold->rests);
}

/* ---- endpoints ------------------------------------------------------------------------------ */

static int compare_weights(const void *a, const void *b, void *context)
{
    const double *weights = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    if (weights[left] != weights[right])
        return weights[left] > weights[right] ? -1 : 1;
    return left < right ? -1 : left > right;
}

/* Shares of the traffic; equal ones when the run knows nothing of it. */
static void find_weights(struct fold *fold)
{
    double sum = 0;
    for (size_t i = 0; i < fold->endpoint_count; i++) {
        const struct endpoint_result *result =
            run_endpoint(fold->folding->run, fold->merged->endpoints[2 * i].name);
        fold->weights[i] = result != NULL && result->weight > 0 ? result->weight : 0;
        sum += fold->weights[i];
        fold->order[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < fold->endpoint_count; i++)
        fold->weights[i] = sum > 0 ? fold->weights[i] / sum : 1 / (double)fold->endpoint_count;
    qsort_r(fold->order, fold->endpoint_count, sizeof *fold->order, compare_weights, fold->weights);
}

/* ---- how much lies at and below each node --------------------------------------------------- */

static uint32_t caller_of(const struct fold *fold, uint32_t node)
{
    uint32_t parent = fold->merged->nodes[node].parent;
    return parent == PROFILE_NONE ? fold->root : parent;
}

static int compare_falling(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left > right ? -1 : left < right;
}

static void add_columns(double *to, const double *from, double factor)
{
    for (size_t i = 0; i < PROFILE_VALUES_MAX; i++)
        to[i] += factor * from[i];
}

/* Marks the node and all above it, up to what was marked before. */
static void touch(struct fold *fold, uint32_t node)
{
    for (uint32_t at = node; !fold->is_touched[at]; at = caller_of(fold, at)) {
        fold->is_touched[at] = true;
        fold->touched[fold->touched_count++] = at;
        if (at == fold->root)
            break;
    }
}

/* Callers have smaller numbers than what they call, but the root, which has the largest. */
static void sum_up(struct fold *fold, const struct profile_endpoint *endpoint)
{
    fold->touched_count = 0;
    for (size_t i = 0; i < endpoint->cost_count; i++) {
        touch(fold, endpoint->costs[i].node);
        add_columns(fold->inclusive[endpoint->costs[i].node], endpoint->costs[i].values, 1);
    }
    qsort(fold->touched, fold->touched_count, sizeof *fold->touched, compare_falling);
    for (size_t i = 0; i < fold->touched_count; i++) {
        uint32_t node = fold->touched[i];
        if (node != fold->root)
            add_columns(fold->inclusive[caller_of(fold, node)], fold->inclusive[node], 1);
    }
}

static double largest_share(const struct fold *fold, const columns *values, uint32_t node)
{
    double largest = 0;
    for (size_t i = 0; i < PROFILE_VALUES_MAX; i++) {
        double total = values[fold->root][i];
        if (!flame_tree_draws(fold->folding->tree->kind, i) || total <= 0)
            continue;
        double share = values[node][i] / total;
        largest = share > largest ? share : largest;
    }
    return largest;
}

static void weigh_endpoint(struct fold *fold, size_t number)
{
    sum_up(fold, &fold->merged->endpoints[number]);
    for (size_t i = 0; i < fold->touched_count; i++) {
        uint32_t node = fold->touched[i];
        double share = largest_share(fold, (const columns *)fold->inclusive, node);
        if (share > fold->importance[node])
            fold->importance[node] = share;
        add_columns(fold->all[number % SIDE_COUNT][node], fold->inclusive[node],
                    fold->weights[number / SIDE_COUNT]);
    }
    for (size_t i = 0; i < fold->touched_count; i++) {
        memset(fold->inclusive[fold->touched[i]], 0, sizeof *fold->inclusive);
        fold->is_touched[fold->touched[i]] = false;
    }
}

static void weigh(struct fold *fold)
{
    for (size_t i = 0; i < SIDE_COUNT * fold->endpoint_count; i++)
        weigh_endpoint(fold, i);
    for (uint32_t node = 0; node < fold->merged->node_count; node++) {
        for (unsigned side = 0; side < SIDE_COUNT; side++) {
            const columns *all = (const columns *)fold->all[side];
            double share = largest_share(fold, all, node);
            if (share > fold->importance[node])
                fold->importance[node] = share;
            for (size_t i = 0; i < PROFILE_VALUES_MAX; i++)
                if (flame_tree_draws(fold->folding->tree->kind, i) && all[fold->root][i] > 0)
                    fold->rank[node] += all[node][i] / all[fold->root][i];
        }
    }
}

/* ---- what is kept, and in what order -------------------------------------------------------- */

static bool is_kept(const struct fold *fold, uint32_t node)
{
    return node == fold->root ||
           (fold->importance[node] > 0 && fold->importance[node] >= fold->folding->tree->threshold);
}

static int compare_places(const void *a, const void *b, void *context)
{
    const struct fold *fold = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    uint32_t left_caller = caller_of(fold, left), right_caller = caller_of(fold, right);
    if (left_caller != right_caller)
        return left_caller < right_caller ? -1 : 1;
    if (fold->rank[left] != fold->rank[right])
        return fold->rank[left] > fold->rank[right] ? -1 : 1;
    return left < right ? -1 : left > right;
}

static void sort_kept(struct fold *fold)
{
    for (uint32_t node = 0; node <= fold->root; node++) {
        fold->numbers[node] = PROFILE_NONE;
        fold->first[node] = PROFILE_NONE;
        fold->rests[node] = PROFILE_NONE;
    }
    for (uint32_t node = 0; node < fold->root; node++)
        if (is_kept(fold, node))
            fold->sorted[fold->kept_count++] = node;
    qsort_r(fold->sorted, fold->kept_count, sizeof *fold->sorted, compare_places, fold);
    for (size_t i = fold->kept_count; i-- > 0;)
        fold->first[caller_of(fold, fold->sorted[i])] = (uint32_t)i;
    /* Whose folded callees spent something gets a node for them; any number says so for now. */
    for (uint32_t node = 0; node < fold->root; node++)
        if (!is_kept(fold, node) && fold->importance[node] > 0)
            fold->rests[caller_of(fold, node)] = 0;
}

static uint32_t add_node(struct fold *fold, uint32_t parent, uint32_t frame)
{
    uint32_t depth = parent == PROFILE_NONE ? 0 : fold->nodes[parent].depth + 1;
    fold->nodes[fold->node_count] =
        (struct flame_node){.parent = parent, .frame = frame, .depth = depth};
    return (uint32_t)fold->node_count++;
}

/* Down into the first callee, else on to the next one, else up: no stack, and so no depth that is
 * too deep for one. */
static void number_kept(struct fold *fold)
{
    uint32_t at = fold->root;
    fold->numbers[at] = add_node(fold, PROFILE_NONE, PROFILE_NONE);
    /* From here on first[node] is the callee that comes next. */
    for (;;) {
        uint32_t next = fold->first[at];
        if (next != PROFILE_NONE && next < fold->kept_count &&
            caller_of(fold, fold->sorted[next]) == at) {
            uint32_t callee = fold->sorted[next];
            fold->first[at] = next + 1;
            fold->numbers[callee] =
                add_node(fold, fold->numbers[at], fold->merged->nodes[callee].frame);
            at = callee;
            continue;
        }
        if (fold->rests[at] != PROFILE_NONE)
            fold->rests[at] = add_node(fold, fold->numbers[at], PROFILE_NONE);
        if (at == fold->root)
            break;
        at = caller_of(fold, at);
    }
}

/* What is folded goes to what its nearest kept caller has for that. */
static void number_folded(struct fold *fold, uint32_t *charged)
{
    for (uint32_t node = 0; node < fold->root; node++) {
        uint32_t caller = caller_of(fold, node);
        if (fold->numbers[node] != PROFILE_NONE)
            charged[node] = fold->numbers[node];
        else if (fold->numbers[caller] != PROFILE_NONE)
            charged[node] = fold->rests[caller];
        else
            charged[node] = charged[caller];
    }
}

static bool make_nodes(struct fold *fold, uint32_t **charged, struct error *err)
{
    struct arena *arena = fold->folding->arena;
    sort_kept(fold);
    fold->nodes = arena_alloc_array(arena, 2 * fold->kept_count + 2, sizeof *fold->nodes);
    *charged = arena_alloc_array(arena, fold->merged->node_count + 1, sizeof **charged);
    if (fold->nodes == NULL || *charged == NULL)
        return error_set_memory(err);
    number_kept(fold);
    number_folded(fold, *charged);
    return flame_find_lines(fold->folding, fold->numbers, fold->weights, fold->nodes, err);
}

/* ---- what the endpoints spent, by node of the tree ------------------------------------------ */

static int compare_costs(const void *a, const void *b)
{
    const struct flame_cost *left = a, *right = b;
    return left->node < right->node ? -1 : left->node > right->node;
}

static size_t merge_costs(struct flame_cost *costs, size_t count)
{
    size_t merged = 0;
    qsort(costs, count, sizeof *costs, compare_costs);
    for (size_t i = 0; i < count; i++) {
        if (merged > 0 && costs[merged - 1].node == costs[i].node) {
            for (unsigned side = 0; side < SIDE_COUNT; side++)
                add_columns(costs[merged - 1].values[side], costs[i].values[side], 1);
        } else {
            costs[merged++] = costs[i];
        }
    }
    return merged;
}

/* The endpoints order[from] to order[to - 1] as one, each by its share of their traffic. */
static bool make_endpoint(struct fold *fold, size_t from, size_t to, const uint32_t *charged,
                          struct flame_endpoint *out, struct error *err)
{
    size_t most = 0, count = 0;
    for (size_t i = from; i < to; i++) {
        const struct profile_endpoint *sides = &fold->merged->endpoints[2 * fold->order[i]];
        most += sides[SIDE_HEAD].cost_count + sides[SIDE_BASE].cost_count;
        out->weight += fold->weights[fold->order[i]];
    }
    struct flame_cost *costs = arena_alloc_array(fold->folding->arena, most, sizeof *costs);
    if (costs == NULL)
        return error_set_memory(err);
    for (size_t i = from; i < to; i++) {
        const struct profile_endpoint *sides = &fold->merged->endpoints[2 * fold->order[i]];
        double factor = 1;
        if (to > from + 1)
            factor = out->weight > 0 ? fold->weights[fold->order[i]] / out->weight : 0;
        for (unsigned side = 0; side < SIDE_COUNT; side++) {
            out->requests[side] += sides[side].requests;
            for (size_t j = 0; j < sides[side].cost_count; j++) {
                costs[count].node = charged[sides[side].costs[j].node];
                add_columns(costs[count].values[side], sides[side].costs[j].values, factor);
                count += costs[count].node != PROFILE_NONE;
            }
        }
    }
    out->name = fold->merged->endpoints[2 * fold->order[from]].name;
    out->costs = costs;
    out->cost_count = merge_costs(costs, count);
    return true;
}

static bool make_endpoints(struct fold *fold, const uint32_t *charged, struct error *err)
{
    struct flame_tree *tree = fold->folding->tree;
    size_t apart = fold->endpoint_count, count = fold->endpoint_count;
    if (apart > FLAME_ENDPOINTS_MAX) {
        apart = FLAME_ENDPOINTS_MAX;
        count = apart + 1;
        tree->left_out = fold->endpoint_count - apart;
    }
    struct flame_endpoint *endpoints =
        arena_alloc_array(fold->folding->arena, count, sizeof *endpoints);
    if (endpoints == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++) {
        size_t to = i < apart ? i + 1 : fold->endpoint_count;
        if (!make_endpoint(fold, i, to, charged, &endpoints[i], err))
            return false;
        if (i == apart)
            endpoints[i].name = NULL;
    }
    tree->endpoints = endpoints;
    tree->endpoint_count = count;
    return true;
}

bool flame_fold(struct flame_folding *folding, struct error *err)
{
    struct fold fold = {.folding = folding,
                        .merged = folding->merged,
                        .root = (uint32_t)folding->merged->node_count,
                        .endpoint_count = folding->merged->endpoint_count / SIDE_COUNT};
    uint32_t *charged = NULL;
    bool ok = fold_allocate(&fold, err);
    if (ok) {
        find_weights(&fold);
        weigh(&fold);
        ok = make_nodes(&fold, &charged, err) && make_endpoints(&fold, charged, err);
        folding->tree->nodes = fold.nodes;
        folding->tree->node_count = fold.node_count;
        folding->tree->frames = folding->merged->frames;
        folding->tree->frame_count = folding->merged->frame_count;
    }
    fold_release(&fold);
    return ok;
}
