/* Instructions and executions by line: one start under callgrind that dumps its counts after each
 * group of exchanges. */
#include "rig/bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "rig/lines_play.h"
#include "rig/lines_result.h"
#include "rig/sampler.h"

#include <stdio.h>
#include <string.h>

/* One start of one side. */
struct lines_start {
    struct bench *bench;
    enum side side;
    const struct pass_settings *settings;
    struct arena arena;
    struct lines_plan plan;
    struct lane lane;
    struct lines_play play;
    struct lines_result *result;
    bool out_of_time;
};

static const struct pass_settings *lines_settings(const struct config *config)
{
    return &config->lines;
}

static bool is_out_of_time(const struct bench *bench)
{
    return bench->counting_deadline_ns > 0 && clock_monotonic_ns() > bench->counting_deadline_ns;
}

static bool discard(void *owner, const struct lines_group *group, const struct lines_part *part,
                    struct error *err)
{
    return lines_result_add_unmeasured(owner, group->endpoint, part, err);
}

/* What was executed before the first request and on the first ones, and what a dump alone
 * causes. */
static bool play_start(struct lines_start *start, struct error *err)
{
    struct lines_part part = {0}, warm_up = {0};
    bool ok = lines_play_take(&start->play, &part, err) &&
              lines_result_add_start(start->result, &part, err) &&
              lane_warm_up(&start->lane, start->bench, 1, err) &&
              lines_play_take(&start->play, &warm_up, err) &&
              lines_result_add_warm_up(start->result, &warm_up, err);
    lines_part_release(&part);
    lines_part_release(&warm_up);
    for (int i = 0; ok && i < 2; i++)
        ok = lines_play_measure_wake(&start->play, err);
    return ok;
}

static bool play_groups(struct lines_start *start, struct pass_result *result, struct error *err)
{
    struct bench *bench = start->bench;
    for (size_t i = 0; i < start->plan.count; i++) {
        struct lines_played played;
        start->out_of_time = is_out_of_time(bench);
        if (start->out_of_time)
            return true;
        bool ok = lines_play_group(&start->play, &start->plan.groups[i], &played, err) &&
                  lines_result_add_group(start->result, &start->plan.groups[i], &played, err);
        lines_part_release(&played.part);
        if (!ok)
            return false;
        progress_update(bench->progress, i + 1, start->plan.count);
    }
    result->requests += start->play.requests;
    return true;
}

/* Stopping runs code that nothing else does. */
static bool play_stop(struct lines_start *start, struct error *err)
{
    struct lines_part part = {0};
    lane_stop(&start->lane, NULL);
    bool ok = lines_play_take_rest(&start->play, &part, err) &&
              lines_result_add_start(start->result, &part, err);
    lines_part_release(&part);
    return ok;
}

static bool play_all(struct lines_start *start, struct pass_result *result, char skipped[512],
                     struct error *err)
{
    struct process_tree tree;
    struct callgrind_counts counts;
    gateway_read_tree(start->lane.gateway, &tree);
    if (!callgrind_read(start->play.callgrind, tree.pids, tree.count, 20000, &counts, err))
        return false;
    if (counts.processes == 0) {
        snprintf(skipped, 512, "no process of the gateway runs under valgrind");
        return true;
    }
    return lines_result_begin(start->result, tree.pids[0], err) && play_start(start, err) &&
           play_groups(start, result, err) && play_stop(start, err);
}

static bool start_side(struct lines_start *start, struct pass_result *result, char skipped[512],
                       struct error *err)
{
    struct bench *bench = start->bench;
    const char *side = start->side == SIDE_HEAD ? "head" : "base";
    char name[64];
    snprintf(name, sizeof name, "%s-lines", side);
    const char *folder = arena_format(&start->arena, "%s/%s", bench->scratch_folder, name);
    struct lane_options options = {.side = start->side,
                                   .name = name,
                                   .environment = sampler_callgrind.environment(NULL),
                                   .slowness = sampler_callgrind.slowness};
    if (folder == NULL)
        return error_set_memory(err);
    start->play = (struct lines_play){.bench = bench,
                                      .lane = &start->lane,
                                      .folder = folder,
                                      .rounds = start->settings->rounds,
                                      .slowness = sampler_callgrind.slowness};
    if (!file_make_directories(folder, err) ||
        !callgrind_new(&start->play.callgrind, folder, CALLGRIND_LINES, bench->interrupt, err) ||
        !lines_result_new(&start->result, bench, start->side, err))
        return false;
    start->play.profile = lines_result_profile(start->result);
    start->play.owner = start->result;
    start->play.discard = discard;
    options.prefix = callgrind_arguments(start->play.callgrind);
    return lane_start(&start->lane, bench, &options, err) && play_all(start, result, skipped, err);
}

static bool lines_side(struct bench *bench, enum side side, struct pass_result *result,
                       char skipped[512], struct error *err)
{
    struct lines_start start = {.bench = bench, .side = side, .settings = &bench->config->lines};
    arena_init(&start.arena);
    bool ok = lines_plan_make(&start.plan, bench->selection, start.settings, &start.arena, err) &&
              start_side(&start, result, skipped, err);
    if (ok && start.out_of_time) {
        snprintf(skipped, 512, "its half of the time budget ended before one start was complete");
        result->status = PASS_CUT;
    }
    if (ok && skipped[0] == '\0')
        ok = lines_result_finish(start.result, &start.play, err);
    lane_stop(&start.lane, NULL);
    lines_play_release(&start.play);
    callgrind_free(start.play.callgrind);
    lines_result_free(start.result);
    arena_release(&start.arena);
    return ok;
}

static void explain_missing(struct bench *bench, const char *why)
{
    for (size_t side = 0; side < SIDE_COUNT; side++) {
        struct profile *profile = &bench->run->profiles[PROFILE_LINES][side];
        if (bench->sides[side].present && !profile->present)
            *profile = (struct profile){.missing = arena_copy_string(&bench->run->arena, why)};
    }
}

/* What callgrind does not tell, or we do not understand, is no reason to measure nothing else. */
static bool is_untold(struct error *err, char skipped[512])
{
    if (err->code != ERROR_INPUT && err->code != ERROR_MEASUREMENT)
        return false;
    const char *name = strrchr(err->where, '/');
    if (err->code == ERROR_INPUT)
        snprintf(skipped, 512, "what callgrind dumped cannot be read: %.300s (%.100s)", err->text,
                 name != NULL ? name + 1 : err->where);
    else
        snprintf(skipped, 512, "%.500s", err->text);
    error_clear(err);
    return true;
}

static bool lines_run(struct bench *bench, struct pass_result *result, char skipped[512],
                      struct error *err)
{
    char version[64];
    struct error missing = {0};
    bool ok = true;
    if (!callgrind_find(version, sizeof version, &missing))
        snprintf(skipped, 512, "%.500s", missing.text);
    for (size_t side = 0; ok && skipped[0] == '\0' && side < SIDE_COUNT; side++)
        if (bench->sides[side].present)
            ok =
                lines_side(bench, (enum side)side, result, skipped, err) || is_untold(err, skipped);
    if (ok && skipped[0] != '\0')
        explain_missing(bench, skipped);
    result->replicates = 1;
    return ok;
}

const struct pass pass_lines = {"lines", "instructions and executions by line, under callgrind",
                                lines_settings, lines_run, .explains_counts = true};
