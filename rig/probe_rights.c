/* Probes of what the system lets us do: each tries it. */
#include "rig/probe_private.h"

#include "base/file.h"
#include "base/process.h"
#include "rig/machine.h"
#include "rig/machine_text.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

void probe_find_clocks(const struct probe_context *context, struct finding *out)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    if (process_read_cpu_ns(getppid()) < 0 && process_read_cpu_ns(getpid()) < 0)
        probe_say(context, out, PROBE_MISSING, "the CPU clocks of processes cannot be read");
    else if (!file_exists(path))
        probe_say(context, out, PROBE_MISSING, "/proc does not show the children of processes");
    else
        probe_say(context, out, PROBE_OK, "nanoseconds, for each process of the gateway");
}

void probe_find_pinning(const struct probe_context *context, struct finding *out)
{
    cpu_set_t before;
    bool known = sched_getaffinity(0, sizeof before, &before) == 0;
    bool pinned = known && context->cpu >= 0 && machine_pin(context->cpu);
    int cause = errno;
    if (pinned && sched_setaffinity(0, sizeof before, &before) == 0)
        probe_say(context, out, PROBE_OK, "allowed");
    else
        probe_say(context, out, PROBE_WEAK, "refused: %s", strerror(cause));
}

/* The least of the group's own limit and of those above it. A container sees its own group as the
 * root, or a path that is not below its mount: both end at the top. */
static double find_quota_below(const struct probe_context *context, const char *mount,
                               struct text_span group, bool first_version)
{
    double least = INFINITY;
    size_t size = group.size;
    for (;;) {
        const char *name = first_version ? "cpu.cfs_quota_us" : "cpu.max";
        const char *text =
            probe_read_file(context, "%s%.*s/%s", mount, (int)size, group.start, name);
        const char *period = first_version ? probe_read_file(context, "%s%.*s/cpu.cfs_period_us",
                                                             mount, (int)size, group.start)
                                           : NULL;
        double quota = NAN;
        if (text != NULL && first_version && period != NULL)
            quota = machine_text_quota_v1(text, period);
        else if (text != NULL && !first_version)
            quota = machine_text_quota(text);
        if (quota < least)
            least = quota;
        if (size == 0)
            return least;
        while (size > 0 && group.start[--size] != '/')
            continue;
    }
}

static double find_quota(const struct probe_context *context)
{
    static const struct {
        const char *mount, *controller;
    } places[] = {{"/sys/fs/cgroup", NULL},
                  {"/sys/fs/cgroup/unified", NULL},
                  {"/sys/fs/cgroup/cpu", "cpu"},
                  {"/sys/fs/cgroup/cpu,cpuacct", "cpu"}};
    const char *groups = probe_read_file(context, "/proc/self/cgroup");
    double least = INFINITY;
    for (size_t i = 0; groups != NULL && i < COUNT_OF(places); i++) {
        struct text_span group = machine_text_cgroup(groups, places[i].controller);
        if (group.start != NULL)
            least = fmin(least, find_quota_below(context, places[i].mount, group,
                                                 places[i].controller != NULL));
    }
    return least;
}

/* Everything that is measured runs on one CPU: a whole one is enough. */
void probe_find_quota(const struct probe_context *context, struct finding *out)
{
    double quota = find_quota(context);
    if (isinf(quota))
        probe_say(context, out, PROBE_OK, "none");
    else
        probe_say(context, out, quota < 1 ? PROBE_WEAK : PROBE_OK, "%.2g CPUs' worth of time",
                  quota);
}

void probe_find_paranoid(const struct probe_context *context, struct finding *out)
{
    const char *text = probe_read_file(context, "/proc/sys/kernel/perf_event_paranoid");
    if (text == NULL) {
        probe_say(context, out, PROBE_WEAK, "the kernel has no perf events");
        out->mend = "take a kernel with CONFIG_PERF_EVENTS";
        return;
    }
    long level = strtol(text, NULL, 10);
    probe_say(context, out, level <= 2 || geteuid() == 0 ? PROBE_OK : PROBE_WEAK, "%ld", level);
}

