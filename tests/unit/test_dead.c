#include "insights/dead.h"

#include "tests/unit/dead_sample.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(dead, .timeout = 60);

#define FEED "GET /feed"
#define USER "GET /users/{id}"

/* a.c: f of lines 1 to 6, g of 10 to 14. */
static const uint32_t lines_a[] = {1, 2, 3, 4, 6, 10, 11, 12, 14};
static const struct source_function functions_a[] = {{"f", 1, 6}, {"g", 10, 14}};
static const struct source_file file_a = {"a.c", HASH_A, false, lines_a, 9, functions_a, 2};

/* What a test looks at. */
struct looking {
    struct arena arena;
    struct dead_merge *merge;
    struct dead dead;
};

static void look_begin(struct looking *looking)
{
    struct error err = {0};
    arena_init(&looking->arena);
    cr_assert(dead_merge_new(&looking->merge, &err));
}

static void look_add(struct looking *looking, const struct dead_sample *sample)
{
    struct error err = {0};
    const char *why;
    struct run *run = dead_sample_make(sample);
    cr_assert(dead_merge_add(looking->merge, run, &why, &err), "%s", err.text);
    cr_assert_null(why, "%s", why);
}

static void look_at(struct looking *looking, const struct dead_question *question)
{
    static const struct dead_question nothing;
    struct error err = {0};
    cr_assert(dead_find(&looking->dead, looking->merge, question != NULL ? question : &nothing,
                        &looking->arena, &err),
              "%s", err.text);
    dead_merge_free(looking->merge); /* what was found does not need it */
}

static void look_end(struct looking *looking)
{
    arena_release(&looking->arena);
}

static const struct dead_line *line_of(const struct dead_file *file, uint32_t number)
{
    for (size_t i = 0; i < file->line_count; i++)
        if (file->lines[i].line == number)
            return &file->lines[i];
    cr_assert_fail("%s has no executable line %u", file->path, number);
    return NULL;
}

static const struct dead_unit *unit_at(const struct dead *dead, const char *path, uint32_t first)
{
    for (size_t i = 0; i < dead->unit_count; i++)
        if (strcmp(dead->units[i].file->path, path) == 0 && dead->units[i].first == first)
            return &dead->units[i];
    return NULL;
}

#define EXPECT_STATES(file, ...) expect_states(file, (const enum dead_state[]){__VA_ARGS__})

static void expect_states(const struct dead_file *file, const enum dead_state *expected)
{
    for (size_t i = 0; i < file->line_count; i++)
        cr_expect_eq(file->lines[i].state, expected[i], "line %u is %s, not %s",
                     file->lines[i].line, dead_state_key(file->lines[i].state),
                     dead_state_key(expected[i]));
}

