/* Child processes: started with an argument vector (never a shell), waited for with an eye on
 * Ctrl-C, ended for certain. */
#ifndef TOLLGATE_BASE_CHILD_H
#define TOLLGATE_BASE_CHILD_H

#include "base/buffer.h"
#include "base/interrupt.h"

#include <sys/types.h>

struct child_options {
    const char *const *arguments;   /* NULL-terminated; [0] is looked up in PATH */
    const char *const *environment; /* NULL-terminated "NAME=value"; NULL = ours */
    const char *folder;             /* to start in; NULL = ours */
    int stdin_fd;                   /* 0 or less: /dev/null */
    int stdout_fd;                  /* 0 or less: inherited */
    int stderr_fd;                  /* 0 or less: inherited */
    int kept_fd;                    /* becomes descriptor 3 of the child; 0 or less: none */
    int cpu;                        /* pinned to this CPU; -1: as we are. Note that 0 is a CPU */
    bool fixed_addresses;           /* no address space randomisation */
    bool dies_with_parent;          /* SIGKILL when the thread that started it ends */
    bool new_session; /* a session of its own: out of reach of the terminal's Ctrl-C */
};

struct child_status {
    bool signalled;
    int code; /* exit status, or the signal's number */
};

/* Returns once the program runs. ERROR_ENVIRONMENT naming the program when it cannot be started. */
MUST_CHECK bool child_start(const struct child_options *options, pid_t *pid, struct error *err);

/* Waits at most `timeout_ms` (-1 = for ever). *ended tells whether it did; then `status` is set
 * and the process is reaped. An interrupt is ERROR_INTERRUPTED, and the child runs on. */
MUST_CHECK bool child_wait(pid_t pid, int timeout_ms, const struct interrupt *interrupt,
                           bool *ended, struct child_status *status, struct error *err);

/* Kills and reaps. */
void child_kill(pid_t pid);

/* Runs to the end with stdout appended to `out` (NULL: dropped) and stderr to `errors` (NULL:
 * inherited). Kills it on an interrupt or after `timeout_ms` (-1 = never), which are errors; an
 * exit status is none. */
MUST_CHECK bool child_run(const struct child_options *options, int timeout_ms,
                          const struct interrupt *interrupt, struct buffer *out,
                          struct buffer *errors, struct child_status *status, struct error *err);

/* "exited with status 2", "was killed by signal 11 (Segmentation fault)". */
void child_describe(const struct child_status *status, char *out, size_t size);

#endif
