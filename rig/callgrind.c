#include "rig/callgrind.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/clock.h"
#include "rig/callgrind_files.h"
#include "rig/callgrind_memory.h"
#include "rig/callgrind_vgdb.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT_BYTES (1U << 20)
#define MAX_PROCESSES  4096
#define POLL_US        200
#define INSTALL_HINT   "install it (Debian, Ubuntu: apt-get install valgrind)"

enum method { METHOD_UNKNOWN, METHOD_MEMORY, METHOD_VGDB };

struct process {
    pid_t pid;
    bool ended;
    bool marked;                     /* the dump at its end holds what the stop cost alone */
    bool unwritten;                  /* ended without a dump */
    struct callgrind_cost now;       /* as callgrind has it */
    struct callgrind_cost before;    /* at the reading before; valid when has_before */
    struct callgrind_cost inherited; /* the parent's at the fork, to be taken off */
    struct callgrind_cost carried;   /* of programs that it ran before an exec, to be added */
    bool has_before;
    struct callgrind_threads *threads;
};

struct callgrind {
    char folder[PATH_MAX];
    char vgdb_prefix[PATH_MAX + 16];
    char options[4][PATH_MAX + 64];
    const char *arguments[16];
    const struct interrupt *interrupt; /* borrowed */
    enum method method;
    struct callgrind_layout layout;
    struct process *processes;
    size_t count;
    size_t capacity;
    size_t blind;
};

static bool read_version(const char *const *arguments, char *version, size_t size,
                         struct error *err)
{
    struct buffer out;
    struct buffer errors;
    struct child_status status = {0};
    struct child_options options = {.arguments = arguments, .cpu = -1, .dies_with_parent = true};
    buffer_init(&out, MAX_TEXT_BYTES);
    buffer_init(&errors, MAX_TEXT_BYTES);
    struct error cause = {0};
    bool ok = child_run(&options, 20000, NULL, &out, &errors, &status, &cause);
    if (!ok && cause.code != ERROR_ENVIRONMENT)
        error_set(err, cause.code, "%s", cause.text);
    else if (!ok || status.signalled || status.code != 0)
        ok = error_set(err, ERROR_ENVIRONMENT, "%s is missing or does not run: %s", arguments[0],
                       INSTALL_HINT);
    if (ok && version != NULL)
        snprintf(version, size, "%.*s", (int)strcspn(buffer_text(&out), "\n"), buffer_text(&out));
    buffer_release(&errors);
    buffer_release(&out);
    return ok;
}

bool callgrind_find(char *version, size_t size, struct error *err)
{
    static const char *const valgrind[] = {"valgrind", "--version", NULL};
    static const char *const vgdb[] = {"vgdb", "--help", NULL};
    return read_version(valgrind, version, size, err) && read_version(vgdb, NULL, 0, err);
}

static void set_arguments(struct callgrind *callgrind, enum callgrind_depth depth)
{
    const char *folder = callgrind->folder;
    const char **next = callgrind->arguments;
    snprintf(callgrind->vgdb_prefix, sizeof callgrind->vgdb_prefix, "%s/vgdb", folder);
    snprintf(callgrind->options[0], sizeof callgrind->options[0], "--callgrind-out-file=%s/cg.%%p",
             folder);
    snprintf(callgrind->options[1], sizeof callgrind->options[1], "--log-file=%s/log.%%p", folder);
    snprintf(callgrind->options[2], sizeof callgrind->options[2], "--vgdb-prefix=%s",
             callgrind->vgdb_prefix);
    snprintf(callgrind->options[3], sizeof callgrind->options[3], "--max-threads=%d",
             CALLGRIND_MAX_THREADS);
    *next++ = "valgrind";
    *next++ = "--tool=callgrind";
    *next++ = "--trace-children=yes";
    *next++ = "--collect-systime=nsec";
    *next++ = "--fair-sched=try";
    *next++ = "--run-libc-freeres=no"; /* work of the tool, not of the gateway */
    for (size_t i = 0; i < COUNT_OF(callgrind->options); i++)
        *next++ = callgrind->options[i];
    if (depth == CALLGRIND_LINES) {
        *next++ = "--dump-instr=yes";
        *next++ = "--dump-line=yes";
        /* Else the cost of a stub of the linkage table is one with that of the instruction that
         * calls it, and nobody knows how often that was executed. */
        *next++ = "--skip-plt=no";
    }
    *next = NULL;
}

