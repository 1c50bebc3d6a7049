#include "rig/bench.h"

#include <stdio.h>

static const struct pass_settings *sites_settings(const struct config *config)
{
    return &config->sites;
}

static bool sites_run(struct bench *bench, struct pass_result *result, char skipped[512],
                     struct error *err)
{
    (void)bench;
    (void)result;
    (void)err;
    snprintf(skipped, 512, "not built yet");
    return true;
}

const struct pass pass_sites = {"sites", "allocations by call site, by the preloaded agent", sites_settings, sites_run};
