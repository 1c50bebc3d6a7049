/* The gateway supervisor: starts a gateway on a free port, knows when it is ready, follows its
 * whole process tree, explains its failures by its log, and stops it without leaving a process
 * behind. */
#ifndef TOLLGATE_RIG_GATEWAY_H
#define TOLLGATE_RIG_GATEWAY_H

#include "base/interrupt.h"
#include "base/process.h"
#include "replay/standin.h"
#include "rig/config.h"

/* How one gateway is to be started. Borrowed while gateway_start runs, but for `config`. */
struct gateway_plan {
    const struct gateway_config *config;
    const char *folder;             /* the source tree that it is started in */
    const char *log_path;           /* both streams go there; begun anew */
    const char *const *prefix;      /* NULL-terminated words before the program, or NULL */
    const char *const *environment; /* NULL-terminated extra "NAME=value", or NULL */
    const struct standin_set *standins;
    int cpu;      /* -1 = not pinned */
    int slowness; /* multiplies every timeout; 1 = as configured */
    const struct interrupt *interrupt;
};

struct gateway;

/* Returns once it is ready. ERROR_ENVIRONMENT with the last lines of the log when it does not
 * start, exits, or never gets ready. */
MUST_CHECK bool gateway_start(struct gateway **gateway, const struct gateway_plan *plan,
                              struct error *err);

int gateway_port(const struct gateway *gateway);

/* The process that was started; under a prefix, that of the prefix. */
pid_t gateway_pid(const struct gateway *gateway);

void gateway_read_tree(const struct gateway *gateway, struct process_tree *tree);

/* CPU time that the tree has spent since the start: live processes, and those that ended. */
int64_t gateway_read_full_cpu_ns(struct gateway *gateway);

/* The same, over the tree as last walked: cheap enough for each request. */
int64_t gateway_read_cpu_ns(struct gateway *gateway);

/* The live processes' time as the kernel's tick sampled it, to tell user from system. */
struct gateway_ticks {
    int64_t all_ns;
    int64_t user_ns;
};
void gateway_read_ticks(const struct gateway *gateway, struct gateway_ticks *ticks);

/* Highest resident sets of the live processes so far, added up. */
int64_t gateway_peak_rss_bytes(const struct gateway *gateway);

/* Waits until the tree's CPU clock stands still, so that work done after an answer is charged to
 * the request that caused it. False when it did not within `limit_ms`. */
bool gateway_settle(struct gateway *gateway, int limit_ms);

/* False with ERROR_ENVIRONMENT and the log's last lines when the main process has ended. */
MUST_CHECK bool gateway_check_alive(struct gateway *gateway, struct error *err);

/* Makes a failed request's error better: when the gateway has ended, says so with its log
 * instead. */
void gateway_explain(struct gateway *gateway, struct error *err);

/* The tree's CPU time from start to end, by two accounts that know nothing of each other. */
struct gateway_account {
    int64_t clock_ns; /* by the CPU clocks that every reading uses, followed to the last breath */
    int64_t total_ns; /* as the kernel summed it up when the processes were reaped */
};

/* SIGTERM, a while to finish, SIGKILL for what is left. `account` may be NULL. NULL gateway is
 * allowed. */
void gateway_stop(struct gateway *gateway, struct gateway_account *account);

#endif
