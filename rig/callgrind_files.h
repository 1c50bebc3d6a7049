/* What /proc and the folder of dumps say about the processes that callgrind runs. */
#ifndef TOLLGATE_RIG_CALLGRIND_FILES_H
#define TOLLGATE_RIG_CALLGRIND_FILES_H

#include "rig/callgrind_text.h"

enum callgrind_program {
    CALLGRIND_PROGRAM_TOOL,     /* callgrind itself */
    CALLGRIND_PROGRAM_LAUNCHER, /* valgrind, about to become it */
    CALLGRIND_PROGRAM_OTHER,    /* not under it */
    CALLGRIND_PROGRAM_GONE,
};

/* `program` becomes the path of what the process runs, unless it is gone. */
enum callgrind_program callgrind_files_program(pid_t pid, char *program, size_t size);

/* Whether a thread of one of the processes is running, or about to. */
bool callgrind_files_any_runs(const pid_t *pids, size_t count);

/* Whether it is gone or a zombie. */
bool callgrind_files_has_ended(pid_t pid);

/* By /proc, or by callgrind's log in the folder when it has ended; 0 when unknown. */
pid_t callgrind_files_parent(const char *folder_path, pid_t pid);

/* "cg.PID" or "cg.PID.PART": the pid, else 0. */
pid_t callgrind_files_pid_of_dump(const char *name);

/* The sum of a process's dumps: one at its end, and those that were asked for before. *any is false
 * when it wrote none. */
MUST_CHECK bool callgrind_files_read_dumps(const char *folder_path, pid_t pid,
                                           struct callgrind_cost *sum, bool *any,
                                           struct error *err);

/* The one at its end alone: what was counted since the latest that was asked for. */
MUST_CHECK bool callgrind_files_read_last_dump(const char *folder_path, pid_t pid,
                                               struct callgrind_cost *cost, bool *any,
                                               struct error *err);

#endif
