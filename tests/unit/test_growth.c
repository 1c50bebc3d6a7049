#include "insights/growth.h"

#include "base/random.h"
#include "tests/unit/growth_expect.h"

/* ---- lines: edited, added, removed ------------------------------------------------------------
 */

/* The only line of a hunk on both sides: 10 then, 45 now. */
Test(growth, an_edited_line, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:5", 10);
    spend(&sample, SIDE_BASE, "f a.c:6", 20);
    spend(&sample, SIDE_HEAD, "f a.c:5", 45);
    spend(&sample, SIDE_HEAD, "f a.c:6", 20);
    edit(&sample, "a.c", 5, 1, 5, 1);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "a.c", 5, 35);
    cr_assert_eq(growth->lines[0].kind, GROWTH_NEW, "what stood there is gone");
    cr_assert(growth->lines[0].changed);
    cr_assert_float_eq(growth->lines[0].head, 45, 0);
    cr_assert(isnan(growth->lines[0].base));
    cr_assert_str_eq(growth->measured->key, "instructions");
    cr_assert_float_eq(growth->head, 65, 0);
    cr_assert_float_eq(growth->base, 30, 0);
    cr_assert_float_eq(growth->changed, 35, 0);
    cr_assert(growth->changes_known);
}

/* Three lines were put in above: what is at 13 now stood at 10, and costs the same. */
Test(growth, lines_above_shift_numbers, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:10", 100);
    spend(&sample, SIDE_BASE, "f a.c:11", 7);
    spend(&sample, SIDE_HEAD, "f a.c:3", 2);
    spend(&sample, SIDE_HEAD, "f a.c:13", 100);
    spend(&sample, SIDE_HEAD, "f a.c:14", 8);
    edit(&sample, "a.c", 2, 0, 2, 3);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 2);
    expect_line(0, "a.c", 3, 2);
    expect_line(1, "a.c", 14, 1);
    cr_assert_eq(growth->lines[1].kind, GROWTH_GREW);
    cr_assert_eq(growth->lines[1].base_place.line, 11);
    cr_assert_not(growth->lines[1].changed);
}

/* A return that cut the loop short is gone: its neighbour runs more often. */
Test(growth, a_removed_line, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "find a.c:20", 4);
    spend(&sample, SIDE_BASE, "find a.c:21", 2);
    spend(&sample, SIDE_BASE, "find a.c:23", 6);
    spend(&sample, SIDE_BASE, "main a.c:90", 6);
    spend(&sample, SIDE_HEAD, "find a.c:20", 4);
    spend(&sample, SIDE_HEAD, "find a.c:22", 600);
    spend(&sample, SIDE_HEAD, "main a.c:89", 6);
    edit(&sample, "a.c", 21, 1, 21, 0);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "a.c", 22, 592); /* 594 less the 2 of the line that is gone */
    cr_assert(growth->lines[0].changed);
    cr_assert_eq(growth->lines[0].kind, GROWTH_GREW);
}

/* A break is gone: the head of the loop, before it, runs to the end. What is further off is not
 * touched. */
Test(growth, a_removed_line_behind, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "find a.c:16", 4);
    spend(&sample, SIDE_BASE, "find a.c:18", 10);
    spend(&sample, SIDE_BASE, "find a.c:21", 2);
    spend(&sample, SIDE_BASE, "find a.c:27", 4);
    spend(&sample, SIDE_HEAD, "find a.c:16", 5);
    spend(&sample, SIDE_HEAD, "find a.c:18", 90);
    spend(&sample, SIDE_HEAD, "find a.c:26", 5);
    edit(&sample, "a.c", 21, 1, 21, 0);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "a.c", 18, 78); /* 80 less the 2 of the line that is gone */
    cr_assert(growth->lines[0].changed);
    cr_assert_not(growth->lines[1].changed);
    cr_assert_not(growth->lines[2].changed);
}

/* Lines written anew cost others what they cost before, and hardly more in all: the hunk that did
 * get dearer comes first. */
Test(growth, no_line_costs_more_than_its_hunk, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:5", 3000);
    spend(&sample, SIDE_BASE, "f a.c:6", 4000);
    call(&sample, SIDE_BASE, "f a.c:6", "parse @lib", 1000);
    spend(&sample, SIDE_BASE, "parse @lib", 1000);
    spend(&sample, SIDE_HEAD, "f a.c:5", 7100);
    call(&sample, SIDE_HEAD, "f a.c:5", "scan @lib", 1000);
    spend(&sample, SIDE_HEAD, "scan @lib", 1000);
    spend(&sample, SIDE_HEAD, "g a.c:50", 500);
    edit(&sample, "a.c", 5, 2, 5, 1);
    edit(&sample, "a.c", 51, 0, 50, 1);
    explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "a.c", 50, 500);
    expect_line(1, "a.c", 5, 100); /* not the 1100 that scan() and 100 are without parse() */
}

