#include "rig/lane.h"

#include "rig/lane_session.h"

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
    if (!driver_new(&lane->driver, &driver, err))
        return false;
    if (bench->session_plan == NULL)
        return true;
    driver_keep_headers(lane->driver, session_plan_wants_headers(bench->session_plan));
    return session_new(&lane->session, bench->session_plan, lane->driver, err);
}

void lane_stop(struct lane *lane, struct gateway_account *account)
{
    session_free(lane->session);
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

static bool same_text(const void *session, const char *recorded, size_t recorded_bytes,
                      const char *got, size_t got_bytes)
{
    return session_same_text(session, recorded, recorded_bytes, got, got_bytes);
}

/* What the stand-ins had met before a request. */
struct standin_marks {
    size_t misses;
    size_t faults;
};

/* The answer after a fault that the config asks for is nobody's recorded one. */
static void check_answer(struct lane *lane, struct bench *bench, size_t endpoint,
                         const struct exchange *exchange, const struct standin_marks *before)
{
    struct buffer why;
    buffer_init(&why, 64 * 1024);
    bool carried = lane->session != NULL;
    if (carried && session_explain_missing(lane->session, exchange, &why))
        mark_invalid(bench, endpoint, lane, exchange, buffer_text(&why));
    buffer_clear(&why);
    bool taken = !carried || lane_session_take(lane, exchange, &why);
    if (!taken && standin_set_faults(bench->standins) == before->faults)
        mark_invalid(bench, endpoint, lane, exchange, buffer_text(&why));
    buffer_clear(&why);
    if (standin_set_misses(bench->standins) > before->misses) {
        standin_set_describe_misses(bench->standins, &why);
        mark_invalid(bench, endpoint, lane, exchange, buffer_text(&why));
    } else if (standin_set_faults(bench->standins) == before->faults &&
               !check_reply_carried(&bench->config->check, exchange, &lane->reply,
                                    carried ? same_text : NULL, lane->session, &why)) {
        mark_invalid(bench, endpoint, lane, exchange, buffer_text(&why));
    }
    buffer_release(&why);
}

bool lane_prepare(struct lane *lane, struct bench *bench, const struct selected *item, size_t count,
                  struct error *err)
{
    return lane->session == NULL || lane_session_prepare(lane, bench, &item->exchange, count, err);
}

bool lane_send(struct lane *lane, struct bench *bench, size_t endpoint, const struct selected *item,
               struct error *err)
{
    const struct exchange *exchange = &item->exchange, *request = exchange;
    if (lane->session != NULL)
        request = lane_session_next(lane, bench, exchange, err);
    if (request == NULL)
        return false;
    struct standin_marks before = {standin_set_misses(bench->standins),
                                   standin_set_faults(bench->standins)};
    standin_set_replay(bench->standins, exchange, driver_count_sent(lane->driver, request));
    if (!driver_send(lane->driver, request, &lane->reply, err)) {
        if (err->where[0] == '\0')
            snprintf(err->where, sizeof err->where, "%s, exchange %s (line %zu)",
                     bench->run->endpoints[endpoint].name, exchange->id, exchange->line);
        gateway_explain(lane->gateway, err);
        return false;
    }
    /* Workers may go on answering after their master, or the keeper, was killed: unmeasured. */
    if (!gateway_check_alive(lane->gateway, err))
        return false;
    check_answer(lane, bench, endpoint, exchange, &before);
    return true;
}

bool lane_warm_up(struct lane *lane, struct bench *bench, int rounds, struct error *err)
{
    const struct selection *selection = bench->selection;
    if (!lane_session_begin(lane, bench, err))
        return false;
    for (int round = 0; round < rounds; round++)
        for (size_t e = 0; e < selection->endpoint_count; e++)
            for (size_t i = 0; i < selection->endpoints[e].count; i++)
                if (!lane_send(lane, bench, e, &selection->items[selection->endpoints[e].first + i],
                               err))
                    return false;
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS);
    return true;
}
