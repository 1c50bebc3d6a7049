/* What tollgate publish reads of GitHub's: patches, events, links, trailers, paths. */
#include "failing_allocations.h"
#include "rig/github_base.h"
#include "rig/publish.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glob.h>
#include <string.h>

/* ---- patches --------------------------------------------------------------------------------- */

static bool shows(const char *patch, uint32_t line)
{
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    struct github_diff diff = {.arena = &arena, .known = true};
    json_t *file =
        json_pack("{s:s, s:s, s:s}", "filename", "a.c", "status", "modified", "patch", patch);
    cr_assert(github_diff_add(&diff, file, &err), "%s", err.text);
    bool found = github_diff_shows(&diff, "a.c", line);
    cr_assert_not(github_diff_shows(&diff, "b.c", line));
    json_decref(file);
    arena_release(&arena);
    return found;
}

/* Lines of the head: 10 to 15, with those beside what changed, and 40. */
static const char patch[] =
    "@@ -10,5 +10,6 @@ int f(void)\n one\n+two\n-@@ -90 +90 @@\n+@@ -70 +70 "
    "@@\n three\n four\n five\n@@ -39 +40 @@\n-x\n+y\n"
    "\\ No newline at end of file";

Test(github_diff, lines_shown, .timeout = 60)
{
    for (uint32_t line = 0; line < 100; line++)
        cr_assert_eq(shows(patch, line), (line >= 10 && line <= 15) || line == 40, "line %u", line);
    cr_assert_not(shows("@@ -5,3 +4,0 @@\n-a\n-b\n-c", 4)); /* nothing of it is left */
    cr_assert(shows("@@ -0,0 +1,3 @@\n+a\n+b\n+c", 3));
    cr_assert_not(shows("", 1));
}

Test(github_diff, files, .timeout = 60)
{
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    struct github_diff diff = {.arena = &arena};
    cr_assert(github_diff_shows(&diff, "anything", 1)); /* not known: nothing is ruled out */
    diff.known = true;
    for (int i = 0; i < 200; i++) {
        json_t *file = json_pack("{s:o, s:s}", "filename", json_sprintf("f%d.c", i), "status",
                                 i % 2 ? "removed" : "added");
        cr_assert(github_diff_add(&diff, file, &err));
        json_decref(file);
    }
    cr_assert_eq(diff.count, 100);
    cr_assert_not(diff.files[0].shown); /* too large for a patch: no line is known */
    cr_assert_not(github_diff_shows(&diff, "f0.c", 1));
    json_t *nameless = json_object();
    cr_assert_not(github_diff_add(&diff, nameless, &err));
    cr_assert_eq(err.code, ERROR_INPUT);
    json_decref(nameless);
    arena_release(&arena);
}

struct text {
    char text[120];
};

ParameterizedTestParameters(github_diff, no_patch)
{
    static struct text rows[] = {{"@@ -1"},
                                 {"@@ -1 +1"},
                                 {"@@ -,1 +1 @@"},
                                 {"@@ -1,2,3 +1 @@"},
                                 {"@@ -1 1 @@"},
                                 {"@@ -a +1 @@"},
                                 {"@@ -1 + @@"},
                                 {"@@ -1 +4294967296 @@"},
                                 {"@@ -1 +999999999,999999999 @@"},
                                 {"@@ -1 +1 @"}};
    return cr_make_param_array(struct text, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct text *row, github_diff, no_patch, .timeout = 60)
{
    struct arena arena;
    struct error err = {0};
    const struct github_range *ranges;
    size_t count;
    arena_init(&arena);
    cr_assert_not(github_diff_parse_patch(row->text, &arena, &ranges, &count, &err), "%s",
                  row->text);
    cr_assert_eq(err.code, ERROR_INPUT);
    arena_release(&arena);
}

/* ---- events ---------------------------------------------------------------------------------- */

#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static bool parse_event(struct github_event *event, const char *text, struct arena *arena,
                        struct error *err)
{
    json_t *json = json_loads(text, 0, NULL);
    cr_assert_not_null(json, "%s", text);
    bool ok = github_event_parse(event, json, "event.json", arena, err);
    json_decref(json);
    return ok;
}

static const char fork_event[] =
    "{\"workflow_run\": {\"event\": \"pull_request\", \"head_sha\": \"" SHA
    "\", \"head_branch\": \"a/b\", \"head_repository\": {\"full_name\": \"fork/x\"}, "
    "\"pull_requests\": [], \"html_url\": \"https://x/1\"}}";

