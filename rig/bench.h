/* What the passes of one bench share. */
#ifndef TOLLGATE_RIG_BENCH_H
#define TOLLGATE_RIG_BENCH_H

#include "baselines/gate.h"
#include "baselines/run.h"
#include "rig/gateway.h"
#include "rig/live_plan.h"
#include "rig/progress.h"
#include "rig/selection.h"
#include "rig/source.h"

#include <pthread.h>

struct bench_side {
    bool present;
    struct source source;
    const struct gateway_config *gateway; /* head's own, or what the base's config says */
};

struct bench {
    const struct config *config;
    const struct selection *selection; /* its endpoints are run->endpoints, in the same order */
    const struct session_plan *session_plan; /* NULL: the config carries no values */
    struct standin_set *standins;
    const struct interrupt *interrupt;
    struct progress *progress;
    struct bench_side sides[SIDE_COUNT];
    const char *log_folder;
    const char *scratch_folder; /* of this run alone, removed at its end */
    const struct gate *gate;    /* decides when the live pass has seen enough */
    int cpus[LIVE_WORKERS_MAX]; /* to measure on, one replicate on each at a time */
    size_t cpu_count;           /* 0 = this machine does not allow pinning */
    int cpu;                    /* that everything is pinned to; -1 = not pinned */
    pthread_mutex_t *run_lock;  /* held to write what several replicates share of the run */
    int64_t deadline_ns;        /* monotonic; 0 = none */
    int64_t
        counting_deadline_ns; /* of the counting passes, so that time is left for the live one */
    bool explains_all;        /* also what did not change: the passes were asked for by name */
    struct run *run;          /* filled in by the passes */
};

/* One row a pass, in the order in which they run. */
struct pass {
    const char *name;
    const char *help;
    const struct pass_settings *(*settings)(const struct config *config);
    /* Measures into bench->run. A pass that cannot run here fills `skipped` with the reason in
     * words and returns true. */
    bool (*run)(struct bench *bench, struct pass_result *result, char skipped[512],
                struct error *err);
    bool explains_counts; /* says why a count changed: nothing to say where none did */
};

/* NULL-terminated. */
const struct pass *const *pass_list(void);

/* Whether a count of both sides is the same, give or take half of what would fail; false when it is
 * not known. */
bool bench_is_unchanged(const struct bench *bench, const struct endpoint_result *endpoint,
                        enum metric metric);

/* Runs one pass, or notes why it did not run, in the run's next pass_result. */
MUST_CHECK bool bench_run_pass(struct bench *bench, const struct pass *pass, bool wanted,
                               struct error *err);

extern const struct pass pass_live, pass_exact, pass_alloc;
extern const struct pass pass_lines, pass_sites, pass_stacks; /* that explain */

#endif
