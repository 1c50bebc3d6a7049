#include "rig/lines_play.h"

#include "rig/callgrind_parts.h"

enum {
    TRIES = 3,
    READ_TIMEOUT_MS = 20000,
    /* How far a part may be from its exchanges' least, in parts of 10,000: what a request costs
     * depends a little on those before it. Above the first it is played again, above the second
     * the reader is told. */
    REPLAY_PER_10000 = 5,
    RESTLESS_PER_10000 = 10,
};

static bool read_counter(struct lines_play *play, uint64_t *instructions, struct error *err)
{
    struct process_tree tree;
    struct callgrind_counts counts;
    gateway_read_tree(play->lane->gateway, &tree);
    if (!callgrind_read(play->callgrind, tree.pids, tree.count, READ_TIMEOUT_MS, &counts, err)) {
        gateway_explain(play->lane->gateway, err);
        return false;
    }
    *instructions = counts.instructions;
    play->blind = counts.blind;
    return true;
}

static void settle(struct lines_play *play)
{
    gateway_settle(play->lane->gateway, LANE_SETTLE_LIMIT_MS * play->slowness);
}

/* Adds what was dumped by now to the profile. */
static bool collect(struct lines_play *play, struct error *err)
{
    struct callgrind_part part;
    if (!callgrind_parts_take(play->folder, play->profile, &part, play->bench->interrupt, err))
        return false;
    play->truncated = part.truncated != 0 ? part.truncated : play->truncated;
    /* No wake was measured yet: this is the start. */
    play->forked = play->forked || (part.born > 1 && play->wake_count == 0);
    play->multiplies = play->multiplies || (part.born > 0 && play->wake_count > 0);
    return true;
}

/* A gateway that has ended is an error, with its log; one that callgrind does not dump is only not
 * seen. */
static bool dump(struct lines_play *play, struct error *err)
{
    struct error cause = {0};
    if (callgrind_dump(play->callgrind, READ_TIMEOUT_MS, &cause))
        return true;
    if (cause.code == ERROR_INTERRUPTED)
        return error_set(err, cause.code, "%s", cause.text);
    return gateway_check_alive(play->lane->gateway, err) &&
           error_set(err, ERROR_MEASUREMENT, "callgrind does not dump its counts: %.400s",
                     cause.text);
}

bool lines_play_take(struct lines_play *play, struct lines_part *part, struct error *err)
{
    uint64_t ignored;
    callgrind_profile_clear(play->profile);
    *part = (struct lines_part){0};
    /* The reading before finds new processes, and what they count with. */
    if (!read_counter(play, &play->counted, err) || !dump(play, err))
        return false;
    settle(play);
    return read_counter(play, &ignored, err) && collect(play, err) &&
           lines_part_copy(part, play->profile, err);
}

bool lines_play_measure_wake(struct lines_play *play, struct error *err)
{
    struct lines_part part;
    if (play->wake_count == LINES_WAKES_MAX)
        return true;
    if (!lines_play_take(play, &part, err))
        return false;
    play->wakes[play->wake_count++] = part;
    return true;
}

void lines_play_release(struct lines_play *play)
{
    for (size_t i = 0; i < play->wake_count; i++)
        lines_part_release(&play->wakes[i]);
    play->wake_count = 0;
}

static uint64_t distance(uint64_t one, uint64_t other)
{
    return one > other ? one - other : other - one;
}

/* The one that cost nearest to `instructions`. */
static const struct lines_part *nearest_wake(const struct lines_play *play, uint64_t instructions)
{
    const struct lines_part *best = NULL;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < play->wake_count; i++) {
        uint64_t away = distance(play->wakes[i].sum, instructions);
        if (best == NULL || away < least) {
            best = &play->wakes[i];
            least = away;
        }
    }
    return best;
}

static bool send_once(struct lines_play *play, const struct lines_group *group,
                      const struct selected *item, struct error *err)
{
    if (!lane_send(play->lane, play->bench, group->endpoint, item, err))
        return false;
    settle(play);
    return true;
}

static bool send_unmeasured(struct lines_play *play, struct lines_group *group, struct error *err)
{
    for (; group->extra_count > 0; group->extra_count--)
        if (!send_once(play, group, group->extras[group->extra_count - 1], err))
            return false;
    for (size_t i = 0; i < group->count; i++)
        if (!send_once(play, group, group->exchanges[i].item, err))
            return false;
    return true;
}

