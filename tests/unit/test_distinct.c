/* Requests of logs, counted. */
#include "replay/distinct.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(distinct, .timeout = 600);

static struct span span(const char *text)
{
    return (struct span){text, strlen(text)};
}

static struct logged_request request(const char *method, const char *target, int status)
{
    return (struct logged_request){.method = span(method),
                                   .target = span(target),
                                   .status = status,
                                   .proto = "HTTP/1.1",
                                   .size_bytes = -1};
}

static void add(struct distinct *distinct, struct logged_request one, int times)
{
    struct error err = {0};
    for (int i = 0; i < times; i++)
        cr_assert(distinct_add(distinct, &one, &err), "%s", err.text);
}

struct emitted {
    char lines[32][200];
    size_t count;
    double weight;
};

static bool take(void *context, struct exchange *exchange, struct error *err)
{
    struct emitted *emitted = context;
    char *line = emitted->lines[emitted->count++];
    (void)err;
    snprintf(line, 200, "%s %s %d x%.3g", exchange->request.method, exchange->request.target,
             exchange->response.status, exchange->weight);
    if (exchange->authority[0] != '\0')
        snprintf(line + strlen(line), 200 - strlen(line), " at %s", exchange->authority);
    if (exchange->response.body.size > 0)
        snprintf(line + strlen(line), 200 - strlen(line), " %zu bytes",
                 exchange->response.body.size);
    for (size_t i = 0; i < exchange->request.headers.count; i++)
        snprintf(line + strlen(line), 200 - strlen(line), " %s=%s",
                 exchange->request.headers.items[i].name, exchange->request.headers.items[i].value);
    emitted->weight += exchange->weight;
    cr_expect_null(exchange->response.body.data);
    return true;
}

static struct emitted *emit(struct distinct *distinct)
{
    static struct emitted emitted;
    struct error err = {0};
    memset(&emitted, 0, sizeof emitted);
    cr_assert(distinct_emit(distinct, take, &emitted, &err), "%s", err.text);
    return &emitted;
}

static struct distinct *make(const struct endpoint_map *map, size_t most)
{
    struct distinct_options options = {map, most};
    struct distinct *distinct;
    struct error err = {0};
    cr_assert(distinct_new(&distinct, &options, &err));
    return distinct;
}

Test(distinct, equal_requests_are_one)
{
    struct distinct *distinct = make(NULL, 100);
    struct logged_request host = request("GET", "/a", 200);
    host.authority = span("b.example");
    add(distinct, request("GET", "/a", 200), 3);
    add(distinct, request("GET", "/a", 404), 1);
    add(distinct, request("HEAD", "/a", 200), 1);
    add(distinct, request("GET", "/a?b", 200), 2);
    add(distinct, host, 4);
    add(distinct, request("GET", "/a", 200), 1);
    struct emitted *emitted = emit(distinct);
    cr_assert_eq(emitted->count, 5);
    cr_expect_str_eq(emitted->lines[0], "GET /a 200 x4");
    cr_expect_str_eq(emitted->lines[1], "GET /a 404 x1");
    cr_expect_str_eq(emitted->lines[2], "HEAD /a 200 x1");
    cr_expect_str_eq(emitted->lines[3], "GET /a?b 200 x2");
    cr_expect_str_eq(emitted->lines[4], "GET /a 200 x4 at b.example");
    cr_expect_eq(distinct_count(distinct).requests, 12);
    cr_expect_eq(distinct_count(distinct).kept, 12);
    distinct_free(distinct);
}

