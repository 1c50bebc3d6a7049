/* The agent in programs whose allocations are known: `test_agent CASE [stacks]` starts the case's
 * program with the agent preloaded and compares what was counted with what the program did; with
 * "stacks" the agent keeps these too, which must change no count and account for all of them. A
 * plain main, since the program under test may be run under any sanitizer's build of this one but
 * never with one itself. Usable sizes are glibc's on 64 bits: size + 8, rounded up to 16, at least
 * 32, less 8.
 */
#include "rig/agent/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANY (-1)
#define MIB (INT64_C(1) << 20)

static const char host[] = HOST_PATH;
static const char host_fixed[] = HOST_FIXED_PATH;
static const char host_own_malloc[] = HOST_OWN_MALLOC_PATH;
static const char host_foreign[] = HOST_FOREIGN_PATH;
static const char host_foreign_complete[] = HOST_FOREIGN_COMPLETE_PATH;
static const char host_static[] = HOST_STATIC_PATH; /* empty where there is no static libc */
static const char host_new[] = HOST_NEW_PATH;       /* empty where there is no C++ compiler */

/* What ctest shows as skipped. */
enum { PASSED = 0, FAILED = 1, SKIPPED = 77 };

/* ANY is not looked at. */
struct expected {
    int64_t allocations, reallocations, frees, requested, retained;
    int64_t attached, used_slots, overflow;
    uint32_t blind;
};

#define ONE_PROCESS .attached = 1, .used_slots = 1, .overflow = 0

static const struct counted_case {
    const char *name;
    const char *program, *mode;
    const char *also_preload;
    uint32_t slots; /* 0: the default */
    struct expected expected;
} counted_cases[] = {
    /* Three of 100 bytes, 104 usable each; one is kept. */
    {"malloc", host, "malloc", "", 0, {3, 0, 2, 300, 104, ONE_PROCESS, 0}},
    {"nothing", host, "nothing", "", 0, {1, 0, 1, 0, 0, ONE_PROCESS, 0}},
    {"calloc", host, "calloc", "", 0, {1, 0, 1, 200, 0, ONE_PROCESS, 0}},
    {"realloc", host, "realloc", "", 0, {2, 1, 1, 1100, 0, ONE_PROCESS, 0}},
    {"realloc-null", host, "realloc-null", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"realloc-fails", host, "realloc-fails", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"reallocarray", host, "reallocarray", "", 0, {2, 1, 1, 300, 0, ONE_PROCESS, 0}},
    {"posix_memalign", host, "posix_memalign", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"aligned_alloc", host, "aligned_alloc", "", 0, {1, 0, 1, 128, 0, ONE_PROCESS, 0}},
    {"memalign", host, "memalign", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    /* A block of 4 MiB has a mapping of its own: its size, 16 and whole pages. */
    {"mapped", host, "mapped", "", 0, {1, 0, 0, 4 * MIB, 4 * MIB + 4096 - 16, ONE_PROCESS, 0}},
    {"valloc", host, "valloc", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"pvalloc", host, "pvalloc", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"errno", host, "errno", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"disabled", host, "disabled", "", 0, {.attached = 1}},
    {"threads", host, "threads", "", 0, {16000, 0, 16000, 512000, 0, 1, 16, 0, 0}},
    /* Four slots for sixteen threads: twelve share the overflow slot. */
    {"threads-overflow", host, "threads", "", 4, {16000, 0, 16000, 512000, 0, 1, 4, 12000, 0}},
    {"threads-in-turn", host, "threads-in-turn", "", 0, {500, 0, 500, 16000, 0, ONE_PROCESS, 0}},
    /* What is freed after the agent's destructor ran is still counted, in the overflow slot: two
     * threads in turn, one block each, and four more from the key's destructor, the last kept. */
    {"late-free", host, "late-free", "", 0, {10, 0, 8, 1000, 208, 1, 1, 8, 0}},
    {"fork", host, "fork", "", 0, {200001, 0, 200001, 20000100, 0, 2, 2, 0, 0}},
    {"idle-fork", host, "idle-fork", "", 0, {11, 0, 11, 420, 0, 2, 2, 0, 0}},
    {"dlerror", host, "dlerror", "", 0, {.attached = 1}},
    {"raw-fork", host, "raw-fork", "", 0, {200001, 0, 200001, 20000100, 0, 2, 2, 0, 0}},
    {"vfork", host, "vfork", "", 0, {3, 0, 3, 300, 0, ONE_PROCESS, 0}},
    {"spawn", host, "spawn", "", 0, {5, 0, 4, 500, 104, 2, 2, 0, 0}},
    {"spawn-counting", host, "spawn-counting", "", 0, {2, 0, 2, 200, 0, ONE_PROCESS, 0}},
    {"exec", host, "exec", "", 0, {3, 0, 2, 300, 104, 2, 1, 0, 0}},
    {"fixed-address", host_fixed, "address", "", 0, {1, 0, 1, 100, 0, ONE_PROCESS, 0}},
    {"static", host_static, "malloc", "", 0, {0}},
    {"own-malloc", host_own_malloc, "malloc", "", 0, {.attached = 1, .blind = AGENT_BLIND_MALLOC}},
    /* The library's calloc calls malloc by name: one allocation all the same. */
    {"foreign", host_foreign, "calloc", "", 0, {1, 0, 1, 200, 0, ONE_PROCESS, AGENT_BLIND_USABLE}},
    {"foreign-complete",
     host_foreign_complete,
     "calloc",
     "",
     0,
     {1, 0, 1, 200, 0, ONE_PROCESS, AGENT_BLIND_NEW}},
    {"locale", host, "locale", LOCALE_PATH, 0, {.attached = 1}},
    {"early", host, "malloc", EARLY_PATH, 0, {3, 0, 2, 300, 104, ONE_PROCESS, 0}},
};

static struct agent_map *map;
static char map_path[64];
static int map_file;
static uint32_t node_count; /* 0: the agent counts only */

static void fail(const char *what)
{
    fprintf(stderr, "test_agent: %s: %s\n", what, strerror(errno));
    exit(FAILED);
}

static void make_map(uint32_t slots)
{
    size_t size = agent_wire_size_bytes(slots, node_count);
    map_file = memfd_create("test_agent", MFD_CLOEXEC);
    if (map_file < 0 || ftruncate(map_file, (off_t)size) != 0)
        fail("memfd");
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map_file, 0);
    if (map == MAP_FAILED)
        fail("mmap");
    agent_wire_init(map, slots, node_count);
    snprintf(map_path, sizeof map_path, "/proc/%d/fd/%d", (int)getpid(), map_file);
}