Test(dead, each_state)
{
    static const struct dead_fact facts[] = {
        {NULL, "a.c", "f", 1, 1, false},  {FEED, "a.c", "f", 1, 1, false},
        {NULL, "a.c", "f", 2, 7, false},  {FEED, "a.c", "f", 3, 1, true},
        {FEED, "a.c", "f", 4, 25, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking, &(struct dead_sample){.created = "2026-01-01T00:00:00Z",
                                             .files = &file_a,
                                             .file_count = 1,
                                             .facts = facts,
                                             .endpoints = {FEED, USER}});
    look_at(&looking, NULL);
    const struct dead_file *file = &looking.dead.files[0];
    cr_assert_eq(looking.dead.file_count, 1);
    EXPECT_STATES(file, DEAD_HIT, DEAD_START, DEAD_ERROR, DEAD_HIT, DEAD_NEVER, DEAD_NEVER,
                  DEAD_NEVER, DEAD_NEVER, DEAD_NEVER);
    cr_expect_eq(looking.dead.line_count, 9);
    cr_expect_eq(looking.dead.lines_by_state[DEAD_NEVER], 5);
    cr_expect_eq(line_of(file, 4)->endpoint_count, 1);
    cr_expect_str_eq(looking.dead.endpoints[line_of(file, 4)->endpoints[0]], FEED);
    cr_expect_float_eq(line_of(file, 4)->executions, 25, 1e-9);
    cr_expect_eq(line_of(file, 2)->endpoint_count, 0);
    cr_expect_eq(file->endpoint_count, 1);
    cr_expect_eq(file->endpoints_observed, 2);
    look_end(&looking);
}

/* Each run alone leaves what the other reached; together the union is reached. */
Test(dead, runs_with_different_endpoints_are_added_up)
{
    static const struct dead_fact first[] = {{FEED, "a.c", "f", 1, 1, false},
                                             {FEED, "a.c", "f", 2, 1, true},
                                             {NULL, "a.c", "g", 10, 1, false},
                                             {0}};
    static const struct dead_fact second[] = {{USER, "a.c", "f", 2, 1, false},
                                              {USER, "a.c", "g", 10, 1, false},
                                              {USER, "a.c", "f", 3, 1, true},
                                              {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &file_a, 1, first, {FEED}, {0}, 40});
    look_add(&looking,
             &(struct dead_sample){"2026-01-13T12:00:00Z", &file_a, 1, second, {USER}, {0}, 2});
    look_at(&looking, NULL);
    EXPECT_STATES(&looking.dead.files[0], DEAD_HIT, DEAD_HIT, DEAD_ERROR, DEAD_NEVER, DEAD_NEVER,
                  DEAD_HIT, DEAD_NEVER, DEAD_NEVER, DEAD_NEVER);
    cr_expect_eq(line_of(&looking.dead.files[0], 2)->endpoint_count, 2);
    cr_expect_eq(looking.dead.evidence.runs, 2);
    cr_expect_eq(looking.dead.evidence.requests, 42);
    cr_expect_eq(looking.dead.evidence.endpoints, 2);
    cr_expect_float_eq(looking.dead.evidence.days, 12.5, 1e-9);
    cr_expect_eq(looking.dead.evidence.first_s, 1767225600); /* date -ud 2026-01-01 +%s */
    look_end(&looking);
}

/* The same lines of another content of the file are other lines. */
Test(dead, contents_are_not_mixed)
{
    static const uint32_t lines_b[] = {1, 2};
    static const struct source_file file_b = {"a.c", HASH_B, false, lines_b, 2, functions_a, 1};
    static const struct dead_fact first[] = {{FEED, "a.c", "f", 1, 1, false}, {0}};
    static const struct dead_fact second[] = {{FEED, "a.c", "f", 2, 1, false}, {0}};
    struct dead_sample older = {"2026-01-01T00:00:00Z", &file_a, 1, first, {FEED}, {0}, 0};
    struct dead_sample newer = {"2026-01-02T00:00:00Z", &file_b, 1, second, {FEED}, {0}, 0};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking, &newer);
    look_add(&looking, &older);
    look_add(&looking, &older);
    look_at(&looking, NULL);
    cr_assert_eq(looking.dead.file_count, 1);
    const struct dead_file *file = &looking.dead.files[0];
    cr_expect_str_eq(file->hash, HASH_B);
    cr_expect_eq(file->runs, 1);
    cr_expect_eq(file->runs_other, 2);
    EXPECT_STATES(file, DEAD_NEVER, DEAD_HIT);
    cr_expect_not(file->current);
    look_end(&looking);
}

Test(dead, the_content_of_the_work_tree_comes_first)
{
    static const struct source_file file_b = {"a.c", HASH_B, false, lines_a, 9, functions_a, 2};
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 1, 1, false}, {0}};
    struct dead_sample older = {"2026-01-01T00:00:00Z", &file_a, 1, facts, {FEED}, {0}, 0};
    struct dead_sample newer = {"2026-01-02T00:00:00Z", &file_b, 1, facts, {FEED}, {0}, 0};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking, &older);
    look_add(&looking, &newer);
    cr_assert_eq(dead_merge_path_count(looking.merge), 1);
    cr_expect_str_eq(dead_merge_path(looking.merge, 0), "a.c");
    look_at(&looking, &(struct dead_question){.hashes = (const char *const[]){HASH_A}});
    cr_expect_str_eq(looking.dead.files[0].hash, HASH_A);
    cr_expect(looking.dead.files[0].current);
    look_end(&looking);
}

