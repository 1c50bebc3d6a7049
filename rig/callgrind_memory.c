#include "rig/callgrind_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define WORD            sizeof(uint64_t)
#define COST_WORDS      4      /* Ir, sysCount, sysTime, sysCpuTime */
#define CHUNK_ENTRIES   100000 /* in each block of costs; the first field of its head */
#define CHUNK_HEAD      24     /* size, used, next, previous */
#define STATE_COST      8      /* in a state: the pointer to its costs */
#define THREAD_MAX_SIZE 256
#define SCAN_SIZE       (1U << 20)
#define MAX_HITS        64
#define MAX_REGIONS     1024

struct region {
    uint64_t start, end;
    bool fixed; /* the tool binary's own data, at the same address in every process */
};

struct memory {
    pid_t pid;
    size_t count;
    struct region regions[MAX_REGIONS];
    uint64_t *words; /* SCAN_SIZE bytes */
};

struct hits {
    size_t count;
    uint64_t addresses[MAX_HITS];
};

static bool read_words(pid_t pid, uint64_t address, uint64_t *words, size_t count)
{
    struct iovec local = {.iov_base = words, .iov_len = count * WORD};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = count * WORD};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)(count * WORD);
}

/* One line of /proc/PID/maps. False when there is nothing writable in it to look at. */
static bool parse_region(const char *line, const char *program, struct region *region)
{
    char rights[8];
    int path_at = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &region->start, &region->end,
               rights, &path_at) < 3)
        return false;
    const char *path = line + path_at;
    region->fixed = strncmp(path, program, strlen(program)) == 0;
    return rights[0] == 'r' && rights[1] == 'w' && path[0] != '[';
}

static bool load_regions(struct memory *memory, const char *program)
{
    char path[64];
    char line[1024];
    uint64_t fixed_end = 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)memory->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (memory->count < MAX_REGIONS && fgets(line, sizeof line, file) != NULL) {
        struct region *region = &memory->regions[memory->count];
        if (!parse_region(line, program, region))
            continue;
        /* Data without a file behind it follows the binary's mapping without a gap. */
        region->fixed = region->fixed || region->start == fixed_end;
        if (region->fixed)
            fixed_end = region->end;
        memory->count++;
    }
    fclose(file);
    return memory->count > 0;
}

static void scan_region(const struct memory *memory, const struct region *region, uint64_t mask,
                        uint64_t low, uint64_t high, struct hits *hits)
{
    for (uint64_t at = region->start; at < region->end; at += SCAN_SIZE) {
        uint64_t left = region->end - at;
        size_t count = (size_t)(left < SCAN_SIZE ? left : SCAN_SIZE) / WORD;
        if (!read_words(memory->pid, at, memory->words, count))
            continue;
        for (size_t i = 0; i < count; i++) {
            uint64_t value = memory->words[i] & mask;
            if (value >= low && value <= high && hits->count < MAX_HITS)
                hits->addresses[hits->count++] = at + i * WORD;
        }
    }
}

/* Addresses of the words w with low <= (w & mask) <= high. */
static struct hits scan(const struct memory *memory, bool fixed_only, uint64_t mask, uint64_t low,
                        uint64_t high)
{
    struct hits hits = {0};
    for (size_t i = 0; i < memory->count; i++)
        if (!fixed_only || memory->regions[i].fixed)
            scan_region(memory, &memory->regions[i], mask, low, high, &hits);
    return hits;
}

/* In what follows the pointer to a state, the thread's costs at the last dump and of its handlers,
 * which were allocated right after `cost`. 0 when they are not there. */
static uint64_t find_handlers(pid_t pid, uint64_t state_at, uint64_t cost)
{
    uint64_t words[THREAD_MAX_SIZE / WORD];
    if (!read_words(pid, state_at, words, COUNT_OF(words)))
        return 0;
    for (size_t i = 1; i + 1 < COUNT_OF(words); i++)
        if (words[i] == cost + COST_WORDS * WORD && words[i + 1] == cost + 2 * COST_WORDS * WORD)
            return state_at + (i + 1) * WORD;
    return 0;
}

/* The table whose slot 1 points at the thread that holds the pointer at `state_at`. */
static bool find_table(const struct memory *memory, uint64_t state_at, uint64_t handler_at,
                       struct callgrind_layout *layout)
{
    struct hits slots = scan(memory, false, ~0ULL, state_at - THREAD_MAX_SIZE, state_at);
    for (size_t i = 0; i < slots.count; i++) {
        uint64_t pair[2];
        uint64_t table = slots.addresses[i] - WORD;
        if (!read_words(memory->pid, table, pair, 2) || pair[0] != 0 || pair[1] % 16 != 0)
            continue;
        struct hits pointers = scan(memory, true, ~0ULL, table, table);
        if (pointers.count != 1)
            continue;
        layout->table_pointer = pointers.addresses[0];
        layout->state_offset = state_at - pair[1];
        layout->handler_offset = handler_at - pair[1];
        return true;
    }
    return false;
}

