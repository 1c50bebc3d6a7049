#include "rig/stacks_profile.h"

#include "baselines/profile_builder.h"
#include "rig/perf_unwind.h"
#include "rig/stacks_names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_SAMPLES = 30, EXPECTED_LEAST = 50, NOTED_PERCENT = 5 };

/* Where a record lies, and when it was written: CPUs write side by side. */
struct mark {
    int64_t time_ns;
    size_t at;
};

struct building {
    const struct stacks_evidence *evidence;
    struct mark *marks;
    size_t mark_count;
    struct perf_images *last;    /* as all was in the end */
    struct perf_images *present; /* as it was at the sample's time */
    struct perf_unwinder *unwinder;
    struct stacks_names *names;
    struct profile_builder *builder;
    double *weights;  /* [item]: requests of the endpoint that one sample of it stands for */
    int64_t *samples; /* [endpoint] */
    int64_t measured; /* samples in requests */
    int64_t lost, throttled, cut, unnamed, unresolved, all;
};

static int by_time(const void *left, const void *right)
{
    const struct mark *a = left, *b = right;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* Reads the record at a mark again. */
static bool read_at(const struct building *building, const struct mark *mark,
                    struct perf_record *record)
{
    struct perf_records one = building->evidence->records;
    one.at = mark->at;
    return perf_records_next(&one, record);
}

static bool sort_records(struct building *building, struct error *err)
{
    struct perf_records records = building->evidence->records;
    struct perf_record record;
    size_t count = 0;
    while (perf_records_next(&records, &record))
        count++;
    building->lost += (int64_t)records.broken;
    building->marks = calloc(count + 1, sizeof *building->marks);
    if (building->marks == NULL)
        return error_set_memory(err);
    records = building->evidence->records;
    while (building->mark_count < count && perf_records_next(&records, &record))
        building->marks[building->mark_count++] = (struct mark){record.time_ns, records.start};
    qsort(building->marks, building->mark_count, sizeof *building->marks, by_time);
    return true;
}

/* Of an exchange that was played n times, a sample stands for 1/n of a request; exchanges count by
 * their share of the traffic, those that were not played left out. */
static bool weigh_items(struct building *building, struct error *err)
{
    const struct stacks_play *play = building->evidence->play;
    building->weights = calloc(play->item_count + 1, sizeof *building->weights);
    building->samples = calloc(play->endpoint_count + 1, sizeof *building->samples);
    if (building->weights == NULL || building->samples == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < play->endpoint_count; e++) {
        const struct stacks_endpoint *endpoint = &play->endpoints[e];
        const struct stacks_item *items = play->items + endpoint->first;
        double played = 0;
        for (size_t i = 0; i < endpoint->count; i++)
            played += items[i].played > 0 ? items[i].share : 0;
        for (size_t i = 0; i < endpoint->count; i++)
            if (items[i].played > 0)
                building->weights[endpoint->first + i] =
                    items[i].share / played / (double)items[i].played;
        profile_builder_add_requests(building->builder, (int)e, endpoint->requests);
    }
    return true;
}

/* The request that was in flight, or NULL. */
static const struct stacks_span *find_span(const struct stacks_play *play, int64_t time_ns)
{
    size_t low = 0, high = play->span_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (play->spans[middle].start_ns <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && time_ns < play->spans[low - 1].end_ns ? &play->spans[low - 1] : NULL;
}

static bool is_warming(const struct stacks_evidence *evidence, int64_t time_ns)
{
    const struct stacks_play *play = evidence->play;
    return time_ns >= evidence->warm_ns &&
           (play->span_count == 0 || time_ns < play->spans[0].start_ns);
}

static void charge(struct building *building, const struct stacks_span *span, uint32_t node)
{
    double period_ns = (double)building->evidence->period_ns, weight = 1;
    int endpoint = PROFILE_START;
    if (span != NULL) {
        endpoint = (int)building->evidence->play->items[span->item].endpoint;
        weight = building->weights[span->item];
        building->samples[endpoint]++;
        building->measured++;
    }
    double values[PROFILE_VALUES_MAX] = {[CPU_NS] = period_ns * weight, [CPU_SAMPLES] = weight};
    profile_builder_add(building->builder, endpoint, node, values);
}

/* Names come from the image as it was in the end, which has all that was compiled at run time,
 * unless the process became another program since. */
static struct stacks_origin find_origin(const struct building *building, pid_t pid)
{
    bool same =
        perf_images_program(building->present, pid) == perf_images_program(building->last, pid);
    return (struct stacks_origin){pid,
                                  perf_images_find(same ? building->last : building->present, pid)};
}

static bool add_sample(struct building *building, const struct perf_sample *sample,
                       struct error *err)
{
    struct perf_stack stack;
    struct stacks_place place;
    if (!perf_images_is_followed(building->present, sample->pid) ||
        is_warming(building->evidence, sample->time_ns))
        return true;
    struct stacks_origin origin = find_origin(building, sample->pid);
    perf_unwind(building->unwinder, perf_images_find(building->present, sample->pid), sample,
                &stack);
    if (!stacks_names_find(building->names, &origin, &stack, &place, err))
        return false;
    charge(building, find_span(building->evidence->play, sample->time_ns), place.node);
    building->all++;
    building->cut += place.cut;
    building->unnamed += !place.named;
    building->unresolved += place.cut || !place.named;
    return true;
}

static bool apply_all(struct building *building, struct error *err)
{
    struct perf_record record;
    for (size_t i = 0; i < building->mark_count; i++)
        if (read_at(building, &building->marks[i], &record) &&
            !perf_images_apply(building->last, &record, err))
            return false;
    for (size_t i = 0; i < building->mark_count; i++) {
        if (!read_at(building, &building->marks[i], &record))
            continue;
        if (record.kind == PERF_SAMPLED && !add_sample(building, &record.u.sample, err))
            return false;
        if (!perf_images_apply(building->present, &record, err))
            return false;
        building->lost += record.kind == PERF_LOST ? (int64_t)record.u.count : 0;
        building->throttled += record.kind == PERF_THROTTLED;
    }
    return true;
}

/* CPU time in requests, as far as it is sampled. */
static double find_sampled_ns(const struct building *building)
{
    const struct stacks_play *play = building->evidence->play;
    bool in_part = !building->evidence->sees_kernel && isfinite(play->user_share);
    return (double)play->cpu_ns * (in_part ? play->user_share : 1);
}

/* Samples a second of it. */
static double find_rate(const struct building *building)
{
    double cpu_ns = find_sampled_ns(building);
    return cpu_ns > 0 ? round((double)building->measured / (cpu_ns / 1e9) * 10) / 10 : 0;
}

static void add_count_notes(struct building *building)
{
    struct profile_builder *builder = building->builder;
    double expected = find_sampled_ns(building) / (double)building->evidence->period_ns;
    size_t few = 0;
    for (size_t e = 0; e < building->evidence->play->endpoint_count; e++)
        few += building->samples[e] < FEW_SAMPLES;
    if (few > 0)
        profile_builder_add_note(builder,
                                 "%zu endpoint%s fewer than %d samples: raise "
                                 "passes.stacks.rounds for more",
                                 few, few == 1 ? " has" : "s have", FEW_SAMPLES);
    if (expected >= EXPECTED_LEAST && (double)building->measured < expected / 2)
        profile_builder_add_note(
            builder,
            "%lld samples came where %.0f were to be expected: the gateway may "
            "have left the CPU that it was put on",
            (long long)building->measured, expected);
}

static void add_notes(struct building *building)
{
    struct profile_builder *builder = building->builder;
    if (!building->evidence->sees_kernel)
        profile_builder_add_note(builder, "time in the kernel is not sampled: that takes "
                                          "kernel.perf_event_paranoid at 1 or less");
    if (perf_images_dropped(building->present) > 0)
        profile_builder_add_note(builder,
                                 "the gateway maps code so often that some of it was not followed");
    if (building->throttled > 0)
        profile_builder_add_note(builder,
                                 "the kernel held the sampling up %lld times: see "
                                 "kernel.perf_event_max_sample_rate",
                                 (long long)building->throttled);
    if (building->cut * 100 > building->all * NOTED_PERCENT)
        profile_builder_add_note(builder,
                                 "%.0f %% of the stacks are cut: they reach further than is copied "
                                 "of them, or than they can be followed",
                                 100 * (double)building->cut / (double)building->all);
    if (building->unnamed * 100 > building->all * NOTED_PERCENT)
        profile_builder_add_note(builder, "%.0f %% of the samples lie in functions without a name",
                                 100 * (double)building->unnamed / (double)building->all);
    add_count_notes(building);
    stacks_names_add_notes(building->names);
}

static void building_release(struct building *building)
{
    free(building->marks);
    free(building->weights);
    free(building->samples);
    perf_images_free(building->last);
    perf_images_free(building->present);
    perf_unwinder_free(building->unwinder);
    stacks_names_free(building->names);
    profile_builder_free(building->builder);
}

bool stacks_profile_build(const struct stacks_evidence *evidence, struct arena *arena,
                          struct profile *profile, struct error *err)
{
    struct building building = {.evidence = evidence, .lost = evidence->lost};
    bool ok = profile_builder_new(&building.builder, PROFILE_CPU, evidence->endpoint_names,
                                  evidence->play->endpoint_count, err) &&
              perf_images_new(&building.last, err) && perf_images_new(&building.present, err) &&
              perf_unwinder_new(&building.unwinder, err) &&
              stacks_names_new(&building.names, evidence->symbols, building.builder, err) &&
              weigh_items(&building, err) && sort_records(&building, err);
    if (ok)
        perf_images_follow(building.present, evidence->gateway);
    ok = ok && apply_all(&building, err);
    if (ok) {
        add_notes(&building);
        ok = profile_builder_finish(building.builder, arena, profile, err);
    }
    if (ok) {
        profile->rate_hz = find_rate(&building);
        profile->lost = building.lost;
        profile->unresolved = building.unresolved;
    }
    building_release(&building);
    return ok;
}
