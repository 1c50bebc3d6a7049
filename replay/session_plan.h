/* Which recorded values are carried into which requests, found out once for all gateway starts: a
 * value of an answer (its source) that stands in a later request (its use). The recorded value is
 * known, so that only it is replaced, wherever the rules say or, without a rule for a capture,
 * wherever it stands as a whole value and has SESSION_PLAIN_MIN_BYTES or more. */
#ifndef TOLLGATE_REPLAY_SESSION_PLAN_H
#define TOLLGATE_REPLAY_SESSION_PLAN_H

#include "replay/corpus.h"
#include "replay/session_rules.h"

enum {
    SESSION_SOURCES_MAX = 500000,                 /* recorded answers that have a value */
    SESSION_VALUES_MAX_BYTES = 256 * 1024 * 1024, /* of theirs in all */
};

struct session_plan;

/* Reads the corpus once. `replayed` are the exchanges that will be; they and what they need,
 * directly or through others, is planned for. Rules that no exchange of the corpus fits are
 * ERROR_USAGE, naming the rule. Borrows all but the corpus. */
MUST_CHECK bool session_plan_new(struct session_plan **plan, const struct session_rules *rules,
                                 const struct corpus *corpus,
                                 const struct exchange *const *replayed, size_t count,
                                 struct error *err);
void session_plan_free(struct session_plan *plan);

/* The exchanges whose answers are needed, in corpus order: to be sent first. */
size_t session_plan_source_count(const struct session_plan *plan);
const struct exchange *session_plan_source(const struct session_plan *plan, size_t index);

/* Whether any value is taken from a header or a cookie. */
bool session_plan_wants_headers(const struct session_plan *plan);

#endif
