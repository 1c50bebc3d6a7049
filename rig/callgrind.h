/* Instructions and system calls of a gateway that runs under valgrind's callgrind, read for its
 * whole process tree between requests.
 *
 * A reading looks at callgrind's own counters in the process's memory (see callgrind_memory.h):
 * the gateway is not stopped, no system call of its is interrupted, and read;read with no request
 * between them differs by exactly nothing. What was found there is held against callgrind's answer
 * to "status internal" once, at the first reading; that question is put through vgdb, which does
 * wake the gateway, so the first reading belongs before the measuring.
 *
 * Where the counters cannot be found (a build of valgrind that is laid out otherwise) every reading
 * is asked for through vgdb: about a tenth of a second each, and every one wakes the gateway from
 * its wait, mostly with EINTR. callgrind_disturbs tells; read twice in a row and subtract. */
#ifndef TOLLGATE_RIG_CALLGRIND_H
#define TOLLGATE_RIG_CALLGRIND_H

#include "base/error.h"
#include "base/interrupt.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct callgrind;

struct callgrind_counts {
    uint64_t instructions;
    uint64_t syscalls; /* that returned: one that a thread is blocked in is not counted yet */
    size_t processes;  /* that the counts are the sum of, ended ones included */
    size_t blind;      /* processes of the tree, alive now, that are not under callgrind */
};

enum callgrind_depth {
    CALLGRIND_TOTALS, /* per source line where there is debug information */
    CALLGRIND_LINES,  /* per instruction address and line: what dumps need for exact line hits */
};

/* Whether valgrind and vgdb are there; `version` becomes "valgrind-3.19.0". ERROR_ENVIRONMENT with
 * how to install them. */
MUST_CHECK bool callgrind_find(char *version, size_t size, struct error *err);

/* `folder` exists, is empty and belongs to this one start of a gateway: dumps, logs and vgdb's
 * files go there. Removing it is the caller's. `interrupt` (may be NULL) is borrowed. */
MUST_CHECK bool callgrind_new(struct callgrind **out, const char *folder,
                              enum callgrind_depth depth, const struct interrupt *interrupt,
                              struct error *err);
void callgrind_free(struct callgrind *callgrind);

/* What goes before the gateway's own argument vector. NULL-terminated, borrowed. */
const char *const *callgrind_arguments(const struct callgrind *callgrind);

/* Counts since the start, over the processes in `pids` (the whole tree, root first) and those that
 * ended since. A forked child carries its parent's counts on: they are taken off it. What the
 * parent did between the last reading and the fork cannot be told from outside and counts for the
 * child, too. The gateway must be at rest, see callgrind_settle. `timeout_ms` limits the first
 * reading, which waits for callgrind to be up, and those through vgdb. */
MUST_CHECK bool callgrind_read(struct callgrind *callgrind, const pid_t *pids, size_t count,
                               int timeout_ms, struct callgrind_counts *totals, struct error *err);

/* Reads until no thread of the tree runs and the counts stood still for `quiet_us`. Every reading
 * disturbs nothing, so this may be called after each request. *settled is false when the gateway
 * was still at it after `timeout_ms`; `totals` are then the latest. After a vgdb-only start
 * (callgrind_disturbs) it waits for the threads alone and reads once. */
MUST_CHECK bool callgrind_settle(struct callgrind *callgrind, const pid_t *pids, size_t count,
                                 int quiet_us, int timeout_ms, struct callgrind_counts *totals,
                                 bool *settled, struct error *err);

/* Whether readings wake the gateway. Known after the first one. */
bool callgrind_disturbs(const struct callgrind *callgrind);

/* Has every process that the last reading found alive write down what it executed since it last
 * did: "cg.PID.N" in the folder, see callgrind_parts.h. Readings go on from where they were. It
 * wakes the gateway from its wait: what that costs is in the next dump, and in the next reading. A
 * process that ended meanwhile is passed over, it has written its last dump by itself. */
MUST_CHECK bool callgrind_dump(struct callgrind *callgrind, int timeout_ms, struct error *err);

/* Before the gateway is stopped: has callgrind write down what it counted, so that what the stop
 * costs gets an account of its own. A process that does not answer is passed over. No reading
 * after this but callgrind_total and callgrind_stop_cost. */
void callgrind_mark_stop(struct callgrind *callgrind, int timeout_ms);

/* After all have ended: what was executed since callgrind_mark_stop. */
MUST_CHECK bool callgrind_stop_cost(const struct callgrind *callgrind, uint64_t *instructions,
                                    struct error *err);

/* After all have ended: the sum of what callgrind itself wrote at each process's end, an account
 * kept apart from the readings. A process that was killed before it could write counts with its
 * last reading, and *unwritten counts those (may be NULL). */
MUST_CHECK bool callgrind_total(struct callgrind *callgrind, struct callgrind_counts *totals,
                                size_t *unwritten, struct error *err);

#endif
