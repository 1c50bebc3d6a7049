/* A program whose stacks are known, for the agent to keep: `host_sites MODE`. What libgcc's
 * unwinder says of each allocation's stack is noted, and in the end held against what the agent
 * wrote into the map. Built several times, with and without frame pointers. */
#include "rig/agent/wire.h"

#include <alloca.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define FRAME __attribute__((noipa))

enum { DEPTH_MAX = 300, PATHS_MAX = 1 << 16, AGENT_DEPTH_MAX = 128 };

/* Callers from the innermost on, without the function that allocates. */
struct path {
    uint64_t hash; /* 0: free */
    uint64_t allocations, bytes;
};

/* What one thread did. */
struct log {
    unsigned random;
    int left; /* allocations still to do */
    jmp_buf *out;
    struct path *paths;
};

static struct agent_map *map;
static struct agent_sites *sites;
static struct agent_node *nodes;
static __thread struct log thread_log;

static void require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "host_sites: not so: %s (errno %d)\n", what, errno);
    _exit(9);
}

static void open_map(void)
{
    const char *path = getenv(AGENT_WIRE_ENVIRONMENT);
    require(path != NULL, "the path of the map is given");
    int file = open(path, O_RDWR);
    struct stat status;
    require(file >= 0 && fstat(file, &status) == 0, "the map can be opened");
    map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    require(map != MAP_FAILED, "the map can be mapped");
    close(file);
    sites = agent_wire_sites(map, map->slot_count);
    nodes = agent_wire_nodes(sites);
}

static uint64_t add_to_hash(uint64_t hash, uint64_t address)
{
    return (hash ^ address) * UINT64_C(0x100000001b3) + 1;
}

static struct path *find_path(struct path *paths, uint64_t hash)
{
    for (size_t at = hash % PATHS_MAX;; at = (at + 1) % PATHS_MAX)
        if (paths[at].hash == hash || paths[at].hash == 0)
            return &paths[at];
}

/* A stack that is too deep for the agent is known by its innermost frames. */
static uint64_t hash_callers(void *const *callers, int count)
{
    uint64_t hash = 1;
    for (int i = 0; i < count && i < AGENT_DEPTH_MAX - 1; i++)
        hash = add_to_hash(hash, (uint64_t)(uintptr_t)callers[i]);
    return hash;
}

static void note(size_t size)
{
    void *callers[DEPTH_MAX];
    int count = backtrace(callers, DEPTH_MAX);
    /* Without this function and the one that allocates. */
    struct path *path = find_path(thread_log.paths, hash_callers(callers + 2, count - 2));
    path->hash = hash_callers(callers + 2, count - 2);
    path->allocations++;
    path->bytes += size;
}

/* All allocations come from here. */
FRAME static void *allocate(size_t size)
{
    note(size);
    void *block = malloc(size);
    require(block != NULL, "malloc returns a block");
    return block;
}

static unsigned pick(unsigned of)
{
    thread_log.random = thread_log.random * 1664525U + 1013904223U;
    return (thread_log.random >> 16) % of;
}

static void descend(int depth);

FRAME static void allocate_some(void)
{
    for (unsigned i = pick(4); i > 0 && thread_log.left > 0; i--) {
        free(allocate(1 + pick(1000)));
        thread_log.left--;
    }
}

/* Functions of different frames. The empty statement after each call keeps it from being the last
 * thing done, which would become a jump. */
#define AFTER_CALL __asm__ volatile("" ::: "memory")

FRAME static void plain(int depth)
{
    descend(depth - 1);
    AFTER_CALL;
}

FRAME static void from_two_places(int depth)
{
    allocate_some();
    descend(depth - 1);
    AFTER_CALL;
    allocate_some();
    descend(depth - 2);
    AFTER_CALL;
}

FRAME static void large_frame(int depth)
{
    volatile char space[5000];
    space[0] = 1;
    descend(depth - 1);
    require(space[0] == 1, "a byte of the frame");
}

FRAME static void with_alloca(int depth)
{
    volatile char *space = alloca(16 + pick(300));
    space[0] = 1;
    descend(depth - 1);
    AFTER_CALL;
}

FRAME static void aligned(int depth)
{
    _Alignas(64) volatile char space[64];
    space[0] = 1;
    descend(depth - 1);
    require((uintptr_t)space % 64 == 0, "alignment");
}

