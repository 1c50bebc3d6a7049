/* Accepted regressions: what may get dearer, by how much, until when and why. Written as a commit
 * trailer or as a row of "accept" in tollgate.json. A waiver accepts growth against the base; a
 * budget ("max") it does not lift. */
#ifndef TOLLGATE_BASELINES_WAIVER_H
#define TOLLGATE_BASELINES_WAIVER_H

#include "base/arena.h"
#include "base/json.h"
#include "baselines/metric.h"

struct waiver {
    const char *endpoint; /* a glob over the endpoint's name */
    enum metric metric;
    double relative;   /* the largest accepted change, a fraction of the base; NAN: see absolute */
    double absolute;   /* ... or in the metric's unit a request; NAN: see relative */
    const char *until; /* the last day it holds, "2027-01-31" in UTC; NULL = no end */
    const char *because;
    const char *by; /* where it comes from: "commit 1a2b3c4d5e6f by Ada", "the accept list" */
};

/* Empty: nothing is accepted. */
struct waiver_list {
    const struct waiver *items;
    size_t count;
};

/* The value of a Tollgate-Accept trailer, one line:
 *
 *   ENDPOINT METRIC +LIMIT [until YYYY-MM-DD] because WHY
 *   GET /v3/feed cpu +8% until 2027-01-31 because the feed ranks by affinity now
 *   POST /v3/boards* alloc_bytes +4 KiB because each answer is kept for a retry
 *
 * ENDPOINT may be a glob; METRIC is a key ("cpu_ns") or a title of the table ("cpu", "instr");
 * LIMIT is a percentage or an amount: of time with ns, us, ms or s, of bytes with B, kB, KiB, MB or
 * MiB, of counts plain or with k or M. ERROR_INPUT says what is not understood. `by` is kept as it
 * is; strings are copied into the arena. */
MUST_CHECK bool waiver_parse_trailer(struct waiver *waiver, const char *text, const char *by,
                                     struct arena *arena, struct error *err);

/* [{"endpoint": "GET /v3/feed", "metric": "cpu_ns", "change": 0.08, "until": "2027-01-31",
 *   "because": "..."}], or "absolute": 4096 in the metric's unit instead of "change". */
MUST_CHECK bool waiver_parse_list(struct waiver_list *list, const json_t *array,
                                  const struct json_place *place, struct arena *arena,
                                  struct error *err);

/* Whether it speaks of this metric of this endpoint. */
bool waiver_matches(const struct waiver *waiver, const char *endpoint, enum metric metric);

/* Whether its last day is over. `today` as "2026-11-22". */
bool waiver_is_over(const struct waiver *waiver, const char *today);

/* Whether growth of `growth` units a request from `base` is within the limit. From 0 no share can
 * be accepted, only an amount. */
bool waiver_covers(const struct waiver *waiver, double base, double growth);

/* A day that exists, as YYYY-MM-DD. */
bool waiver_is_date(const char *text);

#endif