/* A removed line that cost a lot, and one elsewhere that grew. */
Test(growth, what_is_gone_is_at_the_end, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:50", 300);
    spend(&sample, SIDE_BASE, "g a.c:90", 10);
    spend(&sample, SIDE_HEAD, "g a.c:85", 900);
    edit(&sample, "a.c", 50, 5, 50, 0);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 2);
    expect_line(0, "a.c", 85, 890);
    expect_line(1, "a.c", 50, -300);
    cr_assert_eq(growth->lines[1].kind, GROWTH_GONE);
    cr_assert(isnan(growth->lines[1].head));
}

/* ---- whom a cost is charged to ----------------------------------------------------------------
 */

/* The sample gateway's first patch, in small: score() asked affinity() once; now it asks widest(),
 * which asks affinity() once as before, for 50, and for each tag again, for 200 in all. The line
 * that only calls widest() is not to blame, nor is the old call in its new place. */
static void wrap_a_call(void)
{
    spend(&sample, SIDE_BASE, "sort rank.c:100", 5);
    call(&sample, SIDE_BASE, "sort rank.c:100", "score rank.c", 65);
    spend(&sample, SIDE_BASE, "score rank.c:80", 15);
    call(&sample, SIDE_BASE, "score rank.c:80", "affinity rank.c", 50);
    spend(&sample, SIDE_BASE, "affinity rank.c:60", 20);
    call(&sample, SIDE_BASE, "affinity rank.c:60", "strcmp @libc", 30);
    spend(&sample, SIDE_BASE, "strcmp @libc", 30);

    spend(&sample, SIDE_HEAD, "sort rank.c:112", 5);
    call(&sample, SIDE_HEAD, "sort rank.c:112", "score rank.c", 275);
    spend(&sample, SIDE_HEAD, "score rank.c:92", 16);
    call(&sample, SIDE_HEAD, "score rank.c:92", "widest rank.c", 259);
    spend(&sample, SIDE_HEAD, "widest rank.c:66", 3);
    call(&sample, SIDE_HEAD, "widest rank.c:66", "affinity rank.c", 50);
    spend(&sample, SIDE_HEAD, "widest rank.c:71", 6);
    call(&sample, SIDE_HEAD, "widest rank.c:71", "affinity rank.c", 200);
    spend(&sample, SIDE_HEAD, "affinity rank.c:60", 100);
    call(&sample, SIDE_HEAD, "affinity rank.c:60", "strcmp @libc", 150);
    spend(&sample, SIDE_HEAD, "strcmp @libc", 150);
    edit(&sample, "rank.c", 63, 0, 63, 12);
    edit(&sample, "rank.c", 80, 1, 92, 1);
}

Test(growth, the_deepest_changed_line_is_to_blame, .init = begin, .fini = end, .timeout = 10)
{
    wrap_a_call();
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "rank.c", 71, 206);
    expect_line(1, "rank.c", 66, 3);
    expect_line(2, "rank.c", 92, 1);
    cr_assert_eq(growth->line_count, 3, "strcmp and affinity are effects");
    cr_assert_float_eq(sum_of_lines(), growth->head - growth->base, 1e-6);
    cr_assert_str_eq(growth->lines[0].place.function, "widest");
    cr_assert_float_eq(growth->lines[0].head_inclusive, 206, 1e-9);
    cr_assert_float_eq(growth->moved, 50, 1e-9, "the old call is another function's now");
}

/* The same as stacks, where the way is known. */
Test(growth, the_deepest_changed_frame_of_a_stack, .init = begin, .fini = end, .timeout = 10)
{
    stack(&sample, PROFILE_ALLOC, SIDE_BASE, ALLOCATED(4, 400, 0),
          STACK("main m.c:9", "token service.c:17", "pack @libjansson", "malloc @libc"));
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(4, 400, 0),
          STACK("main m.c:9", "token service.c:20", "pack @libjansson", "malloc @libc"));
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(1, 12, 12),
          STACK("main m.c:9", "token service.c:17", "strdup @libc", "malloc @libc"));
    edit(&sample, "service.c", 17, 3, 17, 6);
    const struct growth *growth = explain(&sample, METRIC_ALLOCATIONS);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "service.c", 17, 1);
    cr_assert_float_eq(growth->lines[0].head_inclusive, 1, 0);
    cr_assert_float_eq(growth->lines[0].head, 0, 0);
    cr_assert_not(growth->leak);
    cr_assert_str_eq(growth->measured->key, "allocations");
}

