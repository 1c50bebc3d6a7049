/* Requests in one spelling, so that two which mean the same are found to be equal. Whatever comes
 * in may be hostile: a query of very many parts or a body of more than NORMALISE_BODY_MAX_BYTES
 * stays as it was sent. */
#ifndef TOLLGATE_REPLAY_NORMALISE_H
#define TOLLGATE_REPLAY_NORMALISE_H

#include "base/buffer.h"

#include <jansson.h>
#include <stdbool.h>

enum {
    NORMALISE_BODY_MAX_BYTES = 4 * 1024 * 1024,
    NORMALISE_PAIRS_MAX = 256, /* of a query or a form */
};

struct normalise_rules {
    const char *const *volatile_names; /* query keys and JSON fields at any depth: left out */
    size_t volatile_count;
};

/* A request's parts, borrowed. */
struct request_parts {
    const char *method;
    const char *target;
    const char *body; /* NULL when there is none */
    size_t body_bytes;
};

/* One "key=value" of a query or a form; `value` is NULL without "=". Not decoded. */
struct query_pair {
    const char *key;
    size_t key_bytes;
    const char *value;
    size_t value_bytes;
    size_t position; /* in the query, so that equal keys stay in order */
};

/* Appends method, NUL, target, NUL, body:
 * - the target's query is sorted by key (equal keys keep their order), percent-encoding is spelt
 *   one way, "+" in a query is a space;
 * - a JSON object or array has sorted keys and no space, 1.0 is 1; a form is sorted as a query is;
 * - volatile names are left out. */
void normalise_request(const struct normalise_rules *rules, const struct request_parts *request,
                       struct buffer *out);

/* Appends what is left of a request when its values are taken away: method, the path with segments
 * that look like ids as {}, the query's keys, the keys of a JSON body's object. */
void normalise_template(const struct normalise_rules *rules, const struct request_parts *request,
                        struct buffer *out);

/* Whether a segment of a path looks like an id: a number, a UUID, "user-123", and not "v3". */
bool normalise_is_id(const char *segment, size_t size);

/* Splits at the ampersands, empty parts left out; sorted by key when `sorted`. False when there are
 * more than NORMALISE_PAIRS_MAX. */
bool normalise_split_query(const char *query, size_t size, bool sorted,
                           struct query_pair pairs[NORMALISE_PAIRS_MAX], size_t *count);

/* Whether the name is one of the volatile ones. */
bool normalise_is_volatile(const struct normalise_rules *rules, const char *name, size_t size);

/* A JSON object or array without the volatile fields, or NULL when the body is none. */
json_t *normalise_parse_body(const struct normalise_rules *rules, const char *body, size_t size);

#endif
