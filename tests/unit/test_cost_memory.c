/* Each failing allocation of what reads and works out costs and owners is an error, and leaks
 * nothing. Linked with --wrap for malloc, calloc, realloc and reallocarray; jansson's are failed as
 * well. */
#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "insights/cost_counts.h"
#include "insights/focus.h"
#include "insights/owners.h"
#include "reporters/cost_json.h"
#include "reporters/cost_text.h"

#include "cost_sample.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cost_memory, .timeout = 600);

/* What is tried: true when it went well. Whatever it made it has let go of. */
typedef bool attempt(struct error *err);

static size_t made; /* how much the latest attempt made of it, where that is more than yes or no */

static struct buffer csv_text, counts_text, focus_text, github_text, gitlab_text, api_text;
static json_t *map_json;
static struct cost_sample sample;

static bool try_csv(struct error *err)
{
    static struct csv_reader csv;
    bool more = true;
    if (!csv_open(&csv, "x.csv", buffer_text(&csv_text), csv_text.length, err))
        return false;
    bool ok = true;
    while (ok && more)
        ok = csv_next(&csv, &more, err);
    csv_release(&csv);
    return ok;
}

static bool try_counts(struct error *err)
{
    struct cost_counts counts;
    struct arena arena;
    arena_init(&arena);
    bool ok = cost_counts_parse(&counts, "x.csv", buffer_text(&counts_text), counts_text.length,
                                &arena, err);
    arena_release(&arena);
    return ok;
}

static bool try_focus(struct error *err)
{
    struct focus_question question = {.path = "x.csv",
                                      .text = buffer_text(&focus_text),
                                      .size = focus_text.length,
                                      .cost = "EffectiveCost"};
    struct focus_bill bill;
    struct arena arena;
    arena_init(&arena);
    bool ok = focus_read(&bill, &question, &arena, err);
    arena_release(&arena);
    return ok;
}

static bool try_dialect(enum codeowners_dialect dialect, const struct buffer *text,
                        struct error *err)
{
    struct codeowners codeowners;
    struct arena arena;
    arena_init(&arena);
    bool ok = codeowners_parse(&codeowners, dialect, "CODEOWNERS", buffer_text(text), text->length,
                               &arena, err);
    arena_release(&arena);
    return ok;
}

static bool try_github(struct error *err)
{
    return try_dialect(CODEOWNERS_GITHUB, &github_text, err);
}

static bool try_gitlab(struct error *err)
{
    return try_dialect(CODEOWNERS_GITLAB, &gitlab_text, err);
}

static bool try_openapi(struct error *err)
{
    struct owners_openapi openapi;
    struct arena arena;
    arena_init(&arena);
    bool ok = owners_openapi_parse(&openapi, "api.json", buffer_text(&api_text), api_text.length,
                                   &arena, err);
    made = openapi.count;
    arena_release(&arena);
    return ok;
}

static bool try_map(struct error *err)
{
    struct owners_map map;
    struct arena arena;
    struct json_place place = json_place_root("x.json");
    arena_init(&arena);
    bool ok = owners_map_parse(&map, map_json, &place, &arena, err);
    arena_release(&arena);
    return ok;
}

/* All of it, to the reports. */
static bool try_report(struct error *err)
{
    static const struct profile_frame frames[] = {{.file = "feed.c", .own = true},
                                                  {.file = "gateway/users.c", .own = true}};
    static const struct profile_node nodes[] = {{PROFILE_NONE, 0}, {PROFILE_NONE, 1}};
    static const struct profile_cost costs[] = {{0, {1}}, {1, {2}}};
    static const struct profile_endpoint profiled[] = {
        {.name = "GET /0", .costs = costs, .cost_count = 2}};
    static const struct report_style style = {80, false, true};
    struct codeowners codeowners;
    struct owners owners;
    struct cost_report cost;
    struct buffer out;
    struct arena arena;
    bool has_cost = false;
    arena_init(&arena);
    buffer_init(&out, 1 << 20);
    sample.head.profiles[PROFILE_LINES][SIDE_HEAD] = (struct profile){.present = true,
                                                                      .frames = frames,
                                                                      .frame_count = 2,
                                                                      .nodes = nodes,
                                                                      .node_count = 2,
                                                                      .endpoints = profiled,
                                                                      .endpoint_count = 1};
    struct owners_question question = {
        .head = &sample.head, .comparison = &sample.comparison, .codeowners = &codeowners};
    bool ok = codeowners_parse(&codeowners, CODEOWNERS_GITLAB, "CODEOWNERS",
                               buffer_text(&gitlab_text), gitlab_text.length, &arena, err) &&
              owners_find(&owners, &question, &arena, err) &&
              (has_cost = cost_find(&cost, &sample.question, err));
    struct cost_view view = {.cost = &cost, .owners = &owners};
    ok = ok && cost_json_append(&out, &view, err) && cost_text_append(&out, &view, &style, err);
    view.pull_request = true;
    ok = ok && cost_text_append(&out, &view, &style, err);
    view.pull_request = false;
    view.by_owner = true;
    ok = ok && cost_text_append(&out, &view, &style, err);
    if (has_cost)
        cost_release(&cost);
    made = out.length;
    buffer_release(&out);
    arena_release(&arena);
    return ok;
}

