/* Whose an upstream call is: by id, by time, or nobody's. */
#include "replay/recorder_join.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(recorder_join, .timeout = 60);

#define TRACE_A "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
/* The same trace from another parent, in capitals, which RFC-minded readers take as the same. */
#define TRACE_A_LATER "00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01"
#define TRACE_B       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static struct join_keys keys_of(const char *name, const char *value)
{
    struct join_keys keys = {.count = 0};
    join_keys_add_field(&keys, name, value);
    return keys;
}

static struct joinable *find(struct joiner *joiner, const char *name, const char *value,
                             enum join_kind expected)
{
    struct join_keys keys = keys_of(name, value);
    enum join_kind kind = JOIN_KINDS;
    struct joinable *found = joiner_find(joiner, &keys, &kind);
    cr_expect_eq(kind, expected, "%s: %s: kind %d, not %d", name, value, (int)kind, (int)expected);
    return found;
}

static void open_with(struct joiner *joiner, struct joinable *request, const char *name,
                      const char *value)
{
    struct join_keys keys = keys_of(name, value);
    cr_assert(joiner_open(joiner, request, &keys));
}

/* Known answers: the examples of W3C's Trace Context and what it forbids. */
Test(recorder_join, trace_ids)
{
    static const char *const wrong[] = {
        "",
        "00",
        "00-",
        "0af7651916cd43dd8448eb211c80319c",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c",
        "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01",
    };
    char id[33];
    cr_assert(join_trace_id(TRACE_A, id));
    cr_expect_str_eq(id, "0af7651916cd43dd8448eb211c80319c");
    cr_assert(join_trace_id(TRACE_A_LATER, id));
    cr_expect_str_eq(id, "0af7651916cd43dd8448eb211c80319c");
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        cr_expect_not(join_trace_id(wrong[i], id), "%s", wrong[i]);
}

Test(recorder_join, which_fields_are_ids)
{
    struct join_keys keys = {.count = 0};
    char longest[JOIN_KEY_SIZE + 10];
    join_keys_add_field(&keys, "TraceParent", TRACE_A);
    join_keys_add_field(&keys, "traceparent", TRACE_A_LATER);
    cr_expect_eq(keys.count, 1, "one id, twice");
    join_keys_add_field(&keys, "traceparent", "nonsense");
    join_keys_add_field(&keys, "X-Other", "7");
    join_keys_add_field(&keys, "X-Request-ID", "");
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    join_keys_add_field(&keys, "X-Request-ID", longest);
    cr_expect_eq(keys.count, 1);
    join_keys_add_field(&keys, "x-request-id", "7");
    join_keys_add_field(&keys, "X-Correlation-Id", "7");
    cr_expect_eq(keys.count, 3, "one value is two ids, for two fields");
    for (int i = 0; i < 5; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", i + 100);
        join_keys_add_field(&keys, "X-Request-ID", text);
    }
    cr_expect_eq(keys.count, JOIN_KEYS_MAX);
}

Test(recorder_join, by_id_among_several)
{
    struct joiner *joiner = joiner_new();
    struct joinable a, b;
    open_with(joiner, &a, "traceparent", TRACE_A);
    open_with(joiner, &b, "X-Request-ID", "b");
    cr_expect_eq(find(joiner, "traceparent", TRACE_A_LATER, JOINED_BY_ID), &a);
    cr_expect_eq(find(joiner, "X-Request-ID", "b", JOINED_BY_ID), &b);
    cr_expect_null(find(joiner, "X-Correlation-ID", "b", UNJOINED_SEVERAL));
    cr_expect_null(find(joiner, "traceparent", TRACE_B, UNJOINED_SEVERAL));
    cr_expect_null(find(joiner, "Accept", "*", UNJOINED_SEVERAL));
    joiner_close(joiner, &a);
    joiner_close(joiner, &b);
    joiner_free(joiner);
}

Test(recorder_join, by_time_where_one_alone_is_in_flight)
{
    struct joiner *joiner = joiner_new();
    struct joinable a, b;
    cr_expect_null(find(joiner, "Accept", "*", UNJOINED_NONE));
    open_with(joiner, &a, "traceparent", TRACE_A);
    cr_expect_eq(find(joiner, "Accept", "*", JOINED_BY_TIME), &a);
    cr_expect_eq(find(joiner, "X-Request-ID", "made by the gateway", JOINED_BY_TIME), &a);
    open_with(joiner, &b, "Accept", "*");
    cr_expect_null(find(joiner, "Accept", "*", UNJOINED_SEVERAL));
    joiner_answered(joiner, &a);
    cr_expect_eq(find(joiner, "Accept", "*", JOINED_BY_TIME), &b);
    cr_expect_eq(find(joiner, "traceparent", TRACE_A, JOINED_BY_ID), &a, "after its answer");
    joiner_answered(joiner, &b);
    cr_expect_null(find(joiner, "Accept", "*", UNJOINED_NONE));
    joiner_close(joiner, &a);
    cr_expect_null(find(joiner, "traceparent", TRACE_A, UNJOINED_NONE));
    joiner_close(joiner, &b);
    joiner_free(joiner);
}

/* A page's requests may share one trace; a client that tries again sends its id again. */
Test(recorder_join, one_id_on_several_requests)
{
    struct joiner *joiner = joiner_new();
    struct joinable a, b;
    struct join_keys both = keys_of("traceparent", TRACE_A);
    join_keys_add_field(&both, "X-Request-ID", "b");
    open_with(joiner, &a, "traceparent", TRACE_A);
    cr_assert(joiner_open(joiner, &b, &both));
    cr_expect_null(find(joiner, "traceparent", TRACE_A, UNJOINED_SAME_ID));
    enum join_kind kind;
    cr_expect_eq(joiner_find(joiner, &both, &kind), &b, "the other id tells");
    cr_expect_eq(kind, JOINED_BY_ID);
    joiner_answered(joiner, &a);
    cr_expect_eq(find(joiner, "traceparent", TRACE_A, JOINED_BY_ID), &b, "the only one in flight");
    joiner_answered(joiner, &b);
    cr_expect_null(find(joiner, "traceparent", TRACE_A, UNJOINED_SAME_ID), "none in flight");
    joiner_close(joiner, &b);
    cr_expect_eq(find(joiner, "traceparent", TRACE_A, JOINED_BY_ID), &a);
    joiner_close(joiner, &a);
    joiner_free(joiner);
}

/* Opened and closed in every order, nothing stays behind; leaks are for the sanitizer to see. */
Test(recorder_join, many_at_once)
{
    enum { MANY = 500 };
    static struct joinable requests[MANY];
    struct joiner *joiner = joiner_new();
    for (size_t i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i / 2); /* each twice */
        open_with(joiner, &requests[i], "X-Request-ID", id);
    }
    for (size_t i = 0; i < MANY; i += 2)
        joiner_close(joiner, &requests[i]);
    for (size_t i = 1; i < MANY; i += 2) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i / 2);
        cr_expect_eq(find(joiner, "X-Request-ID", id, JOINED_BY_ID), &requests[i]);
    }
    for (size_t i = MANY; i-- > 0;)
        if (i % 2 == 1)
            joiner_close(joiner, &requests[i]);
    cr_expect_null(find(joiner, "X-Request-ID", "7", UNJOINED_NONE));
    joiner_free(joiner);
}