/* Runs the program with the agent preloaded; `path` NULL leaves the variable out. */
static bool run(const char *program, const char *mode, const char *also_preload, const char *path)
{
    char preload[8200], shm[4200], name[4200], argument[64];
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s %s", AGENT_PATH, also_preload);
    snprintf(shm, sizeof shm, AGENT_WIRE_ENVIRONMENT "=%s", path != NULL ? path : "");
    snprintf(name, sizeof name, "%s", program);
    snprintf(argument, sizeof argument, "%s", mode);
    char *environment[] = {preload, path != NULL ? shm : NULL, NULL};
    char *arguments[] = {name, argument, NULL};
    pid_t child;
    errno = posix_spawn(&child, program, NULL, NULL, arguments, environment);
    if (errno != 0)
        fail(program);
    int status;
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    if (status != 0)
        fprintf(stderr, "%s %s ended with wait status 0x%x\n", program, mode, (unsigned)status);
    return status == 0;
}

static bool same(const char *name, const char *what, int64_t expected, int64_t counted)
{
    if (expected == ANY || expected == counted)
        return true;
    fprintf(stderr, "%s: %s: expected %" PRId64 ", got %" PRId64 "\n", name, what, expected,
            counted);
    return false;
}

static int64_t overflow_allocations(void)
{
    return (int64_t)atomic_load(&map->overflow.allocations);
}

static bool check(const char *name, const struct expected *expected)
{
    struct agent_totals totals;
    agent_wire_sum(map, &totals);
    bool good = same(name, "allocations", expected->allocations, (int64_t)totals.allocations);
    good &= same(name, "reallocations", expected->reallocations, (int64_t)totals.reallocations);
    good &= same(name, "frees", expected->frees, (int64_t)totals.frees);
    good &= same(name, "requested bytes", expected->requested, (int64_t)totals.requested_bytes);
    good &= same(name, "retained bytes", expected->retained, agent_wire_retained_bytes(&totals));
    good &= same(name, "attached processes", expected->attached, atomic_load(&map->attached));
    good &= same(name, "slots used", expected->used_slots, atomic_load(&map->used_slots));
    good &= same(name, "allocations in overflow", expected->overflow, overflow_allocations());
    good &= same(name, "blind bits", expected->blind, atomic_load(&map->blind));
    if (!(expected->blind & AGENT_BLIND_USABLE) &&
        totals.usable_allocated_bytes < totals.requested_bytes) {
        fprintf(stderr, "%s: fewer bytes usable than were requested\n", name);
        good = false;
    }
    return good;
}

