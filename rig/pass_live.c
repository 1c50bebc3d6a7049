/* The live pass: CPU time and latency of the gateway as it is, in replicates that are decided upon
 * at looks planned beforehand; endpoints that are clear by then need no more. */
#include "rig/bench.h"

#include "base/clock.h"
#include "baselines/decide.h"
#include "baselines/statistics.h"
#include "rig/live_replicate.h"
#include "rig/machine.h"
#include "rig/standins.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS_FOR_SPLIT = 20 }; /* samples before user and system time are told apart */

/* Replicates run side by side, one a CPU, each with stand-ins of its own on that CPU. */
struct worker {
    struct bench bench;           /* the pass's own but for cpu and stand-ins */
    struct standin_set *standins; /* NULL: those of the pass */
    struct replicate replicate;
};

struct live {
    struct bench *bench;
    struct pass_result *result;
    struct arena arena;
    struct worker workers[LIVE_WORKERS_MAX];
    size_t worker_count;
    enum replicate_kind kind;
    size_t looks[LIVE_LOOKS_MAX];
    size_t look_count;
    size_t most;       /* replicates of a kind, dropped ones not counted */
    size_t kept;       /* of `kind` */
    size_t noise_kept; /* of REPLICATE_NOISE */
    uint64_t started;  /* replicates of either kind: numbers their seeds */
    bool *open;        /* [endpoint] */
    struct sequential_plan plan;
    struct cpu_decision *decisions;
    double *ticks_ns, *user_ticks_ns; /* [endpoint]: of the head */
    double *walls[SIDE_COUNT];        /* [endpoint][replicate][slice], for the 99th percentile */
    size_t *wall_replicates;          /* [endpoint]: how many are there */
    bool out_of_time;
};

static bool reserve(struct samples *samples, struct arena *arena, size_t most)
{
    samples->values = arena_alloc_array(arena, most, sizeof *samples->values);
    samples->count = 0;
    return samples->values != NULL;
}

/* Room in the run for every replicate that there may be. */
static bool reserve_run(const struct live *live, struct error *err)
{
    static const enum metric metrics[] = {METRIC_CPU_NS, METRIC_WALL_P50_NS, METRIC_WALL_P99_NS};
    struct run *run = live->bench->run;
    bool ok = true;
    for (size_t e = 0; e < run->endpoint_count && ok; e++) {
        struct figure *cpu = &run->endpoints[e].figures[METRIC_CPU_NS];
        for (size_t m = 0; m < COUNT_OF(metrics); m++)
            for (size_t side = 0; side < SIDE_COUNT && ok; side++)
                ok = !live->bench->sides[side].present ||
                     reserve(&run->endpoints[e].figures[metrics[m]].side[side], &run->arena,
                             live->most);
        if (ok && live->kind == REPLICATE_CHANGE)
            ok = reserve(&cpu->log_ratio, &run->arena, live->most) &&
                 reserve(&cpu->aa_log_ratio, &run->arena, live->most);
    }
    for (size_t side = 0; side < SIDE_COUNT && ok; side++)
        ok = !live->bench->sides[side].present ||
             reserve(&run->sides[side].peak_rss_bytes, &run->arena, live->most);
    return ok || error_set_memory(err);
}

static bool reserve_own(struct live *live, struct error *err)
{
    size_t endpoints = live->bench->selection->endpoint_count;
    size_t cells = endpoints * live->most * (size_t)live->bench->config->live.rounds;
    live->open = arena_alloc_array(&live->arena, endpoints, sizeof *live->open);
    live->decisions = arena_alloc_array(&live->arena, endpoints, sizeof *live->decisions);
    live->ticks_ns = arena_alloc_array(&live->arena, endpoints, sizeof *live->ticks_ns);
    live->user_ticks_ns = arena_alloc_array(&live->arena, endpoints, sizeof *live->user_ticks_ns);
    live->wall_replicates =
        arena_alloc_array(&live->arena, endpoints, sizeof *live->wall_replicates);
    bool ok = live->open != NULL && live->decisions != NULL && live->ticks_ns != NULL &&
              live->user_ticks_ns != NULL && live->wall_replicates != NULL;
    for (size_t side = 0; ok && side < SIDE_COUNT; side++) {
        live->walls[side] = arena_alloc_array(&live->arena, cells, sizeof(double));
        ok = live->walls[side] != NULL;
    }
    for (size_t e = 0; ok && e < endpoints; e++)
        live->open[e] = true;
    return ok || error_set_memory(err);
}

