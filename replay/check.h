/* Whether a reply is the answer that was recorded: a fast wrong answer is no improvement. */
#ifndef TOLLGATE_REPLAY_CHECK_H
#define TOLLGATE_REPLAY_CHECK_H

#include "replay/driver.h"

struct check_rules {
    const char *const
        *volatile_fields; /* JSON object keys, at any depth, whose values may differ */
    size_t volatile_count;
    bool ignore_bodies; /* compare the status only */
};

/* Compares status and body, each where the corpus has it; the body exactly, or, when both are JSON
 * objects or arrays, as JSON without the volatile fields: order of keys and space do not count, 1
 * and 1.0 are one number, a volatile field may also be absent. An answer to HEAD has no body to
 * compare. On a difference appends to `difference` what was expected and what came (both answers,
 * each cut to about 300 bytes around the first difference, safe for a terminal) and returns
 * false. */
MUST_CHECK bool check_reply(const struct check_rules *rules, const struct exchange *exchange,
                            const struct reply *reply, struct buffer *difference);

/* Whether a text of an answer may stand where the recorded one stood: values that were carried from
 * another answer differ from start to start. */
typedef bool check_same_text(const void *context, const char *recorded, size_t recorded_bytes,
                             const char *got, size_t got_bytes);

/* The same, but that a string or number of a JSON body, or a whole body of another kind, may also
 * be what `same` takes for the recorded one. */
MUST_CHECK bool check_reply_carried(const struct check_rules *rules,
                                    const struct exchange *exchange, const struct reply *reply,
                                    check_same_text *same, const void *context,
                                    struct buffer *difference);

#endif