Test(github_event, of_a_fork, .timeout = 60)
{
    struct github_event event;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    cr_assert(parse_event(&event, fork_event, &arena, &err), "%s", err.text);
    cr_assert_eq(event.number, 0);
    cr_assert_str_eq(event.head_owner, "fork");
    cr_assert_str_eq(event.head_branch, "a/b");
    cr_assert_str_eq(event.head_commit, SHA);
    cr_assert_str_eq(event.url, "https://x/1");
    arena_release(&arena);
}

ParameterizedTestParameters(github_event, refused)
{
    static struct text rows[] = {
        {"[]"},
        {"{\"pull_request\": {}}"},
        {"{\"pull_request\": {\"number\": 0, \"head\": {\"sha\": \"" SHA "\"}}}"},
        {"{\"pull_request\": {\"number\": 1, \"head\": {\"sha\": \"HEAD\"}}}"},
        {"{\"workflow_run\": 1}"},
        {"{\"workflow_run\": {\"event\": \"pull_request\"}}"},
        {"{\"workflow_run\": {\"event\": \"pull_request\", \"head_sha\": \"../\"}}"}};
    return cr_make_param_array(struct text, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct text *row, github_event, refused, .timeout = 60)
{
    struct github_event event;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    cr_assert_not(parse_event(&event, row->text, &arena, &err), "%s", row->text);
    cr_assert_eq(err.code, ERROR_INPUT);
    arena_release(&arena);
}

static void check_folder(const char *pattern, bool good)
{
    glob_t found;
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "%s", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct github_event event;
        struct arena arena;
        struct error err = {0};
        arena_init(&arena);
        cr_assert_eq(github_event_read(&event, found.gl_pathv[i], &arena, &err), good, "%s: %s",
                     found.gl_pathv[i], err.text);
        cr_assert(good || strstr(err.where, found.gl_pathv[i]) != NULL, "%s", err.where);
        arena_release(&arena);
    }
    globfree(&found);
}

Test(github_event, files, .timeout = 60)
{
    check_folder("fixtures/event/valid/*.json", true);
    check_folder("fixtures/event/invalid/*.json", false);
}

/* ---- addresses ------------------------------------------------------------------------------- */

Test(github_http, next_page, .timeout = 60)
{
    char next[GITHUB_URL_SIZE], endless[3 * GITHUB_URL_SIZE];
    github_find_next("<https://x/a?page=1>; rel=\"prev\", <https://x/a?page=3>; rel=\"next\", "
                     "<https://x/a?page=9>; rel=\"last\"",
                     next);
    cr_assert_str_eq(next, "https://x/a?page=3");
    github_find_next("<https://x/a?page=9>; rel=\"last\"", next);
    cr_assert_str_eq(next, "");
    github_find_next("rel=\"next\"", next);
    cr_assert_str_eq(next, "");
    memset(endless, 'x', sizeof endless);
    endless[0] = '<';
    strncpy(endless + sizeof endless - 14, ">; rel=\"next\"", 14);
    github_find_next(endless, next);
    cr_assert_str_eq(next, "");
}

Test(github_http, names, .timeout = 60)
{
    static const char *const good[] = {"a/b", "Octo-Cat/my.repo_1"};
    static const char *const bad[] = {"",     "a",   "a/",    "/b",   "a/b/c", "a/..",
                                      "../b", "a/.", "a b/c", "a/b?", "a/b#",  "a\n/b"};
    struct buffer out;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_assert(github_is_repository(good[i]), "%s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_assert_not(github_is_repository(bad[i]), "%s", bad[i]);
    cr_assert(github_is_commit(SHA));
    cr_assert_not(github_is_commit(SHA "a"));
    cr_assert_not(github_is_commit("HEAD"));
    buffer_init(&out, 100);
    github_append_escaped(&out, "a b/\xc3\xa9?", false);
    github_append_escaped(&out, "/", true);
    cr_assert_str_eq(buffer_text(&out), "a%20b%2F%C3%A9%3F/");
    buffer_release(&out);
}

/* ---- the base -------------------------------------------------------------------------------- */

Test(github_base, paths, .timeout = 60)
{
    static const char *const rows[][3] = {
        {"tollgate.json", "a.csv", "a.csv"}, {"ci/tollgate.json", "a.csv", "ci/a.csv"},
        {"ci/x/t.json", "../../a/b", "a/b"}, {"ci/t.json", "./a//b/.", "ci/a/b"},
        {"ci/t.json", "../../a", NULL},      {"t.json", "..", NULL},
        {"t.json", "/etc/passwd", NULL},     {"t.json", "", NULL},
        {"a/t.json", "...", "a/..."},        {"a/t.json", "b/../../..", NULL}};
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *path = github_base_resolve(&arena, rows[i][0], rows[i][1]);
        if (rows[i][2] == NULL)
            cr_assert_null(path, "%s", rows[i][1]);
        else
            cr_assert_str_eq(path, rows[i][2]);
    }
    arena_release(&arena);
}

