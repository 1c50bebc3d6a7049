/* The trees of a flame graph as JSON for its script:
 *
 *     sides      ["HEAD 4f2a9c1", "main 1b22c30"]             one when there is no base
 *     views      [{key, title, unit, tree, column, samples}]  what can be chosen
 *     trees      [{kind, title, columns, frames, nodes, endpoints, left_out}]
 *     frames     [[name, file, object, class], ...]           texts; null = unknown
 *     nodes      {parent, frame, line, lines}                 columns; -1 = none
 *     endpoints  [{name, weight, requests, costs}]            name null: all beyond the limit
 *     costs      [nodes, values ...]                          columns: the head's, then the base's
 */
#ifndef TOLLGATE_REPORTERS_FLAME_DATA_H
#define TOLLGATE_REPORTERS_FLAME_DATA_H

#include "reporters/flame_tree.h"

#include <jansson.h>

/* A column of a tree that can be chosen. */
struct flame_column {
    size_t tree;
    size_t value;
};

/* All that one page shows. */
struct flame_page {
    const struct report *report;
    struct flame_tree trees[PROFILE_KIND_COUNT];
    size_t tree_count;
    struct flame_column columns[PROFILE_KIND_COUNT * PROFILE_VALUES_MAX];
    size_t column_count;
};

/* The caller owns the result. NULL when out of memory. */
json_t *flame_data_make(const struct flame_page *page);

#endif
