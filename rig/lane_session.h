/* What a lane does so that requests bear the values that its own gateway handed out. */
#ifndef TOLLGATE_RIG_LANE_SESSION_H
#define TOLLGATE_RIG_LANE_SESSION_H

#include "rig/lane.h"

/* Sends the exchanges whose answers others need, in corpus order, unmeasured and unchecked. */
MUST_CHECK bool lane_session_begin(struct lane *lane, struct bench *bench, struct error *err);

/* Makes what is to be sent for the exchange `count` times from now on. */
MUST_CHECK bool lane_session_prepare(struct lane *lane, struct bench *bench,
                                     const struct exchange *exchange, size_t count,
                                     struct error *err);

/* What to send for the exchange now; NULL on error. */
const struct exchange *lane_session_next(struct lane *lane, struct bench *bench,
                                         const struct exchange *exchange, struct error *err);

/* Takes over what the answer to it handed out. False with `why` when it lacks a value. */
bool lane_session_take(struct lane *lane, const struct exchange *exchange, struct buffer *why);

#endif
