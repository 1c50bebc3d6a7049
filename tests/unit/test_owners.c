/* Whose an endpoint is: which source answers first, and which rule it names. */
#include "insights/owners.h"

#include "base/file.h"
#include "base/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(owners, .timeout = 60);

static struct arena arena;

static bool parse_map(struct owners_map *map, const char *text, struct error *err)
{
    struct json_place root = json_place_root("tollgate.json");
    struct json_place place = json_place_key(&root, "owners");
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    *err = (struct error){0};
    cr_assert_not_null(json, "%s", text);
    bool ok = owners_map_parse(map, json, &place, &arena, err);
    json_decref(json);
    return ok;
}

static void expect_row(const struct owners_map *map, const char *endpoint, const char *owner,
                       const char *rule)
{
    const struct owners_row *row = owners_map_find(map, endpoint);
    cr_assert_eq(row != NULL, rule != NULL, "%s", endpoint);
    if (row == NULL)
        return;
    cr_expect_str_eq(row->rule, rule);
    cr_expect_eq(row->owner == NULL, owner == NULL);
    cr_expect(owner == NULL || strcmp(row->owner, owner) == 0, "%s: %s", endpoint, row->owner);
}

Test(owners, map)
{
    struct owners_map map;
    struct error err;
    cr_assert(parse_map(&map,
                        "{\"GET /v3/*\": \"readers\", \"*feed*\": [\"feed\", \"core\"], "
                        "\"GET /v3/token\": null}",
                        &err));
    expect_row(&map, "GET /v3/pins", "readers", "tollgate.json: owners.GET /v3/*");
    expect_row(&map, "GET /v3/feed", "feed, core", "tollgate.json: owners.*feed*");
    expect_row(&map, "GET /v3/token", NULL, "tollgate.json: owners.GET /v3/token");
    expect_row(&map, "POST /v3/pins", NULL, NULL);
    cr_assert(parse_map(&map,
                        "[{\"match\": \"*\", \"owner\": \"all\"}, "
                        "{\"match\": \"GET *\", \"owner\": \"readers\"}]",
                        &err));
    expect_row(&map, "GET /v3/pins", "readers", "tollgate.json: owners[1]");
    expect_row(&map, "PUT /v3/pins", "all", "tollgate.json: owners[0]");
}

