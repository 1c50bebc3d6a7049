#include "insights/growth.h"

#include "base/random.h"
#include "tests/unit/growth_sample.h"

static struct growth_sample sample;

/* Each test runs in a process of its own. */
static void begin(void)
{
    sample_begin(&sample);
}

static void end(void)
{
    sample_end(&sample);
}

static void expect_line(size_t number, const char *file, uint32_t line, double grew)
{
    const struct growth *growth = &sample.growth;
    cr_assert_lt(number, growth->line_count, "there are but %zu lines", growth->line_count);
    const struct growth_item *item = &growth->lines[number];
    cr_assert_str_eq(item->place.file, file);
    cr_assert_eq(item->place.line, line, "is %s:%u", item->place.file, item->place.line);
    cr_assert_float_eq(item->grew, grew, 1e-3, "%s:%u grew by %g", file, line, item->grew);
}

static const struct growth_item *find_function(const char *name)
{
    for (size_t i = 0; i < sample.growth.function_count; i++)
        if (strcmp(sample.growth.functions[i].place.function, name) == 0)
            return &sample.growth.functions[i];
    cr_assert_fail("no function %s", name);
    return NULL;
}

static double sum_of_lines(void)
{
    double sum = 0;
    for (size_t i = 0; i < sample.growth.line_count; i++)
        sum += sample.growth.lines[i].grew;
    return sum;
}

/* ---- lines: edited, added, removed ------------------------------------------------------------ */

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

/* ---- whom a cost is charged to ---------------------------------------------------------------- */

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

/* ---- recursion -------------------------------------------------------------------------------- */

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

/* ---- functions -------------------------------------------------------------------------------- */

/* Only the line of the signature differs, which nothing is executed on. */
Test(growth, a_renamed_function, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "old a.c:5", 10);
    spend(&sample, SIDE_BASE, "old a.c:6", 20);
    spend(&sample, SIDE_BASE, "old a.c:7", 30);
    spend(&sample, SIDE_HEAD, "new.isra.0 a.c:5", 10);
    spend(&sample, SIDE_HEAD, "new.isra.0 a.c:6", 25);
    spend(&sample, SIDE_HEAD, "new.isra.0 a.c:7", 30);
    edit(&sample, "a.c", 4, 1, 4, 1);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->function_count, 1);
    cr_assert_eq(growth->functions[0].kind, GROWTH_MOVED);
    cr_assert_str_eq(growth->functions[0].base_place.function, "old");
    cr_assert_float_eq(growth->functions[0].grew, 5, 1e-9);
    expect_line(0, "a.c", 6, 5);
}

/* The compiler's clone of a function is the function. */
Test(growth, a_clone_is_no_other_function, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f a.c:5", 10);
    spend(&sample, SIDE_HEAD, "f.constprop.0 a.c:5", 11);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->function_count, 1);
    cr_assert_eq(growth->functions[0].kind, GROWTH_GREW);
}

/* Cut here, put there: all its lines are removed and added, and none is to blame. */
Test(growth, a_function_in_another_file, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "main a.c:50", 2);
    call(&sample, SIDE_BASE, "main a.c:50", "f a.c", 60);
    spend(&sample, SIDE_BASE, "f a.c:5", 10);
    spend(&sample, SIDE_BASE, "f a.c:6", 20);
    call(&sample, SIDE_BASE, "f a.c:6", "strcmp @libc", 30);
    spend(&sample, SIDE_BASE, "strcmp @libc", 30);
    spend(&sample, SIDE_HEAD, "main a.c:40", 2);
    call(&sample, SIDE_HEAD, "main a.c:40", "f b.c", 67);
    spend(&sample, SIDE_HEAD, "f b.c:35", 10);
    spend(&sample, SIDE_HEAD, "f b.c:36", 20);
    spend(&sample, SIDE_HEAD, "f b.c:37", 7);
    call(&sample, SIDE_HEAD, "f b.c:36", "strcmp @libc", 30);
    spend(&sample, SIDE_HEAD, "strcmp @libc", 30);
    edit(&sample, "a.c", 1, 10, 1, 0);
    hunk(&sample, "b.c", "b.c", (struct source_hunk){31, 0, 31, 11});
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "b.c", 37, 7);
    const struct growth_item *f = find_function("f");
    cr_assert_eq(f->kind, GROWTH_MOVED);
    cr_assert_str_eq(f->base_place.file, "a.c");
    cr_assert_str_eq(f->place.file, "b.c");
    cr_assert_float_eq(f->grew, 7, 1e-9);
    cr_assert(f->changed);
}

