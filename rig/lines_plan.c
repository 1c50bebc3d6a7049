#include "rig/lines_plan.h"

#include <math.h>

enum { ERROR_STATUS = 400 };

/* As counted_plan does: at most so many of an endpoint, evenly spread over those selected. */
static size_t take_endpoint(const struct selection *selection, size_t endpoint, size_t most,
                            struct lines_exchange *exchanges)
{
    const struct selected_endpoint *chosen = &selection->endpoints[endpoint];
    size_t taken = chosen->count < most ? chosen->count : most;
    double sum = 0;
    for (size_t k = 0; k < taken; k++) {
        const struct selected *item = &selection->items[chosen->first + k * chosen->count / taken];
        exchanges[k] = (struct lines_exchange){item, item->share, UINT64_MAX};
        sum += item->share;
    }
    for (size_t k = 0; k < taken; k++)
        exchanges[k].share /= sum;
    return taken;
}

static bool is_error(const struct lines_exchange *exchange)
{
    return exchange->item->exchange.response.status >= ERROR_STATUS;
}

static bool belong_together(const struct lines_exchange *one, const struct lines_exchange *other)
{
    return is_error(one) == is_error(other) && fabs(one->share - other->share) < 1e-9 * one->share;
}

/* Brings those that belong together to stand together, else in order, and makes groups of them. */
static void group_endpoint(struct lines_plan *plan, size_t endpoint,
                           struct lines_exchange *exchanges, size_t count)
{
    for (size_t first = 0; first < count;) {
        struct lines_group *group = &plan->groups[plan->count++];
        *group = (struct lines_group){.endpoint = endpoint,
                                      .error = is_error(&exchanges[first]),
                                      .exchanges = &exchanges[first]};
        for (size_t k = first; k < count; k++) {
            if (!belong_together(group->exchanges, &exchanges[k]))
                continue;
            struct lines_exchange found = exchanges[k];
            for (size_t to = k; to > first + group->count; to--)
                exchanges[to] = exchanges[to - 1];
            exchanges[first + group->count++] = found;
            group->share += found.share;
        }
        first += group->count;
    }
}

static bool is_played(const struct lines_exchange *exchanges, size_t count,
                      const struct selected *item)
{
    for (size_t i = 0; i < count; i++)
        if (exchanges[i].item == item)
            return true;
    return false;
}

static void take_extras(struct lines_group *group, const struct selection *selection,
                        const struct lines_exchange *exchanges, size_t count,
                        const struct selected **extras)
{
    const struct selected_endpoint *chosen = &selection->endpoints[group->endpoint];
    group->extras = extras;
    for (size_t i = chosen->first; i < chosen->first + chosen->count; i++)
        if (!is_played(exchanges, count, &selection->items[i]))
            extras[group->extra_count++] = &selection->items[i];
}

bool lines_plan_make(struct lines_plan *plan, const struct selection *selection,
                     const struct pass_settings *settings, struct arena *arena, struct error *err)
{
    *plan = (struct lines_plan){0};
    struct lines_exchange *exchanges =
        arena_alloc_array(arena, selection->count, sizeof *exchanges);
    const struct selected **extras = arena_alloc_array(arena, selection->count, sizeof *extras);
    plan->groups = arena_alloc_array(arena, selection->count, sizeof *plan->groups);
    if (exchanges == NULL || extras == NULL || plan->groups == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < selection->endpoint_count; e++) {
        struct lines_exchange *first = exchanges + plan->exchange_count;
        size_t taken = take_endpoint(selection, e, (size_t)settings->exchanges, first);
        struct lines_group *group = &plan->groups[plan->count];
        group_endpoint(plan, e, first, taken);
        take_extras(group, selection, first, taken, extras + selection->endpoints[e].first);
        plan->exchange_count += taken;
    }
    return true;
}
