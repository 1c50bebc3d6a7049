/* Fires recorded requests, one in flight, over a connection that is kept alive. Over libcurl. */
#ifndef TOLLGATE_REPLAY_DRIVER_H
#define TOLLGATE_REPLAY_DRIVER_H

#include "base/buffer.h"
#include "base/interrupt.h"
#include "replay/corpus.h"

struct driver_options {
    int port;       /* on 127.0.0.1 */
    int timeout_ms; /* for one whole request; a gateway that hangs ends here */
    bool inject_traceparent;
    bool inject_request_id;
    const struct interrupt *interrupt; /* NULL = none */
};

struct reply {
    int status;
    struct buffer body;    /* at most 64 MiB */
    struct buffer headers; /* "Name: value" lines as they came, where the driver keeps them */
    int64_t wall_ns;       /* from before the send to the last byte */
};

struct driver;

MUST_CHECK bool driver_new(struct driver **driver, const struct driver_options *options,
                           struct error *err);
void driver_free(struct driver *driver);

/* Prepares an exchange for sending; what it makes is reused for every later send of the same
 * exchange (same pointer), so that the measured path builds nothing. The exchange must outlive the
 * driver. Sends what was recorded: target, header order and duplicates, body bytes; replay/plan.h
 * lists the few things that differ. A request is sent once: only after a pause of half a second is
 * it repeated, when the kept connection was closed in that moment.
 *
 * ERROR_ENVIRONMENT: the gateway refused or closed the connection. ERROR_MEASUREMENT: no answer in
 * time, one that is not HTTP, or a body over the maximum. ERROR_INTERRUPTED. After any of them the
 * connection is closed and the driver can be used again. */
MUST_CHECK bool driver_send(struct driver *driver, const struct exchange *exchange,
                            struct reply *reply, struct error *err);

/* Prepares an exchange before it is sent, or anew when it has changed since. `sent` is how many
 * times it was sent before: ids that are injected count on from there. */
MUST_CHECK bool driver_prepare(struct driver *driver, const struct exchange *exchange,
                               uint64_t sent, struct error *err);

/* Forgets what was prepared for an exchange, which may then go. */
void driver_forget(struct driver *driver, const struct exchange *exchange);

/* How many times it was sent, 0 when it is not prepared. */
uint64_t driver_count_sent(const struct driver *driver, const struct exchange *exchange);

/* Whether replies get their header lines from now on; at first they do not. */
void driver_keep_headers(struct driver *driver, bool keep);

void reply_init(struct reply *reply);
void reply_release(struct reply *reply);

#endif
