/* Which lines of the functions in the tree the stacks went through. */
#include "reporters/flame_fold.h"

#include <stdlib.h>

/* A line that leads to, or is in, a node of the tree. */
struct passage {
    uint32_t node;
    uint32_t line;
    unsigned side;
    double value;
};

struct passages {
    const struct flame_folding *folding;
    const uint32_t *numbers;
    struct passage *items;
    size_t count;
};

static int compare_passages(const void *a, const void *b)
{
    const struct passage *left = a, *right = b;
    if (left->node != right->node)
        return left->node < right->node ? -1 : 1;
    if (left->side != right->side)
        return left->side < right->side ? -1 : 1;
    return left->line < right->line ? -1 : left->line > right->line;
}

/* What lies at and below each node of a side's profile, in the kind's first column. */
static void sum_side(const struct flame_folding *folding, unsigned side, const double *weights,
                     double *values)
{
    const struct profile *profile = folding->tree->source[side];
    const struct profile *merged = folding->merged;
    for (size_t i = side; i < merged->endpoint_count; i += SIDE_COUNT) {
        const struct profile_endpoint *endpoint =
            profile_endpoint(profile, merged->endpoints[i].name);
        for (size_t j = 0; endpoint != NULL && j < endpoint->cost_count; j++)
            values[endpoint->costs[j].node] +=
                weights[i / SIDE_COUNT] * endpoint->costs[j].values[0];
    }
    for (size_t i = profile->node_count; i-- > 0;)
        if (profile->nodes[i].parent != PROFILE_NONE)
            values[profile->nodes[i].parent] += values[i];
}

static void add_passage(struct passages *passages, uint32_t merged_node, uint32_t line,
                        unsigned side, double value)
{
    if (merged_node != PROFILE_NONE && passages->numbers[merged_node] != PROFILE_NONE)
        passages->items[passages->count++] =
            (struct passage){passages->numbers[merged_node], line, side, value};
}

/* A line has the function that it is of above it, and is one of its lines. */
static void add_side(struct passages *passages, unsigned side, const double *values)
{
    const struct flame_folding *folding = passages->folding;
    const struct profile *profile = folding->tree->source[side];
    for (size_t i = 0; i < profile->node_count; i++) {
        uint32_t node = folding->places[side][i],
                 line = profile->frames[profile->nodes[i].frame].line;
        if (line == 0)
            continue;
        add_passage(passages, node, line, side, values[i]);
        if (folding->tree->kind == PROFILE_LINES)
            add_passage(passages, folding->merged->nodes[node].parent, line, side, values[i]);
    }
}

/* Of the head's lines the dearest, and how many they are; the base's where the head has none. */
static void choose_lines(struct passages *passages, struct flame_node *nodes)
{
    double best = 0;
    qsort(passages->items, passages->count, sizeof *passages->items, compare_passages);
    for (size_t i = 0; i < passages->count;) {
        const struct passage *passage = &passages->items[i];
        struct flame_node *node = &nodes[passage->node];
        double value = 0;
        size_t end = i;
        while (end < passages->count && compare_passages(passage, &passages->items[end]) == 0)
            value += passages->items[end++].value;
        bool first = i == 0 || passage[-1].node != passage->node;
        bool other_side = !first && passage[-1].side != passage->side;
        if (first || (!other_side && node->line_count > 0 && value > best)) {
            node->line = passage->line;
            best = value;
        }
        /* The base's lines come after the head's and are not looked at. */
        if (other_side)
            while (end < passages->count && passages->items[end].node == passage->node)
                end++;
        else
            node->line_count++;
        i = end;
    }
}

bool flame_find_lines(const struct flame_folding *folding, const uint32_t *numbers,
                      const double *weights, struct flame_node *nodes, struct error *err)
{
    struct passages passages = {.folding = folding, .numbers = numbers};
    size_t most = 1;
    bool ok = true;
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        if (folding->tree->present[side])
            most += 2 * folding->tree->source[side]->node_count;
    passages.items = calloc(most, sizeof *passages.items);
    ok = passages.items != NULL;
    for (unsigned side = 0; ok && side < SIDE_COUNT; side++) {
        if (!folding->tree->present[side])
            continue;
        double *values = calloc(folding->tree->source[side]->node_count + 1, sizeof *values);
        ok = values != NULL;
        if (ok) {
            sum_side(folding, side, weights, values);
            add_side(&passages, side, values);
        }
        free(values);
    }
    if (ok)
        choose_lines(&passages, nodes);
    free(passages.items);
    return ok || error_set_memory(err);
}
