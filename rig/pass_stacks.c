#include "rig/pass_stacks.h"

#include "base/clock.h"
#include "rig/bench.h"
#include "rig/source_files.h"
#include "rig/stacks_profile.h"
#include "rig/standins.h"

#include <stdio.h>
#include <string.h>

enum {
    SAMPLES_WANTED = 100, /* of each endpoint */
    /* Of a side at the usual number of requests; more of them may take longer. */
    PLAY_MS = 2300,
    USUAL_REQUESTS = 200,
    RECORDS_MAX_BYTES = 128 << 20,
};

/* One start of one side. */
struct stacks_start {
    struct bench bench; /* the pass's own but for the stand-ins */
    enum side side;
    size_t progress_done, progress_total;
    struct arena arena;
    struct source_files files;
    struct symbols *symbols;
    struct stacks_play play;
    struct perf_events *events;
    struct standin_set *standins;
    struct lane lane;
};

struct perf_options stacks_options(int cpu)
{
    return (struct perf_options){.frequency_hz = STACKS_FREQUENCY_HZ,
                                 .stack_bytes = STACKS_COPY_BYTES,
                                 .cpu = cpu,
                                 .most_bytes = RECORDS_MAX_BYTES};
}

static const struct pass_settings *stacks_settings(const struct config *config)
{
    return &config->stacks;
}

static bool is_out_of_time(const struct bench *bench)
{
    return bench->deadline_ns > 0 && clock_monotonic_ns() > bench->deadline_ns;
}

/* Those of the other passes were started before the sampler and do not share its clock. */
static bool start_standins(struct stacks_start *start, struct error *err)
{
    if (!standins_start(&start->standins, &start->bench, err))
        return false;
    start->bench.standins = start->standins;
    return true;
}

static struct stacks_goal make_goal(const struct stacks_start *start)
{
    int rounds = start->bench.config->stacks.rounds;
    int64_t times = rounds > USUAL_REQUESTS ? rounds : USUAL_REQUESTS;
    struct stacks_goal goal = {.requests = rounds,
                               .cpu_ns = SAMPLES_WANTED * perf_events_period_ns(start->events),
                               .deadline_ns = clock_monotonic_ns() +
                                              PLAY_MS * NS_PER_MS / USUAL_REQUESTS * times,
                               .progress_done = start->progress_done,
                               .progress_total = start->progress_total};
    if (start->bench.deadline_ns > 0 && start->bench.deadline_ns < goal.deadline_ns)
        goal.deadline_ns = start->bench.deadline_ns;
    return goal;
}

/* The profile is built while the gateway still lives: what it compiled at run time has no names
 * after its end. */
static bool build_profile(struct stacks_start *start, int64_t warm_ns, struct error *err)
{
    struct run *run = start->bench.run;
    const char **names = arena_alloc_array(&start->arena, run->endpoint_count + 1, sizeof *names);
    if (names == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < run->endpoint_count; e++)
        names[e] = run->endpoints[e].name;
    struct stacks_evidence evidence = {.records = perf_events_records(start->events),
                                       .period_ns = perf_events_period_ns(start->events),
                                       .lost = perf_events_lost(start->events),
                                       .sees_kernel = perf_events_see_kernel(start->events),
                                       .gateway = gateway_pid(start->lane.gateway),
                                       .symbols = start->symbols,
                                       .play = &start->play,
                                       .warm_ns = warm_ns,
                                       .endpoint_names = names};
    return stacks_profile_build(&evidence, &run->arena, &run->profiles[PROFILE_CPU][start->side],
                                err);
}

