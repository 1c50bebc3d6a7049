/* Templates out of requests. What a segment's shape says, and what varies at a place: the answers
 * are worked out by hand from the rules in replay/infer_shape.h and replay/infer_collapse.c. */
#include "replay/infer.h"
#include "replay/infer_shape.h"

#include "base/macros.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(infer, .timeout = 60);

struct shape_case {
    char text[72];
    unsigned wanted;
};

ParameterizedTestParameters(infer, shape)
{
    static struct shape_case cases[] = {
        /* words of a route */
        {"", 0},
        {"users", 0},
        {"me", 0},
        {"notification-preferences", 0}, /* long, but words */
        {"notificationpreferences", 0},
        {"terms-of-service-and-privacy-policy", 0},
        {"getUserByAccountIdAndName", INFER_LONG}, /* one word of 25 letters: no word */
        {"oauth2", 0},
        {"sha-256", INFER_SLUG}, /* a known mistake: three digits of their own are an id */
        {"utf-8", 0},
        {"base64url", 0},
        {"x86_64", 0},
        {"favicon.ico", 0},
        {"jquery.min.js", 0},
        {"en-US", 0},
        {"facade", 0}, /* hexadecimal digits, but none of 0 to 9 */
        {"$metadata", 0},
        {"batch:get", 0},
        {"~", 0},
        /* versions */
        {"v3", 0},
        {"V12", 0},
        {"v1.2", 0},
        {"v2beta1", 0},
        {"v1-rc2", 0},
        {"1.1", 0},
        {"v1.2.3", 0},
        {"v1234", 0}, /* no version, but no id by itself either */
        /* ids */
        {"7", INFER_NUMBER},
        {"70003", INFER_NUMBER},
        {"00000000000000000000000000000000000000000000000000000000000000000001", INFER_NUMBER},
        {"6f1c2e1e-0b0a-4d8e-9c53-0a1b2c3d4e5f", INFER_UUID},
        {"6F1C2E1E-0B0A-4D8E-9C53-0A1B2C3D4E5F", INFER_UUID},
        {"6f1c2e1e-0b0a-4d8e-9c53-0a1b2c3d4e5", INFER_SLUG}, /* one digit short */
        {"9f86d081884c7d65", INFER_HEX},
        {"c0ffee", INFER_HEX},
        {"2024-05-17", INFER_DATE},
        {"2024-05", INFER_DATE},
        {"2024-05-17T08:00:00Z", INFER_DATE},
        {"10.0.0.1", INFER_DIGITS},
        {"1.2.3", INFER_DIGITS},
        {"-12", INFER_DIGITS},
        {"pin-70003", INFER_SLUG},
        {"user-123", INFER_SLUG},
        {"user_12345_avatar", INFER_SLUG},
        {"app.3f2a9c.js", INFER_SLUG},
        {"cus_9s6XKzkNRiz8i3", INFER_SLUG},
        {"user12345", INFER_SLUG},
        {"dQw4w9WgXcQ", INFER_TOKEN},
        {"QWxhZGRpbjpvcGVuIHNlc2FtZQ", INFER_LONG},
        {"alice@example.com", INFER_CHARACTERS},
        {"My%20File", INFER_CHARACTERS},
        {"a,b,c", INFER_CHARACTERS},
        {"{x}", INFER_CHARACTERS},
        {"caf\xc3\xa9", INFER_CHARACTERS},
        {"*", INFER_CHARACTERS},
        {"aaaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaa", INFER_LONG},
        /* weak: only a series of them is one */
        {"user-7", 0},
        {"step-12", 0},
    };
    return cr_make_param_array(struct shape_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct shape_case *each, infer, shape)
{
    struct buffer got, wanted;
    buffer_init(&got, 256);
    buffer_init(&wanted, 256);
    infer_append_rules(&got, infer_shape((struct segment){each->text, strlen(each->text)}));
    infer_append_rules(&wanted, each->wanted);
    cr_expect_str_eq(buffer_text(&got), buffer_text(&wanted), "%s: %s, not %s", each->text,
                     buffer_text(&got), buffer_text(&wanted));
    buffer_release(&got);
    buffer_release(&wanted);
}

/* "TEMPLATE (rule)\n" for each template that the requests make. */
static char *inferred(const char *const *requests, size_t count)
{
    struct infer *infer;
    struct endpoint_row *rows;
    struct error err = {0};
    struct arena arena;
    size_t found, size;
    char *text = NULL;
    FILE *file = open_memstream(&text, &size);
    arena_init(&arena);
    cr_assert(infer_new(&infer, &err));
    for (size_t i = 0; i < count; i++) {
        char method[32];
        snprintf(method, sizeof method, "%.*s", (int)strcspn(requests[i], " "), requests[i]);
        cr_assert(infer_add(infer, method, strchr(requests[i], ' ') + 1, &err));
    }
    cr_assert(infer_finish(infer, &rows, &found, &arena, &err), "%s", err.text);
    for (size_t i = 0; i < found; i++) {
        cr_expect_null(endpoint_template_problem(rows[i].text), "%s", rows[i].text);
        cr_expect_eq(rows[i].source, ENDPOINT_INFERRED);
        fprintf(file, "%s (%s)\n", rows[i].text, rows[i].rule);
    }
    fclose(file);
    infer_free(infer);
    arena_release(&arena);
    return text;
}

#define EXPECT_INFERRED(wanted, ...)                                                               \
    do {                                                                                           \
        static const char *const requests[] = {__VA_ARGS__};                                       \
        char *text = inferred(requests, COUNT_OF(requests));                                       \
        cr_expect_str_eq(text, wanted, "%s", text);                                                \
        free(text);                                                                                \
    } while (0)

Test(infer, words_beside_ids_stay)
{
    EXPECT_INFERRED("GET /v3/users/me (literal)\n"
                    "DELETE /v3/users/{id} (number)\n"
                    "GET /v3/users/{id} (number)\n"
                    "GET /v3/users/{id}/boards (number)\n",
                    "GET /v3/users/me", "GET /v3/users/123?full=1", "DELETE /v3/users/7",
                    "GET /v3/users/9/boards");
}

Test(infer, kinds_at_one_place_are_one_variable)
{
    EXPECT_INFERRED("GET /a/{id} (number/UUID/slug)\n", "GET /a/1", "GET /a/pin-70003",
                    "GET /a/6f1c2e1e-0b0a-4d8e-9c53-0a1b2c3d4e5f");
}

Test(infer, variables_of_one_template_have_different_names)
{
    EXPECT_INFERRED("GET /a/{id}/{date}/{id2} (number, date, hex)\n", "GET /a/1/2024-05-17/c0ffee");
}

Test(infer, a_stem_that_is_an_id_once_is_one_always)
{
    EXPECT_INFERRED("GET /u/{id} (slug/series)\n", "GET /u/user-7", "GET /u/user-12345");
    EXPECT_INFERRED("GET /u/user-7 (literal)\nGET /u/{id} (number)\n", "GET /u/user-7", "GET /u/1");
}

Test(infer, a_series_takes_three)
{
    EXPECT_INFERRED("GET /step-1 (literal)\nGET /step-2 (literal)\n", "GET /step-1", "GET /step-2");
    EXPECT_INFERRED("GET /other-1 (literal)\nGET /{id} (series)\n", "GET /step-1", "GET /step-2",
                    "GET /step-2", "GET /step-31", "GET /other-1");
    EXPECT_INFERRED("GET /v1/a (literal)\nGET /v2/a (literal)\nGET /v3/a (literal)\n", "GET /v1/a",
                    "GET /v2/a", "GET /v3/a");
}

Test(infer, targets_of_all_forms)
{
    EXPECT_INFERRED("OPTIONS * (literal)\nGET / (literal)\nGET //x (literal)\nGET /a (literal)\n"
                    "GET /a/ (literal)\n",
                    "GET /", "OPTIONS *", "GET http://a.example/a?x=/1", "GET /a/", "GET //x");
}

Test(infer, a_very_deep_path_ends_in_a_rest)
{
    char target[256] = "GET ";
    for (int i = 0; i < 40; i++)
        strncat(target, "/a", sizeof target - strlen(target) - 1);
    const char *const requests[] = {target};
    char *text = inferred(requests, 1);
    cr_expect_str_eq(text + strlen(text) - strlen("/a/{rest...} (deep)\n"), "/a/{rest...} (deep)\n",
                     "%s", text);
    free(text);
}

/* Requests with a word between two texts, one for each of `count` words, `times` each. */
static size_t make(char (*out)[64], size_t at, const char *before, const char *after, int count,
                   int times)
{
    for (int i = 0; i < count; i++) {
        char word[8] = {(char)('a' + i / 26 % 26), (char)('a' + i % 26), 'o', 'n', 'e'};
        for (int k = 0; k < times; k++)
            snprintf(out[at++], 64, "%s%s%s", before, word, after);
    }
    return at;
}

static void expect_made(char (*made)[64], size_t count, const char *wanted)
{
    const char **requests = calloc(count, sizeof *requests);
    for (size_t i = 0; i < count; i++)
        requests[i] = made[i];
    char *text = inferred(requests, count);
    cr_expect_str_eq(text, wanted, "%.500s", text);
    free(text);
    free(requests);
}

static char made[20000][64];

Test(infer, many_values_are_one_variable_and_known_words_stay)
{
    size_t count = make(made, 0, "GET /users/", "", 21, 1);
    snprintf(made[count++], 64, "GET /users/me");
    count = make(made, count, "GET /users/", "/pins", 3, 1);
    expect_made(made, count,
                "GET /users/me (literal)\nGET /users/{name} (values)\n"
                "GET /users/{name}/pins (values)\n");
}

static size_t count_lines(char (*made_up)[64], size_t count)
{
    const char **requests = calloc(count, sizeof *requests);
    size_t lines = 0;
    for (size_t i = 0; i < count; i++)
        requests[i] = made_up[i];
    char *text = inferred(requests, count);
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    free(text);
    free(requests);
    return lines;
}

Test(infer, twenty_values_are_words)
{
    cr_expect_eq(count_lines(made, make(made, 0, "GET /users/", "", 20, 1)), 20);
}

Test(infer, resources_stay_though_they_are_many)
{
    /* after the version: fewer than a hundred names are resources, each with its ids */
    cr_expect_eq(count_lines(made, make(made, 0, "GET /api/v3/", "/17", 60, 1)), 60);
    cr_expect_eq(count_lines(made, make(made, 0, "GET /api/v3/", "/17", 101, 1)), 1);
    /* and a hundred that all are seen often are resources as well */
    cr_expect_eq(count_lines(made, make(made, 0, "GET /api/v3/", "/17", 120, 5)), 120);
}

Test(infer, sub_resources_stay_and_a_closed_set_of_values_does_not)
{
    /* thirty names, each used often and for things of its own */
    size_t count = 0;
    for (int i = 0; i < 30; i++)
        for (int k = 0; k < 5; k++)
            snprintf(made[count++], 64, "GET /users/1/part%c%c/of%d", 'a' + i / 26, 'a' + i % 26,
                     i);
    cr_expect_eq(count_lines(made, count), 30);
    /* thirty names that are used alike */
    cr_expect_eq(count_lines(made, make(made, 0, "GET /repos/x/", "/issues", 30, 5)), 1);
}

Test(infer, the_order_of_requests_does_not_matter)
{
    size_t count = make(made, 0, "GET /users/", "/pins", 40, 1);
    count = make(made, count, "POST /users/", "", 30, 2);
    count = make(made, count, "GET /v3/", "/step-1", 25, 1);
    count = make(made, count, "GET /v3/", "/step-2", 25, 1);
    count = make(made, count, "GET /v3/", "/step-3/%41", 25, 1);
    snprintf(made[count++], 64, "GET /v3/x/user-7");
    snprintf(made[count++], 64, "GET /v3/x/user-70000");
    const char **requests = calloc(count, sizeof *requests);
    for (size_t i = 0; i < count; i++)
        requests[i] = made[i];
    char *first = inferred(requests, count);
    srand(7);
    for (int round = 0; round < 20; round++) {
        for (size_t i = count - 1; i > 0; i--) {
            size_t other = (size_t)rand() % (i + 1);
            const char *kept = requests[i];
            requests[i] = requests[other];
            requests[other] = kept;
        }
        char *again = inferred(requests, count);
        cr_expect_str_eq(again, first);
        free(again);
    }
    free(first);
    free(requests);
}

Test(infer, nothing_makes_nothing)
{
    char *text = inferred(NULL, 0);
    cr_expect_str_eq(text, "");
    free(text);
}
