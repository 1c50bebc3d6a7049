/* A program of known allocations for the agent to count: `host MODE`. It maps the agent's memory
 * itself to switch counting on around exactly the calls that the mode names, so that what libc
 * allocates on its own account stays out. Built without optimisation and without builtins: every
 * call written here is made. */
#include "rig/agent/wire.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct agent_map *map;
static const char *self;
static volatile size_t too_many = SIZE_MAX; /* not a constant: compilers warn of those */

static void require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "host: not so: %s (errno %d)\n", what, errno);
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
}

static void begin(void)
{
    agent_wire_enable(map, true);
}

static void end(void)
{
    agent_wire_enable(map, false);
}

static void some_mallocs(void)
{
    void *blocks[3];
    begin();
    for (int i = 0; i < 3; i++)
        blocks[i] = malloc(100);
    free(blocks[0]);
    free(blocks[1]);
    end();
    require(blocks[2] != NULL, "malloc returns a block");
}

static void nothing_and_null(void)
{
    begin();
    free(NULL);
    free(malloc(0));
    void *too_large = malloc((size_t)PTRDIFF_MAX);
    end();
    require(too_large == NULL, "malloc of half the address space fails");
}

static void a_calloc(void)
{
    begin();
    unsigned char *block = calloc(10, 20);
    void *overflow = calloc(too_many, 2);
    int zero = block != NULL;
    for (int i = 0; zero && i < 200; i++)
        zero = block[i] == 0;
    free(block);
    end();
    require(zero && overflow == NULL, "calloc returns zeroes, and nothing on overflow");
}

static void some_reallocs(void)
{
    begin();
    char *block = malloc(100);
    memset(block, 'x', 100);
    block = realloc(block, 1000);
    int kept = block[0] == 'x' && block[99] == 'x';
    void *gone = realloc(block, 0);
    end();
    require(kept && gone == NULL, "realloc keeps the content, and to 0 frees");
}

static void realloc_of_nothing(void)
{
    begin();
    free(realloc(NULL, 100));
    end();
}

static void realloc_that_fails(void)
{
    begin();
    void *block = malloc(100);
    void *failed = realloc(block, (size_t)PTRDIFF_MAX);
    free(block);
    end();
    require(failed == NULL, "realloc to half the address space fails");
}

static void some_reallocarrays(void)
{
    begin();
    void *block = reallocarray(NULL, 10, 10);
    block = reallocarray(block, 20, 10);
    errno = 0;
    void *overflow = reallocarray(block, too_many, 2);
    int error = errno;
    if (overflow == NULL)
        free(block);
    end();
    require(overflow == NULL && error == ENOMEM, "reallocarray fails on overflow");
}

static int aligned(const void *block, uintptr_t alignment)
{
    return block != NULL && (uintptr_t)block % alignment == 0;
}

static void a_posix_memalign(void)
{
    void *block = NULL, *none = NULL;
    begin();
    int good = posix_memalign(&block, 64, 100);
    int bad = posix_memalign(&none, 3, 100);
    free(block);
    end();
    require(good == 0 && aligned(block, 64) && bad == EINVAL, "posix_memalign");
}

static void an_aligned_alloc(void)
{
    begin();
    void *block = aligned_alloc(64, 128);
    free(block);
    end();
    require(aligned(block, 64), "aligned_alloc");
}

static void a_memalign(void)
{
    begin();
    void *block = memalign(64, 100);
    free(block);
    end();
    require(aligned(block, 64), "memalign");
}

static void a_mapped_block(void)
{
    begin();
    void *block = malloc((size_t)4 << 20);
    end();
    require(block != NULL, "malloc of 4 MiB");
}

static void a_valloc(void)
{
    begin();
    void *block = valloc(100);
    free(block);
    end();
    require(aligned(block, 4096), "valloc");
}

static void a_pvalloc(void)
{
    begin();
    void *block = pvalloc(100);
    free(block);
    end();
    require(aligned(block, 4096), "pvalloc");
}

/* The first counted call claims a slot, with system calls of its own. */
static void errno_stays(void)
{
    errno = 77;
    begin();
    free(malloc(100));
    end();
    require(errno == 77, "errno is as it was");
}

/* The host finds no error of the dynamic linker's that is the agent's. */
static void no_error_left(void)
{
    require(dlerror() == NULL, "no error is left from loading the agent");
}

/* Waits for ever when the lock for locales was left in disorder. */
static void set_locales(void)
{
    require(setlocale(LC_ALL, "POSIX") != NULL, "a locale");
    require(setlocale(LC_CTYPE, "C") != NULL, "another locale");
}

static void not_enabled(void)
{
    free(malloc(100));
    free(calloc(1, 100));
    free(realloc(malloc(10), 100));
}

static void pairs(int count, size_t size)
{
    for (int i = 0; i < count; i++)
        free(malloc(size));
}

static pthread_barrier_t barrier;

static void *work_between_barriers(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    pairs(1000, 32);
    pthread_barrier_wait(&barrier);
    return NULL;
}

/* Sixteen threads that live at once, made before counting: pthread_create allocates. */
static void threads_at_once(void)
{
    pthread_t threads[16];
    pthread_barrier_init(&barrier, NULL, 17);
    for (int i = 0; i < 16; i++)
        require(pthread_create(&threads[i], NULL, work_between_barriers, NULL) == 0, "a thread");
    begin();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    end();
    for (int i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
}

static void *work_counted(void *unused)
{
    (void)unused;
    begin();
    pairs(10, 32);
    end();
    return NULL;
}

static void threads_in_turn(void)
{
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        require(pthread_create(&thread, NULL, work_counted, NULL) == 0, "a thread");
        pthread_join(thread, NULL);
    }
}

