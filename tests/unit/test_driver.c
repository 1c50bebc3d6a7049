/* The driver against a server that keeps every byte it is sent and answers by script. What is
 * expected on the wire is written out by hand. */
#include "base/clock.h"
#include "replay/driver.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(driver, .timeout = 60);

enum after { KEEP, CLOSE, RESET, HANG };

struct step {
    const char *answer; /* NULL = none */
    enum after after;
};

struct server {
    int listener;
    int port;
    const struct step *steps; /* one a request; the last one repeated */
    size_t count;
    pthread_t thread;
    char seen[300000]; /* all requests' bytes, one after the other */
    size_t seen_bytes;
    size_t requests;
    int connections;
};

/* Whether the bytes from `from` on hold a whole request. */
static bool is_whole(const struct server *server, size_t from)
{
    const char *start = server->seen + from;
    size_t size = server->seen_bytes - from;
    const char *end = memmem(start, size, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - start) + 4;
    if (memmem(start, head, "chunked", 7) != NULL)
        return memmem(start + head, size - head, "0\r\n\r\n", 5) != NULL;
    const char *length = memmem(start, head, "ontent-Length: ", 15);
    return length == NULL || size >= head + strtoul(length + 15, NULL, 10);
}

static void slam(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static bool serve_one(struct server *server, int fd)
{
    size_t from = server->seen_bytes;
    while (!is_whole(server, from)) {
        ssize_t got = recv(fd, server->seen + server->seen_bytes,
                           sizeof server->seen - server->seen_bytes, 0);
        if (got <= 0)
            return false;
        server->seen_bytes += (size_t)got;
    }
    size_t at = server->requests < server->count ? server->requests : server->count - 1;
    const struct step *step = &server->steps[at];
    server->requests++;
    if (step->answer != NULL)
        send(fd, step->answer, strlen(step->answer), MSG_NOSIGNAL);
    if (step->after == HANG) {
        char byte;
        recv(fd, &byte, 1, 0); /* until the driver gives up */
    }
    if (step->after == RESET)
        slam(fd);
    return step->after == KEEP;
}

static void *serve(void *context)
{
    struct server *server = context;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        server->connections++;
        while (serve_one(server, fd))
            continue;
        close(fd);
    }
}

static struct server *server_start(const struct step *steps, size_t count)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->steps = steps;
    server->count = count;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(server->listener, 16), 0);
    getsockname(server->listener, (struct sockaddr *)&address, &size);
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, serve, server);
    return server;
}

