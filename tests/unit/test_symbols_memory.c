/* Running out of memory anywhere is an error or an answer that says less, never a crash or a leak;
 * and of overlapping ranges the right one is found. */
#include "symbols_sample.h"

#include "base/random.h"
#include "rig/symbols_private.h"
#include "tests/unit/failing_allocations.h"

TestSuite(symbols_memory, .timeout = 300);

static const char *const tracked[] = {"main.c", "shapes.c", "shapes.h", NULL};

/* All that there is to do with a program; whether nothing failed. */
static bool do_all(const char *root, const char *program, const char *maps)
{
    struct symbols *symbols = NULL;
    struct symbols_map *map = NULL;
    struct symbols_place place;
    struct arena arena;
    struct source_tree tree;
    struct error err = {0};
    bool ok = false;
    arena_init(&arena);
    if (!symbols_new(&symbols, root, tracked, &err))
        goto out;
    struct symbols_object *object = symbols_open(symbols, program);
    if (object == NULL)
        goto out;
    for (uint64_t address = 0x1000; address < 0x3000; address += 16) {
        symbols_find(symbols, object, address, &place);
        cr_assert_leq(place.count, SYMBOLS_FRAMES_MAX);
    }
    if (!symbols_map_parse(&map, symbols, maps, strlen(maps), &err))
        goto out;
    symbols_map_resolve(map, 0x7000, &place);
    ok = symbols_read_sources(symbols, &object, 1, &arena, &tree, &err);
out:
    if (!ok && err.code != ERROR_NONE)
        cr_assert_eq(err.code, ERROR_MEMORY, "%s", err.text);
    symbols_map_free(map);
    symbols_free(symbols);
    arena_release(&arena);
    return ok;
}

Test(symbols_memory, every_allocation_may_fail)
{
    struct sample sample;
    char maps[PATH_MAX + 128];
    bool whole = false;
    long n = 0;
    sample_open(&sample);
    const char *program = sample_path(&sample, "program");
    cr_assert(sample_do(&sample, "gcc", "-O2", "-g", "shapes.c", "print.c", "-o", program, NULL));
    snprintf(maps, sizeof maps, "6000-9000 r-xp 00001000 00:00 0 %s\n", program);
    for (; !whole && n < 20000; n += n < 300 ? 1 : 7) {
        allocations_left = n;
        whole = do_all(sample.sources, program, maps);
        /* Some failures only make an answer say less. */
        whole = whole && allocations_left > 0;
        allocations_left = -1;
    }
    cr_expect(whole);
    cr_expect_gt(n, 50);
    sample_close(&sample);
}

Test(symbols_memory, a_perf_map)
{
    static const char text[] = "1000 200 JS:*handle /app/server.js:12:7\n1100 10 other\n";
    struct symbols *symbols = sample_symbols("/app", NULL);
    bool whole = false;
    for (long n = 0; !whole && n < 1000; n++) {
        struct symbols_jit *jit;
        struct symbols_place place;
        allocations_left = n;
        whole = symbols_jit_parse(&jit, text, strlen(text));
        if (whole)
            symbols_jit_find(jit, symbols, 0x1000, &place);
        whole = whole && allocations_left > 0;
        allocations_left = -1;
        symbols_jit_free(jit);
    }
    cr_expect(whole);
    symbols_free(symbols);
}

enum { SPACE = 200, RANGES = 40, ROUNDS = 500 };

/* Painted cell by cell: of the ranges that hold a place the highest rank wins, then the last. */
Test(symbols_memory, ranges_are_flattened)
{
    struct random random;
    random_seed(&random, 7);
    for (int round = 0; round < ROUNDS; round++) {
        struct symbols_ranges ranges = {0};
        struct symbols_segments segments;
        uint32_t wanted[SPACE];
        int ranks[SPACE];
        for (size_t i = 0; i < SPACE; i++) {
            wanted[i] = SYMBOLS_NONE;
            ranks[i] = -1;
        }
        uint32_t count = (uint32_t)random_below(&random, RANGES);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t low = random_below(&random, SPACE), size = random_below(&random, 30);
            int rank = (int)random_below(&random, 4);
            cr_assert(symbols_ranges_add(&ranges, low, low + size, (uint32_t)rank, i));
            for (uint64_t at = low; at < low + size && at < SPACE; at++)
                if (rank >= ranks[at]) {
                    ranks[at] = rank;
                    wanted[at] = i;
                }
        }
        cr_assert(symbols_segments_build(&segments, &ranges));
        for (size_t i = 0; i < SPACE; i++)
            cr_assert_eq(symbols_segments_find(&segments, i), wanted[i]);
        for (size_t i = 1; i < segments.count; i++)
            cr_assert_lt(segments.items[i - 1].start, segments.items[i].start);
        symbols_segments_release(&segments);
    }
}

Test(symbols_memory, ranges_at_the_ends)
{
    struct symbols_ranges ranges = {0};
    struct symbols_segments segments;
    cr_assert(symbols_ranges_add(&ranges, 0, UINT64_MAX, 0, 1));
    cr_assert(symbols_ranges_add(&ranges, 5, 5, 9, 2));
    cr_assert(symbols_ranges_add(&ranges, 9, 3, 9, 3));
    cr_assert(symbols_ranges_add(&ranges, UINT64_MAX - 1, UINT64_MAX, 1, 4));
    cr_assert(symbols_segments_build(&segments, &ranges));
    cr_expect_eq(symbols_segments_find(&segments, 0), 1);
    cr_expect_eq(symbols_segments_find(&segments, 5), 1);
    cr_expect_eq(symbols_segments_find(&segments, UINT64_MAX - 1), 4);
    cr_expect_eq(symbols_segments_find(&segments, UINT64_MAX), SYMBOLS_NONE);
    symbols_segments_release(&segments);
    cr_assert(symbols_segments_build(&segments, &ranges));
    cr_expect_eq(symbols_segments_find(&segments, 0), SYMBOLS_NONE);
    symbols_segments_release(&segments);
}