/* As git documents trailers. */
Test(github_base, trailers, .timeout = 60)
{
    static const char *const rows[][2] = {
        {"Subject\n\nTollgate-Accept: GET /a cpu +1% because x\n", "GET /a cpu +1% because x\n"},
        {"Subject\n\nBody.\n\nSigned-off-by: A\ntollgate-accept:  y \nTollgate-Accept: z",
         "y\nz\n"},
        {"Subject\n\nTollgate-Accept: a\n  b\n\tc\nX: y\n", "a b c\n"},
        {"Subject\r\n\r\nTollgate-Accept: a\r\n", "a\n"},
        {"Tollgate-Accept: a", ""}, /* the subject */
        {"Subject\n\nTollgate-Accept: a\n\nThe end.", ""},
        {"Subject\n\nTollgate-Accept: a\nis a fine thing", ""},
        {"Subject\n\nTollgate-Accept a", ""},
        {"", ""},
        {"\n\n", ""}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        github_base_append_trailers(&out, rows[i][0]);
        cr_assert_str_eq(buffer_text(&out), rows[i][1], "%s gives %s", rows[i][0],
                         buffer_text(&out));
        buffer_release(&out);
    }
}

/* ---- what is published ----------------------------------------------------------------------- */

Test(publish, when_and_conclusion, .timeout = 60)
{
    struct endpoint_verdict endpoint = {.verdict = VERDICT_PASSED, .presence = ENDPOINT_BOTH};
    struct comparison comparison = {
        .has_base = true, .verdict = VERDICT_PASSED, .endpoints = &endpoint, .endpoint_count = 1};
    cr_assert(publish_may_create(PUBLISH_ALWAYS, &comparison));
    cr_assert_not(publish_may_create(PUBLISH_CHANGE, &comparison));
    cr_assert_str_eq(publish_conclusion(&comparison, false), "success");
    endpoint.presence = ENDPOINT_NEW;
    cr_assert(publish_may_create(PUBLISH_CHANGE, &comparison));
    cr_assert_not(publish_may_create(PUBLISH_REGRESSION, &comparison));
    comparison.verdict = VERDICT_INCONCLUSIVE;
    cr_assert(publish_may_create(PUBLISH_REGRESSION, &comparison));
    cr_assert_str_eq(publish_conclusion(&comparison, false), "failure");
    cr_assert_str_eq(publish_conclusion(&comparison, true), "neutral");
    comparison.invalid = true;
    cr_assert_str_eq(publish_conclusion(&comparison, true), "failure");
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Everything that is parsed; false when memory ran out, which is said. */
static bool parse_all(void)
{
    struct arena arena;
    struct error err = {0};
    struct github_event event;
    arena_init(&arena);
    struct github_diff diff = {.arena = &arena, .known = true};
    json_t *file = json_pack("{s:s, s:s}", "filename", "a.c", "patch", patch);
    json_t *json = json_loads(fork_event, 0, NULL);
    bool ok = github_diff_add(&diff, file, &err) &&
              github_event_parse(&event, json, "event.json", &arena, &err);
    cr_assert_eq(ok, err.code == ERROR_NONE);
    cr_assert(ok || err.code == ERROR_MEMORY, "%s", err.text);
    json_decref(file);
    json_decref(json);
    arena_release(&arena);
    return ok;
}

Test(github_memory, nth_allocation_fails, .timeout = 60)
{
    long failed = 0;
    if (!allocations_can_fail())
        return;
    for (allocations_left = 0;; allocations_left = ++failed) {
        bool ok = parse_all();
        allocations_left = -1;
        if (ok)
            break;
        cr_assert_lt(failed, 1000);
    }
    cr_assert_gt(failed, 0);
}
