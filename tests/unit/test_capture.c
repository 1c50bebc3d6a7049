/* What the recorder keeps of messages: bodies on their way, fields, and the exchange made of them;
 * also with the n-th allocation failing. */
#include "replay/capture.h"

#include "replay/body_stream.h"
#include "replay/recorder_join.h"
#include "replay/recording_coding.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

TestSuite(capture, .timeout = 60);

/* ---- bodies ---------------------------------------------------------------------------------- */

static void expect_taken(struct body_stream *stream, size_t max, const char *expected)
{
    char out[64];
    size_t size = body_stream_take(stream, out, max);
    cr_expect_eq(size, strlen(expected));
    cr_expect_eq(memcmp(out, expected, size), 0, "%.*s, not %s", (int)size, out, expected);
}

Test(capture, a_body_that_is_kept)
{
    struct body_stream stream;
    body_stream_init(&stream, true);
    cr_assert(body_stream_append(&stream, "hello", 5));
    expect_taken(&stream, 2, "he");
    cr_assert(body_stream_append(&stream, " you", 4));
    cr_expect_eq(body_stream_waiting(&stream), 7);
    expect_taken(&stream, 64, "llo you");
    expect_taken(&stream, 64, "");
    cr_expect_str_eq(buffer_text(&stream.data), "hello you");
    cr_assert(body_stream_rewind(&stream));
    expect_taken(&stream, 64, "hello you");
    body_stream_release(&stream);
}

Test(capture, a_body_that_is_no_longer_kept)
{
    struct body_stream stream;
    body_stream_init(&stream, true);
    cr_assert(body_stream_append(&stream, "abcdef", 6));
    expect_taken(&stream, 4, "abcd");
    body_stream_forget(&stream);
    cr_expect_eq(stream.data.length, 2);
    cr_expect_not(body_stream_rewind(&stream), "its start is gone");
    cr_assert(body_stream_append(&stream, "gh", 2));
    expect_taken(&stream, 3, "efg");
    for (int i = 0; i < 10000; i++) { /* does not grow */
        cr_assert(body_stream_append(&stream, "0123456789", 10));
        char out[10];
        cr_assert_eq(body_stream_take(&stream, out, 10), 10);
    }
    cr_expect_lt(stream.data.capacity, 200);
    expect_taken(&stream, 64, "9");
    body_stream_release(&stream);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void add(struct captured_fields *fields, const char *name, const char *value)
{
    captured_fields_add(fields, name, strlen(name), value, strlen(value));
}

Test(capture, fields_of_a_connection)
{
    struct captured_fields fields;
    captured_fields_init(&fields);
    cr_expect_null(captured_fields_next(&fields, NULL));
    add(&fields, "Connection", "close, X-Mine ,x-other");
    add(&fields, "X-Empty", "");
    add(&fields, "Accept", "a");
    cr_expect_eq(fields.count, 3);
    cr_expect_str_eq(captured_fields_find(&fields, "x-empty"), "");
    cr_expect_str_eq(captured_fields_find(&fields, "ACCEPT"), "a");
    cr_expect_null(captured_fields_find(&fields, "Acc"));
    cr_expect(captured_fields_is_hop_by_hop(&fields, "x-mine"));
    cr_expect(captured_fields_is_hop_by_hop(&fields, "X-Other"));
    cr_expect(captured_fields_is_hop_by_hop(&fields, "Transfer-Encoding"));
    cr_expect_not(captured_fields_is_hop_by_hop(&fields, "X-Min"));
    cr_expect_not(captured_fields_is_hop_by_hop(&fields, "Accept"));
    captured_fields_release(&fields);
}

/* ---- into an exchange ------------------------------------------------------------------------ */

#define TRACE "0af7651916cd43dd8448eb211c80319c"

static bool fill(struct captured_call *call, const char *target)
{
    call->method = strdup("POST");
    call->target = strdup(target);
    call->proto = "HTTP/1.1";
    call->status = 201;
    add(&call->asked, "Host", "h");
    add(&call->asked, "Connection", "close");
    add(&call->asked, "traceparent", "00-" TRACE "-b7ad6b7169203331-01");
    add(&call->asked, "X-Request-ID", "7");
    add(&call->answered, "Transfer-Encoding", "chunked");
    add(&call->answered, "X-Kept", "1");
    buffer_append_string(&call->response_body, "body");
    return call->method != NULL && call->target != NULL && !call->asked.text.failed &&
           !call->answered.text.failed && !call->response_body.failed;
}

static struct captured_exchange *make_exchange(void)
{
    struct captured_exchange *exchange = captured_exchange_new();
    if (exchange == NULL)
        return NULL;
    struct captured_call *call = captured_exchange_add_call(exchange, "users");
    if (call != NULL && fill(&exchange->own, "/a") && fill(call, "/b"))
        return exchange;
    captured_exchange_free(exchange);
    return NULL;
}

static const char *names_of(const struct headers *headers)
{
    static char names[200];
    names[0] = '\0';
    for (size_t i = 0; i < headers->count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s ",
                 headers->items[i].name);
    return names;
}

/* The client's own fields stay; of upstream calls those go that came of what we injected. */
Test(capture, exchange)
{
    struct captured_exchange *captured = make_exchange();
    struct exchange exchange;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    captured->own.has_request_body = true;
    cr_assert(captured_exchange_convert(captured, &arena, &exchange, &err));
    cr_expect_str_eq(exchange.authority, "h");
    cr_expect_str_eq(exchange.request.target, "/a");
    cr_expect_eq(exchange.request.body.size, 0);
    cr_expect_not_null(exchange.request.body.data, "empty, but there");
    cr_expect_str_eq(names_of(&exchange.request.headers),
                     "Host Connection traceparent X-Request-ID ");
    cr_expect_str_eq(names_of(&exchange.response.headers), "X-Kept ");
    cr_expect_str_eq(exchange.response.body.data, "body");
    cr_assert_eq(exchange.upstream_count, 1);
    cr_expect_str_eq(exchange.upstream[0].name, "users");
    cr_expect_null(exchange.upstream[0].request.body.data);
    cr_expect_str_eq(names_of(&exchange.upstream[0].request.headers),
                     "Host Connection traceparent X-Request-ID ");
    snprintf(captured->injected_trace_id, sizeof captured->injected_trace_id, "%s", TRACE);
    snprintf(captured->injected_request_id, sizeof captured->injected_request_id, "7");
    cr_assert(captured_exchange_convert(captured, &arena, &exchange, &err));
    cr_expect_str_eq(names_of(&exchange.upstream[0].request.headers), "Host Connection ");
    captured_exchange_free(captured);
    arena_release(&arena);
}

/* ---- compressed bodies ----------------------------------------------------------------------- */

static size_t pack(const char *text, int bits, unsigned char *out, size_t max)
{
    z_stream stream = {0};
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)text;
    stream.avail_in = (unsigned)strlen(text);
    stream.next_out = out;
    stream.avail_out = (unsigned)max;
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

static bool open_and_close(const char *coding, const void *data, size_t size, char *opened,
                           size_t *left_out)
{
    struct header items[] = {{"Content-Encoding", coding}, {"Content-Length", "1"}};
    struct upstream_answer answer = {.name = "u",
                                     .request = {.method = "GET", .target = "/"},
                                     .response = {200, {items, 2}, {data, size}}};
    struct exchange exchange = {.response = {200, {items, 2}, {data, size}},
                                .request = {.method = "GET", .target = "/"},
                                .upstream = &answer,
                                .upstream_count = 1};
    struct arena arena;
    struct error err = {0};
    arena_init(&arena);
    bool ok = recording_decode(&exchange, &arena, left_out, &err);
    if (ok) {
        const struct body *body = &exchange.upstream[0].response.body;
        snprintf(opened, 64, "%.*s", (int)body->size, body->data);
        cr_expect_null(exchange.response.body.data, "the gateway's own is left out");
        cr_expect_eq(exchange.response.body.size, size);
        ok = recording_encode(&exchange, &arena, &err);
        char told[16];
        snprintf(told, sizeof told, "%zu", exchange.upstream[0].response.body.size);
        cr_expect_str_eq(exchange.upstream[0].response.headers.items[1].value, told);
    }
    arena_release(&arena);
    return ok;
}

Test(capture, compressed_bodies_are_opened)
{
    static const struct {
        const char *coding;
        int bits;
    } cases[] = {{"gzip", 15 + 16}, {"X-GZIP", 15 + 16}, {"deflate", 15}, {"deflate", -15}};
    unsigned char packed[200];
    char opened[64];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t left_out = 0, size = pack("a secret", cases[i].bits, packed, sizeof packed);
        cr_expect(open_and_close(cases[i].coding, packed, size, opened, &left_out), "case %zu", i);
        cr_expect_str_eq(opened, "a secret");
        cr_expect_eq(left_out, 1);
    }
    size_t left_out = 0, size = pack("one", 15 + 16, packed, sizeof packed);
    size += pack(" two", 15 + 16, packed + size, sizeof packed - size);
    cr_expect(open_and_close("gzip", packed, size, opened, &left_out), "two members");
    cr_expect_str_eq(opened, "one two");
}

