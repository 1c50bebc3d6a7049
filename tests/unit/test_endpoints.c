/* Which template a request belongs to. The answers are worked out by hand from the rules in
 * replay/endpoints.h. */
#include "replay/endpoints.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
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
        {{"GET /a", "GET /x/{id}.json"}, "whole segment"},
        {{"GET /a", "GET /x/{id"}, "whole segment"},
        {{"GET /a", "GET /x/id}"}, "whole segment"},
        {{"GET /a", "GET /{a}{b}"}, "whole segment"},
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
