/* A lane: one freshly started gateway with a driver on it, and what it answers is checked. */
#ifndef TOLLGATE_RIG_LANE_H
#define TOLLGATE_RIG_LANE_H

#include "replay/driver.h"
#include "rig/bench.h"

struct lane {
    enum side side; /* whose build it runs */
    struct gateway *gateway;
    struct driver *driver;
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

/* Sends one exchange of the selection's endpoint and checks the answer. A wrong answer or a
 * stand-in's miss marks the endpoint's result invalid; only a gateway that does not answer at all
 * is an error. */
MUST_CHECK bool lane_send(struct lane *lane, struct bench *bench, size_t endpoint,
                          const struct selected *item, struct error *err);

/* Sends every exchange of the selection `rounds` times, unmeasured, and lets the gateway settle. */
MUST_CHECK bool lane_warm_up(struct lane *lane, struct bench *bench, int rounds,
                             struct error *err);

#endif
