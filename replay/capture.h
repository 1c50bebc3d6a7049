/* What the recorder keeps of an exchange while it passes through: plain bytes, made into a struct
 * exchange only when it is written. */
#ifndef TOLLGATE_REPLAY_CAPTURE_H
#define TOLLGATE_REPLAY_CAPTURE_H

#include "base/buffer.h"
#include "replay/corpus.h"

/* Header fields in order: name, NUL, value, NUL. */
struct captured_fields {
    struct buffer text;
    size_t count;
};

void captured_fields_init(struct captured_fields *fields);
void captured_fields_release(struct captured_fields *fields);
void captured_fields_clear(struct captured_fields *fields);

/* A NUL inside ends the name or the value. Failure shows in fields->text.failed. */
void captured_fields_add(struct captured_fields *fields, const char *name, size_t name_size,
                         const char *value, size_t value_size);

/* Steps through: start with NULL, which gives the first name; NULL at the end. */
const char *captured_fields_next(const struct captured_fields *fields, const char *name);
const char *captured_fields_value(const char *name);

/* The value of the first field of that name, any case; NULL when there is none. */
const char *captured_fields_find(const struct captured_fields *fields, const char *name);

/* Whether the fields make it one that belongs to the connection: by its own name, or because a
 * Connection field names it. */
bool captured_fields_is_hop_by_hop(const struct captured_fields *fields, const char *name);

/* One request and its answer: the client's to the gateway, or the gateway's to an upstream. */
struct captured_call {
    struct captured_call
        *next;            /* of an exchange's upstream calls, in the order in which they began */
    const char *upstream; /* its name; NULL: the client's own. Borrowed */
    char *method;
    char *target;
    const char *proto; /* constant */
    struct captured_fields asked, answered;
    struct buffer request_body, response_body;
    bool has_request_body;
    int status;
    int64_t started_ns, latency_ns; /* by the monotonic clock */
};

struct captured_exchange {
    struct captured_call own;
    struct captured_call *calls;
    int64_t ts_ns;              /* when the request came, UTC */
    char injected_trace_id[33]; /* that the gateway was given and the client had not sent; or "" */
    char injected_request_id[37];
    size_t reserved_bytes; /* of the recording's queue */
};

struct captured_exchange *captured_exchange_new(void); /* NULL when out of memory */
void captured_exchange_free(struct captured_exchange *exchange);

/* Adds an upstream call at the end; NULL when out of memory. */
struct captured_call *captured_exchange_add_call(struct captured_exchange *exchange,
                                                 const char *upstream);

/* Bytes that it takes up. */
size_t captured_call_bytes(const struct captured_call *call);

/* Frees what it holds of messages; it can still be counted and freed. */
void captured_exchange_empty(struct captured_exchange *exchange);

/* The exchange as a corpus has it; bytes are borrowed from `captured`, arrays are in the arena.
 * Answers lose what belonged to the connection; requests to upstreams lose the ids that we injected
 * into the request to the gateway. */
MUST_CHECK bool captured_exchange_convert(const struct captured_exchange *captured,
                                          struct arena *arena, struct exchange *out,
                                          struct error *err);

#endif
