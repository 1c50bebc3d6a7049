#include "rig/site_counts.h"

#include <stdlib.h>

struct seen {
    uint64_t allocations, bytes, usable_bytes, freed_bytes;
};

struct site_counts {
    struct agent_sites *sites;
    const struct agent_node *nodes;
    uint32_t node_count;
    uint32_t seen_count;
    struct seen *seen; /* by node, at the last look */
    struct site_delta *deltas;
    size_t delta_room;
};

bool site_counts_new(struct site_counts **out, struct agent_map *map, uint32_t node_count,
                     struct error *err)
{
    struct site_counts *counts = calloc(1, sizeof *counts);
    *out = counts;
    if (counts == NULL)
        return error_set_memory(err);
    counts->sites = agent_wire_sites(map, AGENT_WIRE_DEFAULT_SLOTS);
    counts->nodes = agent_wire_nodes(counts->sites);
    counts->node_count = node_count;
    counts->seen = calloc(node_count, sizeof *counts->seen);
    return counts->seen != NULL || error_set_memory(err);
}

void site_counts_free(struct site_counts *counts)
{
    if (counts == NULL)
        return;
    free(counts->seen);
    free(counts->deltas);
    free(counts);
}

static struct seen read_node(const struct agent_node *node)
{
    return (struct seen){
        .allocations = atomic_load_explicit(&node->allocations, memory_order_relaxed),
        .bytes = atomic_load_explicit(&node->requested_bytes, memory_order_relaxed),
        .usable_bytes = atomic_load_explicit(&node->usable_allocated_bytes, memory_order_relaxed),
        .freed_bytes =
            atomic_load_explicit(&node->usable_freed_bytes, memory_order_relaxed) +
            atomic_load_explicit(&node->usable_freed_elsewhere_bytes, memory_order_relaxed)};
}

static struct site_delta difference(uint32_t node, const struct seen *now, const struct seen *then)
{
    return (struct site_delta){.node = node,
                               .allocations = now->allocations - then->allocations,
                               .bytes = now->bytes - then->bytes,
                               .retained = (int64_t)((now->usable_bytes - then->usable_bytes) -
                                                     (now->freed_bytes - then->freed_bytes))};
}

static bool reserve(struct site_counts *counts, size_t wanted, struct error *err)
{
    if (wanted <= counts->delta_room)
        return true;
    size_t room = 2 * wanted;
    struct site_delta *grown = reallocarray(counts->deltas, room, sizeof *grown);
    if (grown == NULL)
        return error_set_memory(err);
    counts->deltas = grown;
    counts->delta_room = room;
    return true;
}

bool site_counts_look(struct site_counts *counts, struct site_part *part, struct error *err)
{
    uint32_t used = atomic_load_explicit(&counts->sites->used_nodes, memory_order_acquire);
    size_t found = 0;
    if (used > counts->node_count)
        used = counts->node_count;
    if (used > counts->seen_count)
        counts->seen_count = used;
    for (uint32_t i = 0; i < counts->seen_count; i++) {
        struct seen now = read_node(&counts->nodes[i]);
        struct site_delta delta = difference(i, &now, &counts->seen[i]);
        if (delta.allocations == 0 && delta.bytes == 0 && delta.retained == 0)
            continue;
        if (!reserve(counts, found + 1, err))
            return false;
        counts->deltas[found++] = delta;
        counts->seen[i] = now;
    }
    *part = (struct site_part){.deltas = counts->deltas, .count = found};
    return true;
}

uint32_t site_counts_seen(const struct site_counts *counts)
{
    return counts->seen_count;
}

uint64_t site_counts_allocations(const struct site_counts *counts)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < counts->seen_count; i++)
        sum += counts->seen[i].allocations;
    return sum;
}

bool site_counts_node(const struct site_counts *counts, uint32_t number, struct site_node *out)
{
    if (number >= counts->seen_count)
        return false;
    const struct agent_node *node = &counts->nodes[number];
    uint32_t root = atomic_load_explicit(&node->root, memory_order_acquire) - 1;
    if (root > number)
        return false;
    *out = (struct site_node){.parent = node->parent,
                              .process = (uint32_t)counts->nodes[root].address,
                              .address = root == number ? 0 : node->address};
    bool is_root = out->parent == AGENT_WIRE_NO_NODE;
    return out->process < AGENT_WIRE_PROCESSES && (is_root ? root == number : out->parent < number);
}

struct agent_sites *site_counts_sites(const struct site_counts *counts)
{
    return counts->sites;
}
