#include "rig/callgrind.h"

#include "base/buffer.h"
#include "base/child.h"
#include "base/file.h"
#include "rig/callgrind_files.h"
#include "rig/callgrind_text.h"
#include "rig/callgrind_vgdb.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif
#define FIXTURES TOLLGATE_SOURCE_DIR "/fixtures/callgrind"

/* ---- the parsers ---------------------------------------------------------------------------- */

static bool parse(const char *folder, const char *name, struct callgrind_cost *cost,
                  struct error *err)
{
    char path[600];
    struct buffer text;
    buffer_init(&text, 1U << 20);
    snprintf(path, sizeof path, "%s/%s/%s", FIXTURES, folder, name);
    bool ok = file_read(path, &text, err);
    cr_assert(ok, "%s", err->text);
    ok = strncmp(name, "status-", 7) == 0
             ? callgrind_text_status(name, buffer_text(&text), text.length, cost, err)
             : callgrind_text_dump(name, buffer_text(&text), text.length, cost, err);
    buffer_release(&text);
    return ok;
}

struct valid_case {
    char name[40];
    struct callgrind_cost expected;
};

/* Added up by hand from the files; callgrind leaves zeros at the end of a row out. */
ParameterizedTestParameters(callgrind, valid)
{
    static struct valid_case cases[] = {
        {"status-one-thread.txt", {7303598, 241}},
        {"status-three-threads.txt", {14569631, 469}},
        {"status-other-order.txt", {UINT64_C(18446744073709551000), 7}},
        {"dump-end.out", {620, 3}},
        {"dump-two-parts.out", {123, 2}},
    };
    return cr_make_param_array(struct valid_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct valid_case *c, callgrind, valid, .timeout = 60)
{
    struct callgrind_cost cost;
    struct error err = {0};
    cr_assert(parse("valid", c->name, &cost, &err), "%s: %s %s", c->name, err.where, err.text);
    cr_assert_eq(cost.instructions, c->expected.instructions, "%s: %" PRIu64, c->name,
                 cost.instructions);
    cr_assert_eq(cost.syscalls, c->expected.syscalls, "%s: %" PRIu64, c->name, cost.syscalls);
}

Test(callgrind, every_invalid_file_is_refused_with_its_place, .timeout = 60)
{
    size_t seen = 0;
    DIR *folder = opendir(FIXTURES "/invalid");
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        struct callgrind_cost cost;
        struct error err = {0};
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "profile-", 8) == 0)
            continue; /* those are for test_callgrind_dump */
        cr_expect_not(parse("invalid", entry->d_name, &cost, &err), "%s was taken", entry->d_name);
        cr_expect_eq(strncmp(err.where, entry->d_name, strlen(entry->d_name)), 0, "%s: %s",
                     entry->d_name, err.where);
        cr_expect(err.code == ERROR_INPUT || err.code == ERROR_MEASUREMENT);
        seen++;
    }
    closedir(folder);
    cr_assert_geq(seen, 15);
}

Test(callgrind, every_cut_of_a_valid_dump_is_refused, .timeout = 60)
{
    struct buffer text;
    struct error err = {0};
    buffer_init(&text, 1U << 20);
    bool ok = file_read(FIXTURES "/valid/dump-end.out", &text, &err);
    cr_assert(ok, "%s", err.text);
    for (size_t size = 0; size < text.length; size++) {
        struct callgrind_cost cost;
        char *copy = malloc(size + 1); /* exact, so that a reader past the end is seen */
        memcpy(copy, text.data, size);
        cr_expect_not(callgrind_text_dump("cut", copy, size, &cost, NULL), "cut at %zu", size);
        free(copy);
    }
    buffer_release(&text);
}

Test(callgrind, names_and_parents, .timeout = 60)
{
    static const char log[] = "==7== Command: nginx\n==7== Parent PID: 9556\n==7== \n";
    cr_expect_eq(callgrind_text_parent(log, sizeof log - 1), 9556);
    cr_expect_eq(callgrind_text_parent(log, 20), 0);
    cr_expect_eq(callgrind_files_pid_of_dump("cg.123"), 123);
    cr_expect_eq(callgrind_files_pid_of_dump("cg.123.4"), 123);
    cr_expect_eq(callgrind_files_pid_of_dump("cg.x"), 0);
    cr_expect_eq(callgrind_files_pid_of_dump("log.123"), 0);
    cr_expect_eq(callgrind_files_pid_of_dump("cg.99999999999999999999"), 0);
}

/* ---- live ----------------------------------------------------------------------------------- */