FRAME static void aligned_with_alloca(int depth)
{
    _Alignas(64) volatile char space[64];
    volatile char *more = alloca(16 + pick(300));
    space[0] = more[0] = 1;
    descend(depth - 1);
    require((uintptr_t)space % 64 == 0 && space[0] == 1, "alignment");
}

FRAME static void variadic(int depth, ...)
{
    va_list arguments;
    va_start(arguments, depth);
    descend(depth - va_arg(arguments, int));
    va_end(arguments);
}

/* Six registers to save, and arguments on the stack. */
FRAME static long many(long a, long b, long c, long d, long e, long f, long g, long h, int depth)
{
    descend(depth - 1);
    AFTER_CALL;
    return a + b + c + d + e + f + g + h;
}

static int compare_and_descend(const void *left, const void *right)
{
    const int *depths = left;
    (void)right;
    if (depths[0] > 0)
        descend(depths[0] - 2);
    AFTER_CALL;
    return 0;
}

/* Through a function of libc's. */
FRAME static void searching(int depth)
{
    int key = depth, table[4] = {0};
    (void)bsearch(&key, table, 4, sizeof *table, compare_and_descend);
    AFTER_CALL;
}

/* The stack of what is left without returning stays behind. */
FRAME static void leaving(int depth)
{
    jmp_buf here, *outer = thread_log.out;
    thread_log.out = &here;
    if (setjmp(here) == 0)
        descend(depth - 1);
    thread_log.out = outer;
    AFTER_CALL;
}

static void descend(int depth)
{
    static void (*const kinds[])(int) = {plain,   from_two_places,     large_frame, with_alloca,
                                         aligned, aligned_with_alloca, searching,   leaving};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    if (thread_log.left <= 0)
        return;
    if (depth <= 0 || pick(6) == 0)
        allocate_some();
    if (depth <= 0)
        return;
    if (thread_log.out != NULL && pick(20) == 0)
        longjmp(*thread_log.out, 1);
    unsigned kind = pick(KINDS + 2);
    if (kind < KINDS)
        kinds[kind](depth);
    else if (kind == KINDS)
        variadic(depth, 1);
    else
        require(many(1, 2, 3, 4, 5, 6, 7, 8, depth) == 36, "arguments on the stack");
}

static void begin(void)
{
    agent_wire_enable(map, true);
}

static void end(void)
{
    agent_wire_enable(map, false);
}

