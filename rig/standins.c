#include "rig/standins.h"

#include "replay/session_plan.h"

static bool teach(struct standin_set *set, const struct bench *bench, struct error *err)
{
    for (size_t i = 0; i < bench->selection->count; i++)
        if (!standin_set_add(set, &bench->selection->items[i].exchange, err))
            return false;
    /* Sent as exchanges of their own, whether they are among those or not. */
    const struct session_plan *plan = bench->session_plan;
    for (size_t i = 0; plan != NULL && i < session_plan_source_count(plan); i++)
        if (!standin_set_add(set, session_plan_source(plan, i), err))
            return false;
    return true;
}

bool standins_start(struct standin_set **set, const struct bench *bench, struct error *err)
{
    const struct config *config = bench->config;
    struct standin_options options = {
        .settings = config->upstream_settings,
        .seed = bench->run->seed,
        .correlate = config->inject_traceparent || config->inject_request_id,
    };
    if (!standin_set_new_with(set, config->upstreams, config->upstream_count, &options, err))
        return false;
    if (teach(*set, bench, err))
        return true;
    standin_set_free(*set);
    *set = NULL;
    return false;
}

/* The run has one row an upstream once any stand-in was stopped. Out of memory: none. */
static struct upstream_result *find_rows(struct run *run, const struct config *config)
{
    if (run->upstreams != NULL || config->upstream_count == 0)
        return run->upstreams;
    struct upstream_result *rows =
        arena_alloc_array(&run->arena, config->upstream_count, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < config->upstream_count; i++) {
        rows[i].name = arena_copy_string(&run->arena, config->upstreams[i]);
        if (rows[i].name == NULL)
            return NULL;
    }
    run->upstreams = rows;
    run->upstream_count = rows != NULL ? config->upstream_count : 0;
    return rows;
}

void standins_stop(struct standin_set **set, struct bench *bench)
{
    if (*set == NULL)
        return;
    pthread_mutex_lock(bench->run_lock);
    struct upstream_result *rows = find_rows(bench->run, bench->config);
    for (size_t i = 0; rows != NULL && i < bench->config->upstream_count; i++) {
        struct standin_counts counts = standin_set_count(*set, i);
        rows[i].exact += (int64_t)counts.exact;
        rows[i].normalised += (int64_t)counts.normalised;
        rows[i].templated += (int64_t)counts.templated;
        rows[i].missed += (int64_t)counts.missed;
        rows[i].faulted += (int64_t)counts.faulted;
    }
    pthread_mutex_unlock(bench->run_lock);
    standin_set_free(*set);
    *set = NULL;
}
