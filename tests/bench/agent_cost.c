/* What the agent costs: nanoseconds of an allocation and its free without it, with it switched off,
 * with it counting, and with it keeping stacks. Each is timed in a freshly started process on the
 * same CPU, the four in turn, and the cost is the median over rounds of the difference to the
 * round's own run without the agent.
 *
 *     bench-agent AGENT.so [GOAL_NS [SITES_GOAL_NS]]
 *
 * Two kinds of work. A loop frees what it has just allocated: the least that the agent can cost. At
 * depths 5, 10 and 20, of functions without frame pointers, each allocation comes from another of
 * 64 stacks that differ in their three innermost frames. There 256 blocks of mixed sizes are
 * allocated, and then the 256 before them are freed; the two are timed apart.
 *
 * Exits 1 when counting costs more than GOAL_NS a pair of the loop (8 if not given), or keeping
 * stacks more than SITES_GOAL_NS an allocation at any depth (60). */
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

enum { ROUNDS = 15, BLOCKS = 8, PAIRS = 800 * 256, BLOCK_BYTES = 64, LIVE_BLOCKS = 256 };
enum arrangement { WITHOUT, OFF, ON, SITES, ARRANGEMENTS };
enum { BRANCHING_FRAMES = 3 };

static const char *const arrangement_names[ARRANGEMENTS] = {"none", "off", "counting", "stacks"};

static const struct work {
    const char *name;
    int depth; /* 0: the loop */
} works[] = {{"loop", 0}, {"depth 5", 5}, {"depth 10", 10}, {"depth 20", 20}};

enum { WORKS = sizeof works / sizeof *works };

#define FRAME __attribute__((noipa))

static void *live[2 * LIVE_BLOCKS];
static unsigned turn, random_state = 1; /* `turn` goes around: each block has two places */

static unsigned next_random(void)
{
    random_state = random_state * 1664525U + 1013904223U;
    return random_state >> 16;
}

/* Four places to call from, so that each is a return address of its own. */
#define FROM_ONE_OF_FOUR(call)                                                                     \
    switch (next_random() & 3) {                                                                   \
    case 0:                                                                                        \
        call;                                                                                      \
        __asm__ volatile("" ::: "memory");                                                         \
        break;                                                                                     \
    case 1:                                                                                        \
        call;                                                                                      \
        __asm__ volatile("# 1" ::: "memory");                                                      \
        break;                                                                                     \
    case 2:                                                                                        \
        call;                                                                                      \
        __asm__ volatile("# 2" ::: "memory");                                                      \
        break;                                                                                     \
    default:                                                                                       \
        call;                                                                                      \
        __asm__ volatile("# 3" ::: "memory");                                                      \
    }

FRAME static void innermost(void)
{
    unsigned at = turn++ % (2 * LIVE_BLOCKS);
    size_t size = 16 + (next_random() & 0x1f0);
    FROM_ONE_OF_FOUR(live[at] = malloc(size))
}

FRAME static void inner(void){FROM_ONE_OF_FOUR(innermost())}

FRAME static void outer(int pairs)
{
    for (int pair = 0; pair < pairs; pair++) {
        FROM_ONE_OF_FOUR(inner())
    }
}

FRAME static int descend(int frames, int pairs)
{
    if (frames <= 1)
        outer(pairs);
    else
        pairs += descend(frames - 1, pairs);
    __asm__ volatile("" ::: "memory"); /* no call is the last thing done */
    return pairs;
}

FRAME static void loop(int pairs)
{
    for (int pair = 0; pair < pairs; pair++) {
        void *volatile memory = malloc(BLOCK_BYTES);
        free(memory);
    }
}

static void free_oldest(void)
{
    for (unsigned i = 0; i < LIVE_BLOCKS; i++)
        free(live[(turn + i) % (2 * LIVE_BLOCKS)]);
}

