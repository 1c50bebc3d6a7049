/* What a merge takes of runs, and what it says when memory ends. */
#include "insights/dead.h"

#include "tests/unit/dead_sample.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>

TestSuite(dead_merge, .timeout = 60);

#define FEED "GET /feed"
#define USER "GET /users/{id}"

static const uint32_t lines[] = {1, 2, 10};
static const struct source_function functions[] = {{"f", 1, 6}, {"g", 10, 14}};
static const struct source_file file_a = {"a.c", HASH_A, false, lines, 3, functions, 2};

Test(dead_merge, runs_that_cannot_help)
{
    static const struct dead_fact none[] = {{0}};
    static const struct source_file empty = {"a.c", HASH_A, false, NULL, 0, NULL, 0};
    struct dead_sample sample = {"2026-01-01T00:00:00Z", &file_a, 1, none, {FEED}, {0}, 0};
    struct error err = {0};
    struct dead_merge *merge;
    const char *why;
    cr_assert(dead_merge_new(&merge, &err));
    struct run *run = dead_sample_make(&sample);
    run->profiles[PROFILE_LINES][SIDE_HEAD].present = false;
    cr_assert(dead_merge_add(merge, run, &why, &err));
    cr_expect_str_eq(why, "it does not tell which lines were executed");
    run->profiles[PROFILE_LINES][SIDE_HEAD].missing = "valgrind is not installed";
    cr_assert(dead_merge_add(merge, run, &why, &err));
    cr_expect_str_eq(why, "it does not tell which lines were executed (valgrind is not installed)");
    sample.files = &empty;
    cr_assert(dead_merge_add(merge, dead_sample_make(&sample), &why, &err));
    cr_expect_not_null(strstr(why, "built with -g"), "%s", why);
    static const char *const notes[] = {"gateway is stripped"};
    run = dead_sample_make(&sample);
    run->profiles[PROFILE_LINES][SIDE_HEAD].notes = notes;
    run->profiles[PROFILE_LINES][SIDE_HEAD].note_count = 1;
    cr_assert(dead_merge_add(merge, run, &why, &err));
    cr_expect_str_eq(why, "it knows no line of the gateway's own source (gateway is stripped)");
    sample.files = &file_a;
    sample.endpoints[0] = NULL;
    cr_assert(dead_merge_add(merge, dead_sample_make(&sample), &why, &err));
    cr_expect_str_eq(why, "no request was replayed");
    cr_expect_eq(dead_merge_path_count(merge), 0);
    dead_merge_free(merge);
}

static bool find_once(struct run *const runs[2], struct error *err)
{
    static const char *const tracked[] = {"a.c", "c.c", NULL};
    static const struct dead_keep keep = {"*", "g", "2026-03-01", "x"};
    static const struct dead_keep_list list = {&keep, 1};
    struct dead_question question = {
        .tracked = tracked, .keep = &list, .keep_folder = "", .today = "2026-02-01"};
    struct arena arena;
    struct dead dead;
    struct dead_merge *merge = NULL;
    const char *why;
    arena_init(&arena);
    bool ok = dead_merge_new(&merge, err) && dead_merge_add(merge, runs[0], &why, err) &&
              dead_merge_add(merge, runs[1], &why, err) &&
              dead_find(&dead, merge, &question, &arena, err);
    dead_merge_free(merge);
    arena_release(&arena);
    return ok;
}

Test(dead_merge, each_failing_allocation_is_an_error_and_leaks_nothing)
{
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 1, 1, false},
                                             {USER, "a.c", "f", 2, 1, true},
                                             {NULL, "a.c", "g", 10, 1, false},
                                             {0}};
    static const struct source_file other = {"a.c", HASH_B, false, lines, 3, functions, 2};
    struct error err = {0};
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    struct run *runs[2] = {dead_sample_make(&(struct dead_sample){
                               "2026-01-01T00:00:00Z", &file_a, 1, facts, {FEED, USER}, {0}, 0}),
                           dead_sample_make(&(struct dead_sample){
                               "2026-01-02T00:00:00Z", &other, 1, facts, {FEED, USER}, {0}, 0})};
    long n = 0;
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 5000);
        error_clear(&err);
        allocations_left = n;
        ok = find_once(runs, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
    }
    cr_expect_gt(n, 30, "only %ld allocations were tried", n);
}