/* A run that does not know a file says nothing of it: what the other run saw stays. */
Test(dead, a_file_that_a_run_has_not_is_not_observed_by_it)
{
    static const uint32_t lines_b[] = {5};
    static const struct source_file files[] = {{"a.c", HASH_A, false, lines_a, 9, functions_a, 2},
                                               {"b.c", HASH_B, false, lines_b, 1, NULL, 0}};
    static const struct dead_fact facts[] = {{FEED, "b.c", "h", 5, 1, false}, {0}};
    static const struct dead_fact nothing[] = {{0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", files, 2, facts, {FEED}, {0}, 0});
    look_add(&looking,
             &(struct dead_sample){"2026-01-02T00:00:00Z", files, 1, nothing, {USER}, {0}, 0});
    look_at(&looking, NULL);
    cr_assert_eq(looking.dead.file_count, 2);
    const struct dead_file *file = &looking.dead.files[1];
    cr_expect_str_eq(file->path, "b.c");
    EXPECT_STATES(file, DEAD_HIT);
    cr_expect_eq(file->runs, 1);
    cr_expect_eq(file->runs_other, 0);
    cr_expect_eq(file->endpoints_observed, 1);
    cr_expect_eq(looking.dead.files[0].endpoints_observed, 2);
    look_end(&looking);
}

/* Built with another setting, line 3 has code in one program only: it is not dead, though nothing
 * reached it. Line 4 is dead in both. */
Test(dead, what_is_not_executable_in_every_run_is_unsure)
{
    static const uint32_t all[] = {3, 4, 5}, fewer[] = {4, 5};
    static const struct source_file debug = {"a.c", HASH_A, false, all, 3, functions_a, 1};
    static const struct source_file plain = {"a.c", HASH_A, false, fewer, 2, functions_a, 1};
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 5, 1, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &debug, 1, facts, {FEED}, {0}, 0});
    look_add(&looking,
             &(struct dead_sample){"2026-01-02T00:00:00Z", &plain, 1, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    EXPECT_STATES(&looking.dead.files[0], DEAD_UNSURE, DEAD_NEVER, DEAD_HIT);
    cr_expect_null(unit_at(&looking.dead, "a.c", 3));
    cr_expect_not_null(unit_at(&looking.dead, "a.c", 4));
    look_end(&looking);
}

/* A line that is hit but not listed as executable is executable all the same. */
Test(dead, hit_lines_that_were_not_listed)
{
    static const uint32_t lines[] = {4};
    static const struct source_file file = {"a.c", HASH_A, false, lines, 1, NULL, 0};
    static const struct dead_fact facts[] = {
        {FEED, "a.c", "f", 2, 1, false}, {FEED, "a.c", "f", 9, 1, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &file, 1, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    cr_assert_eq(looking.dead.files[0].line_count, 3);
    EXPECT_STATES(&looking.dead.files[0], DEAD_HIT, DEAD_NEVER, DEAD_HIT);
    look_end(&looking);
}

/* Lines of a file that was edited after the build may be those of the older text: a run that knows
 * better replaces them. */
Test(dead, stale_observations_give_way)
{
    static const struct source_file stale = {"a.c", HASH_A, true, lines_a, 9, functions_a, 2};
    static const struct dead_fact wrong[] = {{FEED, "a.c", "g", 12, 1, false}, {0}};
    static const struct dead_fact right[] = {{FEED, "a.c", "g", 14, 1, false}, {0}};
    struct dead_sample fresh_run = {"2026-01-01T00:00:00Z", &file_a, 1, right, {FEED}, {0}, 0};
    struct dead_sample stale_run = {"2026-01-02T00:00:00Z", &stale, 1, wrong, {FEED}, {0}, 0};
    for (int order = 0; order < 2; order++) {
        struct looking looking;
        look_begin(&looking);
        look_add(&looking, order == 0 ? &fresh_run : &stale_run);
        look_add(&looking, order == 0 ? &stale_run : &fresh_run);
        look_at(&looking, NULL);
        cr_expect_not(looking.dead.files[0].stale);
        cr_expect_eq(line_of(&looking.dead.files[0], 12)->state, DEAD_NEVER);
        cr_expect_eq(line_of(&looking.dead.files[0], 14)->state, DEAD_HIT);
        cr_expect_eq(looking.dead.files[0].runs_other, 1);
        look_end(&looking);
    }
}

/* Inlined into two functions, a line is at two nodes: one of them failed only, the other not. 3 and
 * 4 executions a request are 7. */
Test(dead, a_line_at_several_nodes)
{
    static const struct dead_fact facts[] = {
        {FEED, "a.c", "f", 2, 3, true}, {FEED, "a.c", "g", 2, 4, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &file_a, 1, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    const struct dead_line *line = line_of(&looking.dead.files[0], 2);
    cr_expect_eq(line->state, DEAD_HIT);
    cr_expect_float_eq(line->executions, 7, 1e-9);
    look_end(&looking);
}

/* 10 a request of an endpoint that stands for 300 requests, 2 of one that stands for 100:
 * (300 * 10 + 100 * 2) / 400 = 8. An endpoint that does not reach the line does not count. */
Test(dead, executions_are_weighed_by_traffic)
{
    static const struct dead_fact facts[] = {
        {FEED, "a.c", "f", 2, 10, false}, {USER, "a.c", "f", 2, 2, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking, &(struct dead_sample){.created = "2026-01-01T00:00:00Z",
                                             .files = &file_a,
                                             .file_count = 1,
                                             .facts = facts,
                                             .endpoints = {FEED, USER, "GET /other"},
                                             .weights = {300, 100, 5000}});
    look_at(&looking, NULL);
    cr_expect_float_eq(line_of(&looking.dead.files[0], 2)->executions, 8, 1e-9);
    look_end(&looking);
}

static void expect_unit(const struct dead *dead, uint32_t first, uint32_t last, uint32_t lines,
                        const char *function, bool whole, enum dead_state state)
{
    const struct dead_unit *unit = unit_at(dead, "a.c", first);
    cr_assert_not_null(unit, "nothing begins at %u", first);
    cr_expect_eq(unit->last, last, "%u-%u, not %u", first, unit->last, last);
    cr_expect_eq(unit->lines, lines, "%u has %u lines, not %u", first, unit->lines, lines);
    cr_expect_eq(unit->whole, whole, "%u", first);
    cr_expect_eq(unit->state, state, "%u is %s", first, dead_state_key(unit->state));
    if (function == NULL)
        cr_expect_null(unit->function);
    else
        cr_expect_str_eq(unit->function->name, function);
}

/* f is reached, with two stretches that are not; g is not reached at all, and an inner function of
 * it (lines 12 and 13) only at start; 20 lies in no function. */
Test(dead, blocks_and_whole_functions)
{
    static const uint32_t lines[] = {1, 2, 3, 4, 6, 10, 11, 12, 13, 14, 20};
    static const struct source_function functions[] = {
        {"f", 1, 6}, {"g", 10, 14}, {"inner", 12, 13}};
    static const struct source_file file = {"a.c", HASH_A, false, lines, 11, functions, 3};
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 1, 1, false},
                                             {FEED, "a.c", "f", 4, 1, false},
                                             {NULL, "a.c", "inner", 12, 1, false},
                                             {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &file, 1, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    const struct dead *dead = &looking.dead;
    expect_unit(dead, 2, 3, 2, "f", false, DEAD_NEVER);
    expect_unit(dead, 6, 6, 1, "f", false, DEAD_NEVER);
    expect_unit(dead, 10, 14, 3, "g", true, DEAD_NEVER);
    expect_unit(dead, 12, 13, 1, "inner", true, DEAD_START);
    expect_unit(dead, 13, 13, 1, "inner", false, DEAD_NEVER);
    expect_unit(dead, 20, 20, 1, NULL, false, DEAD_NEVER);
    cr_expect_eq(dead->unit_count, 6);
    look_end(&looking);
}

/* Lines that only some builds have do not part a block. */
Test(dead, what_is_unsure_does_not_part_a_block)
{
    static const uint32_t all[] = {1, 2, 3, 4}, fewer[] = {1, 2, 4};
    static const struct source_file one = {"a.c", HASH_A, false, all, 4, functions_a, 1};
    static const struct source_file other = {"a.c", HASH_A, false, fewer, 3, functions_a, 1};
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 1, 1, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &one, 1, facts, {FEED}, {0}, 0});
    look_add(&looking,
             &(struct dead_sample){"2026-01-02T00:00:00Z", &other, 1, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    cr_assert_eq(looking.dead.unit_count, 1);
    expect_unit(&looking.dead, 2, 4, 2, "f", false, DEAD_NEVER);
    look_end(&looking);
}

/* Two of three endpoints reach f, one of them g, none h, and two the file: centralities of
 * (2 + 2)/7, (1 + 2)/7 and (0 + 2)/7. Scores by hand: lines × days × (1 − centrality). */
Test(dead, rank)
{
    static const uint32_t lines[] = {1, 2, 3, 4, 10, 11, 20, 21, 22};
    static const struct source_function functions[] = {{"f", 1, 4}, {"g", 10, 11}, {"h", 20, 22}};
    static const struct source_file file = {"a.c", HASH_A, false, lines, 9, functions, 3};
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 1, 1, false},
                                             {USER, "a.c", "f", 1, 1, false},
                                             {USER, "a.c", "g", 10, 1, false},
                                             {0}};
    static const int64_t now = 2000000000, day = 86400;
    struct looking looking;
    look_begin(&looking);
    look_add(&looking, &(struct dead_sample){.created = "2026-01-01T00:00:00Z",
                                             .files = &file,
                                             .file_count = 1,
                                             .facts = facts,
                                             .endpoints = {FEED, USER, "GET /other"}});
    look_at(&looking, NULL);
    struct dead *dead = &looking.dead;
    cr_assert_eq(dead->unit_count, 3);
    for (size_t i = 0; i < 3; i++) {
        uint32_t first = dead->units[i].first;
        dead->units[i].age = (struct dead_age){.known = first != 20,
                                               .changed_s = now - (first == 2 ? 10 : 100) * day};
    }
    dead_rank(dead, now);
    cr_expect_eq(dead->units[0].first, 11);
    cr_expect_float_eq(dead->units[0].score, 1 * 100 * 4.0 / 7, 1e-9);
    cr_expect_eq(dead->units[1].first, 2);
    cr_expect_float_eq(dead->units[1].score, 3 * 10 * 3.0 / 7, 1e-9);
    cr_expect_eq(dead->units[2].first, 20);
    cr_expect_float_eq(dead->units[2].score, 3 * 1 * 5.0 / 7, 1e-9, "an unknown age counts a day");
    cr_expect_float_eq(dead->units[2].centrality, 2.0 / 7, 1e-9);
    look_end(&looking);
}

Test(dead, ages_that_are_none)
{
    static const struct dead_fact facts[] = {{FEED, "a.c", "f", 1, 1, false}, {0}};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking,
             &(struct dead_sample){"2026-01-01T00:00:00Z", &file_a, 1, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    struct dead *dead = &looking.dead;
    cr_assert_eq(dead->unit_count, 2);
    dead->units[0].age = (struct dead_age){.known = true, .uncommitted = true, .changed_s = 1};
    dead->units[1].age = (struct dead_age){.known = true, .changed_s = 5000}; /* in the future */
    dead_rank(dead, 1000);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_float_eq(dead->units[i].age_days, 0, 1e-9);
        cr_expect_gt(dead->units[i].score, 0);
    }
    look_end(&looking);
}

Test(dead, what_is_kept_on_purpose)
{
    static const struct dead_keep keeps[] = {
        {"src/a.c", "g", "2026-03-01", "for operators"}, /* the folder is not the config's */
        {"a.c", "g", "2026-03-01", "for operators"},
        {"*", "f", "2026-01-31", "for a while"},
        {"b.c", NULL, "2026-03-01", "gone since"},
    };
    static const struct dead_keep_list list = {keeps, COUNT_OF(keeps)};
    static const struct source_file file = {"svc/a.c", HASH_A, false, lines_a, 9, functions_a, 2};
    static const struct dead_fact facts[] = {{FEED, "svc/a.c", "f", 1, 1, false}, {0}};
    static const char *const globs[] = {"svc/*", NULL};
    struct dead_question question = {.keep = &list, .keep_folder = "svc", .today = "2026-02-01"};
    for (int partial = 0; partial < 2; partial++) {
        struct looking looking;
        look_begin(&looking);
        look_add(&looking,
                 &(struct dead_sample){"2026-01-01T00:00:00Z", &file, 1, facts, {FEED}, {0}, 0});
        question.globs = partial ? globs : NULL;
        look_at(&looking, &question);
        const struct dead_unit *g = unit_at(&looking.dead, "svc/a.c", 10);
        const struct dead_unit *f = unit_at(&looking.dead, "svc/a.c", 2);
        cr_assert(g != NULL && f != NULL);
        cr_expect_eq(g->kept, &keeps[1]);
        cr_expect_null(g->expired);
        cr_expect_null(f->kept);
        cr_expect_eq(f->expired, &keeps[2]);
        cr_expect_eq(looking.dead.idle_keep_count, partial ? 0 : 2);
        look_end(&looking);
    }
}

Test(dead, the_last_day_still_holds)
{
    static const struct dead_keep keep = {"*", NULL, "2026-02-28", "x"};
    cr_expect_not(dead_keep_is_over(&keep, "2026-02-28"));
    cr_expect(dead_keep_is_over(&keep, "2026-03-01"));
    cr_expect(dead_keep_matches(&keep, "a/b.c", NULL));
    struct dead_keep of_function = {"*", "health_*", "2026-02-28", "x"};
    cr_expect(dead_keep_matches(&of_function, "a.c", "health_get"));
    cr_expect_not(dead_keep_matches(&of_function, "a.c", "stats_get"));
    cr_expect_not(dead_keep_matches(&of_function, "a.c", NULL));
}

/* C sources below gateway/ that no run knows; not headers, not other languages, not other folders,
 * and not what has code in a run that the work tree has since left behind. */
Test(dead, files_without_code)
{
    static const char *const tracked[] = {"README.md",          "gateway/old.c",
                                          "gateway/a.c",        "gateway/a.h",
                                          "gateway/deep/new.c", "gateway/deep/tool.py",
                                          "gateway/Makefile",   "gateway/.c",
                                          "tests/test_a.c",     NULL};
    static const struct source_file files[] = {
        {"gateway/a.c", HASH_A, false, lines_a, 9, functions_a, 2},
        {"gateway/a.h", HASH_B, false, lines_a, 1, NULL, 0},
        {"gateway/empty.c", HASH_B, false, NULL, 0, NULL, 0},
        {"gateway/sub/b.c", HASH_B, false, lines_a, 1, NULL, 0}};
    static const char *const globs[] = {"*deep*", "*sub*", NULL};
    static const struct dead_fact none[] = {{0}};
    struct dead_sample sample = {"2026-01-01T00:00:00Z", files, 4, none, {FEED}, {0}, 0};
    struct looking looking;
    look_begin(&looking);
    look_add(&looking, &sample);
    look_at(&looking, &(struct dead_question){.tracked = tracked});
    cr_assert_eq(looking.dead.unseen_count, 2);
    cr_expect_str_eq(looking.dead.unseen[0], "gateway/deep/new.c");
    cr_expect_str_eq(looking.dead.unseen[1], "gateway/old.c");
    cr_expect_eq(looking.dead.file_count, 3);
    look_end(&looking);
    look_begin(&looking);
    look_add(&looking, &sample);
    look_at(&looking, &(struct dead_question){.tracked = tracked, .globs = globs});
    cr_assert_eq(looking.dead.unseen_count, 1);
    cr_expect_str_eq(looking.dead.unseen[0], "gateway/deep/new.c");
    cr_expect_eq(looking.dead.file_count, 1);
    cr_expect_eq(looking.dead.line_count, 1);
    look_end(&looking);
}

/* A path twice in one run, lines that do not rise, a function that ends before it begins, frames of
 * files that the run does not list, no hash, no date. */
Test(dead, what_a_hostile_run_may_hold)
{
    static const uint32_t lines[] = {9, 3, 3, 0, 12};
    static const struct source_function functions[] = {{"b", 7, 2}, {"a", 7, 1}, {"a", 7, 9}};
    static const struct source_file files[] = {{"a.c", NULL, false, lines, 5, functions, 3},
                                               {"a.c", NULL, true, lines_a, 9, functions_a, 2}};
    static const struct dead_fact facts[] = {{FEED, "nowhere.c", "f", 1, 1, false},
                                             {FEED, "a.c", "a", UINT32_MAX, 1, false},
                                             {FEED, "a.c", "a", 9, -1, false},
                                             {FEED, "a.c", "a", 0, 1, false},
                                             {0}};
    struct looking looking;
    look_begin(&looking);
    for (int i = 0; i < 2; i++)
        look_add(&looking, &(struct dead_sample){"yesterday", files, 2, facts, {FEED}, {0}, 0});
    look_at(&looking, NULL);
    cr_assert_eq(looking.dead.file_count, 1);
    const struct dead_file *file = &looking.dead.files[0];
    cr_expect_eq(file->runs, 1, "contents without a hash are never the same");
    cr_expect_eq(file->runs_other, 1, "%zu", file->runs_other);
    cr_expect_eq(file->line_count, 3); /* 9, 12 and the one that is hit */
    cr_expect_eq(looking.dead.evidence.first_s, 0);
    look_end(&looking);
}
