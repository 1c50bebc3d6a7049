/* What the stand-in of one upstream knows: recorded requests and the answers to them. No locks;
 * the owner sees to that. */
#ifndef TOLLGATE_REPLAY_ANSWERS_H
#define TOLLGATE_REPLAY_ANSWERS_H

#include "base/buffer.h"
#include "replay/corpus.h"

#include <microhttpd.h>

struct answer {
    unsigned int status;
    struct MHD_Response *response;
};

struct answer_table;

MUST_CHECK bool answer_table_new(struct answer_table **table, struct error *err);
void answer_table_free(struct answer_table *table);

/* Adds one recorded call of `exchange`; both outlive the table. False when out of memory, or with
 * the corpus line when it cannot be served. */
MUST_CHECK bool answer_table_add(struct answer_table *table, const struct exchange *exchange,
                                 const struct upstream_answer *recorded, struct error *err);

/* The text that a request is looked up by: this, and the body's bytes after it. */
void answer_key_start(struct buffer *key, const char *method, const char *target);

/* The answer to a request while `current` is replayed for the `turn`th time, or NULL. Within one
 * turn equal requests get an exchange's answers in recorded order, the last one repeated. */
const struct answer *answer_table_find(struct answer_table *table, const struct buffer *key,
                                       const struct exchange *current, uint64_t turn);

/* Says in words what a request without an answer asked for, and the nearest known request. */
void answer_table_describe_miss(const struct answer_table *table, const struct buffer *key,
                                struct buffer *out);

#endif
