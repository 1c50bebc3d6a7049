#include "rig/corpus_list.h"

#include "reporters/format.h"
#include "rig/grid.h"

#include <math.h>
#include <stdlib.h>

struct endpoint_count {
    size_t endpoint;
    size_t requests;
    size_t variants;
    double weight;
};

static int compare_weights(const void *a, const void *b)
{
    const struct endpoint_count *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->endpoint < y->endpoint ? -1 : x->endpoint > y->endpoint;
}

/* Whole numbers as such; of others as many digits as tell. */
static void format_weight(double weight, char out[static FORMAT_SIZE])
{
    if (weight == floor(weight) && weight < 1e15)
        format_integer((int64_t)weight, out);
    else
        snprintf(out, FORMAT_SIZE, weight < 1000 ? "%.4g" : "%.0f", weight);
}

static void count(const struct corpus *corpus, struct endpoint_count *counts, bool *seen)
{
    for (size_t e = 0; e < corpus_endpoint_count(corpus); e++)
        counts[e].endpoint = e;
    for (size_t i = 0; i < corpus_count(corpus); i++) {
        const struct corpus_entry *entry = &corpus_entries(corpus)[i];
        struct endpoint_count *one = &counts[entry->endpoint];
        one->requests++;
        one->weight += entry->weight;
        one->variants += !seen[entry->variant];
        seen[entry->variant] = true;
    }
}

static bool fill(struct grid *grid, const struct corpus *corpus,
                 const struct endpoint_count *counts, struct error *err)
{
    for (size_t e = 0; e < corpus_endpoint_count(corpus); e++) {
        char requests[FORMAT_SIZE], variants[FORMAT_SIZE], weight[FORMAT_SIZE];
        format_integer((int64_t)counts[e].requests, requests);
        format_integer((int64_t)counts[e].variants, variants);
        format_weight(counts[e].weight, weight);
        const char *const cells[] = {requests, variants, weight,
                                     corpus_endpoint_name(corpus, counts[e].endpoint)};
        if (!grid_add(grid, cells, err))
            return false;
    }
    return true;
}

bool corpus_list_append(struct buffer *out, const struct corpus *corpus, int columns,
                        struct error *err)
{
    static const char *const titles[] = {"requests", "variants", "weight", "endpoint"};
    struct arena arena;
    struct grid grid;
    size_t endpoints = corpus_endpoint_count(corpus);
    arena_init(&arena);
    grid_init(&grid, titles, COUNT_OF(titles));
    struct endpoint_count *counts = arena_alloc_array(&arena, endpoints, sizeof *counts);
    bool *seen = arena_alloc_array(&arena, corpus_variant_count(corpus), sizeof *seen);
    bool ok = (counts != NULL && seen != NULL) || error_set_memory(err);
    if (ok) {
        count(corpus, counts, seen);
        qsort(counts, endpoints, sizeof *counts, compare_weights);
        ok = fill(&grid, corpus, counts, err);
    }
    if (ok)
        grid_append(out, &grid, columns);
    grid_release(&grid);
    arena_release(&arena);
    return ok;
}
