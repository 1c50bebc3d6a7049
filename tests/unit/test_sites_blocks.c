/* The agent's table of live blocks: against a plain list, with places that many want, and with
 * threads that hand blocks to each other. A plain main, for ThreadSanitizer's sake. */
#include "rig/agent/blocks.c"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = BLOCKS_LINE_ENTRIES * BLOCKS_LINES_PROBED, THREADS = 4, HANDED = 50000 };

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "test_sites_blocks: not so: %s\n", what);
    exit(1);
}

static const void *block_at(uint64_t address)
{
    return (const void *)(uintptr_t)address;
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* Blocks of 32 bytes of several heaps, put in and taken out at random. */
static void test_against_list(void)
{
    enum { BLOCKS = 50000 };
    static uint32_t nodes[BLOCKS]; /* + 1; 0: not there */
    unsigned random = 1;
    for (int i = 0; i < 1000000; i++) {
        unsigned number = next_random(&random) % BLOCKS;
        uint64_t heap = number % 5, place = UINT64_C(0x550000000000) + (heap << 26);
        const void *block = block_at(place + number / 5 * UINT64_C(32));
        if (nodes[number] == 0) {
            nodes[number] = 1 + next_random(&random) % (AGENT_WIRE_MAX_NODES - 1);
            require(blocks_put(block, nodes[number] - 1), "there is room");
        } else {
            require(blocks_take(block) == nodes[number] - 1, "the node is the one it was put at");
            require(blocks_take(block) == AGENT_WIRE_NO_NODE, "what was taken is gone");
            nodes[number] = 0;
        }
    }
    for (unsigned number = 0; number < BLOCKS; number++) {
        uint64_t place = UINT64_C(0x550000000000) + ((uint64_t)(number % 5) << 26);
        uint32_t node = blocks_take(block_at(place + number / 5 * UINT64_C(32)));
        require(node == nodes[number] - 1, "what was left is there"); /* 0 - 1: none */
    }
}

static void require_empty(void)
{
    for (size_t i = 0; i < LINES; i++) {
        require(lines[i].passed == 0, "no line was passed");
        for (size_t k = 0; k < BLOCKS_LINE_ENTRIES; k++)
            require(lines[i].entries[k] == 0, "no entry is left");
    }
}

/* Addresses that all want the table's first line. */
static const void *crowding_block(uint64_t number)
{
    uint64_t arena = number + 1, line = (0 - arena * ARENA_STEP) % LINES;
    const void *block = block_at(arena << ARENA_SHIFT | line << LINE_SHIFT);
    require(home_of((uint64_t)(uintptr_t)block) == 0, "it wants the first line");
    return block;
}

/* As many fit as there are lines that are looked at. */
static void test_crowded(void)
{
    for (uint32_t i = 0; i < ROOM; i++)
        require(blocks_put(crowding_block(i), i), "there is room for one more");
    require(!blocks_put(crowding_block(ROOM), 1), "there is no more room");
    require(blocks_take(crowding_block(ROOM)) == AGENT_WIRE_NO_NODE, "it is not there");
    for (uint32_t i = 0; i < ROOM; i += 2)
        require(blocks_take(crowding_block(i)) == i, "every other one");
    for (uint32_t i = 1; i < ROOM; i += 2)
        require(blocks_take(crowding_block(i)) == i, "those in between");
    require_empty();
}

static void test_odd_addresses(void)
{
    require(!blocks_put(block_at(0), 1), "no block at 0");
    require(!blocks_put(block_at(0x550000000001), 1), "no block at an odd address");
    require(!blocks_put(block_at(UINT64_C(1) << 60), 1), "no block where no process has memory");
    require(blocks_take(block_at(0x550000000001)) == AGENT_WIRE_NO_NODE, "nor is it there");
    /* Its free was not seen: the newer node is right. */
    require(blocks_put(block_at(0x550000000010), 1), "there is room");
    require(blocks_put(block_at(0x550000000010), 2), "there is room again");
    require(blocks_take(block_at(0x550000000010)) == 2, "the newer one");
    require(blocks_take(block_at(0x550000000010)) == AGENT_WIRE_NO_NODE, "there once");
    require_empty();
}

/* A ring of threads: each puts blocks and leaves them to the next one to take. All want the same
 * few lines. */
struct post {
    pthread_mutex_t lock;
    int taken, put;
};

static struct post posts[THREADS];

static const void *handed_block(int thread, int number)
{
    return block_at(UINT64_C(0x550000000000) + (uint64_t)(number % 16) * 32 +
                    ((uint64_t)(number / 16 % 8) << (7 + BLOCKS_BITS)) + (uint64_t)thread * 1024);
}

static bool put_next(int thread)
{
    struct post *post = &posts[thread];
    pthread_mutex_lock(&post->lock);
    bool open = post->put < HANDED && post->put - post->taken < 128;
    if (open) {
        require(blocks_put(handed_block(thread, post->put), (uint32_t)post->put), "room");
        post->put++;
    }
    pthread_mutex_unlock(&post->lock);
    return open;
}

static bool take_next(int thread)
{
    struct post *post = &posts[thread];
    pthread_mutex_lock(&post->lock);
    bool open = post->taken < post->put;
    if (open) {
        uint32_t node = blocks_take(handed_block(thread, post->taken));
        require(node == (uint32_t)post->taken, "what another thread put is taken");
        post->taken++;
    }
    pthread_mutex_unlock(&post->lock);
    return open;
}

static void *pass_on(void *number)
{
    int own = (int)(intptr_t)number, before = (own + THREADS - 1) % THREADS;
    for (int done = 0; done < 2 * HANDED;) {
        int more = put_next(own) + take_next(before);
        if (more == 0)
            sched_yield();
        done += more;
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_mutex_init(&posts[i].lock, NULL);
    for (intptr_t i = 0; i < THREADS; i++)
        require(pthread_create(&threads[i], NULL, pass_on, (void *)i) == 0, "a thread");
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    require_empty();
}

int main(void)
{
    require(blocks_prepare(), "there is memory");
    test_against_list();
    require_empty();
    test_crowded();
    test_odd_addresses();
    test_threads();
    return 0;
}