/* A worker beyond the first gets stand-ins that answer on its own CPU: threads inherit the CPU of
 * the one that starts them. */
static bool add_worker(struct live *live, int cpu, struct error *err)
{
    struct worker *worker = &live->workers[live->worker_count];
    const struct bench *bench = live->bench;
    worker->bench = *bench;
    worker->bench.cpu = cpu;
    worker->standins = NULL;
    if (!replicate_init(&worker->replicate, bench, &live->arena, err))
        return false;
    live->worker_count++;
    if (cpu == bench->cpu)
        return true;
    bool pinned = machine_pin(cpu);
    bool ok = pinned && standins_start(&worker->standins, bench, err);
    if (!machine_pin(bench->cpu) || !pinned)
        return error_set(err, ERROR_ENVIRONMENT, "cannot pin to CPU %d", cpu);
    worker->bench.standins = worker->standins;
    return ok;
}

static bool add_workers(struct live *live, struct error *err)
{
    if (live->bench->cpu_count <= 1)
        return add_worker(live, live->bench->cpu, err);
    for (size_t i = 0; i < live->bench->cpu_count; i++)
        if (!add_worker(live, live->bench->cpus[i], err))
            return false;
    return true;
}

static void add_sample(struct samples *samples, double value)
{
    if (isfinite(value))
        samples->values[samples->count++] = value;
}

static void keep_walls(struct live *live, const struct replicate *done, size_t endpoint)
{
    size_t at = (endpoint * live->most + live->wall_replicates[endpoint]) * done->pairs;
    for (size_t lane = 0; lane < (live->kind == REPLICATE_ALONE ? 1 : 2); lane++)
        memcpy(live->walls[replicate_side(done->kind, lane)] + at,
               done->wall_ns[lane] + endpoint * done->pairs, done->pairs * sizeof(double));
    live->wall_replicates[endpoint]++;
}

static void keep_change(struct live *live, const struct replicate *done)
{
    struct run *run = live->bench->run;
    size_t lanes = done->kind == REPLICATE_ALONE ? 1 : 2;
    for (size_t e = 0; e < run->endpoint_count; e++) {
        struct figure *figures = run->endpoints[e].figures;
        const struct replicate_endpoint *one = &done->endpoints[e];
        if (!live->open[e])
            continue;
        for (size_t lane = 0; lane < lanes; lane++) {
            enum side side = replicate_side(done->kind, lane);
            add_sample(&figures[METRIC_CPU_NS].side[side], one->cpu_ns[lane]);
            add_sample(&figures[METRIC_WALL_P50_NS].side[side], one->wall_p50_ns[lane]);
        }
        if (lanes == 2)
            add_sample(&figures[METRIC_CPU_NS].log_ratio, one->log_ratio);
        live->ticks_ns[e] += one->ticks_ns;
        live->user_ticks_ns[e] += one->user_ticks_ns;
        keep_walls(live, done, e);
    }
    for (size_t lane = 0; lane < lanes; lane++)
        add_sample(&run->sides[replicate_side(done->kind, lane)].peak_rss_bytes,
                   done->peak_rss_bytes[lane]);
    live->kept++;
}

static void keep_noise(struct live *live, const struct replicate *done)
{
    struct run *run = live->bench->run;
    for (size_t e = 0; e < run->endpoint_count; e++)
        add_sample(&run->endpoints[e].figures[METRIC_CPU_NS].aa_log_ratio,
                   done->endpoints[e].log_ratio);
    live->noise_kept++;
}

static void keep(struct live *live, const struct replicate *done)
{
    for (size_t lane = 0; lane < REPLICATE_LANES && done->kind != REPLICATE_NOISE; lane++) {
        struct conservation *sum = &live->result->conservation[replicate_side(done->kind, lane)];
        sum->endpoints += done->conservation[lane].endpoints;
        sum->unattributed += done->conservation[lane].unattributed;
        sum->between += done->conservation[lane].between;
        sum->total += done->conservation[lane].total;
    }
    live->result->requests += done->requests;
    if (done->stolen)
        live->result->dropped++;
    else if (done->kind == REPLICATE_NOISE)
        keep_noise(live, done);
    else
        keep_change(live, done);
}

