/* Which template a request belongs to. The answers are worked out by hand from the rules in
 * replay/endpoints.h. */
#include "replay/endpoints.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

TestSuite(endpoints, .timeout = 60);

static const char *const texts[] = {
    "GET /",                     /* 0 */
    "GET /users/{id}",           /* 1 */
    "GET /users/me",             /* 2 */
    "POST /users",               /* 3 */
    "* /users/{id}/{what}",      /* 4 */
    "GET /a/{x}/c",              /* 5 */
    "GET /a/b/{y}",              /* 6 */
    "GET /static/{rest...}",     /* 7 */
    "GET /static/{name}",        /* 8 */
    "DELETE /users/{id}/{what}", /* 9 */
    "OPTIONS *",                 /* 10 */
    "GET /users/",               /* 11 */
    "GET /users/{id}.json",      /* 12 */
    "GET /diff/{a}...{b}",       /* 13 */
    "GET /diff/{a}...{b}.patch", /* 14 */
    "GET /diff/{a}",             /* 15 */
    "GET /jobs/{id}:run",        /* 16 */
};

struct match_case {
    char method[16];
    char target[64];
    long wanted;
};

ParameterizedTestParameters(endpoints, match)
{
    static struct match_case cases[] = {
        {"GET", "/", 0},
        {"GET", "/?q=/users/1", 0},
        {"GET", "/users/17", 1},
        {"GET", "/users/17?x=a/b", 1},
        {"GET", "/users/me", 2},
        {"GET", "/users/m%65", 1}, /* not decoded */
        {"POST", "/users", 3},
        {"POST", "/users/", -1}, /* an empty segment is a segment, and no variable takes it */
        {"GET", "/users/", 11},
        {"get", "/users/17", -1}, /* methods are case-sensitive */
        {"PUT", "/users/1/pins", 4},
        {"DELETE", "/users/1/pins", 9},
        {"GET", "/users/1/pins/2", -1},
        {"GET", "/users//pins", -1},
        {"GET", "/a/b/c", 6}, /* as concrete as 5, but the literal stands further left */
        {"GET", "/a/x/c", 5},
        {"GET", "/static/app.js", 8},
        {"GET", "/static/js/app.js", 7},
        {"GET", "/static/", 7},
        {"GET", "/static", -1},
        {"GET", "/../../x", -1},
        {"GET", "/a/../c", 5}, /* dots are not resolved */
        {"OPTIONS", "*", 10},
        {"GET", "*", -1},
        {"GET", "http://api.example/users/9?z", 1},
        {"GET", "http://api.example", 0},
        {"GET", "HTTPS://api.example?z=1", 0},
        {"GET", "/users/17.json", 12}, /* part of a segment is more concrete than all of it */
        {"GET", "/users/.json", 1},    /* a variable takes one character or more */
        {"GET", "/users/a.json.json", 12},
        {"GET", "/users/a.jsonx", 1},
        {"GET", "/diff/main...topic", 13},
        {"GET", "/diff/main...topic.patch", 14},
        {"GET", "/diff/main....", 13}, /* the last of the dots is the second variable */
        {"GET", "/diff/main...", 15},
        {"GET", "/diff/...x", 15},
        {"GET", "/jobs/7:run", 16},
        {"GET", "/jobs/7:stop", -1},
    };
    return cr_make_param_array(struct match_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct match_case *each, endpoints, match)
{
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    cr_assert(endpoint_map_parse(&map, texts, COUNT_OF(texts), &arena, &err), "%s", err.text);
    long found = endpoint_map_match(&map, each->method, each->target);
    arena_release(&arena);
    cr_expect_eq(found, each->wanted, "%s %s: %ld, not %ld", each->method, each->target, found,
                 each->wanted);
}

Test(endpoints, keeps_the_name_as_written)
{
    static const char *const one[] = {"GET /v3/{id}/x"};
    struct arena arena;
    struct endpoint_map map;
    arena_init(&arena);
    cr_assert(endpoint_map_parse(&map, one, 1, &arena, NULL));
    cr_expect_str_eq(map.templates[0].name, "GET /v3/{id}/x");
    cr_expect_str_eq(map.templates[0].method, "GET");
    cr_expect_str_eq(map.templates[0].path, "/v3/{id}/x");
    cr_expect_eq(map.templates[0].literal_segments, 2);
    arena_release(&arena);
}

Test(endpoints, no_templates_match_nothing)
{
    struct arena arena;
    struct endpoint_map map;
    arena_init(&arena);
    cr_assert(endpoint_map_parse(&map, NULL, 0, &arena, NULL));
    cr_expect_eq(endpoint_map_match(&map, "GET", "/"), -1);
    arena_release(&arena);
}

struct refusal {
    char texts[2][48];
    char message[64];
};

ParameterizedTestParameters(endpoints, refuse)
{
    static struct refusal cases[] = {
        {{"GET /a", "/users"}, "template 1 \"/users\": must be a method"},
        {{"GET /a", ""}, "must be a method"},
        {{"GET /a", " /x"}, "must begin with a method"},
        {{"GET /a", "GET users"}, "must begin with /"},
        {{"GET /a", "GET /a b"}, "must begin with / and have no spaces"},
        {{"GET /a", "GET /x?y=1"}, "has no query"},
        {{"GET /a", "GET /x/{}"}, "needs a name"},
        {{"GET /a", "GET /x/{...}"}, "needs a name"},
        {{"GET /a", "GET /x/{id"}, "without its other"},
        {{"GET /a", "GET /x/id}"}, "without its other"},
        {{"GET /a", "GET /x/}id{"}, "without its other"},
        {{"GET /a", "GET /x/{a{b}"}, "inside of {}"},
        {{"GET /a", "GET /{a}{b}"}, "some text between"},
        {{"GET /a", "GET /v{rest...}"}, "whole segment"},
        {{"GET /a/x{b}", "GET /a/x{c}"}, "same requests as template 0"},
        {{"GET /a", "GET /{rest...}/x"}, "only be the last"},
        {{"GET /a/{x}", "GET /a/{other}"}, "same requests as template 0"},
        {{"GET /a", "GET /a"}, "template 1 \"GET /a\" matches the same"},
    };
    return cr_make_param_array(struct refusal, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct refusal *each, endpoints, refuse)
{
    const char *const both[] = {each->texts[0], each->texts[1]};
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    bool ok = endpoint_map_parse(&map, both, 2, &arena, &err);
    arena_release(&arena);
    cr_expect_not(ok, "\"%s\" was accepted", each->texts[1]);
    cr_expect(strstr(err.text, each->message) != NULL, "said: %s", err.text);
    cr_expect_eq(err.code, ERROR_USAGE);
}

Test(endpoints, different_shapes_are_not_twins)
{
    static const char *const fine[] = {"GET /a/{x}", "POST /a/{x}", "GET /a/{x...}", "GET /a/x",
                                       "GET /a/{x}/"};
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    cr_expect(endpoint_map_parse(&map, fine, COUNT_OF(fine), &arena, &err), "%s", err.text);
    arena_release(&arena);
}

/* A source outranks those after it, however concrete they are. */
Test(endpoints, sources_have_a_rank)
{
    static const struct endpoint_row rows[] = {
        {"GET /users/me", ENDPOINT_INFERRED, "literal"},
        {"GET /users/{name}", ENDPOINT_FROM_MAP, "values"},
        {"GET /users/{id}", ENDPOINT_FROM_OPENAPI, "getUser"},
        {"GET /users/me", ENDPOINT_FROM_OPENAPI, "getMe"},
        {"GET /{what}/{id}", ENDPOINT_FROM_USER, NULL},
        {"GET /pins/{id}", ENDPOINT_FROM_MAP, "number"},
        {"GET /users/{id}", ENDPOINT_FROM_CORPUS, "recorded"},
    };
    static const size_t wanted[] = {4, 3, 2, 1, 6, 0};
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    size_t found[8];
    arena_init(&arena);
    cr_assert(endpoint_map_build(&map, rows, COUNT_OF(rows), &arena, &err), "%s", err.text);
    cr_assert_eq(endpoint_map_match_all(&map, "GET", "/users/me?x", found, 8), COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        cr_expect_eq(found[i], wanted[i], "%zu: %zu, not %zu", i, found[i], wanted[i]);
    /* the first few of all */
    cr_expect_eq(endpoint_map_match_all(&map, "GET", "/users/me", found, 2), COUNT_OF(wanted));
    cr_expect_eq(found[1], 3);
    cr_expect_eq(endpoint_map_match(&map, "GET", "/users/me"), 4);
    cr_expect_str_eq(map.templates[4].rule, "");
    cr_expect_eq(endpoint_map_match(&map, "GET", "/pins/7/x"), -1);
    arena_release(&arena);
}

Test(endpoints, twins_are_refused_within_a_source_and_told_by_their_number_there)
{
    static const struct endpoint_row rows[] = {
        {"GET /a/{x}", ENDPOINT_FROM_USER, NULL},
        {"GET /a/{y}", ENDPOINT_FROM_MAP, NULL},
        {"GET /b", ENDPOINT_FROM_USER, NULL},
        {"GET /a/{z}", ENDPOINT_FROM_MAP, NULL},
    };
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    cr_expect(endpoint_map_build(&map, rows, 3, &arena, &err), "%s", err.text);
    cr_expect_not(endpoint_map_build(&map, rows, 4, &arena, &err));
    cr_expect(strstr(err.text, "template 1 \"GET /a/{z}\" matches the same requests as template 0 "
                               "\"GET /a/{y}\"") != NULL,
              "%s", err.text);
    arena_release(&arena);
}

/* By trying each template alone: the tree of all of them finds the same. */
Test(endpoints, the_tree_finds_what_each_template_by_itself_matches)
{
    static const char *const segments[] = {"a", "b", "{x}", "{x}-b", "a-{y}"};
    static const char *const given[] = {"a", "b", "c", "a-b", "-b", "a-", ""};
    enum { DEPTH_TEMPLATES = 125, TARGETS = 343 };
    static char texts_of[DEPTH_TEMPLATES][64];
    const char *all[DEPTH_TEMPLATES];
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    for (int i = 0; i < DEPTH_TEMPLATES; i++) {
        snprintf(texts_of[i], sizeof texts_of[i], "GET /%s/%s/%s", segments[i / 25],
                 segments[i / 5 % 5], segments[i % 5]);
        all[i] = texts_of[i];
    }
    cr_assert(endpoint_map_parse(&map, all, DEPTH_TEMPLATES, &arena, &err), "%s", err.text);
    for (int t = 0; t < TARGETS; t++) {
        char target[64];
        size_t found[DEPTH_TEMPLATES], count = 0;
        snprintf(target, sizeof target, "/%s/%s/%s", given[t / 49], given[t / 7 % 7], given[t % 7]);
        for (int i = 0; i < DEPTH_TEMPLATES; i++) {
            struct endpoint_map alone;
            cr_assert(endpoint_map_parse(&alone, &all[i], 1, &arena, &err));
            count += endpoint_map_match(&alone, "GET", target) == 0;
        }
        cr_expect_eq(endpoint_map_match_all(&map, "GET", target, found, DEPTH_TEMPLATES), count,
                     "%s", target);
    }
    arena_release(&arena);
}
