#include "replay/normalise.h"

#include "base/macros.h"
#include "replay/answer_difference.h"
#include "replay/json_leaves.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const volatile_names[] = {"ts", "nonce"};
static const struct normalise_rules rules = {volatile_names, 2};
static const struct normalise_rules no_rules = {NULL, 0};

static struct request_parts request(const char *method, const char *target, const char *body)
{
    return (struct request_parts){method, target, body, strlen(body)};
}

/* With a bar where a NUL stands, so that it can be read. */
static char *spelt(const struct normalise_rules *by, struct request_parts parts, bool template)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    (template ? normalise_template : normalise_request)(by, &parts, &out);
    cr_assert_not(out.failed);
    char *copy = calloc(out.length + 1, 1);
    for (size_t i = 0; i < out.length; i++)
        copy[i] = out.data[i] == '\0' ? '|' : out.data[i];
    buffer_release(&out);
    return copy;
}

struct spelling {
    const char *target, *body, *expected;
};

Test(normalise, one_spelling_for_what_means_the_same, .timeout = 20)
{
    static const struct spelling cases[] = {
        {"/a?b=2&a=1", "", "PUT|/a?a=1&b=2|"},
        {"/a?b=2&a=1&ts=9&nonce", "", "PUT|/a?a=1&b=2|"},
        {"/a?ts=1", "", "PUT|/a|"},
        {"/a?k=2&k=1&&", "", "PUT|/a?k=2&k=1|"}, /* the order of equal keys counts */
        {"/%7euser/%2f?q=a+b", "", "PUT|/~user/%2F?q=a%20b|"},
        {"/a?%62=1&a=%zz", "", "PUT|/a?a=%25zz&b=1|"},
        {"http://h.example/x?y", "", "PUT|/x?y|"},
        {"/a", " { \"b\" : 1.0, \"a\" : [ {\"ts\":5,\"c\":2} ] }\n",
         "PUT|/a|{\"a\":[{\"c\":2}],\"b\":1}"},
        {"/a", "{\"b\":0.5,\"a\":12345678901234567890.0}",
         "PUT|/a|{\"a\":1.2345678901234567e19,\"b\":0.5}"},
        {"/a", "b=2&a=1&ts=4", "PUT|/a|a=1&b=2"},
        {"/a", "plain text, b=2&a=1", "PUT|/a|plain text, b=2&a=1"},
        {"/a", "{\"a\":1,\"a\":2}", "PUT|/a|{\"a\":1,\"a\":2}"}, /* a key twice: no JSON to us */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = spelt(&rules, request("PUT", cases[i].target, cases[i].body), false);
        cr_expect_str_eq(text, cases[i].expected, "%s: %s", cases[i].target, text);
        free(text);
    }
}

