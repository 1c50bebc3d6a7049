/* The live pass: CPU time and latency of the gateway as it is. Driver, gateways and stand-ins share
 * one CPU; the lanes (head, base and, to know the noise, base again) take turns request by request
 * in random order; a replicate starts them all afresh. */
#include "rig/bench.h"

#include "base/clock.h"
#include "base/random.h"
#include "baselines/statistics.h"
#include "rig/lane.h"
#include "rig/machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum lane_role { LANE_HEAD, LANE_BASE, LANE_AGAIN, LANE_MAX };

#define TRIM           0.2  /* of the slices' log ratios, at either end */
#define STOLEN_LIMIT   0.05 /* of a replicate's time: more, and it is dropped, all lanes of it */
#define TICKS_FOR_SPLIT 20  /* samples of the kernel's tick before user and system are told apart */

static const char *const lane_names[LANE_MAX] = {"head-live", "base-live", "base-again-live"};

/* What one lane gave for one endpoint in one replicate, slice by slice. */
struct slices {
    double *cpu_ns;
    double *wall_ns;
};

struct live {
    struct bench *bench;
    size_t lanes_used;
    struct lane lanes[LANE_MAX];
    int64_t last_cpu_ns[LANE_MAX]; /* the reading after the lane's latest request */
    size_t pairs;                  /* slices of each endpoint in a replicate */
    size_t *schedule;              /* [endpoint][slice]: which item of the selection */
    size_t *order;                 /* endpoints, shuffled each round */
    struct slices *slices;         /* [endpoint][lane] */
    double *scratch;               /* `pairs` values */
    double *user_ticks_ns;         /* [endpoint]: of the head */
    double *ticks_ns;
    double *walls[SIDE_COUNT]; /* [endpoint][replicate][slice], for the 99th percentile */
    size_t replicates_most;
    size_t kept; /* replicates */
    struct random random;
    struct conservation conservation[SIDE_COUNT];
    int64_t requests;
};

static enum side side_of(enum lane_role role)
{
    return role == LANE_HEAD ? SIDE_HEAD : SIDE_BASE;
}

static struct slices *live_slices(const struct live *live, size_t endpoint, enum lane_role role)
{
    return &live->slices[endpoint * LANE_MAX + role];
}

/* Systematic sampling: slice t plays the exchange in which the cumulative share passes
 * (t + 1/2) / pairs, so that a plain mean over slices is the mean of the endpoint's traffic. */
static void live_plan_endpoint(const struct live *live, size_t endpoint)
{
    const struct selection *selection = live->bench->selection;
    const struct selected_endpoint *chosen = &selection->endpoints[endpoint];
    size_t at = 0;
    double passed = selection->items[chosen->first].share;
    for (size_t t = 0; t < live->pairs; t++) {
        double target = ((double)t + 0.5) / (double)live->pairs;
        while (passed < target && at + 1 < chosen->count)
            passed += selection->items[chosen->first + ++at].share;
        live->schedule[endpoint * live->pairs + t] = chosen->first + at;
    }
}

static bool live_allocate(struct live *live, struct arena *arena, struct error *err)
{
    size_t endpoints = live->bench->selection->endpoint_count;
    size_t cells = endpoints * live->pairs;
    live->schedule = arena_alloc_array(arena, cells, sizeof *live->schedule);
    live->order = arena_alloc_array(arena, endpoints, sizeof *live->order);
    live->slices = arena_alloc_array(arena, endpoints * LANE_MAX, sizeof *live->slices);
    live->scratch = arena_alloc_array(arena, live->pairs * live->replicates_most,
                                      sizeof *live->scratch);
    live->user_ticks_ns = arena_alloc_array(arena, endpoints, sizeof *live->user_ticks_ns);
    live->ticks_ns = arena_alloc_array(arena, endpoints, sizeof *live->ticks_ns);
    bool ok = live->schedule && live->order && live->slices && live->scratch &&
              live->user_ticks_ns && live->ticks_ns;
    for (size_t side = 0; ok && side < SIDE_COUNT; side++) {
        live->walls[side] = arena_alloc_array(arena, cells * live->replicates_most, sizeof(double));
        ok = live->walls[side] != NULL;
    }
    for (size_t i = 0; ok && i < endpoints * LANE_MAX; i++) {
        live->slices[i].cpu_ns = arena_alloc_array(arena, live->pairs, sizeof(double));
        live->slices[i].wall_ns = arena_alloc_array(arena, live->pairs, sizeof(double));
        ok = live->slices[i].cpu_ns != NULL && live->slices[i].wall_ns != NULL;
    }
    return ok || error_set_memory(err);
}

