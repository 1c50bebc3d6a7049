#include "rig/counted.h"

#include "base/clock.h"
#include "base/file.h"
#include "baselines/statistics.h"
#include "rig/lane.h"
#include "rig/variants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct counted {
    struct bench *bench;
    const struct sampler *sampler;
    const struct pass_settings *settings;
    struct arena arena;
    size_t items;     /* of the selection that this pass replays */
    size_t *item;     /* [position]: index into the selection */
    size_t *endpoint; /* [position]: index into its endpoints */
    double *share;    /* [position]: of its endpoint */
    double *rounds;   /* [position][counter][round] */
    size_t *played;   /* [position]: rounds of the present start */
    struct conservation conservation[SIDE_COUNT];
    int64_t requests;
    size_t done, total; /* exchanges, for the progress */
    size_t complete;    /* starts of each side */
    bool out_of_time;   /* the budget ended: what is not complete is not used */
};

static bool is_out_of_time(const struct bench *bench)
{
    return bench->counting_deadline_ns > 0 && clock_monotonic_ns() > bench->counting_deadline_ns;
}

/* At most `settings->exchanges` of an endpoint, evenly spread over those that the selection has. */
static bool counted_plan(struct counted *counted, struct error *err)
{
    const struct selection *selection = counted->bench->selection;
    size_t count = selection->count;
    counted->item = arena_alloc_array(&counted->arena, count, sizeof *counted->item);
    counted->endpoint = arena_alloc_array(&counted->arena, count, sizeof *counted->endpoint);
    counted->share = arena_alloc_array(&counted->arena, count, sizeof *counted->share);
    if (counted->item == NULL || counted->endpoint == NULL || counted->share == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < selection->endpoint_count; e++) {
        const struct selected_endpoint *chosen = &selection->endpoints[e];
        size_t most = (size_t)counted->settings->exchanges;
        size_t taken = chosen->count < most ? chosen->count : most;
        double sum = 0;
        for (size_t k = 0; k < taken; k++) {
            size_t item = chosen->first + k * chosen->count / taken;
            counted->item[counted->items + k] = item;
            counted->endpoint[counted->items + k] = e;
            counted->share[counted->items + k] = selection->items[item].share;
            sum += selection->items[item].share;
        }
        for (size_t k = 0; k < taken; k++)
            counted->share[counted->items + k] /= sum;
        counted->items += taken;
    }
    size_t cells =
        counted->items * counted->sampler->counter_count * (size_t)counted->settings->rounds;
    counted->rounds = arena_alloc_array(&counted->arena, cells, sizeof *counted->rounds);
    counted->played = arena_alloc_array(&counted->arena, counted->items, sizeof *counted->played);
    return (counted->rounds != NULL && counted->played != NULL) || error_set_memory(err);
}

static double *counted_rounds(const struct counted *counted, size_t position, size_t counter)
{
    size_t row = position * counted->sampler->counter_count + counter;
    return counted->rounds + row * (size_t)counted->settings->rounds;
}

/* One measured request: what was counted between two readings is its own. */
static bool counted_request(struct counted *counted, struct lane *lane, void *state,
                            size_t position, size_t round, struct reading *last, struct error *err)
{
    const struct sampler *sampler = counted->sampler;
    const struct selected *item = &counted->bench->selection->items[counted->item[position]];
    struct conservation *sum = &counted->conservation[lane->side];
    struct reading before, after;
    if (!lane_prepare(lane, counted->bench, item, 1, err) ||
        !sampler->read(state, lane->gateway, &before, err) ||
        !lane_send(lane, counted->bench, counted->endpoint[position], item, err))
        return false;
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS * sampler->slowness);
    if (!sampler->read(state, lane->gateway, &after, err)) {
        gateway_explain(lane->gateway, err);
        return false;
    }
    for (size_t c = 0; c < sampler->counter_count; c++)
        counted_rounds(counted, position, c)[round] = (double)(after.values[c] - before.values[c]);
    sum->endpoints += (double)(after.values[0] - before.values[0]);
    sum->unattributed += (double)(before.values[0] - last->values[0]);
    *last = after;
    counted->requests++;
    counted->played[position] = round + 1;
    return true;
}

/* Whether the rounds so far tell enough: the least was seen twice. What only ever adds (a timer, an
 * answer that came in two pieces) would have to strike each of them alike to be taken for the
 * request's own. A median wants three. */
static bool is_confirmed(const struct counted *counted, size_t position)
{
    size_t played = counted->played[position];
    for (size_t c = 0; c < counted->sampler->counter_count; c++) {
        const double *rounds = counted_rounds(counted, position, c);
        size_t least = 0, times = 1;
        if (counted->sampler->counters[c].reduction == REDUCE_MEDIAN) {
            if (played < 3)
                return false;
            continue;
        }
        for (size_t i = 1; i < played; i++) {
            times = rounds[i] < rounds[least] ? 1 : times + (rounds[i] == rounds[least]);
            least = rounds[i] < rounds[least] ? i : least;
        }
        if (times < 2)
            return false;
    }
    return true;
}

