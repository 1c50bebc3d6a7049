/* What the agents counted by stack, between one look and the next. */
#ifndef TOLLGATE_RIG_SITE_COUNTS_H
#define TOLLGATE_RIG_SITE_COUNTS_H

#include "base/error.h"
#include "rig/agent/wire.h"

struct site_counts;

/* What was allocated with one stack, known by its innermost node. */
struct site_delta {
    uint32_t node;
    uint64_t allocations;
    uint64_t bytes;   /* asked for */
    int64_t retained; /* usable bytes of what was allocated with it, less those of what was freed;
                         below 0 where more was freed than allocated since the last look */
};

struct site_part {
    const struct site_delta *deltas; /* by node, rising */
    size_t count;
};

/* Looks at nothing yet: the first look gives all since the start. `map` is borrowed. */
MUST_CHECK bool site_counts_new(struct site_counts **counts, struct agent_map *map,
                                uint32_t node_count, struct error *err);
void site_counts_free(struct site_counts *counts);

/* What is new since the last look. The part is valid until the next one. */
MUST_CHECK bool site_counts_look(struct site_counts *counts, struct site_part *part,
                                 struct error *err);

/* All allocations until the last look. */
uint64_t site_counts_allocations(const struct site_counts *counts);

/* A node as an agent wrote it, checked: processes of the gateway may write anything there. */
struct site_node {
    uint32_t parent;  /* lower than the node's number; AGENT_WIRE_NO_NODE = a root */
    uint32_t process; /* below AGENT_WIRE_PROCESSES */
    uint64_t address; /* of a root, and of what stands for frames that were not reached: 0 */
};

/* Nodes that the looks so far have seen are the first so many. */
uint32_t site_counts_seen(const struct site_counts *counts);

/* False for one that makes no sense. */
bool site_counts_node(const struct site_counts *counts, uint32_t number, struct site_node *node);

struct agent_sites *site_counts_sites(const struct site_counts *counts);

#endif