static bool samples_reserve(struct samples *samples, struct arena *arena, size_t most)
{
    samples->values = arena_alloc_array(arena, most, sizeof *samples->values);
    samples->count = 0;
    return samples->values != NULL;
}

/* Room in the run for every replicate that there may be. */
static bool live_prepare_run(const struct live *live, struct error *err)
{
    static const enum metric metrics[] = {METRIC_CPU_NS, METRIC_WALL_P50_NS, METRIC_WALL_P99_NS};
    struct run *run = live->bench->run;
    bool ok = true;
    for (size_t e = 0; e < run->endpoint_count && ok; e++) {
        struct figure *cpu = &run->endpoints[e].figures[METRIC_CPU_NS];
        for (size_t m = 0; m < COUNT_OF(metrics); m++)
            for (size_t side = 0; side < SIDE_COUNT && ok; side++)
                ok = !live->bench->sides[side].present ||
                     samples_reserve(&run->endpoints[e].figures[metrics[m]].side[side],
                                     &run->arena, live->replicates_most);
        if (ok && live->lanes_used > LANE_BASE)
            ok = samples_reserve(&cpu->log_ratio, &run->arena, live->replicates_most);
        if (ok && live->lanes_used > LANE_AGAIN)
            ok = samples_reserve(&cpu->aa_log_ratio, &run->arena, live->replicates_most);
    }
    for (size_t side = 0; side < SIDE_COUNT && ok; side++)
        ok = !live->bench->sides[side].present ||
             samples_reserve(&run->sides[side].peak_rss_bytes, &run->arena, live->replicates_most);
    return ok || error_set_memory(err);
}

static void shuffle(struct random *random, size_t *values, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below(random, i);
        size_t kept = values[i - 1];
        values[i - 1] = values[j];
        values[j] = kept;
    }
}

/* One request of one lane, read before and after. What the tree spent between the lane's requests
 * is charged to nobody. */
static bool live_measure(struct live *live, enum lane_role role, size_t endpoint, size_t slice,
                         struct error *err)
{
    struct lane *lane = &live->lanes[role];
    struct slices *out = live_slices(live, endpoint, role);
    size_t item = live->schedule[endpoint * live->pairs + slice];
    struct gateway_ticks before_ticks = {0}, after_ticks = {0};
    /* Every lane is read alike, though only the head's ticks are kept: reading costs cache. */
    gateway_read_ticks(lane->gateway, &before_ticks);
    int64_t before = gateway_read_cpu_ns(lane->gateway);
    if (!lane_send(lane, live->bench, endpoint, &live->bench->selection->items[item], err))
        return false;
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS);
    int64_t after = gateway_read_cpu_ns(lane->gateway);
    gateway_read_ticks(lane->gateway, &after_ticks);
    if (role == LANE_HEAD) {
        live->ticks_ns[endpoint] += (double)(after_ticks.all_ns - before_ticks.all_ns);
        live->user_ticks_ns[endpoint] += (double)(after_ticks.user_ns - before_ticks.user_ns);
    }
    out->cpu_ns[slice] = (double)(after - before);
    out->wall_ns[slice] = (double)lane->reply.wall_ns;
    if (role != LANE_AGAIN) {
        struct conservation *sum = &live->conservation[side_of(role)];
        sum->endpoints += (double)(after - before);
        sum->unattributed += (double)(before - live->last_cpu_ns[role]);
        live->requests++;
    }
    live->last_cpu_ns[role] = after;
    return true;
}