/* git renamed the file: its lines are the same lines. */
Test(growth, a_renamed_file, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "f old.c:5", 10);
    spend(&sample, SIDE_BASE, "g old.c:15", 10);
    spend(&sample, SIDE_HEAD, "f new.c:5", 10);
    spend(&sample, SIDE_HEAD, "g new.c:16", 30);
    hunk(&sample, "old.c", "new.c", (struct source_hunk){11, 0, 11, 1});
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->line_count, 1);
    expect_line(0, "new.c", 16, 20);
    cr_assert_str_eq(growth->lines[0].base_place.file, "old.c");
    cr_assert_eq(find_function("g")->kind, GROWTH_MOVED);
}

/* Two static functions of one name are two. */
Test(growth, the_same_name_in_two_files, .init = begin, .fini = end, .timeout = 10)
{
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        spend(&sample, (enum side)side, "merge a.c:5", 10);
        spend(&sample, (enum side)side, "merge b.c:5", side == SIDE_HEAD ? 30 : 20);
    }
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->function_count, 1);
    cr_assert_str_eq(growth->functions[0].place.file, "b.c");
}

/* The marks are made by a function of their own: nothing grew. */
Test(growth, cost_that_moved_within_the_endpoint, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "view s.c:10", 500);
    spend(&sample, SIDE_BASE, "view s.c:11", 40);
    spend(&sample, SIDE_HEAD, "mark s.c:4", 500);
    spend(&sample, SIDE_HEAD, "view s.c:17", 40);
    edit(&sample, "s.c", 1, 0, 1, 7);
    edit(&sample, "s.c", 10, 1, 17, 0);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_float_eq(growth->moved, 500, 1e-9);
    cr_assert_eq(growth->line_count, 0, "the same cost under another name");
    cr_assert_eq(growth->functions[0].kind, GROWTH_NEW);
    cr_assert_str_eq(growth->functions[0].place.function, "mark");
}

/* The same where nothing is known of the change, by what functions spend. */
Test(growth, cost_that_moved_unseen, .init = begin, .fini = end, .timeout = 10)
{
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_BASE, "view s.c:10", 500);
    spend(&sample, SIDE_HEAD, "mark s.c:40", 520);
    cr_assert_float_eq(explain(&sample, METRIC_INSTRUCTIONS)->moved, 500, 1e-9);
}

/* ---- what is known of the change --------------------------------------------------------------- */

/* Nothing: then a line is as far into its function as it was. */
Test(growth, no_source_changes_known, .init = begin, .fini = end, .timeout = 10)
{
    static const struct source_function then[] = {{"f", 1, 8}, {"g", 10, 20}};
    static const struct source_function now[] = {{"f", 1, 11}, {"g", 13, 23}};
    static const struct source_file files[SIDE_COUNT] = {
        [SIDE_HEAD] = {.path = "a.c", .hash = "22", .functions = now, .function_count = 2},
        [SIDE_BASE] = {.path = "a.c", .hash = "11", .functions = then, .function_count = 2}};
    for (unsigned side = 0; side < SIDE_COUNT; side++)
        sample.run.sources[side] = (struct source_tree){&files[side], 1};
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_BASE, "f a.c:4", 5);
    spend(&sample, SIDE_BASE, "g a.c:12", 100);
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "g a.c:15", 101);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_not(growth->changes_known);
    cr_assert_eq(growth->line_count, 2);
    expect_line(0, "a.c", 4, 4);
    expect_line(1, "a.c", 15, 1);
    cr_assert_eq(find_function("g")->place.line, 13);
}

/* Not even functions: by number. */
Test(growth, no_sources_known, .init = begin, .fini = end, .timeout = 10)
{
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_BASE, "f a.c:4", 5);
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    explain(&sample, METRIC_INSTRUCTIONS);
    expect_line(0, "a.c", 4, 4);
}

Test(growth, stale_sources, .init = begin, .fini = end, .timeout = 10)
{
    static const struct source_file files[] = {{.path = "a.c", .stale = true}, {.path = "b.c"}};
    sample.run.sources[SIDE_HEAD] = (struct source_tree){files, 2};
    spend(&sample, SIDE_BASE, "f a.c:4", 5);
    spend(&sample, SIDE_BASE, "f b.c:4", 5);
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "f b.c:4", 5);
    explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_str_eq(sample.growth.stale, "a.c");
}

/* ---- endpoints, sides, runs -------------------------------------------------------------------- */

Test(growth, several_endpoints, .init = begin, .fini = end, .timeout = 10)
{
    for (unsigned side = 0; side < SIDE_COUNT; side++) {
        struct profile_builder *builder = sample_builder(&sample, PROFILE_LINES, (enum side)side);
        uint32_t node = profile_builder_node(builder, PROFILE_NONE, sample_frame(builder, "g b.c:7"));
        spend(&sample, (enum side)side, "f a.c:4", side == SIDE_HEAD ? 9 : 5);
        profile_builder_add(builder, 1, node, (double[]){side == SIDE_HEAD ? 70 : 60, 1, 0});
    }
    explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(sample.growth.line_count, 1);
    expect_line(0, "a.c", 4, 4);
    explain_question(&sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS,
                                                       .endpoint = "GET /pins"});
    cr_assert_eq(sample.growth.line_count, 1);
    expect_line(0, "b.c", 7, 10);
}

