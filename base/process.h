/* Process trees as /proc shows them, and what they spent. */
#ifndef TOLLGATE_BASE_PROCESS_H
#define TOLLGATE_BASE_PROCESS_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_TREE_MAX = 512 };

/* The live processes below a root, the root not among them. */
struct process_tree {
    pid_t pids[PROCESS_TREE_MAX];
    size_t count;
    bool truncated; /* there were more */
};

/* Children of every thread of every process, breadth first. Processes that end meanwhile are
 * passed over. */
void process_tree_read(struct process_tree *tree, pid_t root);

/* What a process has spent since it began, threads that ended included, children not. */
struct process_cpu {
    int64_t total_ns;  /* user and system, from the scheduler: exact */
    int64_t reaped_ns; /* children that it waited for; in units of the kernel's tick */
};

/* False when the process is gone; no error is meant by that. */
bool process_read_cpu(pid_t pid, struct process_cpu *cpu);

/* User and system time as the kernel's tick sampled it, and the user part. False when gone. */
bool process_read_ticks(pid_t pid, int64_t *all_ns, int64_t *user_ns);

/* The clock alone: total_ns, or -1 when the process is gone. */
int64_t process_read_cpu_ns(pid_t pid);

/* Whether a thread of the process runs, wants to run, or waits for a disk. */
bool process_is_busy(pid_t pid);

/* Highest resident set so far, bytes; 0 when unknown. */
int64_t process_peak_rss_bytes(pid_t pid);

/* SIGKILLs everything below `root` until nothing is left, reaping what has become our child. */
void process_kill_tree(pid_t root);

#endif