/* Call after the driver is gone, so that no connection is left to wait for. */
static void server_join(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static const struct step fine = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", KEEP};

#define HEADERS(list)                                                                              \
    {                                                                                              \
        list, COUNT_OF(list)                                                                       \
    }

static struct exchange make(const char *method, const char *target, struct headers headers,
                            struct body body)
{
    return (struct exchange){.index = 5,
                             .id = "x",
                             .authority = "",
                             .proto = "HTTP/1.1",
                             .request = {method, target, headers, body},
                             .response = {.status = 200},
                             .variant = ""};
}

static const struct header host_only[] = {{"Host", "h"}};

/* Sends one exchange with the options and returns the server, whose bytes are then compared. */
static struct server *send_once(struct driver_options options, const struct exchange *exchange,
                                const struct step *step, struct reply *reply, struct error *err,
                                bool *ok)
{
    struct server *server = server_start(step, 1);
    struct driver *driver;
    options.port = server->port;
    if (options.timeout_ms == 0)
        options.timeout_ms = 5000;
    cr_assert(driver_new(&driver, &options, err));
    *ok = driver_send(driver, exchange, reply, err);
    driver_free(driver);
    server_join(server);
    return server;
}

static void expect_bytes(const struct exchange *exchange, const char *wanted, size_t size)
{
    struct reply reply;
    struct error err = {0};
    bool ok;
    reply_init(&reply);
    struct server *server =
        send_once((struct driver_options){0}, exchange, &fine, &reply, &err, &ok);
    cr_expect(ok, "%s", err.text);
    cr_expect_eq(server->seen_bytes, size, "%zu bytes, not %zu", server->seen_bytes, size);
    cr_expect(server->seen_bytes == size && memcmp(server->seen, wanted, size) == 0,
              "on the wire:\n%.*s\nwanted:\n%s", (int)server->seen_bytes, server->seen, wanted);
    reply_release(&reply);
    free(server);
}

#define EXPECT_TEXT(exchange, text) expect_bytes(exchange, text, sizeof(text) - 1)

Test(driver, order_case_duplicates_empty_values_and_target)
{
    static const struct header list[] = {
        {"X-First", "1"},     {"accept", "a/b, c;q=0.5"}, {"X-Dup", "one"},
        {"X-Empty", ""},      {"hOsT", "api.example:81"}, {"X-Dup", "two"},
        {"X-First", "again"}, {"Cookie", "a=b; c=\"d\""}, {"Authorization", "Bearer x"},
        {"X-Semi", ";"},      {"X-Colon", ":"},
    };
    struct exchange exchange =
        make("GET", "/../../x?q=%2F&q=a;b", (struct headers)HEADERS(list), (struct body){0});
    EXPECT_TEXT(&exchange, "GET /../../x?q=%2F&q=a;b HTTP/1.1\r\nX-First: 1\r\n"
                           "accept: a/b, c;q=0.5\r\nX-Dup: one\r\nX-Empty:\r\n"
                           "hOsT: api.example:81\r\nX-Dup: two\r\nX-First: again\r\n"
                           "Cookie: a=b; c=\"d\"\r\nAuthorization: Bearer x\r\nX-Semi: ;\r\n"
                           "X-Colon: :\r\n\r\n");
}

Test(driver, nothing_is_added_and_connection_fields_go)
{
    static const struct header list[] = {{"Host", "h"},
                                         {"Connection", "close"},
                                         {"Keep-Alive", "timeout=5"},
                                         {"Proxy-Connection", "keep-alive"},
                                         {"Expect", "100-continue"}};
    struct exchange exchange =
        make("DELETE", "/a", (struct headers)HEADERS(list), (struct body){0});
    EXPECT_TEXT(&exchange, "DELETE /a HTTP/1.1\r\nHost: h\r\n\r\n");
}

Test(driver, host_comes_from_the_authority_when_none_was_recorded)
{
    struct exchange exchange = make("GET", "/", (struct headers){0}, (struct body){0});
    exchange.authority = "api.example";
    EXPECT_TEXT(&exchange, "GET / HTTP/1.1\r\nHost: api.example\r\n\r\n");
}

Test(driver, other_forms_of_target)
{
    struct exchange absolute =
        make("GET", "http://api.example/x?y", (struct headers)HEADERS(host_only), (struct body){0});
    EXPECT_TEXT(&absolute, "GET http://api.example/x?y HTTP/1.1\r\nHost: h\r\n\r\n");
    struct exchange star =
        make("OPTIONS", "*", (struct headers)HEADERS(host_only), (struct body){0});
    EXPECT_TEXT(&star, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
}

Test(driver, body_with_nul_bytes_and_a_wrong_length)
{
    static const struct header list[] = {
        {"Content-Length", "99"}, {"Host", "h"}, {"Content-Type", "x/y"}};
    struct exchange exchange = make("PUT", "/b", (struct headers)HEADERS(list),
                                    (struct body){"a\0\xff"
                                                  "b",
                                                  4});
    EXPECT_TEXT(&exchange, "PUT /b HTTP/1.1\r\nContent-Length: 4\r\nHost: h\r\n"
                           "Content-Type: x/y\r\n\r\na\0\xff"
                           "b");
}

Test(driver, body_without_a_length_gets_one)
{
    struct exchange exchange =
        make("POST", "/b", (struct headers)HEADERS(host_only), (struct body){"xyz", 3});
    EXPECT_TEXT(&exchange, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz");
}

Test(driver, empty_body_with_and_without_its_length)
{
    static const struct header list[] = {{"Host", "h"}, {"Content-Length", "0"}};
    struct exchange with = make("POST", "/", (struct headers)HEADERS(list), (struct body){"", 0});
    EXPECT_TEXT(&with, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    struct exchange without =
        make("POST", "/", (struct headers)HEADERS(host_only), (struct body){0});
    EXPECT_TEXT(&without, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
}

Test(driver, chunked_stays_chunked)
{
    static const struct header list[] = {
        {"Host", "h"}, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}};
    struct exchange exchange =
        make("POST", "/", (struct headers)HEADERS(list), (struct body){"hello", 5});
    EXPECT_TEXT(&exchange, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "5\r\nhello\r\n0\r\n\r\n");
    exchange.request.body = (struct body){0};
    EXPECT_TEXT(&exchange, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "0\r\n\r\n");
}

Test(driver, large_body_goes_whole_and_without_waiting)
{
    static char bytes[200000];
    memset(bytes, 'q', sizeof bytes);
    struct exchange exchange =
        make("POST", "/", (struct headers)HEADERS(host_only), (struct body){bytes, sizeof bytes});
    static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n";
    static char wanted[sizeof head - 1 + sizeof bytes];
    memcpy(wanted, head, sizeof head - 1);
    memset(wanted + sizeof head - 1, 'q', sizeof bytes);
    expect_bytes(&exchange, wanted, sizeof wanted);
}

Test(driver, head_has_no_body_and_does_not_wait_for_one)
{
    struct exchange exchange =
        make("HEAD", "/h", (struct headers)HEADERS(host_only), (struct body){0});
    static const struct step step = {"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", KEEP};
    struct reply reply;
    struct error err = {0};
    bool ok;
    reply_init(&reply);
    struct server *server =
        send_once((struct driver_options){0}, &exchange, &step, &reply, &err, &ok);
    cr_expect(ok, "%s", err.text);
    cr_expect_eq(reply.status, 200);
    cr_expect_eq(reply.body.length, 0);
    cr_expect_str_eq(server->seen, "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n");
    reply_release(&reply);
    free(server);
}

Test(driver, ids_are_injected_counted_and_take_the_recorded_place)
{
    static const struct header list[] = {
        {"TraceParent", "00-old"}, {"Host", "h"}, {"x-request-id", "old"}, {"x-request-id", "2"}};
    struct exchange exchange = make("GET", "/", (struct headers)HEADERS(list), (struct body){0});
    struct server *server = server_start(&fine, 1);
    struct driver_options options = {.port = server->port,
                                     .timeout_ms = 5000,
                                     .inject_traceparent = true,
                                     .inject_request_id = true};
    struct driver *driver;
    struct reply reply;
    struct error err = {0};
    reply_init(&reply);
    cr_assert(driver_new(&driver, &options, &err));
    cr_expect(driver_send(driver, &exchange, &reply, &err), "%s", err.text);
    cr_expect(driver_send(driver, &exchange, &reply, &err), "%s", err.text);
    driver_free(driver);
    server_join(server);
    cr_expect_str_eq(server->seen,
                     "GET / HTTP/1.1\r\n"
                     "traceparent: 00-746f6c6c676174650000000500000001-0000000000000001-01\r\n"
                     "Host: h\r\nX-Request-ID: 00000005-746f-8000-8000-000000000001\r\n\r\n"
                     "GET / HTTP/1.1\r\n"
                     "traceparent: 00-746f6c6c676174650000000500000002-0000000000000002-01\r\n"
                     "Host: h\r\nX-Request-ID: 00000005-746f-8000-8000-000000000002\r\n\r\n");
    reply_release(&reply);
    free(server);
}

Test(driver, answers_come_as_they_are_over_one_connection)
{
    static const struct step steps[] = {
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
         KEEP},
        {"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", KEEP},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", KEEP},
        {"HTTP/1.1 204 No Content\r\n\r\n", KEEP},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx", KEEP},
    };
    static const struct {
        int status;
        const char *body;
    } wanted[] = {{200, "abcde"}, {302, ""}, {200, "nope"}, {204, ""}, {404, "x"}};
    struct exchange get = make("GET", "/g", (struct headers)HEADERS(host_only), (struct body){0});
    struct exchange post =
        make("POST", "/p", (struct headers)HEADERS(host_only), (struct body){"b", 1});
    struct server *server = server_start(steps, COUNT_OF(steps));
    struct driver_options options = {.port = server->port, .timeout_ms = 5000};
    struct driver *driver;
    struct reply reply;
    struct error err = {0};
    reply_init(&reply);
    cr_assert(driver_new(&driver, &options, &err));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        cr_expect(driver_send(driver, i % 2 == 0 ? &get : &post, &reply, &err), "%s", err.text);
        cr_expect_eq(reply.status, wanted[i].status);
        cr_expect_str_eq(buffer_text(&reply.body), wanted[i].body);
        cr_expect_gt(reply.wall_ns, 0);
    }
    driver_free(driver);
    server_join(server);
    cr_expect_eq(server->connections, 1, "%d connections", server->connections);
    reply_release(&reply);
    free(server);
}

Test(driver, closing_after_each_answer_is_followed_by_a_fresh_connection)
{
    static const struct step step = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", CLOSE};
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    struct server *server = server_start(&step, 1);
    struct driver_options options = {.port = server->port, .timeout_ms = 5000};
    struct driver *driver;
    struct reply reply;
    struct error err = {0};
    reply_init(&reply);
    cr_assert(driver_new(&driver, &options, &err));
    for (int i = 0; i < 3; i++)
        cr_expect(driver_send(driver, &exchange, &reply, &err), "%s", err.text);
    driver_free(driver);
    server_join(server);
    cr_expect_eq(server->connections, 3);
    reply_release(&reply);
    free(server);
}

Test(driver, a_connection_that_went_stale_in_a_pause_is_replaced)
{
    static const struct step step = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", CLOSE};
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    struct server *server = server_start(&step, 1);
    struct driver_options options = {.port = server->port, .timeout_ms = 5000};
    struct driver *driver;
    struct reply reply;
    struct error err = {0};
    reply_init(&reply);
    cr_assert(driver_new(&driver, &options, &err));
    for (int i = 0; i < 3; i++) {
        cr_expect(driver_send(driver, &exchange, &reply, &err), "%s", err.text);
        usleep(50000);
    }
    driver_free(driver);
    server_join(server);
    cr_expect_eq(server->requests, 3);
    reply_release(&reply);
    free(server);
}

static void expect_failure(const struct step *step, int timeout_ms, enum error_code code,
                           const char *text)
{
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    struct driver_options options = {.timeout_ms = timeout_ms};
    struct reply reply;
    struct error err = {0};
    bool ok;
    reply_init(&reply);
    struct server *server = send_once(options, &exchange, step, &reply, &err, &ok);
    cr_expect_not(ok);
    cr_expect_eq(err.code, code, "code %d", (int)err.code);
    cr_expect(strstr(err.text, text) != NULL, "said: %s", err.text);
    cr_expect_eq(server->requests, 1, "sent %zu times", server->requests);
    reply_release(&reply);
    free(server);
}

Test(driver, a_hang_ends_with_the_timeout)
{
    static const struct step silent = {NULL, HANG};
    static const struct step half = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HANG};
    int64_t start = clock_monotonic_ns();
    expect_failure(&silent, 300, ERROR_MEASUREMENT, "no answer within 300 ms");
    expect_failure(&half, 300, ERROR_MEASUREMENT, "no answer within 300 ms");
    int64_t took_ms = (clock_monotonic_ns() - start) / NS_PER_MS;
    cr_expect(took_ms >= 600 && took_ms < 3000, "%lld ms", (long long)took_ms);
}

Test(driver, a_closed_connection_is_told_apart)
{
    static const struct step closed = {NULL, CLOSE}, reset = {NULL, RESET};
    static const struct step cut = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", CLOSE};
    static const struct step garbage = {"hello, this is not HTTP\r\n\r\n", CLOSE};
    expect_failure(&closed, 10000, ERROR_ENVIRONMENT, "closed the connection without answering");
    expect_failure(&reset, 10000, ERROR_ENVIRONMENT, "closed the connection without answering");
    expect_failure(&cut, 10000, ERROR_ENVIRONMENT, "in the middle of its answer");
    expect_failure(&garbage, 10000, ERROR_MEASUREMENT, "not valid HTTP");
}

/* A worker that dies of a request on a kept connection: libcurl by itself would send the request
 * once more, and the second worker would answer. */
Test(driver, a_request_is_never_sent_twice)
{
    static const struct step steps[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", KEEP},
        {NULL, CLOSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", KEEP},
    };
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    struct server *server = server_start(steps, COUNT_OF(steps));
    struct driver_options options = {.port = server->port, .timeout_ms = 5000};
    struct driver *driver;
    struct reply reply;
    struct error err = {0};
    reply_init(&reply);
    cr_assert(driver_new(&driver, &options, &err));
    cr_expect(driver_send(driver, &exchange, &reply, &err), "%s", err.text);
    cr_expect_not(driver_send(driver, &exchange, &reply, &err));
    cr_expect_eq(err.code, ERROR_ENVIRONMENT);
    cr_expect(strstr(err.text, "closed the connection without answering; it was a kept one") !=
                  NULL,
              "%s", err.text);
    cr_expect_eq(server->requests, 2);
    error_clear(&err);
    cr_expect(driver_send(driver, &exchange, &reply, &err), "after it: %s", err.text);
    driver_free(driver);
    server_join(server);
    cr_expect_eq(server->requests, 3);
    reply_release(&reply);
    free(server);
}

Test(driver, nobody_listens)
{
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    struct server *server = server_start(&fine, 1);
    server_join(server); /* the port is free again */
    struct driver_options options = {.port = server->port, .timeout_ms = 5000};
    struct driver *driver;
    struct reply reply;
    struct error err = {0};
    reply_init(&reply);
    cr_assert(driver_new(&driver, &options, &err));
    cr_expect_not(driver_send(driver, &exchange, &reply, &err));
    cr_expect_eq(err.code, ERROR_ENVIRONMENT);
    cr_expect(strstr(err.text, "does not accept connections") != NULL, "%s", err.text);
    driver_free(driver);
    reply_release(&reply);
    free(server);
}

static void *interrupt_soon(void *context)
{
    usleep(100000);
    eventfd_write(*(int *)context, 1);
    return NULL;
}

Test(driver, an_interrupt_ends_the_wait_at_once)
{
    static const struct step silent = {NULL, HANG};
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    struct interrupt interrupt = {.fd = eventfd(0, EFD_CLOEXEC)};
    struct driver_options options = {.timeout_ms = 15000, .interrupt = &interrupt};
    struct reply reply;
    struct error err = {0};
    pthread_t thread;
    bool ok;
    reply_init(&reply);
    int64_t start = clock_monotonic_ns();
    pthread_create(&thread, NULL, interrupt_soon, &interrupt.fd);
    struct server *server = send_once(options, &exchange, &silent, &reply, &err, &ok);
    pthread_join(thread, NULL);
    cr_expect_not(ok);
    cr_expect_eq(err.code, ERROR_INTERRUPTED);
    cr_expect_lt((clock_monotonic_ns() - start) / NS_PER_MS, 2000);
    close(interrupt.fd);
    reply_release(&reply);
    free(server);
}

Test(driver, proxies_of_the_environment_are_not_asked)
{
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    struct exchange exchange =
        make("GET", "/", (struct headers)HEADERS(host_only), (struct body){0});
    EXPECT_TEXT(&exchange, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}