bool callgrind_new(struct callgrind **out, const char *folder, enum callgrind_depth depth,
                   const struct interrupt *interrupt, struct error *err)
{
    *out = NULL;
    struct callgrind *callgrind = calloc(1, sizeof *callgrind);
    if (callgrind == NULL)
        return error_set_memory(err);
    /* The gateway may start in another folder than ours. */
    if (realpath(folder, callgrind->folder) == NULL) {
        error_set_errno(err, "cannot use the folder %s for callgrind's files", folder);
        free(callgrind);
        return false;
    }
    callgrind->interrupt = interrupt;
    set_arguments(callgrind, depth);
    *out = callgrind;
    return true;
}

void callgrind_free(struct callgrind *callgrind)
{
    if (callgrind == NULL)
        return;
    for (size_t i = 0; i < callgrind->count; i++)
        free(callgrind->processes[i].threads);
    free(callgrind->processes);
    free(callgrind);
}

const char *const *callgrind_arguments(const struct callgrind *callgrind)
{
    return callgrind->arguments;
}

bool callgrind_disturbs(const struct callgrind *callgrind)
{
    return callgrind->method == METHOD_VGDB;
}

/* ---- the processes -------------------------------------------------------------------------- */

static struct process *find_process(struct callgrind *callgrind, pid_t pid)
{
    for (size_t i = 0; i < callgrind->count; i++)
        if (callgrind->processes[i].pid == pid)
            return &callgrind->processes[i];
    return NULL;
}

static struct process *add_process(struct callgrind *callgrind, pid_t pid, struct error *err)
{
    if (callgrind->count == MAX_PROCESSES) {
        error_set(err, ERROR_MEASUREMENT, "the gateway started more than %d processes",
                  MAX_PROCESSES);
        return NULL;
    }
    if (callgrind->count == callgrind->capacity) {
        size_t capacity = callgrind->capacity > 0 ? 2 * callgrind->capacity : 16;
        struct process *grown = reallocarray(callgrind->processes, capacity, sizeof *grown);
        if (grown == NULL) {
            error_set_memory(err);
            return NULL;
        }
        callgrind->processes = grown;
        callgrind->capacity = capacity;
    }
    struct callgrind_threads *threads = calloc(1, sizeof *threads);
    if (threads == NULL) {
        error_set_memory(err);
        return NULL;
    }
    struct process *process = &callgrind->processes[callgrind->count++];
    *process = (struct process){.pid = pid, .threads = threads};
    return process;
}

/* Takes what callgrind says now. Fewer than before: it ran another program, under a new callgrind
 * that began at nothing. */
static void take_cost(struct process *process, struct callgrind_cost cost)
{
    if (cost.instructions < process->now.instructions) {
        process->carried.instructions +=
            process->now.instructions - process->inherited.instructions;
        process->carried.syscalls += process->now.syscalls - process->inherited.syscalls;
        process->inherited = (struct callgrind_cost){0};
    }
    process->now = cost;
}

/* A fork copies the counters with all else. A process first seen with no fewer than its parent had
 * before was forked; with fewer it runs a program of its own. */
static void set_inherited(struct callgrind *callgrind, struct process *process)
{
    const struct process *parent =
        find_process(callgrind, callgrind_files_parent(callgrind->folder, process->pid));
    if (parent == NULL || parent == process)
        return;
    struct callgrind_cost then = parent->has_before ? parent->before : parent->now;
    if (process->now.instructions >= then.instructions && process->now.syscalls >= then.syscalls)
        process->inherited = then;
}

/* A process that ended: its dump has the rest. */
static bool close_process(struct callgrind *callgrind, struct process *process, struct error *err)
{
    bool any = false;
    struct callgrind_cost cost;
    if (!callgrind_files_read_dumps(callgrind->folder, process->pid, &cost, &any, err))
        return false;
    process->ended = true;
    process->unwritten = !any;
    if (any)
        take_cost(process, cost);
    return true;
}

