#include "rig/lane_session.h"

#include "replay/standin.h"

#include <stdint.h>
#include <stdio.h>

enum { READY_MOST = 1024 }; /* beyond them each is made when it is sent */

struct sending {
    struct lane *lane;
    struct bench *bench;
};

/* An exchange whose answer others need. Whether the answer is the recorded one is not asked here:
 * where it lacks a value, those that need it say so. */
static bool send_source(void *context, const struct exchange *source, struct error *err)
{
    struct sending *sending = context;
    struct lane *lane = sending->lane;
    struct bench *bench = sending->bench;
    struct buffer ignored;
    const struct exchange *request = lane_session_next(lane, bench, source, err);
    if (request == NULL)
        return false;
    standin_set_replay(bench->standins, source, driver_count_sent(lane->driver, request));
    if (!driver_send(lane->driver, request, &lane->reply, err)) {
        if (err->where[0] == '\0')
            snprintf(err->where, sizeof err->where, "exchange %s (line %zu), which others need",
                     source->id, source->line);
        gateway_explain(lane->gateway, err);
        return false;
    }
    buffer_init(&ignored, 4096);
    (void)lane_session_take(lane, source, &ignored);
    buffer_release(&ignored);
    return true;
}

bool lane_session_begin(struct lane *lane, struct bench *bench, struct error *err)
{
    struct sending sending = {lane, bench};
    if (lane->session == NULL)
        return true;
    for (size_t i = 0; i < session_plan_source_count(bench->session_plan); i++)
        if (!send_source(&sending, session_plan_source(bench->session_plan, i), err))
            return false;
    return true;
}

bool lane_session_prepare(struct lane *lane, struct bench *bench, const struct exchange *exchange,
                          size_t count, struct error *err)
{
    struct sending sending = {lane, bench};
    if (lane->session == NULL || !session_has_use(lane->session, exchange))
        return true;
    if (session_count_ready(lane->session, exchange) == SIZE_MAX)
        return session_prepare(lane->session, exchange, err);
    if (count > READY_MOST)
        count = READY_MOST;
    while (session_count_ready(lane->session, exchange) < count)
        if (!session_make_ready(lane->session, exchange, send_source, &sending, err))
            return false;
    return true;
}

const struct exchange *lane_session_next(struct lane *lane, struct bench *bench,
                                         const struct exchange *exchange, struct error *err)
{
    return lane_session_prepare(lane, bench, exchange, 1, err)
               ? session_next(lane->session, exchange, err)
               : NULL;
}

bool lane_session_take(struct lane *lane, const struct exchange *exchange, struct buffer *why)
{
    return session_take(lane->session, exchange, &lane->reply, why);
}
