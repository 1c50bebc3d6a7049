/* The metrics, one row each. Nobody else knows their list. */
#ifndef TOLLGATE_BASELINES_METRIC_H
#define TOLLGATE_BASELINES_METRIC_H

#include <stdbool.h>
#include <stddef.h>

enum metric {
    METRIC_CPU_NS,
    METRIC_WALL_P50_NS,
    METRIC_WALL_P99_NS,
    METRIC_INSTRUCTIONS,
    METRIC_SYSCALLS,
    METRIC_ALLOCATIONS,
    METRIC_ALLOC_BYTES,
    METRIC_RETAINED_BYTES,
    METRIC_COUNT
};

enum metric_kind {
    METRIC_PAIRED,        /* noisy: compared by the replicates' paired log ratios */
    METRIC_EXACT,         /* compared exactly when all starts agree */
    METRIC_INFORMATIONAL, /* shown, never gated unless a budget is configured */
};

enum metric_unit { UNIT_NS, UNIT_COUNT, UNIT_BYTES };

struct metric_info {
    const char *key;   /* in JSON and tollgate.json: "cpu_ns" */
    const char *title; /* in a table's head: "CPU" */
    const char *pass;  /* which pass measures it: "live", "exact", "alloc" */
    enum metric_kind kind;
    enum metric_unit unit;
    double relative; /* default gate: fails when the change passes this fraction ... */
    double absolute; /* ... and this many units a request */
    const char *help;
};

/* Lower is better for every metric. */
const struct metric_info *metric_info(enum metric metric);

/* By key; METRIC_COUNT when there is none. */
enum metric metric_by_key(const char *key);

#endif
