#include "base/process.h"

#include "base/child.h"
#include "base/clock.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(process, .timeout = 300);

static pid_t start(const char *script)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    struct child_options options = {.arguments = arguments, .cpu = -1};
    struct error err = {0};
    pid_t pid;
    cr_assert(child_start(&options, &pid, &err), "%s", err.text);
    return pid;
}

/* Polls until the root has so many descendants. */
static void await_count(pid_t root, size_t count, struct process_tree *tree)
{
    for (int i = 0; i < 2000; i++) {
        process_tree_read(tree, root);
        if (tree->count == count)
            return;
        nanosleep(&(struct timespec){0, 5 * NS_PER_MS}, NULL);
    }
    cr_assert(false, "%zu processes instead of %zu", tree->count, count);
}

Test(process, walks_the_whole_tree)
{
    struct process_tree tree;
    pid_t root = start("sleep 60 & sh -c 'sleep 60 & sleep 60 & wait; true' & wait");
    await_count(root, 4, &tree);
    cr_assert(!tree.truncated);
    for (size_t i = 0; i < tree.count; i++)
        cr_assert_neq(tree.pids[i], root, "the root is not below itself");
    process_kill_tree(root);
    child_kill(root);
    process_tree_read(&tree, root);
    cr_assert_eq(tree.count, 0);
}

/* As the keeper does it: the subreaper gets what forks away from its parent. */
Test(process, kills_what_hides_in_a_session_of_its_own)
{
    struct process_tree tree;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t root = start("setsid sh -c 'trap \"\" TERM; sleep 60 & sleep 60 & wait; true' & exit 0");
    cr_assert_eq(waitpid(root, NULL, 0), root);
    await_count(getpid(), 3, &tree);
    process_kill_tree(getpid());
    process_tree_read(&tree, getpid());
    cr_assert_eq(tree.count, 0);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "not reaped");
}

Test(process, kills_what_forks_all_the_time)
{
    struct process_tree tree;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    start("while :; do sleep 0.01 & done");
    nanosleep(&(struct timespec){0, 50 * NS_PER_MS}, NULL);
    process_kill_tree(getpid());
    process_tree_read(&tree, getpid());
    cr_assert_eq(tree.count, 0);
}

/* The kernel's own account of the same process, by another call. */
Test(process, clock_agrees_with_getrusage)
{
    struct process_cpu cpu;
    struct timespec now;
    volatile unsigned long sum = 0;
    for (unsigned long i = 0; i < 20000000; i++)
        sum += i;
    int64_t before = process_read_cpu_ns(getpid());
    cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    int64_t own = now.tv_sec * NS_PER_SECOND + now.tv_nsec;
    cr_assert(process_read_cpu(getpid(), &cpu));
    cr_assert(before > 0 && before <= own && own <= cpu.total_ns);
}

Test(process, ended_children_are_counted)
{
    struct process_cpu cpu;
    pid_t child = fork();
    if (child == 0) {
        volatile unsigned long sum = 0;
        while (process_read_cpu_ns(getpid()) < 60 * NS_PER_MS)
            sum++;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    cr_assert(process_read_cpu(getpid(), &cpu));
    /* In units of a tick, of 10 ms mostly. */
    cr_assert_geq(cpu.reaped_ns, 40 * NS_PER_MS);
}

Test(process, what_is_gone_is_no_error)
{
    struct process_cpu cpu;
    int64_t all, user;
    pid_t child = start("exit 0");
    waitpid(child, NULL, 0);
    cr_assert(!process_read_cpu(child, &cpu));
    cr_assert_eq(process_read_cpu_ns(child), -1);
    cr_assert(!process_read_ticks(child, &all, &user));
    cr_assert(!process_is_busy(child));
    cr_assert_eq(process_peak_rss_bytes(child), 0);
}

Test(process, tells_the_busy_from_the_sleeping)
{
    pid_t sleeping = start("exec sleep 60"), busy = start("while :; do :; done");
    bool seen = false;
    for (int i = 0; i < 200 && !seen; i++)
        seen = process_is_busy(busy);
    cr_assert(seen);
    bool rests = false;
    for (int i = 0; i < 2000 && !rests; i++) {
        rests = !process_is_busy(sleeping);
        nanosleep(&(struct timespec){0, NS_PER_MS}, NULL);
    }
    cr_assert(rests);
    child_kill(sleeping);
    child_kill(busy);
}

Test(process, peak_memory_sees_what_was_given_back)
{
    enum { MUCH = 64 << 20 };
    int64_t before = process_peak_rss_bytes(getpid());
    volatile char *memory = malloc(MUCH);
    cr_assert_not_null(memory);
    for (size_t i = 0; i < MUCH; i += 4096)
        memory[i] = 1;
    free((void *)(uintptr_t)memory);
    cr_assert_geq(process_peak_rss_bytes(getpid()), before + MUCH / 2);
}