/* backtrace loads a library and allocates when first called; paths come from past malloc. */
static void begin_log(unsigned seed, int allocations)
{
    void *callers[4];
    require(backtrace(callers, 4) > 1, "there is a backtrace");
    thread_log.random = seed;
    thread_log.left = allocations;
    thread_log.out = NULL;
    thread_log.paths = mmap(NULL, PATHS_MAX * sizeof *thread_log.paths, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(thread_log.paths != MAP_FAILED, "there is memory");
}

FRAME static void walk_about(void)
{
    while (thread_log.left > 0)
        descend(3 + (int)pick(20));
    AFTER_CALL;
}

/* The number of the thread's slot. */
static uint32_t own_slot(void)
{
    uint32_t used = atomic_load(&map->used_slots);
    for (uint32_t slot = 0; slot < used; slot++)
        if (map->slots[slot].pid == (uint32_t)getpid() &&
            map->slots[slot].tid == (uint32_t)gettid())
            return slot;
    require(0, "the thread has a slot");
    return 0;
}

static uint64_t hash_node(const struct agent_node *node)
{
    uint64_t hash = 1;
    for (int i = 0; i < AGENT_DEPTH_MAX - 1; i++) {
        node = &nodes[node->parent];
        if (node->parent == AGENT_WIRE_NO_NODE || node->address == 0)
            break;
        hash = add_to_hash(hash, node->address);
    }
    return hash;
}

static uint32_t process_of(const struct agent_node *node)
{
    return sites->processes[(uint32_t)nodes[node->root - 1].address].pid;
}

/* The agent's stacks of this thread are those noted: all of them, and no others. */
static void check_log(void)
{
    uint32_t slot = own_slot();
    uint64_t noted = 0, kept = 0;
    for (uint32_t i = 0; i < sites->used_nodes; i++) {
        const struct agent_node *node = &nodes[i];
        if (nodes[node->root - 1].address >> 32 != slot || process_of(node) != (uint32_t)getpid() ||
            node->allocations == 0)
            continue;
        struct path *path = find_path(thread_log.paths, hash_node(node));
        if (path->hash == 0)
            for (const struct agent_node *at = node; at->parent != AGENT_WIRE_NO_NODE;
                 at = &nodes[at->parent])
                fprintf(stderr, "  %#llx\n", (unsigned long long)at->address);
        require(path->hash != 0, "a stack that the agent kept is one that there was");
        require(path->allocations >= node->allocations && path->bytes >= node->requested_bytes,
                "a stack has no more allocations than there were");
        require(node->usable_allocated_bytes ==
                    node->usable_freed_bytes + node->usable_freed_elsewhere_bytes,
                "what was allocated was freed");
        kept += node->allocations;
    }
    for (size_t i = 0; i < PATHS_MAX; i++)
        noted += thread_log.paths[i].allocations;
    if (noted != kept)
        fprintf(stderr, "%llu noted, %llu kept\n", (unsigned long long)noted,
                (unsigned long long)kept);
    require(noted == kept, "all allocations have a stack");
}

static void walk(void)
{
    begin_log(1, 20000);
    begin();
    walk_about();
    end();
    check_log();
}

static pthread_barrier_t barrier;

static void *walk_in_thread(void *seed)
{
    begin_log((unsigned)(uintptr_t)seed, 5000);
    pthread_barrier_wait(&barrier);
    begin();
    walk_about();
    pthread_barrier_wait(&barrier);
    end();
    pthread_barrier_wait(&barrier);
    check_log();
    return NULL;
}

static void threads(void)
{
    pthread_t threads[8];
    pthread_barrier_init(&barrier, NULL, 8);
    for (uintptr_t i = 0; i < 8; i++)
        require(pthread_create(&threads[i], NULL, walk_in_thread, (void *)(i + 1)) == 0,
                "a thread");
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

static void forking(void)
{
    begin_log(1, 3000);
    begin();
    walk_about();
    end();
    pid_t child = fork();
    require(child >= 0, "a child process");
    if (child == 0)
        begin_log(2, 3000);
    thread_log.left = 3000;
    begin();
    walk_about();
    int status = 0;
    require(child == 0 || (waitpid(child, &status, 0) == child && status == 0),
            "the child ends well");
    check_log();
    if (child == 0)
        _exit(0);
}

FRAME static void deeper(int depth)
{
    if (depth == 0)
        free(allocate(100));
    else
        deeper(depth - 1);
    AFTER_CALL;
}

static void deep(void)
{
    begin_log(1, 0);
    begin();
    for (int depth = 90; depth < 140; depth++)
        deeper(depth);
    deeper(200);
    deeper(10);
    end();
    check_log();
}

static ucontext_t main_context, other_context;
static char other_stack[1 << 16];

FRAME static void on_another_stack(void)
{
    for (int i = 0; i < 3; i++) {
        free(malloc(100));
        swapcontext(&other_context, &main_context);
    }
}

/* Blocks of `size` a piece, under the node that says cut, with one frame. */
static uint64_t count_single_frames(uint64_t size)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < sites->used_nodes; i++) {
        const struct agent_node *node = &nodes[i];
        if (node->requested_bytes == size * node->allocations && node->allocations > 0 &&
            nodes[node->parent].address == 0 &&
            nodes[nodes[node->parent].parent].parent == AGENT_WIRE_NO_NODE)
            count += node->allocations;
    }
    return count;
}

static void coroutine(void)
{
    begin_log(1, 300);
    getcontext(&other_context);
    other_context.uc_stack.ss_sp = other_stack;
    other_context.uc_stack.ss_size = sizeof other_stack;
    other_context.uc_link = &main_context;
    makecontext(&other_context, on_another_stack, 0);
    begin();
    for (int i = 0; i < 3; i++) {
        thread_log.left = 100;
        walk_about();
        swapcontext(&main_context, &other_context);
    }
    end();
    require(count_single_frames(100) == 3, "three allocations on the other stack");
}