/* Every allocation has a stack, but for those of threads without a slot; what a stack's blocks
 * retain is what was counted, but for blocks that nobody knows the stack of. */
static bool check_stacks(const char *name)
{
    struct agent_totals totals, kept = {0};
    const struct agent_slot *overflow = &map->overflow;
    if (node_count == 0)
        return true;
    struct agent_sites *sites = agent_wire_sites(map, map->slot_count);
    const struct agent_node *nodes = agent_wire_nodes(sites);
    bool good = true;
    for (uint32_t i = 0; i < sites->used_nodes; i++) {
        kept.allocations += nodes[i].allocations;
        kept.requested_bytes += nodes[i].requested_bytes;
        kept.usable_allocated_bytes += nodes[i].usable_allocated_bytes;
        kept.usable_freed_bytes +=
            nodes[i].usable_freed_bytes + nodes[i].usable_freed_elsewhere_bytes;
        good &= nodes[i].parent < i || nodes[i].parent == AGENT_WIRE_NO_NODE;
    }
    agent_wire_sum(map, &totals);
    int64_t untied = (int64_t)sites->untied_freed_bytes - (int64_t)overflow->usable_allocated_bytes;
    good &= same(name, "allocations with a stack", (int64_t)totals.allocations,
                 (int64_t)(kept.allocations + overflow->allocations));
    good &= same(name, "requested bytes with a stack", (int64_t)totals.requested_bytes,
                 (int64_t)(kept.requested_bytes + overflow->requested_bytes));
    good &= same(name, "retained bytes with a stack", agent_wire_retained_bytes(&totals),
                 agent_wire_retained_bytes(&kept) - untied);
    return good;
}

static int run_counted(const struct counted_case *test)
{
    if (test->program[0] == '\0') {
        fprintf(stderr, "%s: skipped, its program could not be built here\n", test->name);
        return SKIPPED;
    }
    make_map(test->slots != 0 ? test->slots : AGENT_WIRE_DEFAULT_SLOTS);
    if (!run(test->program, test->mode, test->also_preload, map_path))
        return FAILED;
    return check(test->name, &test->expected) && check_stacks(test->name) ? PASSED : FAILED;
}

/* The sizes stand out from what libstdc++ asks for on its own account. */
static int run_new(void)
{
    if (host_new[0] == '\0')
        return SKIPPED;
    make_map(AGENT_WIRE_DEFAULT_SLOTS);
    agent_wire_enable(map, true);
    if (!run(host_new, "", "", map_path))
        return FAILED;
    struct agent_totals totals;
    agent_wire_sum(map, &totals);
    bool good = same("new", "MiB asked for", 6, (int64_t)totals.requested_bytes / MIB);
    good &= same("new", "blind bits", 0, atomic_load(&map->blind));
    good &= check_stacks("new");
    return good ? PASSED : FAILED;
}

/* Every slot that was used is owned or in the list of free ones, and there once. */
static bool free_list_is_whole(const char *name)
{
    int64_t unowned = 0, listed = 0;
    uint32_t used = atomic_load(&map->used_slots);
    for (uint32_t index = 0; index < used; index++)
        unowned += atomic_load(&map->slots[index].tid) == 0;
    uint32_t next = (uint32_t)atomic_load(&map->free_slots);
    while (next != 0 && next <= used && listed <= unowned) {
        next = atomic_load(&map->slots[next - 1].next);
        listed++;
    }
    return same(name, "slots in the free list", unowned, listed);
}

/* Two processes, 100 rounds of 8 threads, 20 blocks of 4 MiB each; what pthread_create allocates
 * beside is far less than one block. */
static int run_churn(void)
{
    make_map(4);
    if (!run(host, "churn", "", map_path))
        return FAILED;
    struct agent_totals totals;
    agent_wire_sum(map, &totals);
    bool good =
        same("churn", "blocks of 4 MiB", 32000, (int64_t)totals.requested_bytes / (4 * MIB));
    good &= same("churn", "slots used beyond the four", 0, atomic_load(&map->used_slots) > 4);
    good &= free_list_is_whole("churn");
    good &= check_stacks("churn");
    return good ? PASSED : FAILED;
}

