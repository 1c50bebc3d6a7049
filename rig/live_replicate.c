#include "rig/live_replicate.h"

#include "base/clock.h"
#include "base/random.h"
#include "baselines/statistics.h"
#include "rig/lane.h"
#include "rig/machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIM         0.2  /* of the slices' log ratios, at either end */
#define STOLEN_LIMIT 0.05 /* of a replicate's time: more, and it is dropped, both lanes of it */

/* A replicate while it runs. */
struct playing {
    struct replicate *out;
    struct bench *bench;
    struct random random;
    struct arena arena;
    size_t lane_count;
    struct lane lanes[REPLICATE_LANES];
    int64_t last_cpu_ns[REPLICATE_LANES]; /* the reading after the lane's latest request */
    size_t *schedule;                     /* [endpoint * pairs + slice]: item of the selection */
    size_t *order;                        /* open endpoints, shuffled each round */
    size_t open_count;
    double *cpu_ns[REPLICATE_LANES]; /* [endpoint * pairs + slice] */
    double *scratch;                 /* `pairs` values */
};

enum side replicate_side(enum replicate_kind kind, size_t lane)
{
    return kind == REPLICATE_NOISE || lane > 0 ? SIDE_BASE : SIDE_HEAD;
}

/* Systematic sampling: slice t plays the exchange in which the cumulative share passes
 * (t + 1/2) / pairs, so that a plain mean over slices is the mean of the endpoint's traffic. */
static void plan_endpoint(const struct playing *playing, size_t endpoint)
{
    const struct selection *selection = playing->bench->selection;
    const struct selected_endpoint *chosen = &selection->endpoints[endpoint];
    size_t pairs = playing->out->pairs, at = 0;
    double passed = selection->items[chosen->first].share;
    for (size_t t = 0; t < pairs; t++) {
        double target = ((double)t + 0.5) / (double)pairs;
        while (passed < target && at + 1 < chosen->count)
            passed += selection->items[chosen->first + ++at].share;
        playing->schedule[endpoint * pairs + t] = chosen->first + at;
    }
}

static bool plan(struct playing *playing, struct error *err)
{
    size_t endpoints = playing->bench->selection->endpoint_count;
    size_t cells = endpoints * playing->out->pairs;
    struct arena *arena = &playing->arena;
    playing->schedule = arena_alloc_array(arena, cells, sizeof *playing->schedule);
    playing->order = arena_alloc_array(arena, endpoints, sizeof *playing->order);
    playing->scratch = arena_alloc_array(arena, playing->out->pairs, sizeof *playing->scratch);
    bool ok = playing->schedule != NULL && playing->order != NULL && playing->scratch != NULL;
    for (size_t lane = 0; ok && lane < REPLICATE_LANES; lane++) {
        playing->cpu_ns[lane] = arena_alloc_array(arena, cells, sizeof(double));
        ok = playing->cpu_ns[lane] != NULL;
    }
    if (!ok)
        return error_set_memory(err);
    for (size_t e = 0; e < endpoints; e++) {
        if (playing->out->open != NULL && !playing->out->open[e])
            continue;
        playing->order[playing->open_count++] = e;
        plan_endpoint(playing, e);
    }
    return true;
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

/* The lanes in random order. */
static void take_turns(struct playing *playing, size_t turns[REPLICATE_LANES])
{
    for (size_t lane = 0; lane < REPLICATE_LANES; lane++)
        turns[lane] = lane;
    shuffle(&playing->random, turns, playing->lane_count);
}

/* One request of one lane, read before and after. What the tree spent between the lane's requests
 * is charged to nobody. */
static bool measure(struct playing *playing, size_t which, size_t endpoint, size_t slice,
                    struct error *err)
{
    struct lane *lane = &playing->lanes[which];
    struct replicate_endpoint *out = &playing->out->endpoints[endpoint];
    struct conservation *sum = &playing->out->conservation[which];
    size_t cell = endpoint * playing->out->pairs + slice;
    const struct selected *item = &playing->bench->selection->items[playing->schedule[cell]];
    struct gateway_ticks before_ticks, after_ticks;
    if (!lane_prepare(lane, playing->bench, item, 1, err))
        return false;
    /* Every lane is read alike, though only the first's ticks are kept: reading costs cache. */
    gateway_read_ticks(lane->gateway, &before_ticks);
    int64_t before = gateway_read_cpu_ns(lane->gateway);
    if (!lane_send(lane, playing->bench, endpoint, item, err))
        return false;
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS);
    int64_t after = gateway_read_cpu_ns(lane->gateway);
    gateway_read_ticks(lane->gateway, &after_ticks);
    if (which == 0) {
        out->ticks_ns += (double)(after_ticks.all_ns - before_ticks.all_ns);
        out->user_ticks_ns += (double)(after_ticks.user_ns - before_ticks.user_ns);
    }
    playing->cpu_ns[which][cell] = (double)(after - before);
    playing->out->wall_ns[which][cell] = (double)lane->reply.wall_ns;
    sum->endpoints += (double)(after - before);
    sum->unattributed += (double)(before - playing->last_cpu_ns[which]);
    sum->between += (double)(before - playing->last_cpu_ns[which]);
    playing->last_cpu_ns[which] = after;
    playing->out->requests++;
    return true;
}

static bool play(struct playing *playing, struct error *err)
{
    size_t turns[REPLICATE_LANES];
    for (size_t slice = 0; slice < playing->out->pairs; slice++) {
        shuffle(&playing->random, playing->order, playing->open_count);
        for (size_t i = 0; i < playing->open_count; i++) {
            take_turns(playing, turns);
            for (size_t turn = 0; turn < playing->lane_count; turn++)
                if (!measure(playing, turns[turn], playing->order[i], slice, err))
                    return false;
        }
    }
    return true;
}

