/* The values that one freshly started gateway handed out, and the requests that bear them. */
#ifndef TOLLGATE_REPLAY_SESSION_H
#define TOLLGATE_REPLAY_SESSION_H

#include "replay/driver.h"
#include "replay/session_plan.h"

struct session;

/* A request with values put in, ready to be sent. It belongs to the session. */
struct session_request;

/* State of one gateway, driven by `driver`; both plan and driver must outlive it. */
MUST_CHECK bool session_new(struct session **session, const struct session_plan *plan,
                            struct driver *driver, struct error *err);
void session_free(struct session *session);

/* Whether the exchange's request bears values, or its answer has some. */
bool session_has_use(const struct session *session, const struct exchange *exchange);
bool session_has_values(const struct session *session, const struct exchange *exchange);

/* How many requests of the exchange with values of their own are ready. Of an exchange that needs
 * none of its own: SIZE_MAX. */
size_t session_count_ready(const struct session *session, const struct exchange *exchange);

/* The sources whose answers a request with values of its own needs anew, in corpus order: calls
 * `send` for each, then builds one more request with what their answers had. */
typedef bool session_send(void *context, const struct exchange *source, struct error *err);
MUST_CHECK bool session_make_ready(struct session *session, const struct exchange *exchange,
                                   session_send *send, void *context, struct error *err);

/* Builds the request with the values of now and prepares it in the driver, unless it is already or
 * the exchange needs values of its own. */
MUST_CHECK bool session_prepare(struct session *session, const struct exchange *exchange,
                                struct error *err);

/* What to send next for the exchange, once: itself where it bears no values, else what was prepared
 * or made ready, a request with values of its own being used up by this. NULL when memory ran out,
 * or when none is ready. What it returned last may go with the next call. */
const struct exchange *session_next(struct session *session, const struct exchange *exchange,
                                    struct error *err);

/* Takes the values from the answer to the exchange, for every later request that bears them. False
 * with `why` when the answer lacks one. */
bool session_take(struct session *session, const struct exchange *exchange,
                  const struct reply *reply, struct buffer *why);

/* Why a value that the exchange bears is not there: its source's answer lacked it. False when all
 * are there. */
bool session_explain_missing(const struct session *session, const struct exchange *exchange,
                             struct buffer *why);

/* Whether the text of an answer is the recorded one but for carried values: where a recorded value
 * stood, the one of now may stand. For check.h. */
bool session_same_text(const struct session *session, const char *recorded, size_t recorded_bytes,
                       const char *got, size_t got_bytes);

#endif