Test(normalise, a_template_keeps_all_but_the_values, .timeout = 20)
{
    static const struct spelling cases[] = {
        {"/v3/users/17?b=1&a=2&b=3&ts=1", "", "PUT|/v3/users/{}?a&b|"},
        {"/v3/pins/pin-70003/related", "", "PUT|/v3/pins/{}/related?|"},
        {"/v3/things", "{\"b\":[1,2],\"a\":{\"c\":1},\"ts\":3}",
         "PUT|/v3/things?|{{\"a\":null,\"b\":null}"},
        {"/v3/things", "[1]", "PUT|/v3/things?|[{}"},
        {"/v3/things", "b=1&a=2", "PUT|/v3/things?|a&b"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = spelt(&rules, request("PUT", cases[i].target, cases[i].body), true);
        cr_expect_str_eq(text, cases[i].expected, "%s: %s", cases[i].target, text);
        free(text);
    }
}

Test(normalise, ids_are_told_from_names, .timeout = 20)
{
    static const char *const ids[] = {"7",
                                      "70003",
                                      "user-123",
                                      "550e8400-e29b-41d4-a716-446655440000",
                                      "4ba55684ac43",
                                      "2026-01-31",
                                      "AbCdEfGhIjKlMnOpQrStUv",
                                      "a1b2c3"};
    static const char *const names[] = {"v3",     "v1.2", "users",   "notification-preferences",
                                        "oauth2", "mp4",  "related", "facade"};
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        cr_expect(normalise_is_id(ids[i], strlen(ids[i])), "%s", ids[i]);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        cr_expect_not(normalise_is_id(names[i], strlen(names[i])), "%s", names[i]);
}

Test(normalise, a_query_of_very_many_parts_stays_as_it_is, .timeout = 20)
{
    char target[4 * NORMALISE_PAIRS_MAX + 16] = "/a?z";
    for (size_t i = 0; i < NORMALISE_PAIRS_MAX; i++)
        memcpy(target + 4 + 2 * i, "&a", 2);
    char *text = spelt(&no_rules, request("PUT", target, ""), false);
    cr_expect(strncmp(text, "PUT|/a?z&a&a", 12) == 0, "%s", text);
    free(text);
}

static void expect_difference(struct request_parts asked, struct request_parts recorded,
                              const char *expected)
{
    struct buffer out;
    buffer_init(&out, 65536);
    answer_difference_append(&rules, &asked, &recorded, "- ", &out);
    cr_expect_str_eq(buffer_text(&out), expected, "%s", buffer_text(&out));
    buffer_release(&out);
}

Test(normalise, differences_are_named_field_by_field, .timeout = 20)
{
    expect_difference(request("PUT", "/a/1/b", ""), request("GET", "/a/2", ""),
                      "\n- method: \"PUT\" asked, \"GET\" recorded"
                      "\n- path segment 2: \"1\" asked, \"2\" recorded"
                      "\n- path segment 3: \"b\" asked, nothing recorded");
    expect_difference(request("GET", "/a?x=1&y=2&ts=1", ""), request("GET", "/a?z=3&x=2&ts=7", ""),
                      "\n- query x: \"1\" asked, \"2\" recorded"
                      "\n- query y: \"2\" asked, nothing recorded"
                      "\n- query z: nothing asked, \"3\" recorded");
    expect_difference(
        request("PUT", "/a", "{\"u\":{\"n/m\":\"x\",\"same\":1},\"l\":[1,2],\"ts\":1}"),
        request("PUT", "/a", "{\"u\":{\"n/m\":7,\"same\":1.0},\"l\":[1],\"o\":null}"),
        "\n- body /u/n~1m: \"x\" asked, \"7\" recorded"
        "\n- body /l/1: \"2\" asked, nothing recorded"
        "\n- body /o: nothing asked, \"null\" recorded");
    expect_difference(request("PUT", "/a", "text one"), request("PUT", "/a", "text two"),
                      "\n- body from byte 5: \"one\" asked, \"two\" recorded");
    expect_difference(request("PUT", "/a?b=1&a=2", ""), request("PUT", "/a?a=2&b=1", ""),
                      "\n- in the spelling alone");
}

Test(normalise, differences_are_bounded_and_safe_to_show, .timeout = 20)
{
    struct buffer out;
    struct request_parts asked = request("PUT", "/a", "[1,2,3,4,5,6,7,8,9,\"\\u001b[31m\"]");
    struct request_parts recorded = request("PUT", "/a", "[]");
    buffer_init(&out, 65536);
    answer_difference_append(&rules, &asked, &recorded, "- ", &out);
    cr_expect(strstr(buffer_text(&out), "\n- body /5: \"6\"") != NULL, "%s", buffer_text(&out));
    cr_expect(strstr(buffer_text(&out), "\n- and 4 more") != NULL, "%s", buffer_text(&out));
    cr_expect(strchr(buffer_text(&out), '\x1b') == NULL);
    buffer_release(&out);
}

Test(normalise, the_nearest_has_the_lowest_score, .timeout = 20)
{
    struct request_parts asked = request("GET", "/v3/users/7?a=1", "");
    const struct request_parts by_distance[] = {
        request("GET", "/v3/users/7?a=1", ""), request("GET", "/v3/users/7?a=2", ""),
        request("GET", "/v3/users/8?a=1", ""), request("GET", "/v3/pins/8?a=1", ""),
        request("PUT", "/v3/pins/8", "x")};
    for (size_t i = 1; i < COUNT_OF(by_distance); i++)
        cr_expect_lt(answer_difference_score(&asked, &by_distance[i - 1]),
                     answer_difference_score(&asked, &by_distance[i]), "%zu", i);
    cr_expect_eq(answer_difference_score(&asked, &by_distance[0]), 0);
}

struct seen {
    char text[1024];
    const char *json;
};

static bool note(void *context, const struct json_leaf *leaf)
{
    struct seen *seen = context;
    size_t length = strlen(seen->text);
    snprintf(seen->text + length, sizeof seen->text - length, "%s=%s[%.*s]%s ", leaf->pointer,
             leaf->value, (int)(leaf->to - leaf->from), seen->json + leaf->from,
             leaf->is_string ? "" : "#");
    return true;
}

Test(json_leaves, leaves_are_where_they_say_they_are, .timeout = 20)
{
    struct seen seen = {.json =
                            " {\"a\" : [1, \"x\\ny\", {\"b/c\":-2.5e3}], \"t\":true,\"\":\"\"} "};
    cr_expect(json_leaves_walk(seen.json, strlen(seen.json), note, &seen));
    cr_expect_str_eq(seen.text, "/a/0=1[1]# /a/1=x\ny[x\\ny] /a/2/b~1c=-2.5e3[-2.5e3]# /=[] ", "%s",
                     seen.text);
}

static bool stop(void *context, const struct json_leaf *leaf)
{
    (void)leaf;
    ++*(int *)context;
    return false;
}

Test(json_leaves, what_is_no_json_or_too_deep_is_refused, .timeout = 20)
{
    static const char *const texts[] = {"", "\"text\"", "{\"a\":1", "{\"a\":1,\"a\":2}", "[1,]"};
    char deep[4 * JSON_LEAVES_DEPTH_MAX];
    int count = 0;
    memset(deep, '[', sizeof deep / 2);
    memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
    struct seen seen = {.json = deep};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        cr_expect_not(json_leaves_walk(texts[i], strlen(texts[i]), note, &seen), "%s", texts[i]);
    cr_expect_not(json_leaves_walk(deep, sizeof deep, note, &seen));
    cr_expect_not(json_leaves_walk("[1,2]", 5, stop, &count));
    cr_expect_eq(count, 1);
}