/* A sanitized program does not run under valgrind. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* Exactly two instructions a turn, and as many turns as asked for. */
static void turn(uint64_t turns)
{
#if defined(__x86_64__)
    __asm__ volatile("1: decq %0\n jnz 1b" : "+r"(turns) : : "cc");
#elif defined(__aarch64__)
    __asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(turns) : : "cc");
#else
    for (volatile uint64_t left = turns; left > 0; left--)
        continue;
#endif
}

struct order {
    uint64_t turns;
    bool in_child; /* in a forked child, which ends before the answer */
};

/* This test's own binary is the program that is counted: started with the variable set, it takes
 * orders from its standard input and never gets as far as Criterion's main. */
__attribute__((constructor)) static void serve_orders(void)
{
    struct order order;
    if (getenv("TOLLGATE_TEST_COUNTED") == NULL)
        return;
    while (read(STDIN_FILENO, &order, sizeof order) == (ssize_t)sizeof order) {
        pid_t child = order.in_child ? fork() : 0;
        if (child == 0)
            turn(order.turns);
        if (order.in_child && child == 0)
            _exit(0);
        if (order.in_child)
            (void)waitpid(child, NULL, 0);
        if (write(STDOUT_FILENO, "", 1) != 1)
            break;
    }
    _exit(0);
}

struct live {
    struct callgrind *callgrind;
    char folder[64];
    pid_t pid;
    int orders;  /* to write to */
    int answers; /* to read from */
};

static bool live_start(struct live *live)
{
    struct error err = {0};
    const char *arguments[32];
    size_t count = 0;
    int in[2], out[2];
    snprintf(live->folder, sizeof live->folder, "/tmp/tollgate-test-XXXXXX");
    if (!callgrind_find(NULL, 0, &err))
        return false;
    cr_assert_not_null(mkdtemp(live->folder));
    bool ok = callgrind_new(&live->callgrind, live->folder, CALLGRIND_TOTALS, NULL, &err);
    cr_assert(ok, "%s", err.text);
    for (const char *const *word = callgrind_arguments(live->callgrind); *word != NULL; word++)
        arguments[count++] = *word;
    char program[512];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    cr_assert_gt(length, 0);
    program[length] = '\0';
    arguments[count++] = program;
    arguments[count] = NULL;
    const char *const environment[] = {"TOLLGATE_TEST_COUNTED=1", "PATH=/usr/bin:/bin", NULL};
    cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    struct child_options options = {.arguments = arguments,
                                    .environment = environment,
                                    .stdin_fd = in[0],
                                    .stdout_fd = out[1],
                                    .cpu = -1,
                                    .fixed_addresses = true,
                                    .dies_with_parent = true};
    ok = child_start(&options, &live->pid, &err);
    cr_assert(ok, "%s", err.text);
    close(in[0]);
    close(out[1]);
    live->orders = in[1];
    live->answers = out[0];
    return true;
}

static void live_ask(const struct live *live, uint64_t turns, bool in_child)
{
    struct order order;
    char answer;
    memset(&order, 0, sizeof order);
    order.turns = turns;
    order.in_child = in_child;
    cr_assert_eq(write(live->orders, &order, sizeof order), (ssize_t)sizeof order);
    cr_assert_eq(read(live->answers, &answer, 1), 1);
}

static struct callgrind_counts live_read(const struct live *live)
{
    struct callgrind_counts counts;
    struct error err = {0};
    bool settled = false;
    bool ok =
        callgrind_settle(live->callgrind, &live->pid, 1, 1000, 20000, &counts, &settled, &err);
    cr_assert(ok, "%s", err.text);
    cr_assert(settled);
    return counts;
}

static uint64_t live_cost(const struct live *live, uint64_t turns, bool in_child,
                          uint64_t *syscalls)
{
    struct callgrind_counts before = live_read(live);
    live_ask(live, turns, in_child);
    struct callgrind_counts after = live_read(live);
    if (syscalls != NULL)
        *syscalls = after.syscalls - before.syscalls;
    return after.instructions - before.instructions;
}

static void live_end(struct live *live, struct callgrind_counts *totals)
{
    struct child_status status;
    struct error err = {0};
    bool ended = false;
    size_t unwritten = 9;
    close(live->orders);
    bool ok = child_wait(live->pid, 30000, NULL, &ended, &status, &err);
    cr_assert(ok && ended, "%s", err.text);
    ok = callgrind_total(live->callgrind, totals, &unwritten, &err);
    cr_assert(ok, "%s", err.text);
    cr_assert_eq(unwritten, 0);
    callgrind_free(live->callgrind);
    close(live->answers);
    ok = file_remove_tree(live->folder, &err);
    cr_assert(ok, "%s", err.text);
}