static bool live_play(struct live *live, struct error *err)
{
    size_t endpoints = live->bench->selection->endpoint_count;
    size_t turns[LANE_MAX];
    for (size_t slice = 0; slice < live->pairs; slice++) {
        shuffle(&live->random, live->order, endpoints);
        for (size_t i = 0; i < endpoints; i++) {
            for (size_t lane = 0; lane < live->lanes_used; lane++)
                turns[lane] = lane;
            shuffle(&live->random, turns, live->lanes_used);
            for (size_t turn = 0; turn < live->lanes_used; turn++)
                if (!live_measure(live, (enum lane_role)turns[turn], live->order[i], slice, err))
                    return false;
        }
    }
    return true;
}

static bool live_start_lanes(struct live *live, struct error *err)
{
    size_t turns[LANE_MAX];
    for (size_t lane = 0; lane < live->lanes_used; lane++)
        turns[lane] = lane;
    shuffle(&live->random, turns, live->lanes_used);
    for (size_t turn = 0; turn < live->lanes_used; turn++) {
        enum lane_role role = (enum lane_role)turns[turn];
        struct lane_options options = {
            .side = side_of(role), .name = lane_names[role], .slowness = 1};
        struct lane *lane = &live->lanes[role];
        if (!lane_start(lane, live->bench, &options, err) ||
            !lane_warm_up(lane, live->bench, 2, err))
            return false;
        live->last_cpu_ns[role] = gateway_read_full_cpu_ns(lane->gateway);
        if (role != LANE_AGAIN)
            live->conservation[side_of(role)].unattributed += (double)live->last_cpu_ns[role];
    }
    return true;
}

/* The trimmed mean of ln(numerator / base) over the slices. */
static double trimmed_log_ratio(struct live *live, const double *numerator, const double *base)
{
    size_t count = 0;
    for (size_t i = 0; i < live->pairs; i++)
        if (numerator[i] > 0 && base[i] > 0)
            live->scratch[count++] = log(numerator[i] / base[i]);
    statistics_sort_values(live->scratch, count);
    return count > 0 ? statistics_find_trimmed_mean(live->scratch, count, TRIM) : NAN;
}

static double median_of(struct live *live, const double *values, size_t count)
{
    memcpy(live->scratch, values, count * sizeof *values);
    statistics_sort_values(live->scratch, count);
    return statistics_find_median(live->scratch, count);
}

static void samples_add(struct samples *samples, double value)
{
    samples->values[samples->count++] = value;
}

static void live_keep_endpoint(struct live *live, size_t endpoint)
{
    struct figure *figures = live->bench->run->endpoints[endpoint].figures;
    const struct slices *base = live_slices(live, endpoint, LANE_BASE);
    for (size_t role = 0; role < live->lanes_used && role < LANE_AGAIN; role++) {
        enum side side = side_of((enum lane_role)role);
        const struct slices *mine = live_slices(live, endpoint, (enum lane_role)role);
        size_t cell = (endpoint * live->replicates_most + live->kept) * live->pairs;
        samples_add(&figures[METRIC_CPU_NS].side[side],
                    statistics_find_mean(mine->cpu_ns, live->pairs));
        samples_add(&figures[METRIC_WALL_P50_NS].side[side],
                    median_of(live, mine->wall_ns, live->pairs));
        memcpy(live->walls[side] + cell, mine->wall_ns, live->pairs * sizeof(double));
    }
    if (live->lanes_used > LANE_BASE)
        samples_add(&figures[METRIC_CPU_NS].log_ratio,
                    trimmed_log_ratio(live, live_slices(live, endpoint, LANE_HEAD)->cpu_ns,
                                      base->cpu_ns));
    if (live->lanes_used > LANE_AGAIN)
        samples_add(&figures[METRIC_CPU_NS].aa_log_ratio,
                    trimmed_log_ratio(live, live_slices(live, endpoint, LANE_AGAIN)->cpu_ns,
                                      base->cpu_ns));
}

static void live_keep_replicate(struct live *live)
{
    struct run *run = live->bench->run;
    for (size_t e = 0; e < run->endpoint_count; e++)
        live_keep_endpoint(live, e);
    for (size_t role = 0; role < live->lanes_used && role < LANE_AGAIN; role++)
        samples_add(&run->sides[side_of((enum lane_role)role)].peak_rss_bytes,
                    (double)gateway_peak_rss_bytes(live->lanes[role].gateway));
    live->kept++;
}

