/* The stand-ins, asked over real sockets. */
#include "replay/standin.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(standin, .timeout = 60);

enum { ANSWER_BYTES = 4096 };

static int connect_to(const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert(strncmp(url, "http://127.0.0.1:", 17) == 0, "%s", url);
    address.sin_port = htons((uint16_t)strtoul(url + 17, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Sends bytes and reads an answer up to its end: head, then Content-Length bytes unless `head`. */
static void ask(int fd, const char *bytes, size_t size, bool head, char *answer)
{
    size_t got = 0;
    cr_assert_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    for (;;) {
        ssize_t more = recv(fd, answer + got, ANSWER_BYTES - 1 - got, 0);
        cr_assert_gt(more, 0, "the connection was closed");
        got += (size_t)more;
        answer[got] = '\0';
        const char *end = memmem(answer, got, "\r\n\r\n", 4);
        if (end == NULL)
            continue;
        const char *length = strcasestr(answer, "content-length: ");
        size_t body = length == NULL || head ? 0 : strtoul(length + 16, NULL, 10);
        if (got >= (size_t)(end + 4 - answer) + body)
            return;
    }
}

static const char *ask_text(int fd, const char *text, char *answer)
{
    ask(fd, text, strlen(text), strncmp(text, "HEAD", 4) == 0, answer);
    return answer;
}

static const char *body_of(const char *answer)
{
    return strstr(answer, "\r\n\r\n") + 4;
}

static struct upstream_answer call(const char *name, const char *target, const char *answer)
{
    return (struct upstream_answer){.name = name,
                                    .request = {.method = "GET", .target = target},
                                    .response = {.status = 200, .body = {answer, strlen(answer)}}};
}

static struct exchange exchange_of(const struct upstream_answer *calls, size_t count)
{
    return (struct exchange){.line = 7,
                             .request = {.method = "GET", .target = "/"},
                             .upstream = calls,
                             .upstream_count = count};
}

static const char *const names[] = {"users", "pins"};

static struct standin_set *start(const struct exchange *exchanges, size_t count)
{
    struct standin_set *set;
    struct error err = {0};
    cr_assert(standin_set_new(&set, names, COUNT_OF(names), &err), "%s", err.text);
    for (size_t i = 0; i < count; i++)
        cr_assert(standin_set_add(set, &exchanges[i], &err), "%s", err.text);
    return set;
}

Test(standin, gives_the_recorded_answer_byte_for_byte)
{
    static const struct header fields[] = {{"Content-Type", "x/y"},
                                           {"X-B", "2"},
                                           {"X-A", "1"},
                                           {"X-B", "3"},
                                           {"Connection", "close"},
                                           {"Content-Length", "999"},
                                           {"Transfer-Encoding", "chunked"}};
    struct upstream_answer recorded = {
        .name = "users",
        .request = {.method = "POST", .target = "/../a%2f?x=%20&y", .body = {"in\0put", 6}},
        .response = {.status = 404, .headers = {fields, COUNT_OF(fields)}, .body = {"b\0d", 3}}};
    struct exchange exchange = exchange_of(&recorded, 1);
    struct standin_set *set = start(&exchange, 1);
    char answer[ANSWER_BYTES];
    static const char request[] = "POST /../a%2f?x=%20&y HTTP/1.1\r\nHost: h\r\n"
                                  "Content-Length: 6\r\n\r\nin\0put";
    int fd = connect_to(standin_set_url(set, "users"));
    ask(fd, request, sizeof request - 1, false, answer);
    static const char head[] = "HTTP/1.1 404 Not Found\r\n";
    cr_expect(strncmp(answer, head, sizeof head - 1) == 0, "%s", answer);
    cr_expect(strstr(answer, "Content-Type: x/y\r\nX-B: 2\r\nX-A: 1\r\nX-B: 3\r\n") != NULL, "%s",
              answer);
    cr_expect(strstr(answer, "Content-Length: 3\r\n") != NULL, "%s", answer);
    cr_expect(strstr(answer, "Date:") == NULL, "%s", answer);
    cr_expect(strstr(answer, "onnection") == NULL && strstr(answer, "chunked") == NULL, "%s",
              answer);
    cr_expect(memcmp(body_of(answer), "b\0d", 3) == 0);
    cr_expect_eq(standin_set_misses(set), 0);
    close(fd);
    standin_set_free(set);
}

Test(standin, one_server_does_not_answer_for_another)
{
    struct upstream_answer recorded = call("users", "/x", "u");
    struct exchange exchange = exchange_of(&recorded, 1);
    struct standin_set *set = start(&exchange, 1);
    char answer[ANSWER_BYTES];
    cr_expect_str_neq(standin_set_url(set, "users"), standin_set_url(set, "pins"));
    cr_expect_null(standin_set_url(set, "other"));
    int fd = connect_to(standin_set_url(set, "pins"));
    cr_expect(strncmp(ask_text(fd, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", answer), "HTTP/1.1 599 ",
                      13) == 0);
    close(fd);
    standin_set_free(set);
}

Test(standin, equal_requests_get_their_exchanges_answers_in_order)
{
    struct upstream_answer first[] = {call("users", "/x", "a1"), call("users", "/x", "a2")};
    struct upstream_answer second[] = {call("users", "/x", "b1")};
    struct exchange exchanges[] = {exchange_of(first, 2), exchange_of(second, 1)};
    struct standin_set *set = start(exchanges, 2);
    char answer[ANSWER_BYTES];
    static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    int fd = connect_to(standin_set_url(set, "users"));
    for (int turn = 0; turn < 2; turn++) { /* a second replay begins anew */
        standin_set_current(set, &exchanges[0]);
        cr_expect_str_eq(body_of(ask_text(fd, request, answer)), "a1");
        cr_expect_str_eq(body_of(ask_text(fd, request, answer)), "a2");
        cr_expect_str_eq(body_of(ask_text(fd, request, answer)), "a2");
        standin_set_current(set, &exchanges[1]);
        cr_expect_str_eq(body_of(ask_text(fd, request, answer)), "b1");
        cr_expect_str_eq(body_of(ask_text(fd, request, answer)), "b1");
    }
    standin_set_current(set, NULL); /* any exchange's will do: the first's */
    cr_expect_str_eq(body_of(ask_text(fd, request, answer)), "a1");
    cr_expect_eq(standin_set_misses(set), 0);
    close(fd);
    standin_set_free(set);
}

Test(standin, a_miss_is_599_counted_and_described)
{
    struct upstream_answer recorded[] = {call("users", "/x?a=1", "r"),
                                         call("users", "/x?b=2", "r")};
    struct exchange exchange = exchange_of(recorded, 2);
    struct standin_set *set = start(&exchange, 1);
    char answer[ANSWER_BYTES];
    struct buffer said;
    buffer_init(&said, 65536);
    int fd = connect_to(standin_set_url(set, "users"));
    ask_text(fd, "GET /x?b=3 HTTP/1.1\r\nHost: h\r\n\r\n", answer);
    cr_expect(strncmp(answer, "HTTP/1.1 599 ", 13) == 0, "%s", answer);
    cr_expect(strstr(body_of(answer), "\"error\"") != NULL, "%s", answer);
    ask_text(fd, "PUT /x?b=2 HTTP/1.1\r\nHost: h\r\n\r\n", answer);
    cr_expect_eq(standin_set_misses(set), 2);
    standin_set_describe_misses(set, &said);
    cr_expect_str_eq(buffer_text(&said), "2 requests to the stand-ins found no recorded answer:\n"
                                         "  users: GET /x?b=3\n"
                                         "    nearest recorded: GET /x?b=2\n"
                                         "    they differ in\n"
                                         "      query b: \"3\" asked, \"2\" recorded\n"
                                         "    values alone differ: with \"match\": {\"template\": "
                                         "true} this upstream would answer\n"
                                         "  users: PUT /x?b=2\n"
                                         "    nearest recorded: GET /x?b=2\n"
                                         "    they differ in\n"
                                         "      method: \"PUT\" asked, \"GET\" recorded");
    for (int i = 0; i < 5; i++)
        ask_text(fd, "GET /y HTTP/1.1\r\nHost: h\r\n\r\n", answer);
    buffer_clear(&said);
    standin_set_describe_misses(set, &said);
    cr_expect(strstr(buffer_text(&said), "\n  and 2 more") != NULL, "%s", buffer_text(&said));
    buffer_release(&said);
    close(fd);
    standin_set_free(set);
}

Test(standin, no_misses_say_nothing)
{
    struct standin_set *set = start(NULL, 0);
    struct buffer said;
    buffer_init(&said, 65536);
    standin_set_describe_misses(set, &said);
    cr_expect_eq(said.length, 0);
    buffer_release(&said);
    standin_set_free(set);
}

Test(standin, head_has_the_recorded_length_and_no_body)
{
    static const struct header fields[] = {{"Content-Length", "1234"}};
    struct upstream_answer recorded = {.name = "users",
                                       .request = {.method = "HEAD", .target = "/h"},
                                       .response = {.status = 200, .headers = {fields, 1}}};
    struct exchange exchange = exchange_of(&recorded, 1);
    struct standin_set *set = start(&exchange, 1);
    char answer[ANSWER_BYTES];
    int fd = connect_to(standin_set_url(set, "users"));
    for (int i = 0; i < 2; i++) { /* the second shows that nothing came after the first */
        ask_text(fd, "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n", answer);
        cr_expect(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "%s", answer);
        cr_expect(strstr(answer, "Content-Length: 1234\r\n") != NULL, "%s", answer);
    }
    close(fd);
    standin_set_free(set);
}

Test(standin, content_encoding_only_where_the_bytes_are)
{
    static const struct header gzip[] = {{"Content-Encoding", "gzip"}};
    struct upstream_answer recorded[] = {call("users", "/plain", "text"),
                                         call("users", "/packed", "\x1f\x8b\x08rest")};
    recorded[0].response.headers = (struct headers){gzip, 1};
    recorded[1].response.headers = (struct headers){gzip, 1};
    struct exchange exchange = exchange_of(recorded, 2);
    struct standin_set *set = start(&exchange, 1);
    char answer[ANSWER_BYTES];
    int fd = connect_to(standin_set_url(set, "users"));
    ask_text(fd, "GET /plain HTTP/1.1\r\nHost: h\r\n\r\n", answer);
    cr_expect(strstr(answer, "Content-Encoding") == NULL, "%s", answer);
    ask_text(fd, "GET /packed HTTP/1.1\r\nHost: h\r\n\r\n", answer);
    cr_expect(strstr(answer, "Content-Encoding: gzip\r\n") != NULL, "%s", answer);
    close(fd);
    standin_set_free(set);
}

Test(standin, an_unknown_upstream_and_an_interim_status_are_refused)
{
    struct upstream_answer unknown = call("tags", "/x", "r");
    struct upstream_answer interim = call("users", "/x", "r");
    interim.response.status = 101;
    struct exchange first = exchange_of(&unknown, 1), second = exchange_of(&interim, 1);
    struct standin_set *set = start(NULL, 0);
    struct error err = {0};
    cr_expect_not(standin_set_add(set, &first, &err));
    cr_expect_str_eq(err.where, "corpus line 7: upstream[0]");
    cr_expect(strstr(err.text, "\"tags\" is not an upstream") != NULL, "%s", err.text);
    error_clear(&err);
    cr_expect_not(standin_set_add(set, &second, &err));
    cr_expect(strstr(err.text, "not a final one") != NULL, "%s", err.text);
    standin_set_free(set);
}

Test(standin, large_bodies_come_in_pieces)
{
    static char bytes[100000];
    memset(bytes, 'z', sizeof bytes);
    struct upstream_answer recorded = {
        .name = "pins",
        .request = {.method = "POST", .target = "/big", .body = {bytes, sizeof bytes}},
        .response = {.status = 201, .body = {"made", 4}}};
    struct exchange exchange = exchange_of(&recorded, 1);
    struct standin_set *set = start(&exchange, 1);
    char answer[ANSWER_BYTES];
    static char request[sizeof bytes + 100];
    int head =
        snprintf(request, sizeof request,
                 "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", sizeof bytes);
    memcpy(request + head, bytes, sizeof bytes);
    int fd = connect_to(standin_set_url(set, "pins"));
    ask(fd, request, (size_t)head + sizeof bytes, false, answer);
    cr_expect_str_eq(body_of(answer), "made");
    close(fd);
    standin_set_free(set);
}