/* Nanoseconds a pair, and of them an allocation's part; of the loop that is not told. */
struct timing {
    double pair, allocation;
};

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct timing time_block(const struct work *work)
{
    struct timing timing = {0, 0};
    double start = cpu_ns();
    if (work->depth == 0)
        loop(PAIRS);
    for (int done = 0; work->depth > 0 && done < PAIRS; done += LIVE_BLOCKS) {
        double before = cpu_ns();
        descend(work->depth - BRANCHING_FRAMES, LIVE_BLOCKS);
        timing.allocation += (cpu_ns() - before) / PAIRS;
        free_oldest();
    }
    timing.pair = (cpu_ns() - start) / PAIRS;
    return timing;
}

/* The fastest of some blocks: what disturbs can only add. Times by CPU clock, not wall. */
static struct timing time_work(const struct work *work)
{
    struct timing best = time_block(work);
    for (int block = 1; block < BLOCKS; block++) {
        struct timing timing = time_block(work);
        best.pair = timing.pair < best.pair ? timing.pair : best.pair;
        best.allocation = timing.allocation < best.allocation ? timing.allocation : best.allocation;
    }
    return best;
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

struct shared {
    struct agent_map *map;
    char path[64];
};

static void make_map(struct shared *shared, uint32_t nodes)
{
    size_t size = agent_wire_size_bytes(AGENT_WIRE_DEFAULT_SLOTS, nodes);
    int file = memfd_create("bench-agent", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)size) != 0)
        fail("memfd");
    shared->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared->map == MAP_FAILED)
        fail("mmap");
    agent_wire_init(shared->map, AGENT_WIRE_DEFAULT_SLOTS, nodes);
    snprintf(shared->path, sizeof shared->path, "/proc/%d/fd/%d", (int)getpid(), file);
}

/* Starts this program again as the one that is timed, and reads the figures it prints. */
static struct timing run_child(const char *self, int work, const char *agent, const char *map_path)
{
    char preload[4200], shm[128], path[] = "PATH=/usr/bin:/bin";
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", agent != NULL ? agent : "");
    snprintf(shm, sizeof shm, AGENT_WIRE_ENVIRONMENT "=%s", map_path);
    char *environment[] = {path, preload, shm, NULL};
    char name[4200], mode[] = "--timed", number[16];
    snprintf(name, sizeof name, "%s", self);
    snprintf(number, sizeof number, "%d", work);
    char *arguments[] = {name, mode, number, NULL};
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
    char *end;
    struct timing timing = {.pair = strtod(text, &end)};
    timing.allocation = strtod(end, NULL);
    return timing;
}

/* Allocations with a stack, and how many stacks there are. */
static uint64_t sum_sites(struct agent_map *map, uint32_t *stacks)
{
    uint64_t sum = 0;
    *stacks = 0;
    if (map->node_count == 0)
        return 0;
    struct agent_sites *sites = agent_wire_sites(map, map->slot_count);
    const struct agent_node *nodes = agent_wire_nodes(sites);
    for (uint32_t i = 0; i < sites->used_nodes && i < map->node_count; i++) {
        sum += nodes[i].allocations;
        *stacks += nodes[i].allocations > 0;
    }
    return sum;
}

/* One timing; false when the agent did not see exactly what it should have, or saw anything while
 * off: then the figure would be of something else. */
