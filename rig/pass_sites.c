/* Allocations by call site: one start of each side with the agent keeping stacks. */
#include "rig/bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "rig/agent_map.h"
#include "rig/lane.h"
#include "rig/lines_plan.h"
#include "rig/sampler.h"
#include "rig/site_profile.h"

#include <stdio.h>
#include <string.h>

/* One start of one side. */
struct sites_start {
    struct bench *bench;
    enum side side;
    const struct pass_settings *settings;
    struct arena arena;
    struct lines_plan plan;
    struct lane lane;
    struct agent_preload *preload;
    struct site_counts *counts;
    struct site_profile *profile;
    struct conservation conservation; /* allocations */
    int64_t requests;
    size_t done; /* exchanges, for the progress */
    bool out_of_time;
};

static const struct pass_settings *sites_settings(const struct config *config)
{
    return &config->sites;
}

static bool is_out_of_time(const struct bench *bench)
{
    return bench->counting_deadline_ns > 0 && clock_monotonic_ns() > bench->counting_deadline_ns;
}

static bool send(struct sites_start *start, size_t endpoint, const struct selected *item,
                 struct error *err)
{
    if (!lane_send(&start->lane, start->bench, endpoint, item, err))
        return false;
    gateway_settle(start->lane.gateway, LANE_SETTLE_LIMIT_MS * sampler_agent.slowness);
    return true;
}

static void sum_part(const struct site_part *part, double *sum)
{
    for (size_t i = 0; i < part->count; i++)
        *sum += (double)part->deltas[i].allocations;
}

/* One exchange, repeated after one that is not measured: as in the alloc pass, each finds the
 * gateway as the same request left it. */
static bool play_exchange(struct sites_start *start, size_t endpoint, int half,
                          const struct lines_exchange *exchange, struct error *err)
{
    struct site_part part;
    int rounds = start->settings->rounds;
    if (!lane_prepare(&start->lane, start->bench, exchange->item, (size_t)rounds + 1, err) ||
        !send(start, endpoint, exchange->item, err) || !site_counts_look(start->counts, &part, err))
        return false;
    sum_part(&part, &start->conservation.unattributed);
    for (int round = 0; round < rounds; round++)
        if (!send(start, endpoint, exchange->item, err))
            return false;
    if (!site_counts_look(start->counts, &part, err))
        return false;
    sum_part(&part, &start->conservation.endpoints);
    start->requests += rounds;
    return site_profile_add(start->profile, endpoint, half, exchange->share, rounds, &part, err);
}

static bool play_half(struct sites_start *start, const struct lines_group *groups, size_t count,
                      int half, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < groups[i].count; k++) {
            start->out_of_time = is_out_of_time(start->bench);
            if (start->out_of_time)
                return true;
            if (!play_exchange(start, groups[i].endpoint, half, &groups[i].exchanges[k], err))
                return false;
            progress_update(start->bench->progress, ++start->done,
                            SITE_HALVES * start->plan.exchange_count);
        }
    }
    return true;
}

/* The groups of an endpoint follow each other. */
static bool play_endpoints(struct sites_start *start, struct error *err)
{
    const struct lines_plan *plan = &start->plan;
    for (size_t first = 0; first < plan->count;) {
        size_t end = first;
        while (end < plan->count && plan->groups[end].endpoint == plan->groups[first].endpoint)
            end++;
        for (int half = 0; half < SITE_HALVES; half++)
            if (!play_half(start, &plan->groups[first], end - first, half, err) ||
                start->out_of_time)
                return start->out_of_time;
        site_profile_read_maps(start->profile, start->lane.gateway, false);
        first = end;
    }
    return true;
}

