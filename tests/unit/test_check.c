/* Whether an answer is the recorded one. */
#include "replay/check.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite(check, .timeout = 60);

static bool run(const struct check_rules *rules, const struct exchange *exchange, int status,
                const char *body, size_t size, struct buffer *difference)
{
    struct reply reply;
    reply_init(&reply);
    reply.status = status;
    buffer_append(&reply.body, body, size);
    bool same = check_reply(rules, exchange, &reply, difference);
    reply_release(&reply);
    return same;
}

struct body_case {
    char expected[96];
    char got[96];
    bool same;
};

ParameterizedTestParameters(check, bodies)
{
    static struct body_case cases[] = {
        {"plain", "plain", true},
        {"plain", "plain ", false},
        {"", "", true},
        {"", "x", false},
        {"{\"a\":1,\"b\":2}", "{ \"b\": 2, \"a\": 1 }", true},
        {"{\"a\":1}", "{\"a\":1.0}", true}, /* one number in JSON */
        {"{\"a\":1}", "{\"a\":1.5}", false},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":9007199254740993}", "{\"a\":9007199254740992}", false},
        {"{\"a\":9007199254740993}", "{\"a\":9007199254740992.0}", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":true}", "{\"a\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2,3]", false},
        {"[1, 2]", "[1,2]", true},
        {"[]", "{}", false},
        {"{\"at\":1,\"x\":[{\"at\":2}]}", "{\"at\":3,\"x\":[{\"at\":\"z\"}]}", true},
        {"{\"at\":1,\"x\":1}", "{\"x\":1}", true}, /* a volatile field may be absent */
        {"{\"at\":1,\"x\":1}", "{\"at\":1,\"x\":2}", false},
        {"{\"at\":{\"deep\":1}}", "{\"at\":7}", true},
        {"{\"a\":1,\"a\":2}", "{\"a\":1, \"a\":2}", false}, /* twice a key: bytes */
        {"1", "1.0", false},                                /* not an object or array: bytes */
        {"{\"a\":1}", "{\"a\":1", false},
    };
    return cr_make_param_array(struct body_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct body_case *each, check, bodies)
{
    static const char *const fields[] = {"at"};
    struct check_rules rules = {.volatile_fields = fields, .volatile_count = 1};
    struct exchange exchange = {
        .request = {.method = "GET"},
        .response = {.status = 200, .body = {each->expected, strlen(each->expected)}}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    bool same = run(&rules, &exchange, 200, each->got, strlen(each->got), &difference);
    cr_expect_eq(same, each->same, "%s against %s", each->expected, each->got);
    cr_expect_eq(difference.length == 0, each->same);
    buffer_release(&difference);
}

Test(check, status_differs_and_both_answers_are_shown)
{
    struct check_rules rules = {0};
    struct exchange exchange = {.request = {.method = "GET"},
                                .response = {.status = 200, .body = {"{\"ok\":1}", 8}}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect_not(run(&rules, &exchange, 500, "oh\033[31mno", 9, &difference));
    cr_expect_str_eq(buffer_text(&difference), "the status is 500, recorded was 200\n"
                                               "  expected: 200 {\"ok\":1}\n"
                                               "  got:      500 oh\\x1b[31mno");
    buffer_release(&difference);
}

Test(check, long_bodies_are_cut_around_the_difference)
{
    struct check_rules rules = {0};
    char expected[2000], got[2000];
    memset(expected, 'a', sizeof expected);
    memset(got, 'a', sizeof got);
    got[1500] = 'Z';
    struct exchange exchange = {.request = {.method = "GET"},
                                .response = {.status = 200, .body = {expected, sizeof expected}}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect_not(run(&rules, &exchange, 200, got, sizeof got, &difference));
    cr_expect(strchr(buffer_text(&difference), 'Z') != NULL);
    cr_expect(strstr(buffer_text(&difference), "2000 bytes in all") != NULL);
    cr_expect_lt(difference.length, 900);
    buffer_release(&difference);
}

Test(check, volatile_fields_do_not_hide_the_difference_shown)
{
    static const char *const fields[] = {"at"};
    struct check_rules rules = {.volatile_fields = fields, .volatile_count = 1};
    struct exchange exchange = {
        .request = {.method = "GET"},
        .response = {.status = 200, .body = {"{\"at\":1,\"n\":\"one\"}", 18}}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect_not(run(&rules, &exchange, 200, "{\"at\":2,\"n\":\"two\"}", 18, &difference));
    cr_expect_str_eq(buffer_text(&difference), "the body is not the recorded one (ignoring at)\n"
                                               "  expected: 200 {\"n\":\"one\"}\n"
                                               "  got:      200 {\"n\":\"two\"}");
    buffer_release(&difference);
}

Test(check, bodies_that_were_not_recorded_are_not_compared)
{
    struct check_rules rules = {0};
    struct exchange exchange = {.request = {.method = "GET"}, .response = {.status = 200}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect(run(&rules, &exchange, 200, "anything", 8, &difference));
    cr_expect_not(run(&rules, &exchange, 201, "anything", 8, &difference));
    cr_expect(strstr(buffer_text(&difference), "(body not recorded)") != NULL);
    buffer_release(&difference);
}

Test(check, a_status_that_was_not_recorded_is_not_compared)
{
    struct check_rules rules = {0};
    struct exchange exchange = {.request = {.method = "GET"}, .response = {.status = 0}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect(run(&rules, &exchange, 200, "anything", 8, &difference));
    cr_expect(run(&rules, &exchange, 404, "", 0, &difference));
    exchange.response.body = (struct body){"one", 3};
    cr_expect_not(run(&rules, &exchange, 200, "two", 3, &difference));
    cr_expect(strstr(buffer_text(&difference), "expected: any status one") != NULL, "%s",
              buffer_text(&difference));
    buffer_release(&difference);
}

Test(check, bytes_that_are_nul_count)
{
    struct check_rules rules = {0};
    struct exchange exchange = {.request = {.method = "GET"},
                                .response = {.status = 200, .body = {"a\0b", 3}}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect(run(&rules, &exchange, 200, "a\0b", 3, &difference));
    cr_expect_not(run(&rules, &exchange, 200, "a\0c", 3, &difference));
    cr_expect(strstr(buffer_text(&difference), "a\\x00c") != NULL);
    buffer_release(&difference);
}

Test(check, head_and_ignored_bodies_compare_the_status_only)
{
    struct check_rules ignore = {.ignore_bodies = true}, rules = {0};
    struct exchange exchange = {.request = {.method = "GET"},
                                .response = {.status = 200, .body = {"x", 1}}};
    struct buffer difference;
    buffer_init(&difference, 8192);
    cr_expect(run(&ignore, &exchange, 200, "", 0, &difference));
    cr_expect_not(run(&ignore, &exchange, 404, "", 0, &difference));
    exchange.request.method = "HEAD";
    cr_expect(run(&rules, &exchange, 200, "", 0, &difference));
    buffer_release(&difference);
}

/* "old" was recorded where "new" stands now. */
static bool is_new_for_old(const void *context, const char *recorded, size_t recorded_bytes,
                           const char *got, size_t got_bytes)
{
    (void)context;
    return recorded_bytes == 3 && got_bytes == 3 && memcmp(recorded, "old", 3) == 0 &&
           memcmp(got, "new", 3) == 0;
}

Test(check, carried_values_may_stand_for_recorded_ones)
{
    static const struct body_case cases[] = {
        {"{\"id\":\"old\",\"l\":[\"old\"]}", "{\"l\":[\"new\"],\"id\":\"new\"}", true},
        {"{\"id\":\"old\"}", "{\"id\":\"old\"}", true},
        {"{\"id\":\"old\"}", "{\"id\":\"other\"}", false},
        {"{\"id\":\"new\"}", "{\"id\":\"old\"}", false},
        {"{\"old\":1}", "{\"new\":1}", false}, /* a name is no value */
        {"{\"id\":\"old\"}", "{\"id\":{}}", false},
        {"old", "new", true},
        {"old", "next", false},
    };
    struct check_rules rules = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct exchange exchange = {
            .request = {.method = "GET"},
            .response = {.status = 200, .body = {cases[i].expected, strlen(cases[i].expected)}}};
        struct buffer difference;
        struct reply reply;
        buffer_init(&difference, 8192);
        reply_init(&reply);
        reply.status = 200;
        buffer_append_string(&reply.body, cases[i].got);
        cr_expect_eq(
            check_reply_carried(&rules, &exchange, &reply, is_new_for_old, NULL, &difference),
            cases[i].same, "%s against %s", cases[i].expected, cases[i].got);
        reply_release(&reply);
        buffer_release(&difference);
    }
}