static bool measure_one(const char *self, const char *agent, int work, enum arrangement which,
                        struct timing *timing)
{
    struct shared shared;
    struct agent_totals totals;
    uint32_t stacks = 0;
    make_map(&shared, which == SITES ? AGENT_WIRE_DEFAULT_NODES : 0);
    agent_wire_enable(shared.map, which == ON || which == SITES);
    *timing = run_child(self, work, which == WITHOUT ? NULL : agent, shared.path);
    agent_wire_sum(shared.map, &totals);
    uint64_t least = which == ON || which == SITES ? (uint64_t)BLOCKS * PAIRS : 0;
    uint64_t most = least + (least > 0 ? 1000 : 0);
    bool good = totals.allocations >= least && totals.allocations <= most;
    if (which == SITES)
        good = good && sum_sites(shared.map, &stacks) == totals.allocations &&
               stacks >= (works[work].depth == 0 ? 1U : 64U);
    size_t size = agent_wire_size_bytes(shared.map->slot_count, shared.map->node_count);
    int file = (int)strtol(strrchr(shared.path, '/') + 1, NULL, 10);
    munmap(shared.map, size);
    close(file);
    return good;
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

/* The cost of one arrangement: median and quartiles of the differences to none. */
static double print_cost(const double *ns, const double *none)
{
    double difference[ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        difference[round] = ns[round] - none[round];
    double cost = median(difference);
    printf(" %+8.2f (%.2f to %.2f)", cost, difference[ROUNDS / 4], difference[ROUNDS * 3 / 4]);
    return cost;
}

/* Prints a work's figures and returns what each arrangement costs. */
static void report(const struct work *work, struct timing timings[ARRANGEMENTS][ROUNDS],
                   struct timing cost[ARRANGEMENTS])
{
    double pair[ARRANGEMENTS][ROUNDS], allocation[ARRANGEMENTS][ROUNDS], sorted[ROUNDS];
    for (int which = 0; which < ARRANGEMENTS; which++) {
        for (int round = 0; round < ROUNDS; round++) {
            pair[which][round] = timings[which][round].pair;
            allocation[which][round] = timings[which][round].allocation;
        }
        memcpy(sorted, pair[which], sizeof sorted);
        printf("%-10s %-10s %8.2f", work->name, arrangement_names[which], median(sorted));
        if (which != WITHOUT) {
            cost[which].pair = print_cost(pair[which], pair[WITHOUT]);
            if (work->depth > 0)
                cost[which].allocation = print_cost(allocation[which], allocation[WITHOUT]);
        }
        putchar('\n');
    }
}

static bool measure_work(const char *self, const char *agent, int work,
                         struct timing cost[ARRANGEMENTS])
{
    static struct timing timings[ARRANGEMENTS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int step = 0; step < ARRANGEMENTS; step++) {
            int which = (step + round) % ARRANGEMENTS;
            if (!measure_one(self, agent, work, (enum arrangement)which, &timings[which][round]))
                return false;
        }
    }
    report(&works[work], timings, cost);
    return true;
}

static bool judge(const char *what, double goal_ns, double cost_ns)
{
    printf("goal: at most %.1f ns more %s: %s\n", goal_ns, what,
           cost_ns <= goal_ns ? "met" : "MISSED");
    return cost_ns <= goal_ns;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--timed") == 0) {
        struct timing timing = time_work(&works[strtol(argv[2], NULL, 10)]);
        printf("%.4f %.4f\n", timing.pair, timing.allocation);
        return 0;
    }
    if (argc < 2) {
        fputs("usage: bench-agent AGENT.so [GOAL_NS [SITES_GOAL_NS]]\n", stderr);
        return 2;
    }
    pin_to_one_cpu();
    double counting = 0, stacks = 0;
    char *agent = realpath(argv[1], NULL); /* what is preloaded is looked for elsewhere */
    if (agent == NULL)
        fail(argv[1]);
    printf("%-10s %-10s %8s %s\n", "work", "agent", "pair, ns",
           "more a pair (quartiles), more an allocation (quartiles)");
    for (int work = 0; work < WORKS; work++) {
        struct timing cost[ARRANGEMENTS] = {{0, 0}};
        if (!measure_work("/proc/self/exe", agent, work, cost)) {
            fputs("bench-agent: the agent did not see what was allocated; no figures\n", stderr);
            return 2;
        }
        counting = works[work].depth == 0 ? cost[ON].pair : counting;
        stacks = cost[SITES].allocation > stacks ? cost[SITES].allocation : stacks;
    }
    free(agent);
    bool met = judge("a pair when counting", argc > 2 ? strtod(argv[2], NULL) : 8, counting);
    met =
        judge("an allocation when keeping stacks", argc > 3 ? strtod(argv[3], NULL) : 60, stacks) &&
        met;
    return met ? 0 : 1;
}