FRAME static void handle(int number)
{
    (void)number;
    free(malloc(777));
}

/* On the alternative stack, then on the thread's own. */
static void signals(void)
{
    stack_t alternative = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
    sigaltstack(&alternative, NULL);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
    begin();
    raise(SIGUSR1);
    raise(SIGUSR2);
    end();
    require(count_single_frames(777) == 1, "one allocation on the other stack");
}

/* What was allocated by calls within the first bytes of a function. */
static struct agent_node sum_function(void (*function)(void))
{
    enum { LONGEST = 400 };
    struct agent_node sum = {0};
    for (uint32_t i = 0; i < sites->used_nodes; i++) {
        if (nodes[i].allocations == 0 || nodes[i].address - (uintptr_t)function >= LONGEST)
            continue;
        sum.allocations += nodes[i].allocations;
        sum.requested_bytes += nodes[i].requested_bytes;
        sum.usable_allocated_bytes += nodes[i].usable_allocated_bytes;
        sum.usable_freed_bytes += nodes[i].usable_freed_bytes;
        sum.usable_freed_elsewhere_bytes += nodes[i].usable_freed_elsewhere_bytes;
    }
    return sum;
}

static void *kept[16];

/* Far enough from the next one, whose calls are told from this one's by their address. */
#define APART __attribute__((noipa, aligned(512)))

APART static void three_mallocs(void)
{
    for (int i = 0; i < 3; i++)
        kept[i] = malloc(100);
}

APART static void a_realloc(void)
{
    kept[0] = realloc(kept[0], 1000);
}

APART static void a_realloc_that_fails(void)
{
    require(realloc(kept[1], (size_t)PTRDIFF_MAX) == NULL,
            "realloc to half the address space fails");
    kept[3] = malloc(40);
}

APART static void the_others(void)
{
    require(posix_memalign(&kept[4], 64, 100) == 0, "posix_memalign");
    kept[5] = aligned_alloc(64, 128);
    kept[6] = memalign(64, 100);
    kept[7] = valloc(100);
    kept[8] = pvalloc(100);
    kept[9] = calloc(10, 10);
    kept[10] = reallocarray(NULL, 10, 10);
    kept[11] = realloc(NULL, 100);
}

APART static void free_some(void)
{
    free(kept[1]);
    for (int i = 3; i < 12; i++)
        free(kept[i]);
}

static void *free_elsewhere(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    free(kept[2]);
    return NULL;
}

/* 104 bytes of a block of 100 can be used, 40 of one of 40, 1000 of one of 1000. */
static void retained(void)
{
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    require(pthread_create(&thread, NULL, free_elsewhere, NULL) == 0, "a thread");
    begin();
    three_mallocs();
    a_realloc();
    a_realloc_that_fails();
    the_others();
    free_some();
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    end();
    struct agent_node sum = sum_function(three_mallocs);
    require(sum.allocations == 3 && sum.requested_bytes == 300 && sum.usable_allocated_bytes == 312,
            "three blocks of 100");
    require(sum.usable_freed_bytes == 208, "one freed, one resized");
    require(sum.usable_freed_elsewhere_bytes == 104, "one freed by another thread");
    sum = sum_function(a_realloc);
    require(sum.allocations == 1 && sum.requested_bytes == 1000 && sum.usable_freed_bytes == 0,
            "one block of 1000, kept");
    sum = sum_function(a_realloc_that_fails);
    require(sum.allocations == 1 && sum.requested_bytes == 40 && sum.usable_freed_bytes == 40,
            "one block of 40, freed; none for the realloc that failed");
    sum = sum_function(the_others);
    require(sum.allocations == 8 && sum.requested_bytes == 828 &&
                sum.usable_allocated_bytes == sum.usable_freed_bytes,
            "eight blocks, freed");
}

static const struct mode {
    const char *name;
    void (*run)(void);
} modes[] = {{"walk", walk},           {"threads", threads}, {"fork", forking},     {"deep", deep},
             {"coroutine", coroutine}, {"signals", signals}, {"retained", retained}};

int main(int argc, char **argv)
{
    require(argc == 2, "one argument");
    open_map();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, argv[1]) != 0)
            continue;
        modes[i].run();
        return 0;
    }
    require(0, "a known mode");
    return 1;
}