static bool fail_denied(pid_t pid, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT,
                     "the memory of process %ld may not be read, so callgrind's counts cannot be: "
                     "run as the gateway's user or as root; in a container allow SYS_PTRACE",
                     (long)pid);
}

static bool read_process(struct callgrind *callgrind, struct process *process, int timeout_ms,
                         struct error *err)
{
    struct callgrind_cost cost = {0};
    struct callgrind_cost handlers = {0};
    if (callgrind->method == METHOD_VGDB) {
        struct error cause = {0};
        if (callgrind_vgdb_read(callgrind->vgdb_prefix, process->pid, timeout_ms,
                                callgrind->interrupt, &cost, &cause)) {
            take_cost(process, cost);
            return true;
        }
        if (cause.code != ERROR_INTERRUPTED && callgrind_files_has_ended(process->pid))
            return close_process(callgrind, process, err);
        return error_set(err, cause.code, "%s", cause.text);
    }
    switch (callgrind_memory_read(&callgrind->layout, process->pid, process->threads, &cost,
                                  &handlers)) {
    case CALLGRIND_READ:
        cost.instructions += handlers.instructions;
        cost.syscalls += handlers.syscalls;
        take_cost(process, cost);
        return true;
    case CALLGRIND_GONE:
        return close_process(callgrind, process, err);
    case CALLGRIND_EARLY:
        return true;
    case CALLGRIND_DENIED:
        break;
    }
    return callgrind_files_has_ended(process->pid) ? close_process(callgrind, process, err)
                                                   : fail_denied(process->pid, err);
}

/* ---- the first reading ---------------------------------------------------------------------- */

static bool rest_us(const struct interrupt *interrupt, int microseconds, struct error *err)
{
    struct pollfd watched = {.fd = interrupt != NULL ? interrupt->fd : -1, .events = POLLIN};
    struct timespec time = {.tv_nsec = microseconds * 1000L};
    (void)ppoll(&watched, 1, &time, NULL);
    return interrupt_check(interrupt, err);
}

/* Holds what was found in memory against callgrind's own answer: not before the figures read
 * first, not after those read last. */
static bool check_layout(const struct callgrind *callgrind, pid_t pid, int timeout_ms, bool *agrees,
                         struct error *err)
{
    struct callgrind_cost first, told, last, handlers;
    struct callgrind_threads *threads = calloc(1, sizeof *threads);
    if (threads == NULL)
        return error_set_memory(err);
    *agrees = callgrind_memory_read(&callgrind->layout, pid, threads, &first, &handlers) ==
              CALLGRIND_READ;
    bool ok = callgrind_vgdb_read(callgrind->vgdb_prefix, pid, timeout_ms, callgrind->interrupt,
                                  &told, err);
    *agrees = *agrees && ok &&
              callgrind_memory_read(&callgrind->layout, pid, threads, &last, &handlers) ==
                  CALLGRIND_READ &&
              first.instructions <= told.instructions && told.instructions <= last.instructions &&
              first.syscalls <= told.syscalls && told.syscalls <= last.syscalls;
    free(threads);
    return ok;
}

static bool choose_method(struct callgrind *callgrind, pid_t pid, const char *program,
                          int timeout_ms, struct error *err)
{
    bool agrees = false;
    if (callgrind_memory_find(pid, program, &callgrind->layout) &&
        !check_layout(callgrind, pid, timeout_ms, &agrees, err))
        return false;
    callgrind->method = agrees ? METHOD_MEMORY : METHOD_VGDB;
    return true;
}

static bool attach(struct callgrind *callgrind, const pid_t *pids, size_t count, int timeout_ms,
                   struct error *err)
{
    int64_t end_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    char program[PATH_MAX];
    do {
        for (size_t i = 0; i < count; i++)
            if (callgrind_files_program(pids[i], program, sizeof program) == CALLGRIND_PROGRAM_TOOL)
                return choose_method(callgrind, pids[i], program, timeout_ms, err);
        if (!rest_us(callgrind->interrupt, 10 * POLL_US, err))
            return false;
    } while (clock_monotonic_ns() < end_ns);
    return error_set(err, ERROR_ENVIRONMENT,
                     "no process of the gateway runs under callgrind: it is started through a "
                     "program that valgrind cannot follow, or it ended");
}