/* What calls the same function is the same code, rather than what happens to cost the same. */
Test(growth, touched_lines_are_told_by_what_they_call, .init = begin, .fini = end, .timeout = 10)
{
    stack(&sample, PROFILE_ALLOC, SIDE_BASE, ALLOCATED(100, 0, 0), STACK("f a.c:5", "old @lib"));
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(100, 0, 0), STACK("f a.c:5", "new @lib"));
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(130, 0, 0), STACK("f a.c:6", "old @lib"));
    edit(&sample, "a.c", 5, 1, 5, 2);
    explain(&sample, METRIC_ALLOCATIONS);
    expect_line(0, "a.c", 5, 100);
    expect_line(1, "a.c", 6, 30);
}

Test(growth, a_leak, .init = begin, .fini = end, .timeout = 10)
{
    stack(&sample, PROFILE_ALLOC, SIDE_BASE, ALLOCATED(4, 400, 0), STACK("token service.c:17"));
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(4, 400, 0), STACK("token service.c:20"));
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(1, 64, 64), STACK("token service.c:17"));
    edit(&sample, "service.c", 16, 0, 17, 3);
    const struct growth *growth = explain(&sample, METRIC_RETAINED_BYTES);
    cr_assert(growth->leak);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "service.c", 17, 64);
    explain(&sample, METRIC_ALLOC_BYTES);
    cr_assert_not(sample.growth.leak);
}

/* A constant changed: what grew is not at the changed line, and nothing called from there. */
Test(growth, changed_lines_that_do_not_explain, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "limit a.c:3", 4);
    spend(&sample, SIDE_BASE, "loop b.c:40", 20);
    call(&sample, SIDE_BASE, "loop b.c:40", "format @libc", 80);
    spend(&sample, SIDE_BASE, "format @libc", 80);
    spend(&sample, SIDE_HEAD, "limit a.c:3", 5);
    spend(&sample, SIDE_HEAD, "loop b.c:40", 200);
    call(&sample, SIDE_HEAD, "loop b.c:40", "format @libc", 800);
    spend(&sample, SIDE_HEAD, "format @libc", 800);
    edit(&sample, "a.c", 3, 1, 3, 1);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 2);
    expect_line(0, "b.c", 40, 900); /* its own 180, and 720 in code that is not ours */
    expect_line(1, "a.c", 3, 1);
    cr_assert_not(growth->lines[0].changed);
    cr_assert_float_eq(growth->changed, 1, 1e-9);
}

/* A fifth of the growth is enough to come first, less is not. */
Test(growth, where_changed_lines_begin_to_explain, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:3", 0);
    spend(&sample, SIDE_BASE, "g a.c:9", 100);
    spend(&sample, SIDE_HEAD, "f a.c:3", 21);
    spend(&sample, SIDE_HEAD, "g a.c:9", 179);
    edit(&sample, "a.c", 3, 1, 3, 1);
    explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "a.c", 3, 21);
    expect_line(1, "a.c", 9, 79);
}

/* Nothing is ours: libraries without lines are named by their functions. */
Test(growth, code_of_others, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "inflate @libz", 10);
    spend(&sample, SIDE_HEAD, "inflate @libz", 70);
    spend(&sample, SIDE_HEAD, "? @libz", 7);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 2);
    cr_assert_str_eq(growth->lines[0].place.function, "inflate");
    cr_assert_float_eq(growth->lines[0].grew, 60, 1e-9);
    cr_assert_null(growth->lines[1].place.function);
}

/* text_is_clean() was inlined: its lines are its own, wherever they were put. */
Test(growth, inlined_lines_are_their_own, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "pins boards.c:105", 50);
    spend(&sample, SIDE_HEAD, "pins boards.c:126", 50);
    spend(&sample, SIDE_HEAD, "pins boards.c:127", 4);
    spend(&sample, SIDE_HEAD, "text_is_clean boards.c:110", 400);
    spend(&sample, SIDE_HEAD, "text_is_clean boards.c:111", 900);
    call(&sample, SIDE_HEAD, "pins boards.c:127", "text_is_clean boards.c", 1300);
    edit(&sample, "boards.c", 100, 0, 100, 20);
    edit(&sample, "boards.c", 106, 0, 127, 2);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "boards.c", 111, 900);
    expect_line(1, "boards.c", 110, 400);
    expect_line(2, "boards.c", 127, 4);
    cr_assert_str_eq(growth->lines[0].place.function, "text_is_clean");
}

