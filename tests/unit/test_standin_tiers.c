/* The stand-ins beyond the plain answer: tiers, ids passed on, latency, faults. */
#include "replay/standin.h"

#include "base/clock.h"
#include "base/macros.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(standin_tiers, .timeout = 60);

enum { ANSWER_BYTES = 4096 };

static const char *const names[] = {"users"};

static int connect_to(const struct standin_set *set)
{
    const char *url = standin_set_url(set, "users");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtoul(url + strlen("http://127.0.0.1:"), NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_request(int fd, const char *method, const char *target, const char *fields,
                         const char *body)
{
    char request[2048];
    int size = snprintf(request, sizeof request,
                        "%s %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu"
                        "\r\n\r\n%s",
                        method, target, fields, strlen(body), body);
    cr_assert_eq(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
}

/* The status; the body goes to `body`. -1: the connection was reset. */
static int receive(int fd, char *body)
{
    char answer[ANSWER_BYTES];
    size_t got = 0;
    for (;;) {
        ssize_t more = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        if (more < 0 && errno == ECONNRESET)
            return -1;
        cr_assert_gt(more, 0, "the connection was closed");
        got += (size_t)more;
        answer[got] = '\0';
        const char *end = strstr(answer, "\r\n\r\n"),
                   *length = strcasestr(answer, "content-length: ");
        if (end == NULL || got < (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10))
            continue;
        snprintf(body, ANSWER_BYTES, "%s", end + 4);
        return (int)strtol(answer + 9, NULL, 10);
    }
}

static struct upstream_answer call(const char *method, const char *target, const char *body,
                                   const char *answer)
{
    return (struct upstream_answer){
        .name = "users",
        .request = {.method = method, .target = target, .body = {body, strlen(body)}},
        .response = {.status = 200, .body = {answer, strlen(answer)}}};
}

static struct exchange exchange_of(size_t index, const struct upstream_answer *calls, size_t count)
{
    return (struct exchange){.index = index, .upstream = calls, .upstream_count = count};
}

static struct standin_set *start(const struct standin_options *options,
                                 const struct exchange *exchanges, size_t count)
{
    struct standin_set *set;
    struct error err = {0};
    cr_assert(standin_set_new_with(&set, names, 1, options, &err), "%s", err.text);
    for (size_t i = 0; i < count; i++)
        cr_assert(standin_set_add(set, &exchanges[i], &err), "%s", err.text);
    return set;
}

static void expect(int fd, const char *method, const char *target, const char *sent, int status,
                   const char *answer)
{
    char body[ANSWER_BYTES];
    send_request(fd, method, target, "", sent);
    cr_expect_eq(receive(fd, body), status, "%s %s", method, target);
    if (answer != NULL)
        cr_expect_str_eq(body, answer, "%s %s: %s", method, target, body);
}

Test(standin_tiers, the_best_tier_answers_and_is_counted)
{
    static const char *const volatile_names[] = {"ts"};
    static const struct standin_settings settings = {
        .volatile_names = volatile_names, .volatile_count = 1, .templates = true};
    struct upstream_answer first[] = {call("GET", "/u/1?a=1&b=2", "", "exact"),
                                      call("POST", "/u", "{\"id\":1,\"ts\":5}", "post")};
    struct upstream_answer second[] = {call("GET", "/u/2?a=1&b=2", "", "second")};
    struct exchange exchanges[] = {exchange_of(0, first, 2), exchange_of(1, second, 1)};
    struct standin_options options = {.settings = &settings};
    struct standin_set *set = start(&options, exchanges, 2);
    int fd = connect_to(set);
    expect(fd, "GET", "/u/1?a=1&b=2", "", 200, "exact");
    expect(fd, "GET", "/u/1?b=2&a=1&ts=99", "", 200, "exact");
    expect(fd, "POST", "/u", " { \"ts\": 6, \"id\": 1.0 } ", 200, "post");
    standin_set_current(set, &exchanges[1]);
    expect(fd, "GET", "/u/77?a=9&b=9", "", 200, "second"); /* of the exchange that is replayed */
    standin_set_current(set, &exchanges[0]);
    expect(fd, "GET", "/u/77?a=9&b=9", "", 200, "exact");
    expect(fd, "GET", "/u/77?a=9", "", STANDIN_MISS_STATUS, NULL);
    expect(fd, "GET", "/things/77?a=9&b=9", "", STANDIN_MISS_STATUS, NULL);
    struct standin_counts counts = standin_set_count(set, 0);
    cr_expect_eq(counts.exact, 1);
    cr_expect_eq(counts.normalised, 2);
    cr_expect_eq(counts.templated, 2);
    cr_expect_eq(counts.missed, 2);
    close(fd);
    standin_set_free(set);
}

Test(standin_tiers, templates_answer_only_when_asked_for)
{
    struct upstream_answer only = call("GET", "/u/1", "", "one");
    struct exchange exchange = exchange_of(0, &only, 1);
    struct standin_set *set = start(&(struct standin_options){0}, &exchange, 1);
    int fd = connect_to(set);
    expect(fd, "GET", "/u/2", "", STANDIN_MISS_STATUS, NULL);
    expect(fd, "GET", "/%75/1", "", 200, "one"); /* another spelling of it */
    close(fd);
    standin_set_free(set);
}

static void ask_as(int fd, const char *fields, const char *answer)
{
    char body[ANSWER_BYTES];
    send_request(fd, "GET", "/x", fields, "");
    cr_expect_eq(receive(fd, body), 200);
    cr_expect_str_eq(body, answer, "%s got %s", fields, body);
}

/* Two exchanges, one of them twice, all under way at once: each request goes on where its own
 * replay is. */
Test(standin_tiers, ids_that_are_passed_on_tell_replays_apart)
{
    struct upstream_answer first[] = {call("GET", "/x", "", "a1"), call("GET", "/x", "", "a2"),
                                      call("GET", "/x", "", "a3")};
    struct upstream_answer second[] = {call("GET", "/x", "", "b1"), call("GET", "/x", "", "b2")};
    struct exchange exchanges[] = {exchange_of(0, first, 3), exchange_of(300, second, 2)};
    static const char one[] = "traceparent: 00-746f6c6c676174650000000000000001-00f067aa0ba902b7-01"
                              "\r\n";
    static const char two[] = "X-Request-ID: 00000000-746f-8000-8000-000000000002\r\n";
    static const char other[] = "TraceParent: 00-746f6c6c676174650000012c00000001-00f067aa0ba902b7-"
                                "01\r\n";
    struct standin_options options = {.correlate = true};
    struct standin_set *set = start(&options, exchanges, 2);
    int fd = connect_to(set);
    ask_as(fd, one, "a1");
    ask_as(fd, two, "a1");
    ask_as(fd, other, "b1");
    ask_as(fd, one, "a2");
    ask_as(fd, other, "b2");
    ask_as(fd, two, "a2");
    ask_as(fd, one, "a3");
    ask_as(fd, two, "a3");
    ask_as(fd, other, "b2");
    /* Replayed one at a time, each replay begins anew, whichever side numbers it. */
    standin_set_current(set, &exchanges[0]);
    ask_as(fd, one, "a1");
    standin_set_current(set, &exchanges[0]);
    ask_as(fd, one, "a1");
    ask_as(fd, one, "a2");
    close(fd);
    standin_set_free(set);
}

Test(standin_tiers, late_answers_hold_nobody_up_and_come_all)
{
    static const struct standin_settings settings = {.latency = STANDIN_LATENCY_RECORDED};
    enum { WAITING = 50 };
    struct upstream_answer calls[] = {call("GET", "/slow", "", "slow"),
                                      call("GET", "/fast", "", "fast")};
    calls[0].latency_ns = 300 * NS_PER_MS;
    struct exchange exchange = exchange_of(0, calls, 2);
    struct standin_options options = {.settings = &settings};
    struct standin_set *set = start(&options, &exchange, 1);
    int waiting[WAITING], fd = connect_to(set);
    char body[ANSWER_BYTES];
    int64_t began = clock_monotonic_ns();
    for (size_t i = 0; i < WAITING; i++) {
        waiting[i] = connect_to(set);
        send_request(waiting[i], "GET", "/slow", "", "");
    }
    expect(fd, "GET", "/fast", "", 200, "fast");
    for (size_t i = 0; i < WAITING; i++) {
        cr_expect_eq(receive(waiting[i], body), 200);
        cr_expect_str_eq(body, "slow");
        close(waiting[i]);
    }
    cr_expect_geq(clock_monotonic_ns() - began, 300 * NS_PER_MS, "never before its time");
    close(fd);
    standin_set_free(set);
}

Test(standin_tiers, what_waits_is_answered_when_the_stand_ins_stop)
{
    static const struct standin_settings settings = {.latency = STANDIN_LATENCY_LOGNORMAL,
                                                     .median_ns = 500 * NS_PER_SECOND};
    struct upstream_answer only = call("GET", "/x", "", "late");
    struct exchange exchange = exchange_of(0, &only, 1);
    struct standin_options options = {.settings = &settings};
    struct standin_set *set = start(&options, &exchange, 1);
    int fds[8];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_to(set);
        send_request(fds[i], "GET", "/x", "", "");
    }
    while (standin_set_count(set, 0).exact < COUNT_OF(fds))
        usleep(1000);
    standin_set_free(set); /* hangs, or aborts, when one was left */
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
}

Test(standin_tiers, faults_strike_as_asked_in_replays_alone)
{
    static const struct standin_fault faults[] = {
        {STANDIN_FAULT_STATUS, .status = 503, .every = 3}};
    static const struct standin_settings settings = {.faults = faults, .fault_count = 1};
    struct upstream_answer only = call("GET", "/x", "", "fine");
    struct exchange exchange = exchange_of(4, &only, 1);
    struct standin_options options = {.settings = &settings, .seed = 9};
    struct standin_set *set = start(&options, &exchange, 1);
    char body[ANSWER_BYTES];
    int statuses[2][9], fd = connect_to(set);
    for (int i = 0; i < 9; i++)
        expect(fd, "GET", "/x", "", 200, "fine"); /* no replay is on */
    for (size_t gateway = 0; gateway < 2; gateway++) {
        size_t struck = 0;
        for (uint64_t before = 0; before < 9; before++) {
            standin_set_replay(set, &exchange, before);
            send_request(fd, "GET", "/x", "", "");
            statuses[gateway][before] = receive(fd, body);
            struck += statuses[gateway][before] == 503;
        }
        cr_expect_eq(struck, 3);
    }
    cr_expect_arr_eq(statuses[0], statuses[1], sizeof statuses[0]);
    cr_expect_eq(standin_set_faults(set), 6);
    cr_expect_eq(standin_set_count(set, 0).faulted, 6);
    close(fd);
    standin_set_free(set);
}

Test(standin_tiers, a_reset_is_a_reset)
{
    static const struct standin_fault fault = {STANDIN_FAULT_RESET, .share = 1};
    static const struct standin_settings settings = {.faults = &fault, .fault_count = 1};
    struct upstream_answer only = call("GET", "/x", "", "fine");
    struct exchange exchange = exchange_of(0, &only, 1);
    struct standin_options options = {.settings = &settings};
    struct standin_set *set = start(&options, &exchange, 1);
    char body[ANSWER_BYTES];
    for (uint64_t i = 0; i < 3; i++) {
        int fd = connect_to(set);
        standin_set_replay(set, &exchange, i);
        send_request(fd, "GET", "/x", "", "");
        cr_expect_eq(receive(fd, body), -1);
        close(fd);
    }
    standin_set_current(set, NULL);
    int fd = connect_to(set);
    expect(fd, "GET", "/x", "", 200, "fine");
    close(fd);
    standin_set_free(set);
}