static void *work(void *opaque)
{
    struct worker *worker = opaque;
    if (machine_pin(worker->bench.cpu))
        replicate_run(&worker->replicate, &worker->bench);
    else
        error_set(&worker->replicate.err, ERROR_ENVIRONMENT, "cannot pin to CPU %d",
                  worker->bench.cpu);
    return NULL;
}

/* Runs `count` replicates of a kind at once, and keeps them in the order of their numbers. */
static bool run_wave(struct live *live, enum replicate_kind kind, size_t count, struct error *err)
{
    pthread_t threads[LIVE_WORKERS_MAX];
    size_t started = 0;
    for (size_t i = 0; i < count; i++) {
        struct replicate *replicate = &live->workers[i].replicate;
        replicate->kind = kind;
        replicate->open = kind == REPLICATE_NOISE ? NULL : live->open;
        replicate->seed = live->bench->run->seed * 1000003 + live->started++;
    }
    if (count == 1) {
        replicate_run(&live->workers[0].replicate, &live->workers[0].bench);
    } else {
        while (started < count &&
               pthread_create(&threads[started], NULL, work, &live->workers[started]) == 0)
            started++;
        for (size_t i = 0; i < started; i++)
            pthread_join(threads[i], NULL);
        if (started < count)
            return error_set(err, ERROR_ENVIRONMENT, "cannot start a thread for CPU %d",
                             live->workers[started].bench.cpu);
    }
    for (size_t i = 0; i < count; i++) {
        const struct replicate *done = &live->workers[i].replicate;
        if (!done->ok) {
            *err = done->err;
            return false;
        }
        keep(live, done);
    }
    return true;
}

/* Brings the kept replicates of a kind to `wanted`. What the hypervisor spoilt is replaced, but not
 * for ever. */
static bool run_until(struct live *live, enum replicate_kind kind, const size_t *have,
                      size_t wanted, struct error *err)
{
    while (*have < wanted && (size_t)live->result->dropped <= live->most) {
        size_t count = wanted - *have < live->worker_count ? wanted - *have : live->worker_count;
        live->out_of_time =
            live->bench->deadline_ns > 0 && clock_monotonic_ns() > live->bench->deadline_ns;
        if (live->out_of_time)
            return true;
        progress_update(live->bench->progress, live->kept + live->noise_kept,
                        live->most + (live->kind == REPLICATE_CHANGE ? live->looks[0] : 0));
        if (!run_wave(live, kind, count, err))
            return false;
    }
    return true;
}

static double median_of(struct arena *arena, const struct samples *samples)
{
    double *sorted = arena_alloc_array(arena, samples->count + 1, sizeof *sorted);
    if (sorted == NULL || samples->count == 0)
        return NAN;
    memcpy(sorted, samples->values, samples->count * sizeof *sorted);
    statistics_sort_values(sorted, samples->count);
    return statistics_find_median(sorted, samples->count);
}

/* Takes a look: the same decision as the comparison's. Endpoints that are clear are closed. */
static bool look(struct live *live, size_t index, bool *all_clear, struct error *err)
{
    struct run *run = live->bench->run;
    struct arena arena;
    arena_init(&arena);
    struct cpu_evidence *evidence =
        arena_alloc_array(&arena, run->endpoint_count, sizeof *evidence);
    bool ok = evidence != NULL || error_set_memory(err);
    for (size_t e = 0; ok && e < run->endpoint_count; e++) {
        const struct figure *cpu = &run->endpoints[e].figures[METRIC_CPU_NS];
        evidence[e] = (struct cpu_evidence){
            .log_ratio = cpu->log_ratio.values,
            .count = run->endpoints[e].invalid == NULL ? cpu->log_ratio.count : 0,
            .base_ns = median_of(&arena, &cpu->side[SIDE_BASE]),
            .limits = gate_limits(live->bench->gate, run->endpoints[e].name, METRIC_CPU_NS)};
    }
    ok = ok && decide_cpu(evidence, &live->plan, index, live->decisions, err);
    *all_clear = true;
    for (size_t e = 0; ok && e < run->endpoint_count; e++) {
        live->open[e] = live->decisions[e].verdict == VERDICT_INCONCLUSIVE;
        *all_clear = *all_clear && !live->open[e];
    }
    arena_release(&arena);
    return ok;
}

