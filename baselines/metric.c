#include "baselines/metric.h"

#include "base/macros.h"

#include <string.h>

static const struct metric_info metrics[METRIC_COUNT] = {
    [METRIC_CPU_NS] = {"cpu_ns", "CPU", "live", METRIC_PAIRED, UNIT_NS, 0.02, 1000,
                       "CPU time, user and system, of the gateway's whole process tree"},
    [METRIC_WALL_P50_NS] = {"wall_p50_ns", "p50", "live", METRIC_INFORMATIONAL, UNIT_NS, 0, 0,
                            "median time from request to last byte of the answer"},
    [METRIC_WALL_P99_NS] = {"wall_p99_ns", "p99", "live", METRIC_INFORMATIONAL, UNIT_NS, 0, 0,
                            "99th percentile of the time from request to last byte"},
    [METRIC_INSTRUCTIONS] = {"instructions", "instr", "exact", METRIC_EXACT, UNIT_COUNT, 0.005, 500,
                             "machine instructions executed in user space"},
    [METRIC_SYSCALLS] = {"syscalls", "syscalls", "exact", METRIC_EXACT, UNIT_COUNT, 0.005, 0.5,
                         "system calls"},
    [METRIC_ALLOCATIONS] = {"allocations", "allocs", "alloc", METRIC_EXACT, UNIT_COUNT, 0.005, 0.9,
                            "calls that allocated heap memory"},
    [METRIC_ALLOC_BYTES] = {"alloc_bytes", "bytes", "alloc", METRIC_EXACT, UNIT_BYTES, 0.01, 64,
                            "heap bytes asked for"},
    [METRIC_RETAINED_BYTES] = {"retained_bytes", "retained", "alloc", METRIC_EXACT, UNIT_BYTES,
                               0.01, 16, "heap bytes still held after the request: a leak"},
};

const struct metric_info *metric_info(enum metric metric)
{
    if ((unsigned)metric >= METRIC_COUNT)
        BUG("no metric %d", (int)metric);
    return &metrics[metric];
}

enum metric metric_by_key(const char *key)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metrics[i].key, key) == 0)
            return (enum metric)i;
    return METRIC_COUNT;
}