/* Ahead of the dump before the group, so that it is no part of what is measured. */
static bool prepare(struct lines_play *play, const struct lines_group *group, struct error *err)
{
    for (size_t i = 0; i < group->count; i++)
        if (!lane_prepare(play->lane, play->bench, group->exchanges[i].item,
                          (size_t)play->rounds + 1, err))
            return false;
    return true;
}

/* Readings that disturb are left out: then nobody tells what one request cost. */
static bool send_measured(struct lines_play *play, struct lines_group *group,
                          struct lines_played *played, struct error *err)
{
    bool reads = !callgrind_disturbs(play->callgrind);
    for (size_t i = 0; i < group->count; i++) {
        struct lines_exchange *exchange = &group->exchanges[i];
        for (int round = 0; round < play->rounds; round++) {
            uint64_t before = 0, after = 0;
            if ((reads && !read_counter(play, &before, err)) ||
                !send_once(play, group, exchange->item, err) ||
                (reads && !read_counter(play, &after, err)))
                return false;
            if (after - before < exchange->least)
                exchange->least = after - before;
            played->requests++;
            play->requests++;
        }
    }
    return true;
}

/* What it would have cost had every request cost its exchange's least. */
static uint64_t least_cost(const struct lines_play *play, const struct lines_group *group)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < group->count; i++)
        sum += (uint64_t)play->rounds * group->exchanges[i].least;
    return sum;
}

/* What the dump that was taken last made the gateway do. The counters tell how much it was; where
 * it is not known what costs so much, another dump shows it. */
static bool find_wake(struct lines_play *play, const struct lines_part **wake, struct error *err)
{
    for (;;) {
        uint64_t now = play->counted;
        if (!callgrind_disturbs(play->callgrind) && !read_counter(play, &now, err))
            return false;
        uint64_t cost = now - play->counted;
        *wake = nearest_wake(play, cost);
        if (callgrind_disturbs(play->callgrind) || play->wake_count == LINES_WAKES_MAX ||
            (*wake != NULL && (*wake)->sum == cost))
            return true;
        if (!lines_play_measure_wake(play, err))
            return false;
    }
}

/* What came between, then what is measured, without what the dump before it caused. */
static bool play_once(struct lines_play *play, struct lines_group *group,
                      struct lines_played *played, struct error *err)
{
    struct lines_part before;
    const struct lines_part *wake = NULL;
    *played = (struct lines_played){0};
    if (!prepare(play, group, err) || !send_unmeasured(play, group, err) ||
        !lines_play_take(play, &before, err))
        return false;
    bool ok = play->discard(play->owner, group, &before, err);
    lines_part_release(&before);
    if (!ok || !find_wake(play, &wake, err) || !send_measured(play, group, played, err) ||
        !lines_play_take(play, &played->part, err))
        return false;
    if (wake != NULL)
        lines_part_subtract(&played->part, wake);
    return true;
}

/* Keeps the better of the two in `played`; the other is given away. */
static bool keep_better(struct lines_play *play, const struct lines_group *group, uint64_t least,
                        struct lines_played *played, struct lines_played *one, struct error *err)
{
    if (distance(one->part.sum, least) < distance(played->part.sum, least)) {
        struct lines_played worse = *played;
        *played = *one;
        *one = worse;
    }
    bool ok = play->discard(play->owner, group, &one->part, err);
    lines_part_release(&one->part);
    return ok;
}

bool lines_play_group(struct lines_play *play, struct lines_group *group,
                      struct lines_played *played, struct error *err)
{
    uint64_t least, away;
    if (!play_once(play, group, played, err))
        return false;
    if (callgrind_disturbs(play->callgrind))
        return true;
    for (int try = 1;; try++) {
        struct lines_played one;
        least = least_cost(play, group);
        away = distance(played->part.sum, least);
        if (try == TRIES || away <= least / 10000 * REPLAY_PER_10000)
            break;
        if (!play_once(play, group, &one, err) ||
            !keep_better(play, group, least, played, &one, err))
            return false;
    }
    play->restless = play->restless || away > least / 10000 * RESTLESS_PER_10000;
    return true;
}

bool lines_play_take_rest(struct lines_play *play, struct lines_part *part, struct error *err)
{
    callgrind_profile_clear(play->profile);
    *part = (struct lines_part){0};
    return collect(play, err) && lines_part_copy(part, play->profile, err);
}
