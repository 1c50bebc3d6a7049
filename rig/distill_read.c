#include "rig/distill_read.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "baselines/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the run says of a variant of an endpoint; in a run of a survey each exchange is one. */
struct cost_row {
    char *key; /* endpoint, line break, variant */
    double cost;
    UT_hash_handle hh;
};

struct costs {
    struct arena arena;
    struct cost_row *rows;
    const struct run *run;
    enum metric metric;
    struct buffer key; /* of a search */
};

void distill_name_exchange(size_t line, char out[static DISTILL_NAME_SIZE])
{
    snprintf(out, DISTILL_NAME_SIZE, "line %zu", line);
}

double distill_run_figure(const struct endpoint_result *endpoint, enum metric metric)
{
    const struct samples *samples = &endpoint->figures[metric].side[SIDE_HEAD];
    double figure = NAN;
    double *sorted = samples->count > 0 ? calloc(samples->count, sizeof *sorted) : NULL;
    if (sorted != NULL) {
        memcpy(sorted, samples->values, samples->count * sizeof *sorted);
        statistics_sort_values(sorted, samples->count);
        figure = statistics_find_median(sorted, samples->count);
    }
    free(sorted);
    return figure;
}

/* Instructions tell finer than CPU time. */
static enum metric choose_metric(const struct run *run)
{
    for (size_t e = 0; e < run->endpoint_count; e++)
        if (run->endpoints[e].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD].count > 0)
            return METRIC_INSTRUCTIONS;
    return METRIC_CPU_NS;
}

static bool add_cost(struct costs *costs, const char *endpoint, const char *variant, double cost)
{
    struct cost_row *row = arena_alloc(&costs->arena, sizeof *row);
    if (row == NULL)
        return false;
    row->key = arena_format(&costs->arena, "%s\n%s", endpoint, variant);
    row->cost = cost;
    if (row->key == NULL)
        return false;
    HASH_ADD_KEYPTR(hh, costs->rows, row->key, strlen(row->key), row);
    return row->hh.tbl != NULL;
}

static bool take_costs(struct costs *costs, struct error *err)
{
    const struct run *run = costs->run;
    for (size_t e = 0; run != NULL && e < run->endpoint_count; e++) {
        const struct endpoint_result *endpoint = &run->endpoints[e];
        for (size_t v = 0; v < endpoint->variant_count; v++) {
            const struct variant_result *variant = &endpoint->variants[v];
            double cost = variant->figures[costs->metric][SIDE_HEAD];
            if (cost > 0 && !add_cost(costs, endpoint->name, variant->name, cost))
                return error_set_memory(err);
        }
    }
    return true;
}

static double find_cost(struct costs *costs, const char *endpoint, const char *variant)
{
    struct cost_row *row = NULL;
    buffer_clear(&costs->key);
    buffer_append_format(&costs->key, "%s\n%s", endpoint, variant);
    if (!costs->key.failed)
        HASH_FIND(hh, costs->rows, costs->key.data, costs->key.length, row);
    return row != NULL ? row->cost : NAN;
}

/* By itself, as one of its variant, or as one of an endpoint that has but one variant. */
static void price(struct distill_corpus *out, struct costs *costs, struct distill_item *item,
                  const struct exchange *exchange)
{
    char own[DISTILL_NAME_SIZE];
    const char *name = corpus_endpoint_name(out->corpus, item->endpoint);
    const struct endpoint_result *endpoint =
        costs->run != NULL ? run_endpoint(costs->run, name) : NULL;
    if (endpoint == NULL)
        return;
    item->cpu_ns = distill_run_figure(endpoint, METRIC_CPU_NS);
    double wall_ns = distill_run_figure(endpoint, METRIC_WALL_P50_NS);
    if (wall_ns > 0)
        item->replay_ns = wall_ns;
    distill_name_exchange(exchange->line, own);
    item->cost = find_cost(costs, name, own);
    out->singly += item->cost > 0;
    if (!(item->cost > 0))
        item->cost = find_cost(costs, name, exchange->variant);
    if (!(item->cost > 0) && endpoint->variant_count == 0)
        item->cost = distill_run_figure(endpoint, costs->metric);
    out->measured += item->cost > 0;
}

static bool read_items(struct distill_corpus *out, struct costs *costs, struct error *err)
{
    out->count = corpus_count(out->corpus);
    out->items = calloc(out->count, sizeof *out->items);
    bool ok = out->items != NULL || error_set_memory(err);
    for (size_t i = 0; ok && i < out->count; i++) {
        struct arena arena;
        struct exchange exchange;
        arena_init(&arena);
        ok = corpus_load(out->corpus, i, &arena, &exchange, err);
        if (ok) {
            distill_describe(&out->items[i], &exchange, &corpus_entries(out->corpus)[i]);
            price(out, costs, &out->items[i], &exchange);
        }
        arena_release(&arena);
    }
    return ok;
}

bool distill_corpus_read(struct distill_corpus *out, const char *path,
                         const struct endpoint_map *map, const struct run *run, struct error *err)
{
    enum { KEY_MAX_BYTES = 1 << 20 };
    struct costs costs = {.run = run};
    *out = (struct distill_corpus){.path = path};
    arena_init(&costs.arena);
    buffer_init(&costs.key, KEY_MAX_BYTES);
    if (run != NULL)
        costs.metric = choose_metric(run);
    bool ok = take_costs(&costs, err) && corpus_open(&out->corpus, path, map, err) &&
              read_items(out, &costs, err);
    HASH_CLEAR(hh, costs.rows);
    buffer_release(&costs.key);
    arena_release(&costs.arena);
    if (!ok)
        distill_corpus_release(out);
    return ok;
}

void distill_corpus_release(struct distill_corpus *corpus)
{
    corpus_free(corpus->corpus);
    free(corpus->items);
    *corpus = (struct distill_corpus){0};
}
