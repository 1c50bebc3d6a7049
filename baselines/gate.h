/* The gate: what may change by how much, from "gate" in tollgate.json. */
#ifndef TOLLGATE_BASELINES_GATE_H
#define TOLLGATE_BASELINES_GATE_H

#include "base/arena.h"
#include "base/json.h"
#include "baselines/metric.h"

/* A change fails when it passes `relative` and `absolute`; a value above `max` fails whatever the
 * base is. NAN = not set. */
struct limits {
    double relative; /* fraction of the base */
    double absolute; /* in the metric's unit, a request */
    double max;      /* in the metric's unit, a request */
};

/* A rule of "gate.endpoints": the later of two that match wins, field by field. */
struct gate_rule {
    const char *match; /* glob over the endpoint's name */
    struct limits limits[METRIC_COUNT];
};

struct gate {
    struct limits defaults[METRIC_COUNT];
    const struct gate_rule *rules;
    size_t rule_count;
    double alpha;      /* chance of a false alarm for the whole run; default 0.01 */
    double confidence; /* of the intervals shown; default 0.95 */
};

/* The metrics' own defaults. */
void gate_init(struct gate *gate);

/* {"alpha": 0.01, "cpu_ns": {"relative": 0.02, "absolute": 1000, "max": 5e5},
 *  "endpoints": [{"match": "GET /v3/feed*", "instructions": {"relative": 0.01}}]}
 * Negative, NaN and unknown keys are errors with the place. */
MUST_CHECK bool gate_parse(struct gate *gate, const json_t *json, const struct json_place *place,
                           struct arena *arena, struct error *err);

struct limits gate_limits(const struct gate *gate, const char *endpoint, enum metric metric);

#endif
