/* What the agent costs: nanoseconds of a malloc/free pair without it, with it switched off and with
 * it counting. Each is timed in a freshly started process on the same CPU, the three in turn, and
 * the cost is the median over rounds of the difference to the round's own run without the agent.
 *
 *     bench-agent AGENT.so [GOAL_NS]
 *
 * Exits 1 when counting costs more than GOAL_NS (8 if not given). */
#include "rig/agent/wire.h"

#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 31, BLOCKS = 8, PAIRS = 400000, BLOCK_BYTES = 64, ARRANGEMENTS = 3 };
enum arrangement { WITHOUT, OFF, ON };

static const char *const arrangement_names[ARRANGEMENTS] = {"none", "agent off", "agent on"};

/* The fastest of some blocks: what disturbs can only add. Times by CPU clock, not wall. */
static double time_pairs(void)
{
    double best = 0;
    for (int block = 0; block < BLOCKS; block++) {
        struct timespec start, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        for (int pair = 0; pair < PAIRS; pair++) {
            void *volatile memory = malloc(BLOCK_BYTES);
            free(memory);
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        double ns =
            (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
        if (block == 0 || ns < best)
            best = ns;
    }
    return best / PAIRS;
}

static void pin_to_one_cpu(void)
{
    cpu_set_t allowed, one;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0;) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof one, &one) != 0)
            perror("bench-agent: not pinned");
        return;
    }
}

static void fail(const char *what)
{
    fprintf(stderr, "bench-agent: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* Starts this program again as the one that is timed, and reads the figure it prints. */
static double run_child(const char *self, const char *agent, const char *map_path)
{
    char preload[4200], shm[128], path[] = "PATH=/usr/bin:/bin";
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", agent != NULL ? agent : "");
    snprintf(shm, sizeof shm, AGENT_WIRE_ENVIRONMENT "=%s", map_path);
    char *environment[] = {path, preload, shm, NULL};
    char name[4200], mode[] = "--timed";
    snprintf(name, sizeof name, "%s", self);
    char *arguments[] = {name, mode, NULL};
    int ends[2];
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0 || posix_spawn_file_actions_init(&actions) != 0)
        fail("pipe");
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    errno = posix_spawn(&child, self, &actions, NULL, arguments, environment);
    if (errno != 0)
        fail(self);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char text[64] = "";
    ssize_t length = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    int status;
    if (waitpid(child, &status, 0) != child || status != 0 || length <= 0)
        fail("the timed process");
    return strtod(text, NULL);
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

/* All rounds; false when the agent did not count exactly what it should have, or counted at all
 * while off: then the figures would be of something else. */
static bool measure(const char *self, const char *agent, struct agent_map *map, const char *path,
                    double ns[ARRANGEMENTS][ROUNDS])
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int turn = 0; turn < ARRANGEMENTS; turn++) {
            int which = (turn + round) % ARRANGEMENTS;
            struct agent_totals before, after;
            agent_wire_enable(map, which == ON);
            agent_wire_sum(map, &before);
            ns[which][round] = run_child(self, which == WITHOUT ? NULL : agent, path);
            agent_wire_sum(map, &after);
            uint64_t counted = after.allocations - before.allocations;
            uint64_t least = which == ON ? (uint64_t)BLOCKS * PAIRS : 0;
            if (counted < least || counted > least + (which == ON ? 1000 : 0))
                return false;
        }
    }
    return true;
}

static double report(double ns[ARRANGEMENTS][ROUNDS])
{
    double difference[ARRANGEMENTS][ROUNDS], cost = 0;
    for (int which = 0; which < ARRANGEMENTS; which++) {
        for (int round = 0; round < ROUNDS; round++)
            difference[which][round] = ns[which][round] - ns[WITHOUT][round];
    }
    printf("%-10s %12s %26s\n", "", "ns per pair", "more than none (quartiles)");
    for (int which = 0; which < ARRANGEMENTS; which++) {
        cost = median(difference[which]);
        printf("%-10s %12.2f", arrangement_names[which], median(ns[which]));
        if (which != WITHOUT)
            printf(" %+12.2f (%.2f to %.2f)", cost, difference[which][ROUNDS / 4],
                   difference[which][ROUNDS * 3 / 4]);
        putchar('\n');
    }
    return cost;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--timed") == 0) {
        printf("%.4f\n", time_pairs());
        return 0;
    }
    if (argc < 2) {
        fputs("usage: bench-agent AGENT.so [GOAL_NS]\n", stderr);
        return 2;
    }
    pin_to_one_cpu();
    double goal_ns = argc > 2 ? strtod(argv[2], NULL) : 8;
    size_t size = agent_wire_size_bytes(AGENT_WIRE_DEFAULT_SLOTS);
    int file = memfd_create("bench-agent", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)size) != 0)
        fail("memfd");
    struct agent_map *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED)
        fail("mmap");
    agent_wire_init(map, AGENT_WIRE_DEFAULT_SLOTS);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), file);
    static double ns[ARRANGEMENTS][ROUNDS];
    if (!measure("/proc/self/exe", argv[1], map, path, ns)) {
        fputs("bench-agent: the agent did not count what was allocated; no figures\n", stderr);
        return 2;
    }
    double cost = report(ns);
    printf("goal: at most %.1f ns more when counting: %s\n", goal_ns,
           cost <= goal_ns ? "met" : "MISSED");
    return cost <= goal_ns ? 0 : 1;
}