/* ---- recursion --------------------------------------------------------------------------------
 */

/* walk() calls itself three deep; callgrind counts what each level had run below it. */
Test(growth, recursion_in_calls, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "main t.c:90", 1000);
    spend(&sample, SIDE_HEAD, "main t.c:90", 1000);
    call(&sample, SIDE_BASE, "main t.c:90", "walk t.c", 39);
    call(&sample, SIDE_HEAD, "main t.c:90", "walk t.c", 309);
    spend(&sample, SIDE_BASE, "walk t.c:5", 30);
    spend(&sample, SIDE_BASE, "walk t.c:6", 9);
    call(&sample, SIDE_BASE, "walk t.c:6", "walk t.c", 13 + 26);
    spend(&sample, SIDE_HEAD, "walk t.c:5", 300);
    spend(&sample, SIDE_HEAD, "walk t.c:6", 9);
    call(&sample, SIDE_HEAD, "walk t.c:6", "walk t.c", 103 + 206);
    edit(&sample, "t.c", 5, 1, 5, 1);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "t.c", 5, 270);
    cr_assert_eq(growth->line_count, 1);
    cr_assert_float_eq(find_function("walk")->head_inclusive, 309, 1e-9);
    cr_assert_leq(growth->lines[0].head_inclusive, growth->head);
}

/* Two functions that call each other: shares settle, and no more is charged than was spent. */
Test(growth, mutual_recursion_in_calls, .init = begin, .fini = end, .timeout = 10)
{
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        enum side which = (enum side)side;
        spend(&sample, which, "even t.c:5", 10);
        spend(&sample, which, "odd t.c:15", which == SIDE_HEAD ? 90 : 20);
        call(&sample, which, "even t.c:5", "odd t.c", 400);
        call(&sample, which, "odd t.c:15", "even t.c", 300);
        call(&sample, which, "main t.c:90", "even t.c", which == SIDE_HEAD ? 100 : 30);
    }
    edit(&sample, "t.c", 15, 1, 15, 1);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->lines[0].place.line, 15);
    cr_assert_leq(growth->lines[0].grew, 100);
    cr_assert_geq(growth->lines[0].grew, 60);
}

/* Calls that were counted more than once, as those in circles are: no more is charged than was
 * spent. */
Test(growth, calls_that_were_counted_twice, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "main t.c:90", 5);
    spend(&sample, SIDE_HEAD, "main t.c:90", 5);
    spend(&sample, SIDE_HEAD, "f t.c:5", 10);
    spend(&sample, SIDE_HEAD, "f t.c:6", 10);
    spend(&sample, SIDE_HEAD, "g t.c:30", 100);
    call(&sample, SIDE_HEAD, "f t.c:5", "g t.c", 90);
    call(&sample, SIDE_HEAD, "f t.c:6", "g t.c", 90);
    edit(&sample, "t.c", 5, 0, 5, 2);
    explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "t.c", 5, 62.5); /* 10, and half of the 105 that are not theirs already */
    expect_line(1, "t.c", 6, 62.5);
}

/* walk() is three times on one stack and counts once. */
Test(growth, recursion_in_stacks, .init = begin, .fini = end, .timeout = 10)
{
    const char *const ways[] = {"main m.c:1", "walk t.c:6", "walk t.c:6", "walk t.c:5", NULL};
    stack(&sample, PROFILE_ALLOC, SIDE_BASE, ALLOCATED(2, 20, 0), ways);
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(7, 70, 0), ways);
    const struct growth *growth = explain(&sample, METRIC_ALLOC_BYTES);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "t.c", 5, 50);
    cr_assert_float_eq(find_function("walk")->head_inclusive, 70, 1e-9);
    cr_assert_float_eq(find_function("walk")->head, 70, 1e-9);
}

Test(growth, a_line_that_recurs_in_a_stack, .init = begin, .fini = end, .timeout = 10)
{
    stack(&sample, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(7, 70, 0), STACK("f t.c:6", "f t.c:6"));
    sample_builder(&sample, PROFILE_ALLOC, SIDE_BASE);
    explain(&sample, METRIC_ALLOC_BYTES);
    expect_line(0, "t.c", 6, 70);
    cr_assert_float_eq(sample.growth.lines[0].head_inclusive, 70, 1e-9);
}

/* ---- properties ---------------------------------------------------------------------------------
 */

