#include "base/child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { KEPT_FD = 3, LOOK_EVERY_MS = 5 };

/* The steps between fork and exec, each safe in a child of a threaded process. Returns the step
 * that failed, or does not return. */
static const char *child_become(const struct child_options *options)
{
    sigset_t none;
    int input = options->stdin_fd > 0 ? options->stdin_fd : open("/dev/null", O_RDONLY);
    if (options->new_session)
        setsid();
    if (options->kept_fd > 0) {
        /* Out of the way of 0 to 3 first, so that no dup2 below overwrites it. */
        int moved = fcntl(options->kept_fd, F_DUPFD, 10);
        if (moved < 0)
            return "pass a descriptor to";
        if (dup2(input, 0) < 0 || (options->stdout_fd > 0 && dup2(options->stdout_fd, 1) < 0) ||
            (options->stderr_fd > 0 && dup2(options->stderr_fd, 2) < 0) || dup2(moved, KEPT_FD) < 0)
            return "redirect";
        close(moved);
    } else if (dup2(input, 0) < 0 || (options->stdout_fd > 0 && dup2(options->stdout_fd, 1) < 0) ||
               (options->stderr_fd > 0 && dup2(options->stderr_fd, 2) < 0)) {
        return "redirect";
    }
    syscall(SYS_close_range, options->kept_fd > 0 ? KEPT_FD + 1U : 3U, ~0U, 4U /* CLOEXEC */);
    if (options->cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)options->cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0)
            return "pin";
    }
    if (options->dies_with_parent)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options->fixed_addresses)
        personality(ADDR_NO_RANDOMIZE);
    if (options->folder != NULL && chdir(options->folder) != 0)
        return "enter the folder of";
    /* What we, or the shell that started us, ignore is no business of the program's: a gateway
     * that cannot hear SIGTERM is never stopped gently. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* execvpe takes the vectors without const but does not write to them. */
    execvpe(options->arguments[0], (char *const *)(uintptr_t)options->arguments,
            options->environment != NULL ? (char *const *)(uintptr_t)options->environment
                                         : environ);
    return "start";
}

struct start_failure {
    int cause;
    char step[32];
};

