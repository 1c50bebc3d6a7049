/* Asking callgrind in a running process for its counts, through the program vgdb. Wakes the process
 * when it waits in a system call, so the system call may return early with EINTR. */
#ifndef TOLLGATE_RIG_CALLGRIND_VGDB_H
#define TOLLGATE_RIG_CALLGRIND_VGDB_H

#include "base/interrupt.h"
#include "rig/callgrind_text.h"

/* `prefix` is what valgrind was given as --vgdb-prefix. ERROR_ENVIRONMENT when there is no answer
 * within `timeout_ms`: the process ended, or is another user's. vgdb is killed then. */
MUST_CHECK bool callgrind_vgdb_read(const char *prefix, pid_t pid, int timeout_ms,
                                    const struct interrupt *interrupt, struct callgrind_cost *cost,
                                    struct error *err);

/* Has it write a dump of what it counted so far; counting then begins anew. Errors as above. */
MUST_CHECK bool callgrind_vgdb_dump(const char *prefix, pid_t pid, int timeout_ms,
                                    const struct interrupt *interrupt, struct error *err);

#endif