Test(growth, one_side_only, .init = begin, .fini = end, .timeout = 10)
{
    sample.run.sides[SIDE_BASE].present = false;
    sample.run.source_changes_known = false;
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "f a.c:5", 19);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert(isnan(growth->base));
    expect_line(0, "a.c", 5, 19);
    cr_assert_eq(growth->lines[0].kind, GROWTH_NEW);
}

/* A new endpoint: the base has a profile, but not of it. */
Test(growth, an_endpoint_that_the_base_does_not_have, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    sample_builder(&sample, PROFILE_LINES, SIDE_BASE);
    sample_finish(&sample);
    struct profile *base = &sample.run.profiles[PROFILE_LINES][SIDE_BASE];
    base->endpoint_count = 0;
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert(isnan(growth->base));
    expect_line(0, "a.c", 4, 9);
}

static void expect_missing(const char *missing)
{
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_null(growth->measured);
    cr_assert_eq(growth->line_count, 0);
    if (missing == NULL)
        cr_assert_null(growth->missing);
    else
        cr_assert_str_eq(growth->missing, missing);
}

Test(growth, no_profile, .init = begin, .fini = end, .timeout = 10)
{
    expect_missing(NULL);
    sample.run.profiles[PROFILE_LINES][SIDE_HEAD].missing = "the gateway is stripped";
    expect_missing("the gateway is stripped");
    spend(&sample, SIDE_HEAD, "f a.c:4", 9);
    sample.run.profiles[PROFILE_LINES][SIDE_BASE].missing = "the gateway did not start";
    expect_missing("the base: the gateway did not start");
    sample.run.profiles[PROFILE_LINES][SIDE_BASE].missing = NULL;
    expect_missing(NULL);
}

/* The run knows the way from the base that it was measured against; of another base only when the
 * contents of the files agree with it. */
static void against_stored(const char *then, const char *now, bool known)
{
    struct source_file base_file = {.path = "a.c", .hash = then};
    struct source_file head_file = {.path = "a.c", .hash = now};
    struct run stored = {.sides = {[SIDE_HEAD] = {.present = true}}};
    begin();
    spend(&sample, SIDE_BASE, "f a.c:4", 9);
    spend(&sample, SIDE_HEAD, "f a.c:5", 11);
    edit(&sample, "a.c", 1, 0, 1, 1);
    sample_finish(&sample);
    sample.run.sides[SIDE_BASE].present = false;
    sample.run.sources[SIDE_HEAD] = (struct source_tree){&head_file, 1};
    stored.sources[SIDE_HEAD] = (struct source_tree){&base_file, 1};
    stored.profiles[PROFILE_LINES][SIDE_HEAD] = sample.run.profiles[PROFILE_LINES][SIDE_BASE];
    const struct growth *growth = explain_question(
        &sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS, .base = &stored});
    cr_assert_eq(growth->changes_known, known);
    cr_assert_float_eq(growth->base, 9, 0);
    if (known)
        expect_line(0, "a.c", 5, 2);
    end();
}

Test(growth, a_stored_base, .timeout = 10)
{
    against_stored("11", "22", true);
    against_stored("11", "11", false);
}

/* ---- what a metric is explained by ------------------------------------------------------------- */

Test(growth, cpu_time_by_instructions_else_by_samples, .init = begin, .fini = end, .timeout = 10)
{
    stack(&sample, PROFILE_CPU, SIDE_BASE, ALLOCATED(1000, 1, 0), STACK("main m.c:1", "f a.c:5"));
    stack(&sample, PROFILE_CPU, SIDE_HEAD, ALLOCATED(5000, 5, 0), STACK("main m.c:1", "f a.c:5"));
    explain(&sample, METRIC_CPU_NS);
    cr_assert_str_eq(sample.growth.measured->key, "cpu_ns");
    expect_line(0, "a.c", 5, 4000);
    explain(&sample, METRIC_SYSCALLS);
    cr_assert_null(sample.growth.measured);
    spend(&sample, SIDE_BASE, "f a.c:6", 10);
    spend(&sample, SIDE_HEAD, "f a.c:6", 30);
    explain(&sample, METRIC_CPU_NS);
    cr_assert_str_eq(sample.growth.measured->key, "instructions");
    expect_line(0, "a.c", 6, 20);
}

