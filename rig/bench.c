#include "rig/bench.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Says for each metric of a pass that did not run why there is no figure. */
static void explain_missing(struct run *run, const char *pass, const char *reason)
{
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        if (strcmp(metric_info((enum metric)m)->pass, pass) != 0)
            continue;
        for (size_t e = 0; e < run->endpoint_count; e++) {
            struct figure *figure = &run->endpoints[e].figures[m];
            *figure = (struct figure){.missing = reason};
        }
    }
}

static void skip_pass(struct run *run, struct pass_result *result, const char *reason)
{
    result->status = result->status == PASS_CUT ? PASS_CUT : PASS_SKIPPED;
    result->replicates = 0;
    result->requests = 0;
    memset(result->conservation, 0, sizeof result->conservation);
    result->reason = arena_copy_string(&run->arena, reason);
    explain_missing(run, result->name, result->reason);
}

bool bench_run_pass(struct bench *bench, const struct pass *pass, bool wanted, struct error *err)
{
    struct run *run = bench->run;
    struct pass_result *result = &run->passes[run->pass_count++];
    char skipped[512] = "", title[64], summary[128];
    *result = (struct pass_result){.name = pass->name, .status = PASS_RAN};
    if (!wanted || !pass->settings(bench->config)->enabled) {
        skip_pass(run, result, wanted ? "switched off in the config" : "not asked for");
        return true;
    }
    int64_t started = clock_monotonic_ns();
    snprintf(title, sizeof title, "%s pass", pass->name);
    progress_begin(bench->progress, title);
    bool ok = pass->run(bench, result, skipped, err);
    result->seconds = round((double)(clock_monotonic_ns() - started) / 1e6) / 1e3;
    if (ok && skipped[0] != '\0')
        skip_pass(run, result, skipped);
    snprintf(summary, sizeof summary, "%lld replicates, %lld requests",
             (long long)result->replicates, (long long)result->requests);
    if (!ok)
        progress_clear(bench->progress);
    else
        progress_end(bench->progress, skipped[0] != '\0' ? "skipped" : summary);
    return ok;
}
