/* Allocations, by the agent that is preloaded into the gateway. */
#include "rig/sampler.h"

#include "rig/agent_map.h"

static bool agent_sampler_open(void **out, const char *folder, const struct interrupt *interrupt,
                               char why[512], struct error *err)
{
    struct agent_preload *preload = NULL;
    (void)interrupt;
    bool ok = agent_preload_new(&preload, folder, 0, why, err);
    *out = preload;
    return ok;
}

static void agent_sampler_close(void *preload)
{
    agent_preload_free(preload);
}

static const char *const *agent_sampler_prefix(void *preload)
{
    (void)preload;
    return NULL;
}

static const char *const *agent_sampler_environment(void *preload)
{
    return agent_preload_environment(preload);
}

static bool agent_sampler_read(void *preload, struct gateway *gateway, struct reading *reading,
                               struct error *err)
{
    struct agent_totals totals;
    (void)gateway;
    (void)err;
    agent_wire_sum(agent_preload_map(preload), &totals);
    reading->values[0] = (int64_t)totals.allocations;
    reading->values[1] = (int64_t)totals.requested_bytes;
    reading->values[2] = agent_wire_retained_bytes(&totals);
    return true;
}

static const char *agent_sampler_blind(void *preload, struct gateway *gateway)
{
    (void)gateway;
    return agent_preload_blind(preload);
}

/* The agent's map is the only account there is. */
static int64_t agent_sampler_total(void *preload)
{
    struct agent_totals totals;
    agent_wire_sum(agent_preload_map(preload), &totals);
    return (int64_t)totals.allocations;
}

const struct sampler sampler_agent = {
    .pass = "alloc",
    .counters = {{METRIC_ALLOCATIONS, REDUCE_LEAST},
                 {METRIC_ALLOC_BYTES, REDUCE_LEAST},
                 {METRIC_RETAINED_BYTES, REDUCE_MEDIAN}},
    .counter_count = 3,
    .slowness = 2,
    .open = agent_sampler_open,
    .close = agent_sampler_close,
    .prefix = agent_sampler_prefix,
    .environment = agent_sampler_environment,
    .read = agent_sampler_read,
    .blind = agent_sampler_blind,
    .total = agent_sampler_total,
};
