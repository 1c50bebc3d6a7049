#include "rig/bench.h"

#include <stdio.h>

static const struct pass_settings *stacks_settings(const struct config *config)
{
    return &config->stacks;
}

static bool stacks_run(struct bench *bench, struct pass_result *result, char skipped[512],
                     struct error *err)
{
    (void)bench;
    (void)result;
    (void)err;
    snprintf(skipped, 512, "not built yet");
    return true;
}

const struct pass pass_stacks = {"stacks", "CPU time by stack, sampled", stacks_settings, stacks_run};