/* The rounds of an exchange follow each other, after one that is not measured: each finds the
 * gateway as the same request left it, so buffers that another one grew or freed, and what was
 * kept of another answer, are not its doing. */
static bool counted_play(struct counted *counted, struct lane *lane, void *state,
                         struct reading *last, struct error *err)
{
    for (size_t position = 0; position < counted->items; position++) {
        const struct selected *item = &counted->bench->selection->items[counted->item[position]];
        counted->out_of_time = is_out_of_time(counted->bench);
        if (counted->out_of_time)
            return true;
        if (!lane_send(lane, counted->bench, counted->endpoint[position], item, err))
            return false;
        gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS * counted->sampler->slowness);
        counted->played[position] = 0;
        for (size_t round = 0;
             round < (size_t)counted->settings->rounds && !is_confirmed(counted, position); round++)
            if (!counted_request(counted, lane, state, position, round, last, err))
                return false;
        progress_update(counted->bench->progress, ++counted->done, counted->total);
    }
    return true;
}

static double reduce(double *values, size_t count, enum reduction reduction)
{
    statistics_sort_values(values, count);
    return reduction == REDUCE_LEAST ? values[0] : statistics_find_median(values, count);
}

/* Shares are fractions: without this the last bits would differ by the order. */
static double round_mean(double mean)
{
    return round(mean * 1e4) / 1e4;
}

static bool is_of_variant(const struct counted *counted, size_t position, const char *variant)
{
    const struct selected *item = &counted->bench->selection->items[counted->item[position]];
    return variant == NULL || strcmp(item->exchange.variant, variant) == 0;
}

/* The mean over exchanges of one endpoint, from `first` on, by their share of its traffic: of one
 * variant, or of all when that is NULL. NAN when there are none. */
static double counted_mean(const struct counted *counted, size_t first, size_t counter,
                           const char *variant)
{
    double sum = 0, shares = 0;
    for (size_t position = first;
         position < counted->items && counted->endpoint[position] == counted->endpoint[first];
         position++) {
        if (!is_of_variant(counted, position, variant))
            continue;
        shares += counted->share[position];
        sum += counted->share[position] * reduce(counted_rounds(counted, position, counter),
                                                 counted->played[position],
                                                 counted->sampler->counters[counter].reduction);
    }
    return variant == NULL ? round_mean(sum) : shares > 0 ? round_mean(sum / shares) : NAN;
}

/* A variant's figure is the least of the starts: it explains, nothing is decided by it. */
static void counted_keep_variants(struct counted *counted, enum side side, size_t first,
                                  size_t counter)
{
    struct endpoint_result *endpoint = &counted->bench->run->endpoints[counted->endpoint[first]];
    enum metric metric = counted->sampler->counters[counter].metric;
    for (size_t v = 0; v < endpoint->variant_count; v++) {
        struct variant_result *variant = &endpoint->variants[v];
        double mean = counted_mean(counted, first, counter, variant->name);
        variant->figures[metric][side] = fmin(variant->figures[metric][side], mean);
    }
}

static void counted_keep(struct counted *counted, enum side side)
{
    struct run *run = counted->bench->run;
    for (size_t c = 0; c < counted->sampler->counter_count; c++) {
        enum metric metric = counted->sampler->counters[c].metric;
        for (size_t position = 0; position < counted->items;) {
            size_t first = position, e = counted->endpoint[position];
            while (position < counted->items && counted->endpoint[position] == e)
                position++;
            struct samples *samples = &run->endpoints[e].figures[metric].side[side];
            samples->values[samples->count++] = counted_mean(counted, first, c, NULL);
            counted_keep_variants(counted, side, first, c);
        }
    }
}

static bool counted_measure(struct counted *counted, struct lane *lane, void *state,
                            struct error *err)
{
    struct reading last = {{0}};
    if (!counted->sampler->read(state, lane->gateway, &last, err))
        return false;
    counted->conservation[lane->side].unattributed += (double)last.values[0];
    if (!counted_play(counted, lane, state, &last, err))
        return false;
    if (!counted->out_of_time)
        counted_keep(counted, lane->side);
    return true;
}

/* Stopping is charged to nobody. The total is another account than the readings. */
static void counted_close_account(struct counted *counted, enum side side, void *state)
{
    const struct sampler *sampler = counted->sampler;
    struct conservation *sum = &counted->conservation[side];
    int64_t stop = sampler->stop_cost != NULL ? sampler->stop_cost(state) : -1;
    int64_t total = sampler->total(state);
    if (stop > 0)
        sum->unattributed += (double)stop;
    if (total >= 0)
        sum->total += (double)total;
}