static const struct {
    const char *name;
    attempt *attempt;
} attempts[] = {
    {"csv", try_csv},       {"counts", try_counts},   {"focus", try_focus}, {"github", try_github},
    {"gitlab", try_gitlab}, {"openapi", try_openapi}, {"map", try_map},     {"report", try_report},
};

static void read_fixture(struct buffer *text, const char *path)
{
    struct error err = {0};
    buffer_init(text, 1 << 20);
    cr_assert(file_read(path, text, &err), "%s", err.text);
}

static void make_all(void)
{
    read_fixture(&csv_text, "fixtures/csv/valid/quotes.csv");
    read_fixture(&counts_text, "fixtures/requests/valid/periods.csv");
    read_fixture(&focus_text, "fixtures/focus/valid/month.csv");
    read_fixture(&github_text, "fixtures/codeowners/valid/github");
    read_fixture(&gitlab_text, "fixtures/codeowners/valid/gitlab");
    buffer_append_string(&gitlab_text, "bad.c no-owner\n");
    read_fixture(&api_text, "fixtures/owners/valid/three.json");
    map_json = json_loads("{\"a\": \"b\", \"c\": [\"d\", \"e\"], \"f\": null}", 0, NULL);
    cr_assert_not_null(map_json);
    cost_sample_init(&sample);
    cost_sample_change(&sample, 3, 1000, 0.1, 0.08, 0.12, VERDICT_REGRESSED);
    cost_sample_change(&sample, 5, 1000, 0.1, -0.08, 0.12, VERDICT_INCONCLUSIVE);
    cost_sample_overhead(&sample, 0.1);
    sample.terms.has_amount = true;
    sample.terms.amount_micros = 100 * (int64_t)MONEY_MICROS;
    sample.terms.instance_hours = 730;
    sample.terms.vcpus = 1;
    sample.terms.utilisation = 0.5;
}

static void fail_each(size_t which)
{
    struct error err = {0};
    long n = 0;
    made = 0;
    cr_assert(attempts[which].attempt(&err), "%s: %s", attempts[which].name, err.text);
    size_t whole = made;
    for (has_failed = true; has_failed; n++) {
        cr_assert_lt(n, 100000);
        error_clear(&err);
        has_failed = false;
        allocations_left = n;
        bool ok = attempts[which].attempt(&err);
        allocations_left = -1;
        /* What a failure left out must not pass for the whole. jansson's parser calls its own
         * failures a fault of the text, and where one of its tables cannot grow it does without. */
        bool told = err.code == ERROR_MEMORY ||
                    (err.code == ERROR_INPUT && strncmp(err.text, "not valid JSON", 14) == 0);
        bool spared = ok && whole > 0 && made == whole;
        cr_expect(has_failed ? spared || (!ok && told) : ok, "%s, allocation %ld: %d %s",
                  attempts[which].name, n, (int)err.code, err.text);
    }
    cr_expect_gt(n, 2, "%s", attempts[which].name);
}

Test(cost_memory, each_failing_allocation)
{
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    make_all();
    json_set_alloc_funcs(__wrap_malloc, free);
    fail_once = true;
    for (size_t i = 0; i < COUNT_OF(attempts); i++)
        fail_each(i);
}

Test(cost_memory, no_allocation_from_the_nth_on)
{
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    make_all();
    json_set_alloc_funcs(__wrap_malloc, free);
    for (size_t i = 0; i < COUNT_OF(attempts); i++)
        fail_each(i);
}