Test(capture, what_cannot_be_opened_is_refused)
{
    unsigned char packed[200];
    char opened[64];
    size_t left_out = 0, size = pack("a secret", 15 + 16, packed, sizeof packed);
    cr_expect_not(open_and_close("br", packed, size, opened, &left_out));
    cr_expect_not(open_and_close("gzip, br", packed, size, opened, &left_out));
    cr_expect_not(open_and_close("gzip", "plain text", 10, opened, &left_out));
    cr_expect_not(open_and_close("gzip", packed, size - 3, opened, &left_out), "cut off");
    cr_expect_not(open_and_close("deflate", "plain text", 10, opened, &left_out));
}

/* ---- without memory -------------------------------------------------------------------------- */

static bool work_once(void)
{
    struct join_keys keys = {.count = 0};
    struct joinable request = {0};
    struct exchange exchange;
    struct arena arena;
    struct error err = {0};
    struct joiner *joiner = joiner_new();
    struct captured_exchange *captured = make_exchange();
    arena_init(&arena);
    join_keys_add_field(&keys, "X-Request-ID", "7");
    join_keys_add_field(&keys, "X-Correlation-ID", "8");
    bool opened = joiner != NULL && joiner_open(joiner, &request, &keys);
    bool ok =
        opened && captured != NULL && captured_exchange_convert(captured, &arena, &exchange, &err);
    cr_expect(err.code == ERROR_NONE || err.code == ERROR_MEMORY);
    if (opened)
        joiner_close(joiner, &request);
    joiner_free(joiner);
    captured_exchange_free(captured);
    arena_release(&arena);
    return ok;
}

Test(capture, each_failing_allocation_is_an_error)
{
    long n = 0;
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    for (bool ok = false; !ok; n++) {
        cr_assert_lt(n, 500);
        allocations_left = n;
        ok = work_once();
        allocations_left = -1;
    }
    cr_expect_gt(n, 5);
}