/* One fresh start of one side. */
static bool counted_replicate(struct counted *counted, enum side side, size_t replicate,
                              char skipped[512], struct error *err)
{
    const struct sampler *sampler = counted->sampler;
    struct bench *bench = counted->bench;
    struct lane lane = {0};
    void *state = NULL;
    bool ok = false;
    char name[64];
    snprintf(name, sizeof name, "%s-%s", side == SIDE_HEAD ? "head" : "base", sampler->pass);
    const char *folder =
        arena_format(&counted->arena, "%s/%s-%zu", bench->scratch_folder, name, replicate);
    if (folder == NULL)
        return error_set_memory(err);
    if (!file_make_directories(folder, err) ||
        !sampler->open(&state, folder, bench->interrupt, skipped, err))
        return false;
    if (state == NULL)
        return true;
    struct lane_options options = {.side = side,
                                   .name = name,
                                   .prefix = sampler->prefix(state),
                                   .environment = sampler->environment(state),
                                   .slowness = sampler->slowness};
    if (!lane_start(&lane, bench, &options, err))
        goto out;
    /* For connections and what is built on first use; each exchange is then sent once more before
     * it is measured. A gateway may allocate nothing before its first request. */
    if (!lane_warm_up(&lane, bench, 1, err))
        goto out;
    const char *blind = sampler->blind(state, lane.gateway);
    if (blind != NULL)
        snprintf(skipped, 512, "%s", blind);
    ok = blind != NULL || counted_measure(counted, &lane, state, err);
out:
    if (ok && skipped[0] == '\0' && sampler->mark_stop != NULL)
        sampler->mark_stop(state);
    lane_stop(&lane, NULL);
    if (ok && skipped[0] == '\0')
        counted_close_account(counted, side, state);
    sampler->close(state);
    return ok;
}

static bool counted_reserve(const struct counted *counted, struct error *err)
{
    struct run *run = counted->bench->run;
    size_t most = (size_t)counted->settings->replicates;
    for (size_t e = 0; e < run->endpoint_count; e++) {
        for (size_t c = 0; c < counted->sampler->counter_count; c++) {
            struct figure *figure =
                &run->endpoints[e].figures[counted->sampler->counters[c].metric];
            for (size_t side = 0; side < SIDE_COUNT; side++) {
                if (!counted->bench->sides[side].present)
                    continue;
                figure->side[side].values = arena_alloc_array(&run->arena, most, sizeof(double));
                if (figure->side[side].values == NULL)
                    return error_set_memory(err);
            }
        }
    }
    return true;
}

/* Whether both sides have the same counts: then no further start can make one dearer. */
static bool sides_agree(const struct counted *counted)
{
    const struct bench *bench = counted->bench;
    for (size_t e = 0; e < bench->run->endpoint_count; e++)
        for (size_t c = 0; c < counted->sampler->counter_count; c++)
            if (!bench_is_unchanged(bench, &bench->run->endpoints[e],
                                    counted->sampler->counters[c].metric))
                return false;
    return bench->sides[SIDE_BASE].present;
}

static bool counted_all(struct counted *counted, char skipped[512], struct error *err)
{
    size_t replicates = (size_t)counted->settings->replicates;
    size_t sides = counted->bench->sides[SIDE_BASE].present ? 2 : 1;
    counted->total = sides * replicates * counted->items;
    for (size_t replicate = 0; replicate < replicates; replicate++) {
        for (size_t side = 0; side < sides; side++) {
            if (!counted_replicate(counted, (enum side)side, replicate, skipped, err))
                return false;
            if (counted->out_of_time && replicate == 0)
                snprintf(skipped, 512,
                         "its half of the time budget ended before one start was "
                         "complete");
            if (skipped[0] != '\0' || counted->out_of_time)
                return true;
        }
        counted->complete = replicate + 1;
        if (sides_agree(counted))
            return true;
    }
    return true;
}

bool counted_run(struct bench *bench, const struct sampler *sampler,
                 const struct pass_settings *settings, struct pass_result *result,
                 char skipped[512], struct error *err)
{
    struct counted counted = {.bench = bench, .sampler = sampler, .settings = settings};
    arena_init(&counted.arena);
    bool ok = counted_plan(&counted, err) && counted_reserve(&counted, err) &&
              counted_all(&counted, skipped, err);
    if (counted.out_of_time && counted.complete == 0)
        result->status = PASS_CUT;
    result->replicates = (int64_t)counted.complete;
    result->requests = counted.requests;
    result->conserved = sampler->counters[0].metric;
    memcpy(result->conservation, counted.conservation, sizeof counted.conservation);
    arena_release(&counted.arena);
    return ok;
}