static bool follow_cost(const struct memory *memory, uint64_t cost, struct callgrind_layout *layout)
{
    struct hits costs = scan(memory, false, ~0ULL, cost, cost);
    for (size_t i = 0; i < costs.count; i++) {
        uint64_t state = costs.addresses[i] - STATE_COST;
        struct hits states = scan(memory, false, ~0ULL, state, state);
        for (size_t k = 0; k < states.count; k++) {
            uint64_t handler_at = find_handlers(memory->pid, states.addresses[k], cost);
            if (handler_at != 0 && find_table(memory, states.addresses[k], handler_at, layout))
                return true;
        }
    }
    return false;
}

static bool find_layout(struct memory *memory, struct callgrind_layout *layout)
{
    struct hits heads = scan(memory, false, 0xffffffffULL, CHUNK_ENTRIES, CHUNK_ENTRIES);
    for (size_t i = 0; i < heads.count; i++) {
        uint64_t head;
        /* The first costs of the block are the process's at its end, the next those of thread 1. */
        uint64_t cost = heads.addresses[i] + CHUNK_HEAD + COST_WORDS * WORD;
        if (!read_words(memory->pid, heads.addresses[i], &head, 1))
            continue;
        uint64_t used = head >> 32;
        if (used >= 4 * COST_WORDS && used <= CHUNK_ENTRIES && follow_cost(memory, cost, layout))
            return true;
    }
    return false;
}

bool callgrind_memory_find(pid_t pid, const char *program, struct callgrind_layout *layout)
{
    bool found = false;
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return false;
    memory->pid = pid;
    memory->words = malloc(SCAN_SIZE);
    if (memory->words != NULL && strlen(program) < sizeof layout->program &&
        load_regions(memory, program))
        found = find_layout(memory, layout);
    if (found)
        snprintf(layout->program, sizeof layout->program, "%s", program);
    free(memory->words);
    free(memory);
    return found;
}

static enum callgrind_access access_of_errno(void)
{
    if (errno == ESRCH)
        return CALLGRIND_GONE;
    return errno == EFAULT ? CALLGRIND_EARLY : CALLGRIND_DENIED;
}

/* Adds the threads that the table has and we do not. Slots are used again, never freed. */
static bool add_threads(const struct callgrind_layout *layout, pid_t pid, const uint64_t *table,
                        struct callgrind_threads *threads)
{
    for (size_t slot = 1; slot < CALLGRIND_MAX_THREADS; slot++) {
        uint64_t state, cost, handler;
        if (table[slot] == 0 || threads->known[slot])
            continue;
        if (!read_words(pid, table[slot] + layout->state_offset, &state, 1) ||
            !read_words(pid, state + STATE_COST, &cost, 1) ||
            !read_words(pid, table[slot] + layout->handler_offset, &handler, 1))
            return false;
        threads->known[slot] = true;
        threads->cost[threads->count] = cost;
        threads->handler[threads->count] = handler;
        threads->count++;
    }
    return true;
}

static bool sum_threads(pid_t pid, const struct callgrind_threads *threads,
                        struct callgrind_cost *cost, struct callgrind_cost *handlers)
{
    uint64_t values[2 * CALLGRIND_MAX_THREADS][2];
    struct iovec remote[2 * CALLGRIND_MAX_THREADS];
    size_t count = threads->count;
    for (size_t i = 0; i < count; i++) {
        remote[2 * i].iov_base = (void *)(uintptr_t)threads->cost[i];
        remote[2 * i + 1].iov_base = (void *)(uintptr_t)threads->handler[i];
        remote[2 * i].iov_len = remote[2 * i + 1].iov_len = sizeof values[0];
    }
    size_t size = 2 * count * sizeof values[0];
    struct iovec local = {.iov_base = values, .iov_len = size};
    if (process_vm_readv(pid, &local, 1, remote, 2 * count, 0) != (ssize_t)size)
        return false;
    *cost = *handlers = (struct callgrind_cost){0};
    for (size_t i = 0; i < count; i++) {
        cost->instructions += values[2 * i][0];
        cost->syscalls += values[2 * i][1];
        handlers->instructions += values[2 * i + 1][0];
        handlers->syscalls += values[2 * i + 1][1];
    }
    return true;
}

enum callgrind_access callgrind_memory_read(const struct callgrind_layout *layout, pid_t pid,
                                            struct callgrind_threads *threads,
                                            struct callgrind_cost *cost,
                                            struct callgrind_cost *handlers)
{
    uint64_t address;
    uint64_t table[CALLGRIND_MAX_THREADS];
    if (!read_words(pid, layout->table_pointer, &address, 1))
        return access_of_errno();
    if (address == 0)
        return CALLGRIND_EARLY;
    if (address != threads->table) { /* first seen, or it ran another program since */
        *threads = (struct callgrind_threads){.table = address};
    }
    if (!read_words(pid, address, table, CALLGRIND_MAX_THREADS))
        return access_of_errno();
    if (!add_threads(layout, pid, table, threads))
        return access_of_errno();
    if (threads->count == 0)
        return CALLGRIND_EARLY;
    return sum_threads(pid, threads, cost, handlers) ? CALLGRIND_READ : access_of_errno();
}