static pthread_key_t late_key;

/* Sets the key again, so that libc comes back as often as it ever does (four times). */
static void free_late(void *block)
{
    free(block);
    pthread_setspecific(late_key, malloc(100));
}

static void *work_with_late_free(void *unused)
{
    (void)unused;
    begin();
    pthread_setspecific(late_key, malloc(100));
    return NULL;
}

/* Destructors of thread-specific data that free and allocate after the agent's own has run. */
static void free_at_thread_end(void)
{
    require(pthread_key_create(&late_key, free_late) == 0, "a key");
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        require(pthread_create(&thread, NULL, work_with_late_free, NULL) == 0, "a thread");
        pthread_join(thread, NULL);
        end();
    }
}

static void *work_large(void *unused)
{
    (void)unused;
    pairs(20, (size_t)4 << 20);
    return NULL;
}

static void start_and_end_threads(void)
{
    for (int round = 0; round < 100; round++) {
        pthread_t threads[8];
        for (int i = 0; i < 8; i++)
            require(pthread_create(&threads[i], NULL, work_large, NULL) == 0, "a thread");
        for (int i = 0; i < 8; i++)
            pthread_join(threads[i], NULL);
    }
}

/* Two processes whose threads fight for few slots. */
static void slots_change_hands(void)
{
    begin();
    pid_t child = fork();
    start_and_end_threads();
    if (child == 0)
        _exit(0);
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
    end();
}

/* Both at the same time, so that a slot written by both would lose counts. */
static void count_on_both_sides(pid_t child)
{
    require(child >= 0, "a child process");
    pairs(100000, 100);
    if (child == 0)
        _exit(0);
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
    end();
}

static void a_fork(void)
{
    begin();
    pairs(1, 100);
    count_on_both_sides(fork());
}

/* A child that counts nothing and ends must not give its parent's slot away. */
static void a_fork_that_idles(void)
{
    begin();
    pairs(1, 100);
    end();
    pid_t child = fork();
    if (child == 0)
        exit(0);
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
    pthread_t thread;
    require(pthread_create(&thread, NULL, work_counted, NULL) == 0, "a thread");
    pthread_join(thread, NULL);
}

/* No handlers of pthread_atfork run. */
static void a_fork_past_libc(void)
{
    begin();
    pairs(1, 100);
    count_on_both_sides((pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
}

static void a_vfork(void)
{
    begin();
    pairs(1, 100);
    pid_t child = vfork();
    if (child == 0) {
        pairs(1, 100);
        _exit(0);
    }
    pairs(1, 100);
    end();
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
}

static void spawn_self(const char *mode, char **environment)
{
    pid_t child;
    char *arguments[] = {strdup(self), strdup(mode), NULL};
    require(posix_spawn(&child, self, NULL, NULL, arguments, environment) == 0, "posix_spawn");
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
}

extern char **environ;

static void a_spawn(void)
{
    begin();
    pairs(1, 100);
    end();
    spawn_self("malloc", environ);
    begin();
    pairs(1, 100);
    end();
}

/* posix_spawn while counting, of a program that is not counted. */
static void a_spawn_while_counting(void)
{
    char *none[] = {NULL}, mode[] = "plain";
    char *arguments[] = {strdup(self), mode, NULL};
    pid_t child;
    begin();
    pairs(1, 100);
    int failed = posix_spawn(&child, self, NULL, NULL, arguments, none);
    pairs(1, 100);
    end();
    int status;
    require(failed == 0 && waitpid(child, &status, 0) == child && status == 0, "posix_spawn");
}

static void an_exec(void)
{
    char *arguments[] = {strdup(self), strdup("malloc"), NULL};
    execv(self, arguments);
    require(0, "execv");
}

/* With code at a fixed address, this makes the linker give malloc an address in the program. */
static void malloc_by_address(void)
{
    void *(*volatile function)(size_t) = malloc;
    begin();
    free(function(100));
    end();
}

static const struct mode {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"malloc", some_mallocs},
    {"nothing", nothing_and_null},
    {"calloc", a_calloc},
    {"realloc", some_reallocs},
    {"realloc-null", realloc_of_nothing},
    {"realloc-fails", realloc_that_fails},
    {"reallocarray", some_reallocarrays},
    {"posix_memalign", a_posix_memalign},
    {"aligned_alloc", an_aligned_alloc},
    {"memalign", a_memalign},
    {"mapped", a_mapped_block},
    {"valloc", a_valloc},
    {"pvalloc", a_pvalloc},
    {"errno", errno_stays},
    {"disabled", not_enabled},
    {"threads", threads_at_once},
    {"threads-in-turn", threads_in_turn},
    {"late-free", free_at_thread_end},
    {"churn", slots_change_hands},
    {"fork", a_fork},
    {"idle-fork", a_fork_that_idles},
    {"dlerror", no_error_left},
    {"locale", set_locales},
    {"raw-fork", a_fork_past_libc},
    {"vfork", a_vfork},
    {"spawn", a_spawn},
    {"spawn-counting", a_spawn_while_counting},
    {"exec", an_exec},
    {"address", malloc_by_address},
};

int main(int argc, char **argv)
{
    self = argv[0];
    require(argc == 2, "one argument, the mode");
    if (strcmp(argv[1], "plain") == 0) {
        no_error_left();
        not_enabled();
        return 0;
    }
    open_map();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run();
            return 0;
        }
    }
    require(0, "the mode is known");
    return 9;
}