/* Whatever the variable leads to, the program runs as if there were no agent. */
static bool untouched(const char *what, const char *path)
{
    bool good = run(host, "plain", "", path);
    good &= same(what, "attached processes", 0, atomic_load(&map->attached));
    if (!good)
        fprintf(stderr, "in the case of: %s\n", what);
    return good;
}

static int run_unusable(void)
{
    make_map(16);
    agent_wire_enable(map, true);
    bool good = untouched("no variable", NULL);
    good &= untouched("an empty path", "");
    good &= untouched("no such file", "/nonexistent/map");
    good &= untouched("a folder", "/");
    good &= untouched("a device", "/dev/null");
    atomic_store(&map->magic, AGENT_WIRE_MAGIC + 1);
    good &= untouched("a wrong magic", map_path);
    atomic_store(&map->magic, AGENT_WIRE_MAGIC);
    map->version = AGENT_WIRE_VERSION + 1;
    good &= untouched("another version", map_path);
    map->version = AGENT_WIRE_VERSION;
    map->slot_count = 17;
    good &= untouched("a file one slot too small", map_path);
    map->slot_count = UINT32_MAX;
    good &= untouched("a slot count beyond reason", map_path);
    map->slot_count = 16;
    map->node_count = AGENT_WIRE_MAX_NODES;
    good &= untouched("a file too small for its nodes", map_path);
    map->node_count = 3;
    good &= untouched("a node count that is no power of two", map_path);
    map->node_count = node_count;
    int small = memfd_create("small", MFD_CLOEXEC);
    char path[64];
    if (small < 0 || write(small, "tlgagent", 8) != 8)
        fail("memfd");
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), small);
    good &= untouched("a file of eight bytes", path);
    good &= run(host, "plain", "", map_path);
    good &= same("the good map", "attached processes", 1, atomic_load(&map->attached));
    return good ? PASSED : FAILED;
}

/* More stacks than there is room for: those are lost, the rest and all counts stay right. */
static int run_few_nodes(void)
{
    node_count = 64;
    make_map(AGENT_WIRE_DEFAULT_SLOTS);
    if (!run(host, "threads", "", map_path))
        return FAILED;
    struct agent_totals totals;
    uint64_t kept = 0;
    struct agent_sites *sites = agent_wire_sites(map, map->slot_count);
    for (uint32_t i = 0; i < node_count; i++)
        kept += agent_wire_nodes(sites)[i].allocations;
    agent_wire_sum(map, &totals);
    bool good = same("few-nodes", "allocations", 16000, (int64_t)totals.allocations);
    good &= same("few-nodes", "room for all stacks", 0, kept == 16000);
    good &= same("few-nodes", "room for none", 0, kept == 0);
    return good ? PASSED : FAILED;
}

/* Programs that know their own stacks and compare. */
static int run_sites(const char *mode)
{
    static const char *const programs[] = {HOST_SITES_PATHS};
    bool good = true;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        node_count = AGENT_WIRE_DEFAULT_NODES;
        make_map(AGENT_WIRE_DEFAULT_SLOTS);
        good &= run(programs[i], mode, "", map_path) && check_stacks(mode);
    }
    return good ? PASSED : FAILED;
}

static const struct special_case {
    const char *name;
    int (*run)(void);
} special_cases[] = {{"new", run_new},
                     {"churn", run_churn},
                     {"unusable", run_unusable},
                     {"few-nodes", run_few_nodes}};

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) {
        fputs("usage: test_agent CASE [stacks]\n       test_agent sites MODE\n", stderr);
        return FAILED;
    }
    if (strcmp(argv[1], "sites") == 0 && argc == 3)
        return run_sites(argv[2]);
    node_count = argc == 3 && strcmp(argv[2], "stacks") == 0 ? AGENT_WIRE_DEFAULT_NODES : 0;
    for (size_t i = 0; i < sizeof counted_cases / sizeof *counted_cases; i++) {
        if (strcmp(counted_cases[i].name, argv[1]) == 0)
            return run_counted(&counted_cases[i]);
    }
    for (size_t i = 0; i < sizeof special_cases / sizeof *special_cases; i++) {
        if (strcmp(special_cases[i].name, argv[1]) == 0)
            return special_cases[i].run();
    }
    fprintf(stderr, "test_agent: no case %s\n", argv[1]);
    return FAILED;
}
