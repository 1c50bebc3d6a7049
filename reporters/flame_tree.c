/* From two profiles to one tree: merge_sides puts them together, flame_fold.c decides what is
 * shown and in what order. */
#include "reporters/flame_tree.h"

#include "baselines/profile_builder.h"
#include "reporters/export.h"
#include "reporters/flame_fold.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 250 }; /* what is deeper is charged to the frame at this depth */

struct merging {
    const struct report *report;
    enum profile_kind kind;
    const struct profile *sides[SIDE_COUNT];
    struct profile_builder *builder;
    const char **names; /* of the endpoints, each once a side: head and base in turn */
    size_t endpoint_count;
    uint32_t *places[SIDE_COUNT]; /* by node of the side: the node of the merged profile */
};

bool flame_tree_draws(enum profile_kind kind, size_t value)
{
    const struct profile_kind_info *info = profile_kind_info(kind);
    return value < info->value_count && info->values[value].metric != METRIC_COUNT;
}

static bool find_sides(struct merging *merging, struct error *err)
{
    const struct report *report = merging->report;
    const struct profile *base = report->base != NULL
                                     ? &report->base->profiles[merging->kind][SIDE_HEAD]
                                     : &report->head->profiles[merging->kind][SIDE_BASE];
    merging->sides[SIDE_HEAD] = export_find_profile(report, merging->kind, err);
    merging->sides[SIDE_BASE] = base->present ? base : NULL;
    return merging->sides[SIDE_HEAD] != NULL;
}

/* The endpoints of both sides that were chosen. */
static bool list_endpoints(struct merging *merging, struct error *err)
{
    const struct profile *head = merging->sides[SIDE_HEAD], *base = merging->sides[SIDE_BASE];
    size_t most = head->endpoint_count + (base != NULL ? base->endpoint_count : 0) + 1;
    merging->names = calloc(2 * most, sizeof *merging->names);
    if (merging->names == NULL)
        return error_set_memory(err);
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        const struct profile *profile = merging->sides[side];
        for (size_t i = 0; profile != NULL && i < profile->endpoint_count; i++) {
            const char *name = profile->endpoints[i].name;
            if (!export_wants(merging->report, name) ||
                (side == SIDE_BASE && profile_endpoint(head, name) != NULL))
                continue;
            size_t at = 2 * merging->endpoint_count++;
            merging->names[at] = merging->names[at + 1] = name;
        }
    }
    return true;
}

/* The same function whatever its line; of lines, the function above the line. */
static uint32_t place_node(struct merging *merging, uint32_t parent,
                           const struct profile_frame *frame)
{
    struct profile_frame function = *frame;
    function.line = 0;
    uint32_t node = profile_builder_node(merging->builder, parent,
                                         profile_builder_frame(merging->builder, &function));
    if (merging->kind != PROFILE_LINES || frame->line == 0 || node == PROFILE_NONE)
        return node;
    return profile_builder_node(merging->builder, node,
                                profile_builder_frame(merging->builder, frame));
}

/* Code without names calling code without names, all in one library: one frame says as much. */
static bool says_nothing_new(const struct profile *profile, const struct profile_node *node)
{
    if (node->parent == PROFILE_NONE)
        return false;
    const struct profile_frame *frame = &profile->frames[node->frame];
    const struct profile_frame *above = &profile->frames[profile->nodes[node->parent].frame];
    return frame->function == NULL && above->function == NULL && frame->object != NULL &&
           above->object != NULL && strcmp(frame->object, above->object) == 0;
}

static bool place_nodes(struct merging *merging, unsigned side, struct error *err)
{
    const struct profile *profile = merging->sides[side];
    uint32_t *places = calloc(profile->node_count + 1, sizeof *places);
    unsigned char *depths = calloc(profile->node_count + 1, sizeof *depths);
    merging->places[side] = places;
    for (size_t i = 0; places != NULL && depths != NULL && i < profile->node_count; i++) {
        const struct profile_node *node = &profile->nodes[i];
        bool root = node->parent == PROFILE_NONE;
        depths[i] = root ? 1 : depths[node->parent];
        if (!root && (depths[i] == DEPTH_MAX || says_nothing_new(profile, node))) {
            places[i] = places[node->parent];
            continue;
        }
        depths[i] += !root;
        places[i] = place_node(merging, root ? PROFILE_NONE : places[node->parent],
                               &profile->frames[node->frame]);
    }
    free(depths);
    return (places != NULL && depths != NULL) || error_set_memory(err);
}

static void add_costs(struct merging *merging, unsigned side)
{
    const struct profile *profile = merging->sides[side];
    for (size_t i = 0; i < merging->endpoint_count; i++) {
        const struct profile_endpoint *endpoint = profile_endpoint(profile, merging->names[2 * i]);
        int number = (int)(2 * i + side);
        if (endpoint == NULL)
            continue;
        profile_builder_add_requests(merging->builder, number, endpoint->requests);
        for (size_t j = 0; j < endpoint->cost_count; j++) {
            const struct profile_cost *cost = &endpoint->costs[j];
            double values[PROFILE_VALUES_MAX];
            for (size_t value = 0; value < PROFILE_VALUES_MAX; value++)
                values[value] = cost->values[value] > 0 ? cost->values[value] : 0;
            profile_builder_add(merging->builder, number, merging->places[side][cost->node],
                                values);
        }
    }
}

static bool merge_sides(struct merging *merging, struct profile *merged, struct arena *arena,
                        struct error *err)
{
    if (!list_endpoints(merging, err) ||
        !profile_builder_new(&merging->builder, PROFILE_ALLOC, merging->names,
                             2 * merging->endpoint_count, err))
        return false;
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        if (merging->sides[side] == NULL)
            continue;
        if (!place_nodes(merging, side, err))
            return false;
        add_costs(merging, side);
    }
    return profile_builder_finish(merging->builder, arena, merged, err);
}

bool flame_tree_make(struct flame_tree *tree, const struct report *report, enum profile_kind kind,
                     double threshold, struct arena *arena, struct error *err)
{
    struct merging merging = {.report = report, .kind = kind};
    struct profile merged;
    *tree = (struct flame_tree){.kind = kind, .threshold = threshold};
    bool ok = find_sides(&merging, err) && merge_sides(&merging, &merged, arena, err);
    for (unsigned side = 0; ok && side < SIDE_COUNT; side++) {
        tree->source[side] = merging.sides[side];
        tree->present[side] = merging.sides[side] != NULL;
    }
    struct flame_folding folding = {
        .tree = tree,
        .merged = &merged,
        .places = {merging.places[SIDE_HEAD], merging.places[SIDE_BASE]},
        .run = report->head,
        .arena = arena};
    ok = ok && flame_fold(&folding, err);
    free(merging.places[SIDE_HEAD]);
    free(merging.places[SIDE_BASE]);
    free(merging.names);
    profile_builder_free(merging.builder);
    return ok;
}
