/* Instructions and system calls, by callgrind. */
#include "rig/sampler.h"

#include "rig/callgrind.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ_TIMEOUT_MS = 20000 };

static bool callgrind_sampler_open(void **state, const char *folder,
                                   const struct interrupt *interrupt, char why[512],
                                   struct error *err)
{
    char version[64];
    struct error missing = {0};
    struct callgrind *callgrind = NULL;
    *state = NULL;
    if (!callgrind_find(version, sizeof version, &missing)) {
        snprintf(why, 512, "%.500s", missing.text);
        return true;
    }
    if (!callgrind_new(&callgrind, folder, CALLGRIND_TOTALS, interrupt, err))
        return false;
    *state = callgrind;
    return true;
}

static void callgrind_sampler_close(void *state)
{
    callgrind_free(state);
}

static const char *const *callgrind_sampler_prefix(void *state)
{
    return callgrind_arguments(state);
}

/* What a request costs must not depend on the requests before it, but the path through glibc's
 * malloc does: which bins are full, how often the heap is grown or trimmed. With thread caches that
 * never overflow, small blocks always take the same short path once they were used (measured on the
 * sample gateway: counts after different histories differ by 0.05 %, without the caches by 0.8
 * %). */
static const char *const *callgrind_sampler_environment(void *state)
{
    static const char *const environment[] = {
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=65535:glibc.malloc.trim_threshold=1073741824:"
        "glibc.malloc.mmap_threshold=33554432:glibc.malloc.top_pad=1048576",
        NULL};
    (void)state;
    return environment;
}

static bool callgrind_sampler_read(void *state, struct gateway *gateway, struct reading *reading,
                                   struct error *err)
{
    struct process_tree tree;
    struct callgrind_counts counts;
    gateway_read_tree(gateway, &tree);
    if (!callgrind_read(state, tree.pids, tree.count, READ_TIMEOUT_MS, &counts, err))
        return false;
    reading->values[0] = (int64_t)counts.instructions;
    reading->values[1] = (int64_t)counts.syscalls;
    return true;
}

static const char *callgrind_sampler_blind(void *state, struct gateway *gateway)
{
    struct process_tree tree;
    struct callgrind_counts counts;
    struct error ignored = {0};
    gateway_read_tree(gateway, &tree);
    if (callgrind_read(state, tree.pids, tree.count, READ_TIMEOUT_MS, &counts, &ignored) &&
        counts.processes == 0)
        return "no process of the gateway runs under valgrind";
    return NULL;
}

static void callgrind_sampler_mark_stop(void *state)
{
    callgrind_mark_stop(state, READ_TIMEOUT_MS);
}

static int64_t callgrind_sampler_stop_cost(void *state)
{
    uint64_t instructions;
    struct error ignored = {0};
    return callgrind_stop_cost(state, &instructions, &ignored) ? (int64_t)instructions : -1;
}

static int64_t callgrind_sampler_total(void *state)
{
    struct callgrind_counts counts;
    struct error ignored = {0};
    if (!callgrind_total(state, &counts, NULL, &ignored))
        return -1;
    return (int64_t)counts.instructions;
}

const struct sampler sampler_callgrind = {
    .pass = "exact",
    .counters = {{METRIC_INSTRUCTIONS, REDUCE_LEAST}, {METRIC_SYSCALLS, REDUCE_LEAST}},
    .counter_count = 2,
    .slowness = 50,
    .open = callgrind_sampler_open,
    .close = callgrind_sampler_close,
    .prefix = callgrind_sampler_prefix,
    .environment = callgrind_sampler_environment,
    .read = callgrind_sampler_read,
    .blind = callgrind_sampler_blind,
    .mark_stop = callgrind_sampler_mark_stop,
    .stop_cost = callgrind_sampler_stop_cost,
    .total = callgrind_sampler_total,
};
