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

static double least_of(const struct samples *samples)
{
    double least = NAN;
    for (size_t i = 0; i < samples->count; i++)
        if (!(samples->values[i] >= least))
            least = samples->values[i];
    return least;
}

bool bench_is_unchanged(const struct bench *bench, const struct endpoint_result *endpoint,
                        enum metric metric)
{
    const struct figure *figure = &endpoint->figures[metric];
    struct limits limits = gate_limits(bench->gate, endpoint->name, metric);
    double head = least_of(&figure->side[SIDE_HEAD]), base = least_of(&figure->side[SIDE_BASE]);
    double change = fabs(head - base);
    return change <= limits.relative / 2 * base || change <= limits.absolute / 2;
}

/* Whether both sides were counted, and no endpoint costs more or less than before. */
static bool nothing_changed(const struct bench *bench)
{
    bool counted = false;
    if (!bench->sides[SIDE_HEAD].present || !bench->sides[SIDE_BASE].present)
        return false;
    for (size_t e = 0; e < bench->run->endpoint_count; e++) {
        const struct endpoint_result *endpoint = &bench->run->endpoints[e];
        for (unsigned m = 0; m < METRIC_COUNT; m++) {
            if (metric_info((enum metric)m)->kind != METRIC_EXACT ||
                endpoint->figures[m].side[SIDE_HEAD].count == 0)
                continue;
            counted = true;
            if (!bench_is_unchanged(bench, endpoint, (enum metric)m))
                return false;
        }
    }
    return counted;
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
    if (pass->explains_counts && !bench->explains_all && nothing_changed(bench)) {
        snprintf(
            skipped, sizeof skipped,
            "no count changed, so there is nothing to explain; --passes %s measures it all the "
            "same",
            pass->name);
        skip_pass(run, result, skipped);
        return true;
    }
    int64_t started = clock_monotonic_ns();
    snprintf(title, sizeof title, "%s pass", pass->name);
    progress_begin(bench->progress, title);
    bool ok = pass->run(bench, result, skipped, err);
    result->seconds = round((double)(clock_monotonic_ns() - started) / 1e6) / 1e3;
    if (ok && skipped[0] != '\0')
        skip_pass(run, result, skipped);
    snprintf(summary, sizeof summary, "%lld replicate%s, %lld requests",
             (long long)result->replicates, result->replicates == 1 ? "" : "s",
             (long long)result->requests);
    if (!ok)
        progress_clear(bench->progress);
    else
        progress_end(bench->progress, skipped[0] != '\0' ? "skipped" : summary);
    return ok;
}