Test(owners, maps_that_are_wrong)
{
    static const struct {
        const char *text, *where;
    } cases[] = {
        {"7", "tollgate.json: owners"},
        {"{\"a\": 7}", "tollgate.json: owners.a"},
        {"{\"a\": \"\"}", "tollgate.json: owners.a"},
        {"{\"a\": \"  \"}", "tollgate.json: owners.a"},
        {"{\"a\": []}", "tollgate.json: owners.a"},
        {"{\"a\": [\"b\", 7]}", "tollgate.json: owners.a"},
        {"{\"\": \"b\"}", "tollgate.json: owners."},
        {"[\"a\"]", "tollgate.json: owners[0]"},
        {"[{\"match\": \"a\"}]", "tollgate.json: owners[0]"},
        {"[{\"owner\": \"a\"}]", "tollgate.json: owners[0]"},
        {"[{\"match\": \"a\", \"owner\": \"b\", \"x\": 1}]", "tollgate.json: owners[0]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct owners_map map;
        struct error err;
        cr_expect_not(parse_map(&map, cases[i].text, &err), "%s", cases[i].text);
        cr_expect_str_eq(err.where, cases[i].where, "%s: %s", cases[i].text, err.where);
    }
}

static bool parse_openapi(struct owners_openapi *openapi, const char *name, struct error *err)
{
    struct buffer text;
    char path[256];
    *err = (struct error){0};
    snprintf(path, sizeof path, "fixtures/owners/%s", name);
    buffer_init(&text, 1 << 20);
    cr_assert(file_read(path, &text, err), "%s", err->text);
    bool ok =
        owners_openapi_parse(openapi, "api.json", buffer_text(&text), text.length, &arena, err);
    buffer_release(&text);
    return ok;
}

static void expect_operation(const struct owners_openapi *openapi, const char *endpoint,
                             const char *owner, const char *rule)
{
    const struct openapi_owner *row = owners_openapi_find(openapi, endpoint);
    cr_assert_eq(row != NULL, owner != NULL, "%s", endpoint);
    if (row == NULL)
        return;
    cr_expect_str_eq(row->owner, owner, "%s: %s", endpoint, row->owner);
    cr_expect_str_eq(row->rule, rule, "%s: %s", endpoint, row->rule);
}

/* three.json: the operation before the path before the tag's own; a tag's name where there is
 * nothing else. */
Test(owners, openapi)
{
    struct owners_openapi openapi;
    struct error err;
    cr_assert(parse_openapi(&openapi, "valid/three.json", &err), "%s", err.text);
    expect_operation(&openapi, "GET /v3/feed", "team-feed", "api.json: paths./feed.get.x-owner");
    expect_operation(&openapi, "GET /v3/pins/{id}", "team-pins", "api.json: tags[0].x-owner");
    expect_operation(&openapi, "DELETE /v3/pins/{x}", "team-pins, team-trust",
                     "api.json: paths./pins/{pin}.delete.x-team");
    expect_operation(&openapi, "GET /v3/boards/{id}", "team-boards",
                     "api.json: paths./boards/{id}.x-team");
    expect_operation(&openapi, "POST /v3/boards/{id}", "team-boards",
                     "api.json: paths./boards/{id}.x-team");
    expect_operation(&openapi, "GET /v3/boards", "boards", "api.json: paths./boards.get.tags[0]");
    expect_operation(&openapi, "GET /v3/shared", "team-shared",
                     "api.json: paths./shared.get.x-owner");
    expect_operation(&openapi, "GET /v4/users", NULL, NULL);
    expect_operation(&openapi, "GET /feed", NULL, NULL);
    expect_operation(&openapi, "GET /v3/boards/{id}/pins", NULL, NULL);
    expect_operation(&openapi, "GET", NULL, NULL);
    cr_assert(parse_openapi(&openapi, "valid/two.json", &err), "%s", err.text);
    expect_operation(&openapi, "GET /api/a", "everyone", "api.json: info.x-owner");
    expect_operation(&openapi, "PATCH /api/a", "everyone", "api.json: info.x-owner");
}

Test(owners, openapi_that_is_none)
{
    static const char *const names[] = {"no-paths.json", "list.json", "cut.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct owners_openapi openapi;
        struct error err;
        char name[64];
        snprintf(name, sizeof name, "invalid/%s", names[i]);
        cr_expect_not(parse_openapi(&openapi, name, &err));
        cr_expect_eq(strncmp(err.where, "api.json", 8), 0, "%s", err.where);
    }
}

/* A run whose profile says what each endpoint spends in which file. */
enum { FRAMES = 5, ENDPOINTS = 5 };

static const struct profile_frame frames[FRAMES] = {
    {.function = "feed", .file = "gateway/feed.c", .line = 3, .own = true},
    {.function = "rank", .file = "gateway/rank.c", .line = 9, .own = true},
    {.function = "send", .file = "net/send.c", .line = 1, .own = true},
    {.function = "malloc", .file = "gateway/malloc.c", .line = 1}, /* not the gateway's own */
    {.function = "odd", .file = "odd/x.c", .line = 1, .own = true},
};
static const struct profile_node nodes[FRAMES] = {
    {PROFILE_NONE, 0}, {PROFILE_NONE, 1}, {PROFILE_NONE, 2}, {PROFILE_NONE, 3}, {PROFILE_NONE, 4}};
static const struct profile_cost feed_costs[] = {
    {0, {10}}, {1, {30}}, {2, {50}}, {3, {900}}, {4, {10}}};
static const struct profile_cost send_costs[] = {{2, {5}}};
static const struct profile_cost odd_costs[] = {{4, {5}}};
static const struct profile_cost library_costs[] = {{3, {5}}};
static const struct profile_endpoint profiled[] = {
    {.name = "GET /feed", .costs = feed_costs, .cost_count = 5},
    {.name = "GET /send", .costs = send_costs, .cost_count = 1},
    {.name = "GET /odd", .costs = odd_costs, .cost_count = 1},
    {.name = "GET /library", .costs = library_costs, .cost_count = 1},
};
static const char *const endpoint_names[ENDPOINTS] = {"GET /feed", "GET /send", "GET /odd",
                                                      "GET /library", "GET /unknown"};

static const char rules[] = "# whose files are whose\n"
                            "*.c @all\n"             /* 2 */
                            "/gateway/ @gateway\n"   /* 3 */
                            "/net/\n"                /* 4: cleared */
                            "/odd/ @odd bad-name\n"; /* 5: no rule */

struct sample {
    struct run head;
    struct comparison comparison;
    struct endpoint_verdict verdicts[ENDPOINTS];
    struct codeowners codeowners;
    struct owners_question question;
};

static void make_sample(struct sample *sample, const char *text, enum codeowners_dialect dialect)
{
    struct error err = {0};
    *sample = (struct sample){0};
    sample->head.profiles[PROFILE_LINES][SIDE_HEAD] = (struct profile){.present = true,
                                                                       .frames = frames,
                                                                       .frame_count = FRAMES,
                                                                       .nodes = nodes,
                                                                       .node_count = FRAMES,
                                                                       .endpoints = profiled,
                                                                       .endpoint_count = 4};
    for (size_t i = 0; i < ENDPOINTS; i++)
        sample->verdicts[i].name = endpoint_names[i];
    sample->comparison.endpoints = sample->verdicts;
    sample->comparison.endpoint_count = ENDPOINTS;
    cr_assert(codeowners_parse(&sample->codeowners, dialect, ".github/CODEOWNERS", text,
                               strlen(text), &arena, &err));
    sample->question = (struct owners_question){.head = &sample->head,
                                                .comparison = &sample->comparison,
                                                .codeowners = &sample->codeowners};
}

/* Of GET /feed's 100 instructions in own files, 40 are @gateway's (the most of them in rank.c) and
 * 10 are @all's; net/send.c has 50 and was cleared. */
Test(owners, codeowners_by_what_is_executed)
{
    struct sample sample;
    struct owners owners;
    struct error err = {0};
    make_sample(&sample, rules, CODEOWNERS_GITHUB);
    cr_assert(owners_find(&owners, &sample.question, &arena, &err));
    const struct endpoint_owner *feed = owners_endpoint(&owners, "GET /feed");
    cr_expect_str_eq(feed->owner, "@gateway");
    cr_expect_str_eq(feed->file, "gateway/rank.c");
    cr_expect_str_eq(feed->rule, ".github/CODEOWNERS:3");
    cr_expect_float_eq(feed->file_share, 0.4, 1e-12);
    cr_expect_eq(feed->source, OWNER_CODEOWNERS);
    const struct endpoint_owner *send = owners_endpoint(&owners, "GET /send");
    cr_expect_null(send->owner);
    cr_expect_str_eq(send->rule, ".github/CODEOWNERS:4");
    cr_expect_str_eq(send->why, "CODEOWNERS names nobody for its files");
    const struct endpoint_owner *odd = owners_endpoint(&owners, "GET /odd");
    cr_expect_str_eq(odd->owner, "@all", "the line that is none leaves the rule before it");
    const struct endpoint_owner *library = owners_endpoint(&owners, "GET /library");
    cr_expect_null(library->owner);
    cr_expect_null(library->rule);
    cr_expect_not_null(library->why);
    cr_expect_null(owners_endpoint(&owners, "GET /unknown")->owner);
    cr_expect_null(owners_endpoint(&owners, "GET /other"));
    cr_expect_null(owners_endpoint(NULL, "GET /feed"));
    cr_assert_eq(owners.note_count, 3);
    cr_expect_str_eq(owners.notes[1],
                     "1 of 5 endpoints unowned: CODEOWNERS names nobody for its files");
    cr_expect_eq(strncmp(owners.notes[2], "2 of 5 endpoints unowned: no line of the", 39), 0, "%s",
                 owners.notes[2]);
    cr_expect_str_eq(owners.notes[0], ".github/CODEOWNERS:5: one of its owners is no @name, "
                                      "@org/team or e-mail address");
}

/* Every section answers; an owner that two name is one. */
Test(owners, codeowners_of_several_sections)
{
    struct sample sample;
    struct owners owners;
    struct error err = {0};
    make_sample(&sample, "*.c @all\n[Gateway]\n/gateway/ @gateway @all\n!/net/\n",
                CODEOWNERS_GITLAB);
    cr_assert(owners_find(&owners, &sample.question, &arena, &err));
    const struct endpoint_owner *feed = owners_endpoint(&owners, "GET /feed");
    /* @all has net/send.c (50) and odd/x.c (10); the two together have 40. */
    cr_expect_str_eq(feed->owner, "@all");
    cr_expect_str_eq(feed->file, "net/send.c");
    cr_expect_str_eq(feed->rule, ".github/CODEOWNERS:1");
    make_sample(&sample, "*.c @all\n[Gateway]\n/gateway/ @gateway @all\n[Net]\n/net/ @net\n",
                CODEOWNERS_GITLAB);
    cr_assert(owners_find(&owners, &sample.question, &arena, &err));
    feed = owners_endpoint(&owners, "GET /feed");
    cr_expect_str_eq(feed->owner, "@all, @net");
    cr_expect_str_eq(feed->rule, ".github/CODEOWNERS:1,5");
    cr_expect_float_eq(feed->file_share, 0.5, 1e-12);
    make_sample(&sample, "*.c @all\n[Net]\n/net/ @net @all\n", CODEOWNERS_GITLAB);
    cr_assert(owners_find(&owners, &sample.question, &arena, &err));
    cr_expect_str_eq(owners_endpoint(&owners, "GET /send")->owner, "@all, @net");
}

Test(owners, the_config_before_openapi_before_codeowners)
{
    struct sample sample;
    struct owners owners;
    struct owners_map map;
    struct error err = {0};
    struct openapi_owner operations[] = {{"GET", "/feed", "api-feed", "api.json: 1"},
                                         {"GET", "/send", "api-send", "api.json: 2"}};
    struct owners_openapi openapi = {operations, 2};
    make_sample(&sample, rules, CODEOWNERS_GITHUB);
    cr_assert(parse_map(&map, "{\"GET /feed\": \"config-feed\", \"GET /odd\": null}", &err));
    sample.question.map = &map;
    sample.question.openapi = &openapi;
    cr_assert(owners_find(&owners, &sample.question, &arena, &err));
    cr_expect_str_eq(owners_endpoint(&owners, "GET /feed")->owner, "config-feed");
    cr_expect_eq(owners_endpoint(&owners, "GET /feed")->source, OWNER_CONFIG);
    cr_expect_str_eq(owners_endpoint(&owners, "GET /send")->owner, "api-send");
    cr_expect_eq(owners_endpoint(&owners, "GET /send")->source, OWNER_OPENAPI);
    /* Nobody is an answer, too. */
    cr_expect_null(owners_endpoint(&owners, "GET /odd")->owner);
    cr_expect_eq(owners_endpoint(&owners, "GET /odd")->source, OWNER_CONFIG);
}

Test(owners, nothing_is_known)
{
    struct sample sample;
    struct owners owners;
    struct error err = {0};
    make_sample(&sample, "", CODEOWNERS_GITHUB);
    sample.question.codeowners = NULL;
    cr_assert(owners_find(&owners, &sample.question, &arena, &err));
    cr_expect_null(owners.endpoints[0].owner);
    cr_expect_str_eq(owners.endpoints[0].why, "no owners are configured");
}