static bool play(struct stacks_start *start, struct error *err)
{
    struct lane_options options = {.side = start->side,
                                   .name = start->side == SIDE_HEAD ? "head-stacks" : "base-stacks",
                                   .slowness = 1};
    if (!lane_start(&start->lane, &start->bench, &options, err))
        return false;
    int64_t warm_ns = clock_monotonic_ns();
    if (!lane_warm_up(&start->lane, &start->bench, 1, err))
        return false;
    struct stacks_goal goal = make_goal(start);
    return stacks_play_run(&start->play, &start->lane, &start->bench, &goal, err) &&
           perf_events_stop(start->events, err) &&
           (start->play.requests == 0 || build_profile(start, warm_ns, err));
}

static bool open_events(struct stacks_start *start, char skipped[512], struct error *err)
{
    struct perf_options options = stacks_options(start->bench.cpu);
    struct perf_refusal refusal;
    if (!perf_events_open(&start->events, &options, &refusal, err))
        return false;
    if (start->events == NULL)
        snprintf(skipped, 512, "%s%s%s", refusal.what, refusal.mend != NULL ? "; to mend it: " : "",
                 refusal.mend != NULL ? refusal.mend : "");
    return true;
}

/* What the gateway spent outside requests, starting and stopping with it, is charged to nobody. */
static void stop_lane(struct stacks_start *start, struct pass_result *result)
{
    struct gateway_account account = {0};
    double endpoints = (double)start->play.cpu_ns;
    lane_stop(&start->lane, &account);
    result->requests += start->play.requests;
    result->conservation[start->side] =
        (struct conservation){.endpoints = endpoints,
                              .unattributed = (double)account.clock_ns - endpoints,
                              .total = (double)account.total_ns};
}

static bool stacks_side(struct stacks_start *start, struct pass_result *result, char skipped[512],
                        struct error *err)
{
    const struct bench *bench = &start->bench;
    arena_init(&start->arena);
    bool ok = source_files_read(&start->files, bench->sides[start->side].source.folder,
                                bench->interrupt, &start->arena, err) &&
              symbols_new(&start->symbols, start->files.root, start->files.tracked, err) &&
              stacks_play_plan(&start->play, bench->selection, &bench->config->stacks, err) &&
              open_events(start, skipped, err);
    if (ok && skipped[0] == '\0')
        ok = start_standins(start, err) && play(start, err);
    if (ok && skipped[0] == '\0' && start->play.requests == 0) {
        snprintf(skipped, 512, "the time budget ended before it could begin");
        result->status = PASS_CUT;
    }
    stop_lane(start, result);
    standins_stop(&start->standins, &start->bench);
    perf_events_free(start->events);
    stacks_play_release(&start->play);
    symbols_free(start->symbols);
    arena_release(&start->arena);
    return ok;
}

/* A side without the other is of no use to a comparison, but it is there to be looked at. */
static void explain_missing(struct bench *bench, const char *why)
{
    for (size_t side = 0; side < SIDE_COUNT; side++) {
        struct profile *profile = &bench->run->profiles[PROFILE_CPU][side];
        if (bench->sides[side].present && !profile->present)
            *profile = (struct profile){.missing = arena_copy_string(&bench->run->arena, why)};
    }
}

static bool stacks_run(struct bench *bench, struct pass_result *result, char skipped[512],
                       struct error *err)
{
    size_t sides = bench->sides[SIDE_BASE].present ? 2 : 1;
    bool ok = true;
    for (size_t side = 0; ok && skipped[0] == '\0' && side < sides; side++) {
        struct stacks_start start = {.bench = *bench,
                                     .side = (enum side)side,
                                     .progress_done = 100 * side,
                                     .progress_total = 100 * sides};
        if (is_out_of_time(bench)) {
            snprintf(skipped, 512, "the time budget ended before it could begin");
            result->status = PASS_CUT;
        } else {
            ok = stacks_side(&start, result, skipped, err);
        }
    }
    if (ok && skipped[0] != '\0')
        explain_missing(bench, skipped);
    result->replicates = 1;
    result->conserved = METRIC_CPU_NS;
    return ok;
}

const struct pass pass_stacks = {"stacks", "CPU time by stack, sampled", stacks_settings,
                                 stacks_run, false};