/* ---- reading -------------------------------------------------------------------------------- */

static void sum_processes(const struct callgrind *callgrind, struct callgrind_counts *totals)
{
    *totals = (struct callgrind_counts){.blind = callgrind->blind};
    for (size_t i = 0; i < callgrind->count; i++) {
        const struct process *process = &callgrind->processes[i];
        totals->instructions += process->carried.instructions + process->now.instructions -
                                process->inherited.instructions;
        totals->syscalls +=
            process->carried.syscalls + process->now.syscalls - process->inherited.syscalls;
        totals->processes++;
    }
}

static bool read_living(struct callgrind *callgrind, const pid_t *pids, size_t count,
                        int timeout_ms, struct error *err)
{
    char program[PATH_MAX];
    callgrind->blind = 0;
    for (size_t i = 0; i < count; i++) {
        struct process *process = find_process(callgrind, pids[i]);
        bool is_new = process == NULL;
        if (is_new || (callgrind->method == METHOD_MEMORY && process->now.instructions == 0)) {
            enum callgrind_program kind = callgrind_files_program(pids[i], program, sizeof program);
            bool same =
                callgrind->method == METHOD_VGDB || strcmp(program, callgrind->layout.program) == 0;
            callgrind->blind +=
                kind == CALLGRIND_PROGRAM_OTHER || (kind == CALLGRIND_PROGRAM_TOOL && !same) ? 1
                                                                                             : 0;
            if (kind != CALLGRIND_PROGRAM_TOOL || !same)
                continue;
        }
        if (is_new && (process = add_process(callgrind, pids[i], err)) == NULL)
            return false;
        if (process->ended)
            continue;
        if (!read_process(callgrind, process, timeout_ms, err))
            return false;
        if (is_new)
            set_inherited(callgrind, process);
    }
    return true;
}

/* Those that we know and were not given, and those that came and went between two readings. */
static bool read_ended(struct callgrind *callgrind, struct error *err)
{
    for (size_t i = 0; i < callgrind->count; i++) {
        struct process *process = &callgrind->processes[i];
        if (!process->ended && callgrind_files_has_ended(process->pid) &&
            !close_process(callgrind, process, err))
            return false;
    }
    bool ok = true;
    DIR *folder = opendir(callgrind->folder);
    if (folder == NULL)
        return error_set_errno(err, "cannot read %s", callgrind->folder);
    for (struct dirent *entry; ok && (entry = readdir(folder)) != NULL;) {
        pid_t pid = callgrind_files_pid_of_dump(entry->d_name);
        if (pid == 0 || find_process(callgrind, pid) != NULL || !callgrind_files_has_ended(pid))
            continue;
        struct process *process = add_process(callgrind, pid, err);
        ok = process != NULL && close_process(callgrind, process, err);
        if (ok)
            set_inherited(callgrind, process);
    }
    closedir(folder);
    return ok;
}

static void begin_reading(struct callgrind *callgrind)
{
    for (size_t i = 0; i < callgrind->count; i++) {
        callgrind->processes[i].before = callgrind->processes[i].now;
        callgrind->processes[i].has_before = true;
    }
}

bool callgrind_read(struct callgrind *callgrind, const pid_t *pids, size_t count, int timeout_ms,
                    struct callgrind_counts *totals, struct error *err)
{
    if (callgrind->method == METHOD_UNKNOWN && !attach(callgrind, pids, count, timeout_ms, err))
        return false;
    begin_reading(callgrind);
    if (!read_living(callgrind, pids, count, timeout_ms, err) || !read_ended(callgrind, err))
        return false;
    sum_processes(callgrind, totals);
    return true;
}

/* One look at the living while settling. Does not move `before`. */
static bool peek(struct callgrind *callgrind, const pid_t *pids, size_t count, int timeout_ms,
                 struct callgrind_counts *totals, struct error *err)
{
    *totals = (struct callgrind_counts){0};
    if (callgrind->method == METHOD_VGDB)
        return true;
    if (!read_living(callgrind, pids, count, timeout_ms, err))
        return false;
    sum_processes(callgrind, totals);
    return true;
}

