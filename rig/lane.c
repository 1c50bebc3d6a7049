#include "rig/lane.h"

#include <stdio.h>
#include <string.h>

bool lane_start(struct lane *lane, struct bench *bench, const struct lane_options *options,
                struct error *err)
{
    char log_path[4096];
    const struct bench_side *side = &bench->sides[options->side];
    char folder[4096];
    *lane = (struct lane){.side = options->side};
    reply_init(&lane->reply);
    snprintf(log_path, sizeof log_path, "%s/%s.log", bench->log_folder, options->name);
    snprintf(folder, sizeof folder, "%s/%s", side->source.folder, side->gateway->folder);
    struct gateway_plan plan = {.config = side->gateway,
                                .folder = folder,
                                .log_path = log_path,
                                .prefix = options->prefix,
                                .environment = options->environment,
                                .standins = bench->standins,
                                .cpu = bench->cpu,
                                .slowness = options->slowness,
                                .interrupt = bench->interrupt};
    standin_set_current(bench->standins, NULL);
    if (!gateway_start(&lane->gateway, &plan, err))
        return false;
    struct driver_options driver = {.port = gateway_port(lane->gateway),
                                    .timeout_ms =
                                        side->gateway->request_timeout_ms * options->slowness,
                                    .inject_traceparent = bench->config->inject_traceparent,
                                    .inject_request_id = bench->config->inject_request_id,
                                    .interrupt = bench->interrupt};
    return driver_new(&lane->driver, &driver, err);
}

void lane_stop(struct lane *lane, struct gateway_account *account)
{
    if (lane->driver != NULL)
        driver_free(lane->driver);
    gateway_stop(lane->gateway, account);
    if (lane->gateway != NULL)
        reply_release(&lane->reply);
    *lane = (struct lane){0};
}

/* Only the first reason is kept: what follows is often its consequence. */
static void mark_invalid(struct bench *bench, size_t endpoint, const struct lane *lane,
                         const struct exchange *exchange, const char *why)
{
    struct endpoint_result *result = &bench->run->endpoints[endpoint];
    pthread_mutex_lock(bench->run_lock);
    if (result->invalid == NULL) {
        const char *text = arena_format(
            &bench->run->arena, "the %s answered exchange %s (line %zu of the corpus) wrongly\n%s",
            lane->side == SIDE_HEAD ? "head" : "base",
            exchange->id[0] != '\0' ? exchange->id : "without id", exchange->line, why);
        result->invalid = text != NULL ? text : "wrong answer";
    }
    pthread_mutex_unlock(bench->run_lock);
}

static void check_answer(struct lane *lane, struct bench *bench, size_t endpoint,
                         const struct exchange *exchange, size_t misses)
{
    struct buffer why;
    buffer_init(&why, 8192);
    if (standin_set_misses(bench->standins) > misses) {
        standin_set_describe_misses(bench->standins, &why);
        mark_invalid(bench, endpoint, lane, exchange, buffer_text(&why));
    } else if (!check_reply(&bench->config->check, exchange, &lane->reply, &why)) {
        mark_invalid(bench, endpoint, lane, exchange, buffer_text(&why));
    }
    buffer_release(&why);
}

bool lane_send(struct lane *lane, struct bench *bench, size_t endpoint,
               const struct selected *item, struct error *err)
{
    size_t misses = standin_set_misses(bench->standins);
    standin_set_current(bench->standins, &item->exchange);
    if (!driver_send(lane->driver, &item->exchange, &lane->reply, err)) {
        if (err->where[0] == '\0')
            snprintf(err->where, sizeof err->where, "%s, exchange %s (line %zu)",
                     bench->run->endpoints[endpoint].name, item->exchange.id, item->exchange.line);
        gateway_explain(lane->gateway, err);
        return false;
    }
    /* Workers may go on answering after their master, or the keeper, was killed: unmeasured. */
    if (!gateway_check_alive(lane->gateway, err))
        return false;
    check_answer(lane, bench, endpoint, &item->exchange, misses);
    return true;
}

bool lane_warm_up(struct lane *lane, struct bench *bench, int rounds, struct error *err)
{
    const struct selection *selection = bench->selection;
    for (int round = 0; round < rounds; round++)
        for (size_t e = 0; e < selection->endpoint_count; e++)
            for (size_t i = 0; i < selection->endpoints[e].count; i++)
                if (!lane_send(lane, bench, e,
                               &selection->items[selection->endpoints[e].first + i], err))
                    return false;
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS);
    return true;
}
