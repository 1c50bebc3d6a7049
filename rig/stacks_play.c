#include "rig/stacks_play.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

enum {
    BATCH_REQUESTS = 16,      /* of one endpoint in a row, at most */
    BATCH_NS = 5 * NS_PER_MS, /* and not longer than this */
    REQUESTS_MOST = 50,       /* times the goal, of an endpoint that hardly costs anything */
    SPANS_MAX = 1 << 22,
};

void stacks_play_release(struct stacks_play *play)
{
    free(play->spans);
    arena_release(&play->arena);
    *play = (struct stacks_play){0};
}

/* Evenly spread over those that the selection has of the endpoint. */
static void plan_endpoint(struct stacks_play *play, const struct selection *selection,
                          size_t endpoint, size_t most)
{
    const struct selected_endpoint *chosen = &selection->endpoints[endpoint];
    size_t taken = chosen->count < most ? chosen->count : most;
    double sum = 0;
    play->endpoints[endpoint] = (struct stacks_endpoint){.first = play->item_count, .count = taken};
    for (size_t k = 0; k < taken; k++) {
        size_t item = chosen->first + k * chosen->count / taken;
        play->items[play->item_count + k] =
            (struct stacks_item){item, endpoint, selection->items[item].share, 0};
        sum += selection->items[item].share;
    }
    for (size_t k = 0; k < taken; k++)
        play->items[play->item_count + k].share /= sum;
    play->item_count += taken;
}

bool stacks_play_plan(struct stacks_play *play, const struct selection *selection,
                      const struct pass_settings *settings, struct error *err)
{
    *play = (struct stacks_play){.user_share = NAN};
    arena_init(&play->arena);
    play->items = arena_alloc_array(&play->arena, selection->count, sizeof *play->items);
    play->endpoints =
        arena_alloc_array(&play->arena, selection->endpoint_count, sizeof *play->endpoints);
    if (play->items == NULL || play->endpoints == NULL)
        return error_set_memory(err);
    play->endpoint_count = selection->endpoint_count;
    for (size_t e = 0; e < selection->endpoint_count; e++)
        plan_endpoint(play, selection, e, (size_t)settings->exchanges);
    return true;
}

static bool add_span(struct stacks_play *play, const struct stacks_span *span, struct error *err)
{
    if (play->span_count == play->span_capacity) {
        size_t capacity = play->span_capacity == 0 ? 4096 : 2 * play->span_capacity;
        struct stacks_span *spans =
            capacity <= SPANS_MAX ? reallocarray(play->spans, capacity, sizeof *spans) : NULL;
        if (spans == NULL)
            return error_set_memory(err);
        play->spans = spans;
        play->span_capacity = capacity;
    }
    play->spans[play->span_count++] = *span;
    return true;
}

/* The exchange that is furthest behind its share of what was played. */
static size_t choose_item(const struct stacks_play *play, const struct stacks_endpoint *endpoint)
{
    size_t best = endpoint->first;
    double most = -INFINITY;
    for (size_t i = endpoint->first; i < endpoint->first + endpoint->count; i++) {
        const struct stacks_item *item = &play->items[i];
        double behind = item->share * (double)(endpoint->requests + 1) - (double)item->played;
        if (behind > most) {
            most = behind;
            best = i;
        }
    }
    return best;
}

/* What the batch may send, ahead of the first reading. */
static bool prepare_batch(const struct stacks_play *play, struct lane *lane, struct bench *bench,
                          const struct stacks_endpoint *endpoint, struct error *err)
{
    for (size_t i = endpoint->first; i < endpoint->first + endpoint->count; i++)
        if (!lane_prepare(lane, bench, &bench->selection->items[play->items[i].item],
                          BATCH_REQUESTS, err))
            return false;
    return true;
}

/* A handful of requests of one endpoint. In between nobody waits until the gateway has settled:
 * what it does after an answer falls to the same endpoint. */
static bool play_batch(struct stacks_play *play, struct lane *lane, struct bench *bench,
                       size_t which, struct error *err)
{
    struct stacks_endpoint *endpoint = &play->endpoints[which];
    if (!prepare_batch(play, lane, bench, endpoint, err))
        return false;
    int64_t before = gateway_read_cpu_ns(lane->gateway), started = clock_monotonic_ns();
    struct stacks_span span = {.start_ns = started};
    for (int i = 0; i < BATCH_REQUESTS && span.start_ns - started < BATCH_NS; i++) {
        span.item = choose_item(play, endpoint);
        struct stacks_item *item = &play->items[span.item];
        if (!lane_send(lane, bench, which, &bench->selection->items[item->item], err))
            return false;
        span.end_ns = clock_monotonic_ns();
        if (!add_span(play, &span, err))
            return false;
        span.start_ns = span.end_ns;
        item->played++;
        endpoint->requests++;
        play->requests++;
    }
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS);
    play->spans[play->span_count - 1].end_ns = clock_monotonic_ns();
    int64_t spent = gateway_read_cpu_ns(lane->gateway) - before;
    endpoint->cpu_ns += spent;
    play->cpu_ns += spent;
    return true;
}

static bool is_done(const struct stacks_endpoint *endpoint, const struct stacks_goal *goal)
{
    if (endpoint->count == 0 || endpoint->requests >= REQUESTS_MOST * goal->requests)
        return true;
    return endpoint->requests >= goal->requests && endpoint->cpu_ns >= goal->cpu_ns;
}

/* The one that cost least so far; false when all are done. */
static bool choose_endpoint(const struct stacks_play *play, const struct stacks_goal *goal,
                            size_t *which)
{
    bool found = false;
    for (size_t e = 0; e < play->endpoint_count; e++) {
        if (is_done(&play->endpoints[e], goal) ||
            (found && play->endpoints[e].cpu_ns >= play->endpoints[*which].cpu_ns))
            continue;
        *which = e;
        found = true;
    }
    return found;
}

/* How far, in percent: by what is done, or by the time, whichever is further. */
static size_t find_progress(const struct stacks_play *play, const struct stacks_goal *goal,
                            int64_t started_ns, int64_t now_ns)
{
    double done = 0;
    for (size_t e = 0; e < play->endpoint_count; e++) {
        const struct stacks_endpoint *endpoint = &play->endpoints[e];
        double requests = (double)endpoint->requests / (double)goal->requests;
        double cpu = (double)endpoint->cpu_ns / (double)goal->cpu_ns;
        done += is_done(endpoint, goal) ? 1 : fmin(requests, fmin(cpu, 1));
    }
    done /= (double)play->endpoint_count;
    double passed = (double)(now_ns - started_ns) / (double)(goal->deadline_ns - started_ns);
    return (size_t)(100 * fmin(1, fmax(done, passed)));
}

bool stacks_play_run(struct stacks_play *play, struct lane *lane, struct bench *bench,
                     const struct stacks_goal *goal, struct error *err)
{
    struct gateway_ticks before, after;
    int64_t started = clock_monotonic_ns(), now = started;
    size_t which = 0;
    gateway_read_ticks(lane->gateway, &before);
    for (; now < goal->deadline_ns && choose_endpoint(play, goal, &which);
         now = clock_monotonic_ns()) {
        if (!play_batch(play, lane, bench, which, err))
            return false;
        progress_update(bench->progress,
                        goal->progress_done + find_progress(play, goal, started, now),
                        goal->progress_total);
    }
    gateway_read_ticks(lane->gateway, &after);
    if (after.all_ns > before.all_ns)
        play->user_share =
            (double)(after.user_ns - before.user_ns) / (double)(after.all_ns - before.all_ns);
    return true;
}