static bool start_lanes(struct playing *playing, struct error *err)
{
    static const char *const names[][REPLICATE_LANES] = {
        {"head", ""}, {"head", "base"}, {"base-first", "base-second"}};
    size_t turns[REPLICATE_LANES];
    take_turns(playing, turns);
    for (size_t turn = 0; turn < playing->lane_count; turn++) {
        size_t which = turns[turn];
        char name[64];
        snprintf(name, sizeof name, "%s-live-cpu%d", names[playing->out->kind][which],
                 playing->bench->cpu);
        struct lane_options options = {
            .side = replicate_side(playing->out->kind, which), .name = name, .slowness = 1};
        struct lane *lane = &playing->lanes[which];
        if (!lane_start(lane, playing->bench, &options, err) ||
            !lane_warm_up(lane, playing->bench, 1, err))
            return false;
        playing->last_cpu_ns[which] = gateway_read_full_cpu_ns(lane->gateway);
        playing->out->conservation[which].unattributed += (double)playing->last_cpu_ns[which];
    }
    return true;
}

static double trimmed_log_ratio(struct playing *playing, size_t endpoint)
{
    size_t count = 0, first = endpoint * playing->out->pairs;
    for (size_t cell = first; cell < first + playing->out->pairs; cell++)
        if (playing->cpu_ns[0][cell] > 0 && playing->cpu_ns[1][cell] > 0)
            playing->scratch[count++] = log(playing->cpu_ns[0][cell] / playing->cpu_ns[1][cell]);
    statistics_sort_values(playing->scratch, count);
    return count > 0 ? statistics_find_trimmed_mean(playing->scratch, count, TRIM) : NAN;
}

static void summarise(struct playing *playing)
{
    size_t pairs = playing->out->pairs;
    for (size_t i = 0; i < playing->open_count; i++) {
        size_t endpoint = playing->order[i];
        struct replicate_endpoint *out = &playing->out->endpoints[endpoint];
        for (size_t lane = 0; lane < playing->lane_count; lane++) {
            const double *walls = playing->out->wall_ns[lane] + endpoint * pairs;
            out->cpu_ns[lane] =
                statistics_find_mean(playing->cpu_ns[lane] + endpoint * pairs, pairs);
            memcpy(playing->scratch, walls, pairs * sizeof *walls);
            statistics_sort_values(playing->scratch, pairs);
            out->wall_p50_ns[lane] = statistics_find_median(playing->scratch, pairs);
        }
        if (playing->lane_count == REPLICATE_LANES)
            out->log_ratio = trimmed_log_ratio(playing, endpoint);
    }
    for (size_t lane = 0; lane < playing->lane_count; lane++)
        playing->out->peak_rss_bytes[lane] =
            (double)gateway_peak_rss_bytes(playing->lanes[lane].gateway);
}

/* What the gateways spent on their way down is charged to nobody; it is measured like the rest and
 * held against the kernel's own account, not made up from the difference. */
static void stop_lanes(struct playing *playing)
{
    for (size_t lane = 0; lane < playing->lane_count; lane++) {
        struct gateway_account account = {0};
        struct conservation *sum = &playing->out->conservation[lane];
        bool ran = playing->lanes[lane].gateway != NULL;
        lane_stop(&playing->lanes[lane], &account);
        if (!ran)
            continue;
        sum->total += (double)account.total_ns;
        sum->unattributed += (double)(account.clock_ns - playing->last_cpu_ns[lane]);
    }
}

bool replicate_init(struct replicate *replicate, const struct bench *bench, struct arena *arena,
                    struct error *err)
{
    size_t endpoints = bench->selection->endpoint_count;
    *replicate = (struct replicate){.pairs = (size_t)bench->config->live.rounds};
    replicate->endpoints = arena_alloc_array(arena, endpoints, sizeof *replicate->endpoints);
    bool ok = replicate->endpoints != NULL;
    for (size_t lane = 0; ok && lane < REPLICATE_LANES; lane++) {
        replicate->wall_ns[lane] =
            arena_alloc_array(arena, endpoints * replicate->pairs, sizeof(double));
        ok = replicate->wall_ns[lane] != NULL;
    }
    return ok || error_set_memory(err);
}

static void forget_last_run(struct replicate *replicate, size_t endpoints)
{
    replicate->ok = replicate->stolen = false;
    replicate->requests = 0;
    error_clear(&replicate->err);
    memset(replicate->conservation, 0, sizeof replicate->conservation);
    for (size_t e = 0; e < endpoints; e++)
        replicate->endpoints[e] = (struct replicate_endpoint){
            .cpu_ns = {NAN, NAN}, .wall_p50_ns = {NAN, NAN}, .log_ratio = NAN};
}

void replicate_run(struct replicate *replicate, struct bench *bench)
{
    struct playing playing = {
        .out = replicate, .bench = bench, .lane_count = replicate->kind == REPLICATE_ALONE ? 1 : 2};
    forget_last_run(replicate, bench->selection->endpoint_count);
    arena_init(&playing.arena);
    random_seed(&playing.random, replicate->seed);
    int64_t started_ns = clock_monotonic_ns();
    int64_t stolen_ns = machine_stolen_ns(bench->cpu);
    replicate->ok = plan(&playing, &replicate->err) && start_lanes(&playing, &replicate->err) &&
                    play(&playing, &replicate->err);
    if (replicate->ok) {
        double spent = (double)(clock_monotonic_ns() - started_ns);
        stolen_ns = machine_stolen_ns(bench->cpu) - stolen_ns;
        replicate->stolen = (double)stolen_ns > STOLEN_LIMIT * spent;
        summarise(&playing);
    }
    stop_lanes(&playing);
    arena_release(&playing.arena);
}