static const char *const places[] = {"main m.c:1",    "route m.c:8",  "view v.c:20",
                                     "view v.c:21",   "rank r.c:30",  "rank r.c:31",
                                     "pack @libpack", "strcmp @libc", "text /usr/include/t.h:4"};

enum { PLACES = sizeof places / sizeof places[0] };

/* Random stacks with changed lines that replaced nothing: every cost is charged, and once. */
Test(growth, charges_add_up, .timeout = 30)
{
    struct random random;
    random_seed(&random, 7);
    for (int round = 0; round < 100; round++) {
        begin();
        for (unsigned i = 0; i < 60; i++) {
            const char *way[6] = {0};
            size_t depth = 1 + random_below(&random, 5);
            for (size_t d = 0; d < depth; d++)
                way[d] = places[random_below(&random, PLACES)];
            double cost = (double)random_below(&random, 1000);
            enum side side = i % 3 == 0 ? SIDE_BASE : SIDE_HEAD;
            stack(&sample, PROFILE_ALLOC, side, ALLOCATED(cost, 0, 0), way);
        }
        edit(&sample, "v.c", 18, 0, 18, 3);
        edit(&sample, "r.c", 100, 0, 100, 1);
        const struct growth *growth = explain(&sample, METRIC_ALLOCATIONS);
        cr_assert_float_eq(sum_of_lines(), growth->head - growth->base, 1e-6, "round %d: %g of %g",
                           round, sum_of_lines(), growth->head - growth->base);
        end();
    }
}

/* ---- when memory is out ---------------------------------------------------------------------- */

void *__real_calloc(size_t count, size_t size) __attribute__((weak));
void *__wrap_calloc(size_t count, size_t size);

static long allocations_left = -1; /* -1 = do not fail */

void *__wrap_calloc(size_t count, size_t size)
{
    if (allocations_left == 0 || (allocations_left > 0 && allocations_left-- == 0))
        return NULL;
    return __real_calloc(count, size);
}

/* Enough lines that arrays take blocks of the arena to themselves. */
static void make_large(void)
{
    for (unsigned i = 0; i < 4000; i++) {
        char place[32], callee[32];
        snprintf(place, sizeof place, "f%u a.c:%u", i / 10, i + 1);
        snprintf(callee, sizeof callee, "f%u a.c", i / 10 + 1);
        for (unsigned side = 0; side < SIDE_COUNT; side++) {
            spend(&sample, (enum side)side, place, side == SIDE_HEAD ? i : 7);
            call(&sample, (enum side)side, place, callee, 5);
        }
    }
    edit(&sample, "a.c", 9, 1, 9, 2);
    sample_finish(&sample);
}

Test(growth, another_metric_of_the_same_figures, .init = begin, .fini = end, .timeout = 10)
{
    struct growth again, other;
    struct growth_question question = {
        .head = &sample.run, .endpoint = "GET /feed", .metric = METRIC_CPU_NS};
    make_large();
    const struct growth *known = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_gt(known->line_count, 0);
    cr_assert(growth_explain_another(&again, &question, known, 1, &sample.arena, &sample.err));
    cr_expect_eq(again.metric, METRIC_CPU_NS);
    cr_expect_eq(again.lines, known->lines, "explained once more");
    cr_expect_eq(again.head, known->head);
    /* What shrank is in another order, and allocations are other figures. */
    question.improved = true;
    cr_assert(growth_explain_another(&again, &question, known, 1, &sample.arena, &sample.err));
    cr_expect_neq(again.lines, known->lines);
    cr_expect(again.improved);
    question = (struct growth_question){
        .head = &sample.run, .endpoint = "GET /feed", .metric = METRIC_ALLOCATIONS};
    cr_assert(growth_explain_another(&other, &question, known, 1, &sample.arena, &sample.err));
    cr_expect_eq(other.measured, NULL);
    cr_expect_eq(other.line_count, 0);
}

Test(growth, allocations_that_fail, .init = begin, .fini = end, .timeout = 120)
{
    if (__real_calloc == NULL)
        cr_skip_test("not linked with --wrap");
    struct growth_question question = {
        .head = &sample.run, .endpoint = "GET /feed", .metric = METRIC_INSTRUCTIONS};
    make_large();
    long n = 0;
    for (bool ok = false; !ok; n++) {
        struct arena arena;
        struct error err = {0};
        cr_assert_lt(n, 5000);
        arena_init(&arena);
        allocations_left = n;
        ok = growth_explain(&sample.growth, &question, &arena, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld", n);
        arena_release(&arena);
    }
    cr_assert_gt(n, 20);
}