bool child_start(const struct child_options *options, pid_t *pid, struct error *err)
{
    int report[2];
    struct start_failure failure = {0};
    if (pipe2(report, O_CLOEXEC) != 0)
        return error_set_errno(err, "cannot start %s", options->arguments[0]);
    *pid = fork();
    if (*pid == 0) {
        int up = fcntl(report[1], F_DUPFD_CLOEXEC, 20);
        const char *step = child_become(options);
        failure.cause = errno;
        snprintf(failure.step, sizeof failure.step, "%s", step);
        ssize_t ignored = write(up, &failure, sizeof failure);
        (void)ignored;
        _exit(127);
    }
    close(report[1]);
    if (*pid < 0) {
        close(report[0]);
        return error_set_errno(err, "cannot start %s", options->arguments[0]);
    }
    ssize_t got;
    do {
        got = read(report[0], &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got != (ssize_t)sizeof failure)
        return true;
    waitpid(*pid, NULL, 0);
    return error_set(err, ERROR_ENVIRONMENT, "cannot %s %s%s%s: %s", failure.step,
                     options->arguments[0], options->folder != NULL ? " in " : "",
                     options->folder != NULL ? options->folder : "", strerror(failure.cause));
}

static void status_from_wait(int raw, struct child_status *status)
{
    status->signalled = WIFSIGNALED(raw);
    status->code = status->signalled ? WTERMSIG(raw) : WEXITSTATUS(raw);
}

/* Where the kernel, or what a container lets through, has no descriptors for processes. */
static bool look_again_and_again(pid_t pid, int timeout_ms, const struct interrupt *interrupt,
                                 bool *ended, struct child_status *status, struct error *err)
{
    struct pollfd watched = {.fd = interrupt != NULL ? interrupt->fd : -1, .events = POLLIN};
    int64_t deadline_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    for (;;) {
        int raw;
        pid_t reaped = waitpid(pid, &raw, WNOHANG);
        if (reaped == pid) {
            status_from_wait(raw, status);
            *ended = true;
            return true;
        }
        if (reaped < 0 && errno != EINTR)
            return error_set_errno(err, "cannot reap process %d", (int)pid);
        if (timeout_ms >= 0 && clock_monotonic_ns() >= deadline_ns)
            return true;
        if (poll(&watched, 1, LOOK_EVERY_MS) > 0)
            return error_set(err, ERROR_INTERRUPTED, "interrupted");
    }
}

bool child_wait(pid_t pid, int timeout_ms, const struct interrupt *interrupt, bool *ended,
                struct child_status *status, struct error *err)
{
    *ended = false;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return look_again_and_again(pid, timeout_ms, interrupt, ended, status, err);
    if (fd < 0)
        return error_set_errno(err, "cannot watch process %d", (int)pid);
    struct pollfd watched[2] = {{.fd = fd, .events = POLLIN},
                                {.fd = interrupt != NULL ? interrupt->fd : -1, .events = POLLIN}};
    int ready;
    do {
        ready = poll(watched, 2, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    close(fd);
    if (watched[0].revents != 0) {
        int raw;
        if (waitpid(pid, &raw, 0) != pid)
            return error_set_errno(err, "cannot reap process %d", (int)pid);
        status_from_wait(raw, status);
        *ended = true;
        return true;
    }
    if (ready > 0)
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    return true;
}

void child_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Reads both pipes until they close, the deadline passes or the user interrupts. */
static bool drain(const int fds[2], struct buffer *const outs[2], int64_t deadline_ns,
                  const struct interrupt *interrupt, struct error *err)
{
    struct pollfd watched[3] = {{.fd = fds[0], .events = POLLIN},
                                {.fd = fds[1], .events = POLLIN},
                                {.fd = interrupt != NULL ? interrupt->fd : -1, .events = POLLIN}};
    char chunk[16384];
    while (watched[0].fd >= 0 || watched[1].fd >= 0) {
        int64_t left_ms = (deadline_ns - clock_monotonic_ns()) / NS_PER_MS;
        if (deadline_ns > 0 && left_ms <= 0)
            return error_set(err, ERROR_ENVIRONMENT, "took too long");
        int ready = poll(watched, 3, deadline_ns > 0 ? (int)left_ms : -1);
        if (ready < 0 && errno != EINTR)
            return error_set_errno(err, "cannot wait for output");
        if (ready > 0 && watched[2].revents != 0)
            return error_set(err, ERROR_INTERRUPTED, "interrupted");
        for (int i = 0; ready > 0 && i < 2; i++) {
            if (watched[i].fd < 0 || watched[i].revents == 0)
                continue;
            ssize_t got = read(watched[i].fd, chunk, sizeof chunk);
            if (got > 0 && outs[i] != NULL)
                buffer_append(outs[i], chunk, (size_t)got);
            if (got == 0 || (got < 0 && errno != EINTR))
                watched[i].fd = -1;
        }
    }
    return true;
}

bool child_run(const struct child_options *options, int timeout_ms,
               const struct interrupt *interrupt, struct buffer *out, struct buffer *errors,
               struct child_status *status, struct error *err)
{
    int output[2] = {-1, -1}, problems[2] = {-1, -1};
    bool ok = false, started = false, ended = false;
    pid_t pid = -1;
    struct child_options piped = *options;
    int64_t deadline = timeout_ms < 0 ? 0 : clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    if (pipe2(output, O_CLOEXEC) != 0 || (errors != NULL && pipe2(problems, O_CLOEXEC) != 0)) {
        error_set_errno(err, "cannot start %s", options->arguments[0]);
        goto out;
    }
    piped.stdout_fd = output[1];
    if (errors != NULL)
        piped.stderr_fd = problems[1];
    started = child_start(&piped, &pid, err);
    close(output[1]);
    output[1] = -1;
    if (problems[1] >= 0)
        close(problems[1]);
    problems[1] = -1;
    if (!started)
        goto out;
    int ends[2] = {output[0], problems[0]};
    struct buffer *const outs[2] = {out, errors};
    if (!drain(ends, outs, deadline, interrupt, err))
        goto out;
    int left_ms = timeout_ms < 0 ? -1 : (int)((deadline - clock_monotonic_ns()) / NS_PER_MS);
    if (!child_wait(pid, left_ms < -1 ? 0 : left_ms, interrupt, &ended, status, err))
        goto out;
    ok = ended || error_set(err, ERROR_ENVIRONMENT, "%s took too long", options->arguments[0]);
out:
    if (started && !ended)
        child_kill(pid);
    for (int i = 0; i < 2; i++) {
        if (output[i] >= 0)
            close(output[i]);
        if (problems[i] >= 0)
            close(problems[i]);
    }
    return ok;
}

void child_describe(const struct child_status *status, char *out, size_t size)
{
    if (status->signalled)
        snprintf(out, size, "was killed by signal %d (%s)", status->code, strsignal(status->code));
    else
        snprintf(out, size, "exited with status %d", status->code);
}