Test(callgrind, counts_are_exact, .timeout = 120)
{
    struct live live = {0};
    struct callgrind_counts totals;
    uint64_t syscalls;
    if (!live_start(&live))
        cr_skip("valgrind is missing");
    live_ask(&live, 10, false);
    struct callgrind_counts first = live_read(&live);
    cr_assert_not(callgrind_disturbs(live.callgrind));
    cr_assert_eq(first.processes, 1);
    cr_assert_eq(first.blind, 0);
    live_ask(&live, 10, false); /* the first reading woke it */

    struct callgrind_counts one = live_read(&live);
    struct callgrind_counts two = live_read(&live);
    cr_expect_eq(one.instructions, two.instructions, "reading must not disturb");
    cr_expect_eq(one.syscalls, two.syscalls);

    uint64_t thousand = live_cost(&live, 1000, false, &syscalls);
    cr_expect_eq(syscalls, 2, "one write, one read: %" PRIu64, syscalls);
    cr_expect_eq(live_cost(&live, 1000, false, NULL), thousand);
    cr_expect_eq(live_cost(&live, 51000, false, NULL), thousand + UINT64_C(2) * 50000);

    struct callgrind_counts last = live_read(&live);
    live_end(&live, &totals);
    cr_expect_geq(totals.instructions, last.instructions);
    cr_expect_leq(totals.instructions, last.instructions + 1000000, "only the end is missing");
    cr_expect_geq(totals.syscalls, last.syscalls);
}

/* A fork copies the parent's counters: millions here, which are not the child's. */
Test(callgrind, a_child_that_came_and_went_counts_for_itself, .timeout = 120)
{
    struct live live = {0};
    struct callgrind_counts totals;
    if (!live_start(&live))
        cr_skip("valgrind is missing");
    live_ask(&live, 10, true);
    (void)live_read(&live);
    live_ask(&live, 10, true);
    uint64_t small = live_cost(&live, 1000, true, NULL);
    uint64_t large = live_cost(&live, 501000, true, NULL);
    cr_expect_eq(large - small, UINT64_C(2) * 500000, "%" PRIu64 " and %" PRIu64, small, large);
    cr_expect_lt(small, 1200000, "the parent's counts were taken for the child's: %" PRIu64, small);
    struct callgrind_counts last = live_read(&live);
    cr_expect_eq(last.processes, 5);
    live_end(&live, &totals);
    cr_expect_leq(totals.instructions, last.instructions + 1000000);
}

Test(callgrind, agrees_with_what_callgrind_says, .timeout = 120)
{
    struct live live = {0};
    struct callgrind_counts totals;
    struct callgrind_cost told;
    struct error err = {0};
    char prefix[128];
    if (!live_start(&live))
        cr_skip("valgrind is missing");
    live_ask(&live, 10, false);
    (void)live_read(&live);
    live_ask(&live, 123456, false);
    struct callgrind_counts before = live_read(&live);
    snprintf(prefix, sizeof prefix, "%s/vgdb", live.folder);
    bool ok = callgrind_vgdb_read(prefix, live.pid, 20000, NULL, &told, &err);
    cr_assert(ok, "%s", err.text);
    cr_expect_eq(told.instructions, before.instructions);
    cr_expect_eq(told.syscalls, before.syscalls);
    live_end(&live, &totals);
}

Test(callgrind, a_killed_process_keeps_its_last_reading, .timeout = 120)
{
    struct live live = {0};
    struct callgrind_counts totals;
    struct error err = {0};
    size_t unwritten = 0;
    if (!live_start(&live))
        cr_skip("valgrind is missing");
    live_ask(&live, 10, false);
    struct callgrind_counts last = live_read(&live);
    child_kill(live.pid);
    bool ok = callgrind_total(live.callgrind, &totals, &unwritten, &err);
    cr_assert(ok, "%s", err.text);
    cr_expect_eq(unwritten, 1);
    cr_expect_eq(totals.instructions, last.instructions);
    callgrind_free(live.callgrind);
    cr_assert(file_remove_tree(live.folder, &err));
}

#endif

Test(callgrind, a_process_that_is_not_under_it_is_named_so, .timeout = 60)
{
    struct callgrind *callgrind;
    struct callgrind_counts counts;
    struct error err = {0};
    char folder[] = "/tmp/tollgate-test-XXXXXX";
    pid_t self = getpid();
    cr_assert_not_null(mkdtemp(folder));
    bool ok = callgrind_new(&callgrind, folder, CALLGRIND_TOTALS, NULL, &err);
    cr_assert(ok, "%s", err.text);
    cr_expect_not(callgrind_read(callgrind, &self, 1, 100, &counts, &err));
    cr_expect_eq(err.code, ERROR_ENVIRONMENT);
    callgrind_free(callgrind);
    cr_assert(rmdir(folder) == 0);
}
