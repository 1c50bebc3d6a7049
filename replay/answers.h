/* What the stand-in of one upstream knows: recorded requests and the answers to them. No locks;
 * the owner sees to that. */
#ifndef TOLLGATE_REPLAY_ANSWERS_H
#define TOLLGATE_REPLAY_ANSWERS_H

#include "base/buffer.h"
#include "replay/corpus.h"
#include "replay/normalise.h"

#include <microhttpd.h>

/* How a request was matched with a recorded one, best first. */
enum answer_tier {
    ANSWER_EXACT,      /* method, target and body, byte by byte; headers never count */
    ANSWER_NORMALISED, /* the same in one spelling, without volatile names: see normalise.h */
    ANSWER_TEMPLATE,   /* all but the values are the same */
    ANSWER_TIERS,
};

struct answer_rules {
    struct normalise_rules normalise; /* borrowed */
    bool templates;                   /* whether that tier answers */
};

struct answer {
    unsigned int status;
    struct MHD_Response *response;
    int64_t latency_ns; /* as recorded; 0 = unknown */
};

struct answer_table;

MUST_CHECK bool answer_table_new(struct answer_table **table, const struct answer_rules *rules,
                                 struct error *err);
void answer_table_free(struct answer_table *table);

/* Adds one recorded call of `exchange`; both outlive the table. False when out of memory, or with
 * the corpus line when it cannot be served. */
MUST_CHECK bool answer_table_add(struct answer_table *table, const struct exchange *exchange,
                                 const struct upstream_answer *recorded, struct error *err);

/* The text that a request is looked up by: this, and the body's bytes after it. */
void answer_key_start(struct buffer *key, const char *method, const char *target);

/* The answer to a request while `current` is replayed for the `turn`th time, or NULL; the best tier
 * that has one answers. Within a tier the answers of `current` come first, then those of the
 * exchange that was added first. Within one turn equal requests get an exchange's answers in
 * recorded order, the last one repeated; of one exchange some sixty turns may be under way at once.
 * An exact match allocates nothing. */
const struct answer *answer_table_find(struct answer_table *table, const struct buffer *key,
                                       const struct exchange *current, uint64_t turn,
                                       enum answer_tier *tier);

/* Says in words what a request without an answer asked for, the nearest known request, and in which
 * fields they differ. */
void answer_table_describe_miss(const struct answer_table *table, const struct buffer *key,
                                const struct exchange *current, struct buffer *out);

#endif
