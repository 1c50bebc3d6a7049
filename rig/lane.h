/* A lane: one freshly started gateway with a driver on it, and what it answers is checked. */
#ifndef TOLLGATE_RIG_LANE_H
#define TOLLGATE_RIG_LANE_H

#include "replay/driver.h"
#include "replay/session.h"
#include "rig/bench.h"

struct lane {
    enum side side; /* whose build it runs */
    struct gateway *gateway;
    struct driver *driver;
    struct session *session; /* NULL: no value is carried from one answer to a request */
    struct reply reply;
};

struct lane_options {
    enum side side;
    const char *name;               /* names the log: "head-live" */
    const char *const *prefix;      /* as in struct gateway_plan */
    const char *const *environment; /* likewise */
    int slowness;                   /* likewise */
};

enum { LANE_SETTLE_LIMIT_MS = 200 };

MUST_CHECK bool lane_start(struct lane *lane, struct bench *bench,
                           const struct lane_options *options, struct error *err);

/* Stops the gateway; NULL `account` is allowed, see gateway_stop. Safe on a zeroed lane. */
void lane_stop(struct lane *lane, struct gateway_account *account);

/* Makes ready what `count` sends of the exchange from now on need: requests are built with the
 * values that the gateway handed out, and what they use up is made by requests that nobody
 * measures. To be called before a reading; lane_send does it where it was not. */
MUST_CHECK bool lane_prepare(struct lane *lane, struct bench *bench, const struct selected *item,
                             size_t count, struct error *err);

/* Sends one exchange of the selection's endpoint and checks the answer. A wrong answer or a
 * stand-in's miss marks the endpoint's result invalid; only a gateway that does not answer at all
 * is an error. */
MUST_CHECK bool lane_send(struct lane *lane, struct bench *bench, size_t endpoint,
                          const struct selected *item, struct error *err);

/* Sends first those whose answers others need, then every exchange of the selection `rounds` times,
 * unmeasured, and lets the gateway settle. */
MUST_CHECK bool lane_warm_up(struct lane *lane, struct bench *bench, int rounds, struct error *err);

#endif
