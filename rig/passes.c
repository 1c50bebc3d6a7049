/* The table of passes; those that count differ only in their sampler. */
#include "rig/bench.h"
#include "rig/counted.h"

static const struct pass_settings *exact_settings(const struct config *config)
{
    return &config->exact;
}

static bool exact_run(struct bench *bench, struct pass_result *result, char skipped[512],
                      struct error *err)
{
    return counted_run(bench, &sampler_callgrind, &bench->config->exact, result, skipped, err);
}

const struct pass pass_exact = {"exact", "instructions and system calls, under callgrind",
                                exact_settings, exact_run, false};

static const struct pass_settings *alloc_settings(const struct config *config)
{
    return &config->alloc;
}

static bool alloc_run(struct bench *bench, struct pass_result *result, char skipped[512],
                      struct error *err)
{
    return counted_run(bench, &sampler_agent, &bench->config->alloc, result, skipped, err);
}

const struct pass pass_alloc = {"alloc", "allocations, by the preloaded agent", alloc_settings,
                                alloc_run, false};

/* What is sure and quick comes first: when a time budget ends, it is there. */
static const struct pass *const passes[] = {&pass_alloc, &pass_exact,  &pass_lines, &pass_sites,
                                            &pass_live,  &pass_stacks, NULL};

const struct pass *const *pass_list(void)
{
    return passes;
}
