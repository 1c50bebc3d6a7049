#include "rig/keeper.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_FD = 3 };

struct keeper {
    pid_t main_pid;
    bool terminating;
    bool told_empty;
};

static void keeper_tell(const struct keeper_message *message)
{
    ssize_t ignored = send(LINE_FD, message, sizeof *message, MSG_NOSIGNAL);
    (void)ignored; /* tollgate is gone: the closed line is noticed by the loop */
}

static int64_t rusage_cpu_ns(const struct rusage *usage)
{
    return (int64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * NS_PER_SECOND +
           (int64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000;
}

static void keeper_signal_tree(int signal_number)
{
    struct process_tree tree;
    process_tree_read(&tree, getpid());
    for (size_t i = 0; i < tree.count; i++)
        kill(tree.pids[i], signal_number);
}

static void keeper_reap(struct keeper *keeper)
{
    for (;;) {
        struct rusage usage;
        int status;
        siginfo_t ended = {0};
        bool none = waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
        if (none && !keeper->told_empty) {
            keeper->told_empty = true;
            keeper_tell(&(struct keeper_message){.event = KEEPER_EMPTY});
        }
        pid_t pid = ended.si_pid;
        if (pid <= 0)
            return;
        int64_t clock_ns = process_read_cpu_ns(pid); /* it goes with the process */
        if (wait4(pid, &status, 0, &usage) != pid)
            return;
        keeper_tell(&(struct keeper_message){.event = KEEPER_EXITED,
                                             .pid = pid,
                                             .is_main = pid == keeper->main_pid,
                                             .raw_status = status,
                                             .cpu_ns = rusage_cpu_ns(&usage),
                                             .clock_ns = clock_ns});
    }
}

/* Obeys one order; false when the line is closed. */
static bool keeper_obey(struct keeper *keeper)
{
    char order;
    ssize_t got = recv(LINE_FD, &order, 1, 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        return false;
    if (got == 1 && order == KEEPER_TERMINATE) {
        keeper->terminating = true;
        kill(keeper->main_pid, SIGTERM);
    }
    if (got == 1 && order == KEEPER_KILL)
        keeper_signal_tree(SIGKILL);
    return true;
}

static void keeper_watch(struct keeper *keeper, int signal_fd)
{
    struct pollfd watched[2] = {{.fd = LINE_FD, .events = POLLIN},
                                {.fd = signal_fd, .events = POLLIN}};
    for (;;) {
        struct signalfd_siginfo info;
        keeper_reap(keeper);
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            return;
        if (watched[1].revents != 0 && read(signal_fd, &info, sizeof info) < 0)
            return;
        if (watched[0].revents != 0 && !keeper_obey(keeper))
            return;
    }
}

/* Signals that would end the keeper before its tree are ignored; SIGCHLD is read from a
 * descriptor. */
static int keeper_take_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < COUNT_OF(ignored); i++)
        signal(ignored[i], SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

int keeper_main(int argc, char **argv)
{
    struct keeper keeper = {0};
    struct error err = {0};
    int words = 3; /* of the keeper's own command line, the "--" not counted */
    while (words < argc && strcmp(argv[words], "--") != 0)
        words++;
    if (words + 1 >= argc ||
        setsockopt(LINE_FD, SOL_SOCKET, SO_SNDBUF, &(int){1 << 18}, sizeof(int)) != 0) {
        fputs("tollgate: this command is for tollgate's own use\n", stderr);
        return 2;
    }
    int signal_fd = keeper_take_signals();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "tollgate-keeper");
    for (int i = 3; i < words; i++)
        putenv(argv[i]);
    struct child_options options = {
        .arguments = (const char *const *)(uintptr_t)(argv + words + 1),
        .cpu = (int)strtol(argv[1], NULL, 10),
        .fixed_addresses = argv[2][0] == '1',
        .dies_with_parent = true,
    };
    if (!child_start(&options, &keeper.main_pid, &err)) {
        struct keeper_message message = {.event = KEEPER_FAILED};
        snprintf(message.text, sizeof message.text, "%.500s", err.text);
        keeper_tell(&message);
        return 4;
    }
    keeper_tell(&(struct keeper_message){.event = KEEPER_STARTED, .pid = keeper.main_pid});
    keeper_watch(&keeper, signal_fd);
    process_kill_tree(getpid());
    return 0;
}
