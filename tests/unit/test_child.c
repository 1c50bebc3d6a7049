#include "base/child.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(child, .timeout = 300);

/* Runs `sh -c script`; what it wrote is in `out` and `errors`. */
static struct child_status run(const char *script, struct buffer *out, struct buffer *errors)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct error err = {0};
    cr_assert(child_run(&options, 20000, NULL, out, errors, &status, &err), "%s", err.text);
    return status;
}

static void expect_output(const struct child_options *options, const char *expected)
{
    struct buffer out;
    struct child_status status = {0};
    struct error err = {0};
    buffer_init(&out, 1 << 16);
    cr_assert(child_run(options, 20000, NULL, &out, NULL, &status, &err), "%s", err.text);
    cr_assert_str_eq(buffer_text(&out), expected);
    buffer_release(&out);
}

Test(child, tells_streams_and_status_apart)
{
    struct buffer out, errors;
    buffer_init(&out, 100);
    buffer_init(&errors, 100);
    struct child_status status = run("echo one; echo two >&2; exit 3", &out, &errors);
    cr_assert_str_eq(buffer_text(&out), "one\n");
    cr_assert_str_eq(buffer_text(&errors), "two\n");
    cr_assert(!status.signalled);
    cr_assert_eq(status.code, 3);
    status = run("kill -SEGV $$", NULL, NULL);
    cr_assert(status.signalled);
    cr_assert_eq(status.code, SIGSEGV);
    buffer_release(&out);
    buffer_release(&errors);
}

Test(child, says_in_words_how_it_ended)
{
    char text[128];
    child_describe(&(struct child_status){false, 2}, text, sizeof text);
    cr_assert_str_eq(text, "exited with status 2");
    child_describe(&(struct child_status){true, SIGSEGV}, text, sizeof text);
    cr_assert_str_eq(text, "was killed by signal 11 (Segmentation fault)");
}

Test(child, names_a_program_that_is_not_there)
{
    const char *const arguments[] = {"no-such-program", NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct error err = {0};
    pid_t pid;
    cr_assert(!child_start(&options, &pid, &err));
    cr_assert_eq(err.code, ERROR_ENVIRONMENT);
    cr_assert_str_eq(err.text, "cannot start no-such-program: No such file or directory");
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a child was left");
    error_clear(&err);
    const char *const true_arguments[] = {"true", NULL};
    options = (struct child_options){.arguments = true_arguments, .folder = "/gone", .cpu = -1};
    cr_assert(!child_start(&options, &pid, &err));
    cr_assert_str_eq(err.text,
                     "cannot enter the folder of true in /gone: No such file or directory");
}

Test(child, gets_folder_environment_and_no_input)
{
    /* By its path and with built-in words alone: PATH is not passed on. */
    const char *const pwd[] = {"/bin/sh", "-c", "pwd; echo \"$ONE$HOME\"; read x || echo none",
                               NULL};
    const char *const environment[] = {"ONE=1", NULL};
    struct child_options options = {
        .arguments = pwd, .environment = environment, .folder = "/", .cpu = -1};
    expect_output(&options, "/\n1\nnone\n");
}

/* Whatever shell started us: what it ignores or blocks, a gateway must still hear. */
Test(child, signals_are_as_for_a_new_program)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    const char *const arguments[] = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status = {0};
    struct error err = {0};
    struct buffer out;
    unsigned long long blocked, ignored;
    /* Signals 32 and 33 are the C library's own: nobody can reset them, and no gateway uses
     * them. */
    const unsigned long long reserved = 3ULL << 31;
    buffer_init(&out, 1 << 16);
    cr_assert(child_run(&options, 20000, NULL, &out, NULL, &status, &err), "%s", err.text);
    cr_assert_eq(sscanf(buffer_text(&out), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    cr_assert_eq(blocked & ~reserved, 0, "%s", buffer_text(&out));
    cr_assert_eq(ignored & ~reserved, 0, "%s", buffer_text(&out));
    buffer_release(&out);
}

/* Descriptors of ours, logs and sockets among them, do not leak into gateways. */
Test(child, inherits_no_descriptor_but_the_kept_one)
{
    int pipe_ends[2];
    cr_assert_eq(pipe(pipe_ends), 0);
    /* Nothing that opens one itself: no pipe, no listing. */
    static const char script[] = "echo there >&3; n=0; while [ $n -lt 100 ]; do "
                                 "[ -e /proc/$$/fd/$n ] && printf '%s ' $n; n=$((n+1)); done";
    const char *const arguments[] = {"sh", "-c", script, NULL};
    struct child_options options = {.arguments = arguments, .kept_fd = pipe_ends[1], .cpu = -1};
    expect_output(&options, "0 1 2 3 ");
    char text[16] = "";
    cr_assert_eq(read(pipe_ends[0], text, sizeof text - 1), 6);
    cr_assert_str_eq(text, "there\n");
}

Test(child, a_deadline_kills)
{
    const char *const arguments[] = {"sleep", "60", NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct child_status status;
    struct error err = {0};
    cr_assert(!child_run(&options, 50, NULL, NULL, NULL, &status, &err));
    cr_assert_eq(err.code, ERROR_ENVIRONMENT);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "it runs on");
}

static void expect_interrupt_to_stop_the_wait(void)
{
    struct interrupt interrupt;
    struct error err = {0};
    struct child_status status;
    bool ended = true;
    pid_t pid;
    const char *const arguments[] = {"sleep", "60", NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    cr_assert(interrupt_open(&interrupt, &err));
    cr_assert(child_start(&options, &pid, &err));
    cr_assert(child_wait(pid, 10, &interrupt, &ended, &status, &err));
    cr_assert(!ended);
    kill(getpid(), SIGINT);
    cr_assert(!child_wait(pid, -1, &interrupt, &ended, &status, &err));
    cr_assert_eq(err.code, ERROR_INTERRUPTED);
    cr_assert(interrupt_pending(&interrupt), "it must be seen by every layer");
    cr_assert_eq(kill(pid, 0), 0, "the child is the caller's to end");
    error_clear(&err);
    cr_assert(!child_run(&options, -1, &interrupt, NULL, NULL, &status, &err));
    cr_assert_eq(err.code, ERROR_INTERRUPTED);
    child_kill(pid);
    interrupt_close(&interrupt);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
}

Test(child, an_interrupt_stops_the_wait)
{
    expect_interrupt_to_stop_the_wait();
}

/* As older kernels do, and what containers keep from their programs. */
static void refuse_process_descriptors(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = COUNT_OF(filter), .filter = filter};
    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    cr_assert_eq(syscall(SYS_pidfd_open, getpid(), 0U), -1);
}

Test(child, waits_without_a_descriptor_for_the_process)
{
    refuse_process_descriptors();
    struct child_status status = run("sleep 0.05; exit 3", NULL, NULL);
    cr_assert(!status.signalled);
    cr_assert_eq(status.code, 3);
    status = run("kill -SEGV $$", NULL, NULL);
    cr_assert(status.signalled);
    cr_assert_eq(status.code, SIGSEGV);
    expect_interrupt_to_stop_the_wait();
}

Test(child, a_session_of_its_own)
{
    const char *const arguments[] = {"sleep", "60", NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1, .new_session = true};
    struct error err = {0};
    pid_t pid;
    cr_assert(child_start(&options, &pid, &err));
    cr_assert_eq(getsid(pid), pid);
    child_kill(pid);
}