Test(distinct, the_first_ones_headers_the_mean_size_and_no_status_that_depends_on_headers)
{
    struct distinct *distinct = make(NULL, 100);
    struct logged_request first = request("GET", "/a", 304), second = first;
    first.user_agent = span("A/1 \\\"x\\\" \\x41");
    first.referer = span("-");
    first.is_escaped = true;
    first.size_bytes = 10;
    second.user_agent = span("B/2");
    second.size_bytes = 21;
    add(distinct, first, 1);
    add(distinct, second, 1);
    struct emitted *emitted = emit(distinct);
    cr_assert_eq(emitted->count, 1);
    cr_expect_str_eq(emitted->lines[0], "GET /a 0 x2 15 bytes User-Agent=A/1 \"x\" A");
    distinct_free(distinct);
}

/* Three are kept. Of /a came 6, of which 4 are of the kept two; of /b 4, one kept; the 2 of /c have
 * nobody to go to. Shares: /a/1 has 3 of 4, so 6 * 3/4 = 4.5; /a/2 1.5; /b/1 4. */
Test(distinct, beyond_the_maximum_endpoints_keep_their_weight)
{
    struct distinct *distinct = make(NULL, 3);
    add(distinct, request("GET", "/a/1", 200), 3);
    add(distinct, request("GET", "/a/2", 200), 1);
    add(distinct, request("GET", "/b/1", 200), 1);
    add(distinct, request("GET", "/a/3", 200), 1);
    add(distinct, request("GET", "/a/4?x=1", 200), 1);
    add(distinct, request("GET", "/b/2", 200), 3);
    add(distinct, request("GET", "/c/1", 200), 2);
    struct emitted *emitted = emit(distinct);
    cr_assert_eq(emitted->count, 3);
    cr_expect_str_eq(emitted->lines[0], "GET /a/1 200 x4.5");
    cr_expect_str_eq(emitted->lines[1], "GET /a/2 200 x1.5");
    cr_expect_str_eq(emitted->lines[2], "GET /b/1 200 x4");
    struct distinct_counts counts = distinct_count(distinct);
    cr_expect_eq(counts.requests, 12);
    cr_expect_eq(counts.kept, 5);
    cr_expect_eq(counts.shared, 5);
    cr_expect_eq(counts.lost, 2);
    distinct_free(distinct);
}

Test(distinct, templates_say_what_an_endpoint_is)
{
    static const char *const texts[] = {"GET /{kind}/new", "GET /{kind}/{id}"};
    struct arena arena;
    struct endpoint_map map;
    struct error err = {0};
    arena_init(&arena);
    cr_assert(endpoint_map_parse(&map, texts, 2, &arena, &err));
    struct distinct *distinct = make(&map, 2);
    add(distinct, request("GET", "/a/new", 200), 1);
    add(distinct, request("GET", "/a/1", 200), 1);
    add(distinct, request("GET", "/b/new", 200), 4);
    add(distinct, request("GET", "/b/2", 200), 2);
    struct emitted *emitted = emit(distinct);
    cr_assert_eq(emitted->count, 2);
    cr_expect_str_eq(emitted->lines[0], "GET /a/new 200 x5");
    cr_expect_str_eq(emitted->lines[1], "GET /a/1 200 x3");
    distinct_free(distinct);
    arena_release(&arena);
}

Test(distinct, long_targets_are_kept_whole_and_text_has_a_maximum)
{
    enum { LONG = 100 * 1000 };
    struct distinct *distinct = make(NULL, 100000);
    char *target = malloc(LONG + 1);
    cr_assert_not_null(target);
    memset(target, 'a', LONG);
    target[0] = '/';
    target[LONG] = '\0';
    for (int i = 0; i < 600; i++) { /* 60 MB of text */
        snprintf(target + 10, 10, "%d", i);
        target[10 + strlen(target + 10)] = 'a';
        add(distinct, request("GET", target, 200), 1);
    }
    struct distinct_counts counts = distinct_count(distinct);
    cr_expect_eq(counts.requests, 600);
    cr_expect_leq(counts.exchanges, DISTINCT_MAX_BYTES / LONG + 1);
    cr_expect_geq(counts.exchanges, DISTINCT_MAX_BYTES / LONG - 1);
    free(target);
    distinct_free(distinct);
}