/* Counts a little work of our own, in user mode. The count, or -1 with errno. */
static int64_t count_own(uint32_t type, uint64_t event)
{
    struct perf_event_attr attributes = {.type = type,
                                         .size = sizeof attributes,
                                         .config = event,
                                         .disabled = 1,
                                         .exclude_kernel = 1,
                                         .exclude_hv = 1};
    volatile unsigned work = 0;
    int64_t count = 0;
    int fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return -1;
    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    for (int i = 0; i < 100000; i++)
        work = work + 1;
    ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
    if (read(fd, &count, sizeof count) != (ssize_t)sizeof count)
        count = 0;
    close(fd);
    return count;
}

static void find_event(const struct probe_context *context, struct finding *out, uint32_t type,
                       uint64_t event, const char *absent)
{
    int64_t count = count_own(type, event);
    if (count > 0) {
        probe_say(context, out, PROBE_OK, "usable");
        return;
    }
    int cause = count < 0 ? errno : 0;
    if (cause == EACCES || cause == EPERM) {
        probe_say(context, out, PROBE_WEAK, "refused: %s", strerror(cause));
        out->mend = "sudo sysctl kernel.perf_event_paranoid=2";
        return;
    }
    if (cause == 0)
        probe_say(context, out, PROBE_WEAK, "there, but they count nothing");
    else if (cause == ENOENT || cause == EOPNOTSUPP || cause == ENODEV)
        probe_say(context, out, PROBE_WEAK, "%s", absent);
    else
        probe_say(context, out, PROBE_WEAK, "perf_event_open: %s", strerror(cause));
    out->mend = "take a machine that has them, as most that are not virtual";
}

void probe_find_counters(const struct probe_context *context, struct finding *out)
{
    bool virtual = context->machine->virtualization != NULL &&
                   strcmp(context->machine->virtualization, "none") != 0;
    find_event(context, out, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS,
               virtual ? "none: the host does not pass them on" : "none");
}

/* Changes in the child only, so that the parent knows whose memory it read. */
static volatile uint64_t mark = 1;

/* A child that waits to be killed, once it has written its mark. */
static pid_t start_marked_child(void)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready) != 0)
        return -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        mark = 42;
        if (getppid() != parent || write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    if (pid > 0 && read(ready[0], &byte, 1) != 1)
        errno = ECHILD;
    close(ready[0]);
    return pid;
}

/* As the exact pass reads callgrind's counters. */
void probe_find_memory_reading(const struct probe_context *context, struct finding *out)
{
    uint64_t seen = 0;
    struct iovec local = {&seen, sizeof seen};
    struct iovec remote = {(void *)(uintptr_t)&mark, sizeof mark};
    pid_t pid = start_marked_child();
    ssize_t got = pid > 0 ? process_vm_readv(pid, &local, 1, &remote, 1, 0) : -1;
    int cause = errno;
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    const char *scope = probe_read_file(context, "/proc/sys/kernel/yama/ptrace_scope");
    long level = scope != NULL ? strtol(scope, NULL, 10) : 0;
    if (got == (ssize_t)sizeof seen && seen == 42) {
        if (scope != NULL)
            probe_say(context, out, PROBE_OK, "may be read, with yama's ptrace_scope at %ld",
                      level);
        else
            probe_say(context, out, PROBE_OK, "may be read");
        return;
    }
    probe_say(context, out, PROBE_MISSING, "refused: %s", strerror(cause));
    /* Level 3 cannot be taken back before the next start. */
    out->mend = level == 2   ? "sudo sysctl kernel.yama.ptrace_scope=1"
                : level >= 3 ? "set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and restart"
                             : "allow it in the sandbox: docker run --cap-add=SYS_PTRACE";
}

void probe_find_fixed_addresses(const struct probe_context *context, struct finding *out)
{
    pid_t pid = fork();
    int status = 1;
    if (pid == 0)
        _exit(personality(ADDR_NO_RANDOMIZE) == -1);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
        probe_say(context, out, PROBE_OK, "allowed");
    else
        probe_say(context, out, PROBE_WEAK, "refused");
}