static bool live_replicate(struct live *live, bool *stolen, struct error *err)
{
    int64_t started = clock_monotonic_ns();
    int64_t stolen_ns = machine_stolen_ns(live->bench->cpu);
    bool ok = live_start_lanes(live, err) && live_play(live, err);
    if (ok) {
        double spent = (double)(clock_monotonic_ns() - started);
        *stolen = (double)(machine_stolen_ns(live->bench->cpu) - stolen_ns) > STOLEN_LIMIT * spent;
        if (!*stolen)
            live_keep_replicate(live);
    }
    for (size_t role = 0; role < live->lanes_used; role++) {
        int64_t total = 0;
        bool counted = live->lanes[role].gateway != NULL && role < LANE_AGAIN;
        lane_stop(&live->lanes[role], &total);
        if (counted) {
            struct conservation *sum = &live->conservation[side_of((enum lane_role)role)];
            sum->total += (double)total;
            /* Shutting down is charged to nobody as well. */
            sum->unattributed += (double)(total - live->last_cpu_ns[role]);
        }
    }
    return ok;
}

/* Percentiles of few slices are noise, so the 99th is taken over all replicates at once. */
static void live_finish(struct live *live)
{
    struct run *run = live->bench->run;
    for (size_t e = 0; e < run->endpoint_count; e++) {
        for (size_t side = 0; side < SIDE_COUNT; side++) {
            struct samples *p99 = &run->endpoints[e].figures[METRIC_WALL_P99_NS].side[side];
            size_t count = live->kept * live->pairs;
            if (p99->values == NULL || count == 0)
                continue;
            memcpy(live->scratch, live->walls[side] + e * live->replicates_most * live->pairs,
                   count * sizeof(double));
            statistics_sort_values(live->scratch, count);
            samples_add(p99, statistics_find_quantile(live->scratch, count, 0.99));
        }
        double enough = TICKS_FOR_SPLIT * (double)machine_tick_ns();
        if (live->ticks_ns[e] >= enough)
            run->endpoints[e].user_share = live->user_ticks_ns[e] / live->ticks_ns[e];
    }
}

static bool live_run_replicates(struct live *live, struct pass_result *result, struct error *err)
{
    size_t wanted = (size_t)live->bench->config->live.replicates;
    while (live->kept < wanted && live->kept + (size_t)result->dropped < live->replicates_most) {
        bool stolen = false;
        progress_update(live->bench->progress, live->kept, wanted);
        if (live->bench->deadline_ns > 0 && clock_monotonic_ns() > live->bench->deadline_ns)
            break;
        if (!live_replicate(live, &stolen, err))
            return false;
        result->dropped += stolen;
    }
    return true;
}

static bool live_run(struct bench *bench, struct pass_result *result, char skipped[512],
                     struct error *err)
{
    struct arena arena;
    bool ok = false;
    size_t wanted = (size_t)bench->config->live.replicates;
    struct live live = {.bench = bench,
                        .pairs = (size_t)bench->config->live.rounds,
                        .lanes_used = !bench->sides[SIDE_BASE].present ? 1 : bench->a_a ? 3 : 2,
                        .replicates_most = wanted + wanted / 2};
    (void)skipped; /* this pass applies to every gateway */
    arena_init(&arena);
    random_seed(&live.random, bench->run->seed);
    if (!live_allocate(&live, &arena, err) || !live_prepare_run(&live, err))
        goto out;
    for (size_t e = 0; e < bench->selection->endpoint_count; e++) {
        live.order[e] = e;
        live_plan_endpoint(&live, e);
    }
    if (!live_run_replicates(&live, result, err))
        goto out;
    live_finish(&live);
    result->replicates = (int64_t)live.kept;
    result->requests = live.requests;
    result->conserved = METRIC_CPU_NS;
    memcpy(result->conservation, live.conservation, sizeof live.conservation);
    ok = true;
out:
    arena_release(&arena);
    return ok;
}

static const struct pass_settings *live_settings(const struct config *config)
{
    return &config->live;
}

const struct pass pass_live = {"live", "CPU time, latency and peak memory of the gateway as it is",
                               live_settings, live_run};