/* Noise replicates stand between those of the change as long as there are any, so that both see the
 * same weather. */
static bool run_first_look(struct live *live, struct error *err)
{
    for (size_t half = 1; half <= live->looks[0]; half++)
        if (!run_until(live, REPLICATE_CHANGE, &live->kept, half, err) ||
            (half % live->worker_count == 0 &&
             !run_until(live, REPLICATE_NOISE, &live->noise_kept, half, err)))
            return false;
    return true;
}

static bool run_looks(struct live *live, struct error *err)
{
    struct run *run = live->bench->run;
    size_t *looks = arena_alloc_array(&run->arena, live->look_count, sizeof *looks);
    bool all_clear = false;
    if (looks == NULL)
        return error_set_memory(err);
    memcpy(looks, live->looks, live->look_count * sizeof *looks);
    run->cpu_looks = looks;
    run->cpu_look_count = live->look_count;
    for (size_t i = 0; i < live->look_count && !all_clear && !live->out_of_time; i++) {
        bool ok = i == 0 ? run_first_look(live, err)
                         : run_until(live, REPLICATE_CHANGE, &live->kept, live->looks[i], err);
        if (!ok)
            return false;
        if (!live->out_of_time && !look(live, i, &all_clear, err))
            return false;
    }
    if (live->out_of_time)
        run_add_note(run, "the time budget ended the live pass after %zu of up to %zu replicates",
                     live->kept, live->most);
    return true;
}

/* Percentiles of few slices are noise, so the 99th is taken over all replicates at once. */
static void finish(struct live *live)
{
    struct run *run = live->bench->run;
    size_t pairs = (size_t)live->bench->config->live.rounds;
    for (size_t e = 0; e < run->endpoint_count; e++) {
        size_t count = live->wall_replicates[e] * pairs;
        for (size_t side = 0; side < SIDE_COUNT && count > 0; side++) {
            double *walls = live->walls[side] + e * live->most * pairs;
            if (!live->bench->sides[side].present)
                continue;
            statistics_sort_values(walls, count);
            add_sample(&run->endpoints[e].figures[METRIC_WALL_P99_NS].side[side],
                       statistics_find_quantile(walls, count, 0.99));
        }
        if (live->ticks_ns[e] >= TICKS_FOR_SPLIT * (double)machine_tick_ns())
            run->endpoints[e].user_share = live->user_ticks_ns[e] / live->ticks_ns[e];
    }
    live->result->replicates = (int64_t)live->kept;
    live->result->conserved = METRIC_CPU_NS;
}

static bool run_live(struct live *live, struct error *err)
{
    const struct bench *bench = live->bench;
    live->look_count = live_plan_looks(live->most, live->looks);
    if (!reserve_run(live, err) || !reserve_own(live, err) || !add_workers(live, err))
        return false;
    if (live->kind == REPLICATE_ALONE)
        return run_until(live, REPLICATE_ALONE, &live->kept, live->most, err);
    return decide_plan(&live->plan, bench->gate, bench->run->endpoint_count, live->looks,
                       live->look_count, err) &&
           run_looks(live, err);
}

static bool live_run(struct bench *bench, struct pass_result *result, char skipped[512],
                     struct error *err)
{
    bool paired = bench->sides[SIDE_BASE].present;
    struct live live = {.bench = bench,
                        .result = result,
                        .kind = paired ? REPLICATE_CHANGE : REPLICATE_ALONE,
                        .most = (size_t)bench->config->live.replicates};
    arena_init(&live.arena);
    if (!paired)
        live.most = (live.most + 1) / 2; /* nothing is decided, so fewer do */
    bool ok = run_live(&live, err);
    if (ok && live.kept == 0) {
        result->status = PASS_CUT;
        snprintf(skipped, 512, "the time budget was used up before the first replicate");
    }
    if (ok && live.kept > 0)
        finish(&live);
    for (size_t i = 0; i < live.worker_count; i++)
        standins_stop(&live.workers[i].standins, bench);
    arena_release(&live.arena);
    return ok;
}

static const struct pass_settings *live_settings(const struct config *config)
{
    return &config->live;
}

const struct pass pass_live = {"live", "CPU time, latency and peak memory of the gateway as it is",
                               live_settings, live_run, false};