bool callgrind_settle(struct callgrind *callgrind, const pid_t *pids, size_t count, int quiet_us,
                      int timeout_ms, struct callgrind_counts *totals, bool *settled,
                      struct error *err)
{
    struct callgrind_counts last = {0};
    struct callgrind_counts now;
    int64_t start_ns = clock_monotonic_ns();
    int64_t since_ns = start_ns;
    *settled = false;
    if (callgrind->method == METHOD_UNKNOWN && !attach(callgrind, pids, count, timeout_ms, err))
        return false;
    begin_reading(callgrind);
    for (;;) {
        bool runs = callgrind_files_any_runs(pids, count);
        if (!peek(callgrind, pids, count, timeout_ms, &now, err))
            return false;
        int64_t at_ns = clock_monotonic_ns();
        if (runs || now.instructions != last.instructions || now.syscalls != last.syscalls)
            since_ns = at_ns;
        *settled = at_ns - since_ns >= quiet_us * 1000LL && !runs;
        if (*settled || at_ns - start_ns >= timeout_ms * NS_PER_MS)
            break;
        last = now;
        if (!rest_us(callgrind->interrupt, POLL_US, err))
            return false;
    }
    if (callgrind->method == METHOD_VGDB && !read_living(callgrind, pids, count, timeout_ms, err))
        return false;
    if (!read_ended(callgrind, err))
        return false;
    sum_processes(callgrind, totals);
    return true;
}

bool callgrind_total(struct callgrind *callgrind, struct callgrind_counts *totals,
                     size_t *unwritten, struct error *err)
{
    begin_reading(callgrind);
    if (!read_ended(callgrind, err))
        return false;
    callgrind->blind = 0;
    sum_processes(callgrind, totals);
    size_t missing = 0;
    for (size_t i = 0; i < callgrind->count; i++)
        missing += callgrind->processes[i].unwritten || !callgrind->processes[i].ended ? 1 : 0;
    if (unwritten != NULL)
        *unwritten = missing;
    return true;
}

/* What it says through vgdb begins anew with a dump, for some of its threads. The counters in its
 * memory go on. */
static bool carry_over(struct callgrind *callgrind, struct process *process, int timeout_ms,
                       struct error *err)
{
    struct callgrind_cost now;
    if (callgrind->method != METHOD_VGDB)
        return true;
    if (!callgrind_vgdb_read(callgrind->vgdb_prefix, process->pid, timeout_ms, callgrind->interrupt,
                             &now, err))
        return false;
    process->carried.instructions += process->now.instructions - process->inherited.instructions;
    process->carried.syscalls += process->now.syscalls - process->inherited.syscalls;
    process->now = process->inherited = now;
    return true;
}

bool callgrind_dump(struct callgrind *callgrind, int timeout_ms, struct error *err)
{
    for (size_t i = 0; i < callgrind->count; i++) {
        struct process *process = &callgrind->processes[i];
        struct error cause = {0};
        if (process->ended || (callgrind_vgdb_dump(callgrind->vgdb_prefix, process->pid, timeout_ms,
                                                   callgrind->interrupt, &cause) &&
                               carry_over(callgrind, process, timeout_ms, &cause)))
            continue;
        if (cause.code == ERROR_INTERRUPTED || !callgrind_files_has_ended(process->pid))
            return error_set(err, cause.code, "%s", cause.text);
    }
    return true;
}

void callgrind_mark_stop(struct callgrind *callgrind, int timeout_ms)
{
    for (size_t i = 0; i < callgrind->count; i++) {
        struct process *process = &callgrind->processes[i];
        struct error ignored = {0};
        if (!process->ended)
            process->marked = callgrind_vgdb_dump(callgrind->vgdb_prefix, process->pid, timeout_ms,
                                                  callgrind->interrupt, &ignored);
    }
}

bool callgrind_stop_cost(const struct callgrind *callgrind, uint64_t *instructions,
                         struct error *err)
{
    *instructions = 0;
    for (size_t i = 0; i < callgrind->count; i++) {
        const struct process *process = &callgrind->processes[i];
        struct callgrind_cost cost;
        bool any = false;
        if (!process->marked)
            continue;
        if (!callgrind_files_read_last_dump(callgrind->folder, process->pid, &cost, &any, err))
            return false;
        *instructions += cost.instructions;
    }
    return true;
}