/* From the start on, so that blocks from before the first request are known when they are freed. */
static bool play_all(struct sites_start *start, char skipped[512], struct error *err)
{
    struct site_part part;
    if (!site_counts_look(start->counts, &part, err) ||
        !site_profile_add_start(start->profile, &part, err))
        return false;
    sum_part(&part, &start->conservation.unattributed);
    site_profile_read_maps(start->profile, start->lane.gateway, false);
    if (!lane_warm_up(&start->lane, start->bench, 1, err))
        return false;
    const char *blind = agent_preload_blind(start->preload);
    if (blind != NULL) {
        snprintf(skipped, 512, "%s", blind);
        return true;
    }
    if (!play_endpoints(start, err))
        return false;
    site_profile_read_maps(start->profile, start->lane.gateway, true);
    return true;
}

/* What the stop allocated is nobody's, too. */
static bool finish(struct sites_start *start, struct error *err)
{
    struct site_part part;
    struct agent_totals totals;
    lane_stop(&start->lane, NULL);
    if (!site_counts_look(start->counts, &part, err))
        return false;
    sum_part(&part, &start->conservation.unattributed);
    agent_wire_sum(agent_preload_map(start->preload), &totals);
    start->conservation.total = (double)totals.allocations;
    return site_profile_finish(start->profile, &totals, err);
}

static bool start_side(struct sites_start *start, char skipped[512], struct error *err)
{
    struct bench *bench = start->bench;
    char name[64];
    snprintf(name, sizeof name, "%s-sites", start->side == SIDE_HEAD ? "head" : "base");
    const char *folder = arena_format(&start->arena, "%s/%s", bench->scratch_folder, name);
    if (folder == NULL)
        return error_set_memory(err);
    if (!file_make_directories(folder, err) ||
        !agent_preload_new(&start->preload, folder, AGENT_WIRE_DEFAULT_NODES, skipped, err))
        return false;
    if (start->preload == NULL)
        return true;
    struct lane_options options = {.side = start->side,
                                   .name = name,
                                   .environment = agent_preload_environment(start->preload),
                                   .slowness = sampler_agent.slowness};
    return site_counts_new(&start->counts, agent_preload_map(start->preload),
                           AGENT_WIRE_DEFAULT_NODES, err) &&
           site_profile_new(&start->profile, bench, start->side, start->counts, err) &&
           lane_start(&start->lane, bench, &options, err) && play_all(start, skipped, err);
}

static bool sites_side(struct bench *bench, enum side side, struct pass_result *result,
                       char skipped[512], struct error *err)
{
    struct sites_start start = {.bench = bench, .side = side, .settings = &bench->config->sites};
    arena_init(&start.arena);
    bool ok = lines_plan_make(&start.plan, bench->selection, start.settings, &start.arena, err) &&
              start_side(&start, skipped, err);
    if (ok && start.out_of_time) {
        snprintf(skipped, 512, "its half of the time budget ended before one start was complete");
        result->status = PASS_CUT;
    }
    if (ok && skipped[0] == '\0')
        ok = finish(&start, err);
    result->requests += start.requests;
    result->conservation[side] = start.conservation;
    lane_stop(&start.lane, NULL);
    site_profile_free(start.profile);
    site_counts_free(start.counts);
    agent_preload_free(start.preload);
    arena_release(&start.arena);
    return ok;
}

static void explain_missing(struct bench *bench, const char *why)
{
    for (size_t side = 0; side < SIDE_COUNT; side++)
        if (bench->sides[side].present)
            bench->run->profiles[PROFILE_ALLOC][side] =
                (struct profile){.missing = arena_copy_string(&bench->run->arena, why)};
}

static bool sites_run(struct bench *bench, struct pass_result *result, char skipped[512],
                      struct error *err)
{
    bool ok = true;
    for (size_t side = 0; ok && skipped[0] == '\0' && side < SIDE_COUNT; side++)
        if (bench->sides[side].present)
            ok = sites_side(bench, (enum side)side, result, skipped, err);
    if (ok && skipped[0] != '\0')
        explain_missing(bench, skipped);
    result->replicates = 1;
    result->conserved = METRIC_ALLOCATIONS;
    return ok;
}

const struct pass pass_sites = {"sites", "allocations by call site, by the preloaded agent",
                                sites_settings, sites_run, .explains_counts = true};