/* A template was read for each row: the lines that are gone are what made it cheaper. */
Test(growth, an_improvement, .init = begin, .fini = end, .timeout = 10)
{
    spend(&sample, SIDE_BASE, "rows e.c:20", 10);
    call(&sample, SIDE_BASE, "rows e.c:20", "template t.c", 700);
    spend(&sample, SIDE_BASE, "template t.c:5", 700);
    spend(&sample, SIDE_BASE, "rows e.c:21", 50);
    spend(&sample, SIDE_HEAD, "rows e.c:15", 2);
    call(&sample, SIDE_HEAD, "rows e.c:15", "template t.c", 70);
    spend(&sample, SIDE_HEAD, "template t.c:5", 70);
    spend(&sample, SIDE_HEAD, "rows e.c:21", 52);
    edit(&sample, "e.c", 15, 0, 15, 1);
    edit(&sample, "e.c", 20, 1, 21, 0);
    const struct growth *growth = explain_question(
        &sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS, .improved = true});
    expect_line(0, "e.c", 20, -640); /* 10, and of 700 there are 70 left elsewhere */
    cr_assert_eq(growth->lines[0].kind, GROWTH_GONE);
    cr_assert(growth->lines[0].changed);
    expect_line(1, "e.c", 15, 2);
    expect_line(2, "e.c", 21, 2);
    cr_assert_str_eq(growth->functions[0].place.function, "template");
}

static void set_variants(struct variant_result variants[3], const double head[3],
                         const double base[3], enum metric metric)
{
    static struct endpoint_result endpoint;
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"limit=10", "limit=100", ""};
        variants[i].name = names[i];
        variants[i].share = 1.0 / 3;
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            variants[i].figures[m][SIDE_HEAD] = variants[i].figures[m][SIDE_BASE] = NAN;
        variants[i].figures[metric][SIDE_HEAD] = head[i];
        variants[i].figures[metric][SIDE_BASE] = base[i];
    }
    endpoint = (struct endpoint_result){.name = "GET /feed", .variants = variants,
                                        .variant_count = 3};
    sample.run.endpoints = &endpoint;
    sample.run.endpoint_count = 1;
}

/* 0.5 % and 500 are the metric's own limits. */
Test(growth, one_variant_grew, .init = begin, .fini = end, .timeout = 10)
{
    struct variant_result variants[3];
    set_variants(variants, (double[]){1400, 260000, NAN}, (double[]){1000, 250000, 5},
                 METRIC_INSTRUCTIONS);
    const struct growth *growth = explain(&sample, METRIC_INSTRUCTIONS);
    cr_assert_eq(growth->variant_count, 3);
    cr_assert(growth->one_variant);
    cr_assert_not(growth->variants[0].grew);
    cr_assert(growth->variants[1].grew);
    cr_assert_not(growth->variants[2].grew, "not measured apart");
    explain(&sample, METRIC_CPU_NS);
    cr_assert_eq(sample.growth.variant_metric, METRIC_INSTRUCTIONS);
    cr_assert(sample.growth.one_variant);
    explain_question(&sample, (struct growth_question){.metric = METRIC_INSTRUCTIONS,
                                                       .limits = {0.001, 100, NAN}});
    cr_assert(sample.growth.variants[0].grew);
    cr_assert_not(sample.growth.one_variant, "all that are known grew");
}

Test(growth, no_variant_or_all, .init = begin, .fini = end, .timeout = 10)
{
    struct variant_result variants[3];
    set_variants(variants, (double[]){12, 22, 32}, (double[]){10, 20, 30}, METRIC_ALLOCATIONS);
    explain(&sample, METRIC_ALLOCATIONS);
    cr_assert(sample.growth.variants[0].grew);
    cr_assert_not(sample.growth.one_variant);
    explain_question(&sample, (struct growth_question){.metric = METRIC_ALLOCATIONS,
                                                       .improved = true});
    cr_assert_not(sample.growth.variants[0].grew);
    cr_assert_not(sample.growth.one_variant);
    explain(&sample, METRIC_ALLOC_BYTES);
    cr_assert_eq(sample.growth.variant_count, 0);
}

/* ---- properties --------------------------------------------------------------------------------- */

static const char *const places[] = {"main m.c:1",   "route m.c:8",    "view v.c:20",
                                     "view v.c:21",  "rank r.c:30",    "rank r.c:31",
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

/* ---- when memory is out --------------------------------------------------------------------------- */

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
    struct variant_result variants[3];
    set_variants(variants, (double[]){12, 22, 32}, (double[]){10, 20, 30}, METRIC_INSTRUCTIONS);
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

Test(growth, allocations_that_fail, .init = begin, .fini = end, .timeout = 120)
{
    if (__real_calloc == NULL)
        cr_skip_test("not linked with --wrap");
    struct growth_question question = {.head = &sample.run, .endpoint = "GET /feed",
                                       .metric = METRIC_INSTRUCTIONS};
    make_large();
    sample.run.endpoint_count = 0;
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
