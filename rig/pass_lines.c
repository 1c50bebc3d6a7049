#include "rig/bench.h"

#include <stdio.h>

static const struct pass_settings *lines_settings(const struct config *config)
{
    return &config->lines;
}

static bool lines_run(struct bench *bench, struct pass_result *result, char skipped[512],
                     struct error *err)
{
    (void)bench;
    (void)result;
    (void)err;
    snprintf(skipped, 512, "not built yet");
    return true;
}

const struct pass pass_lines = {"lines", "instructions and executions by line, under callgrind", lines_settings, lines_run};
