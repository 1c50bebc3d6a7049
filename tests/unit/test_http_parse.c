/* HTTP/1 messages of captures, after RFC 9112. */
#include "replay/http_parse.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(http_parse, .timeout = 600);

struct request_case {
    const char *text;
    const char *target; /* NULL: refused */
    const char *body;   /* NULL: none */
    bool cut;
};

Test(http_parse, requests)
{
    static const struct request_case cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "/", NULL, false},
        {"GET / HTTP/1.0\n\n", "/", NULL, false},
        {"GET http://a.example/x HTTP/1.1\r\n\r\n", "http://a.example/x", NULL, false},
        {"OPTIONS * HTTP/1.1\r\n\r\n", "*", NULL, false},
        {"GET /a b HTTP/1.1\r\n\r\n", "/a%20b", NULL, false},
        {"GET / HTTP/1.1\r\n\r\nleft over", "/", NULL, false},
        {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "/", "", false},
        {"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabcdef", "/", "abc", false},
        {"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "/", "abc", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "/", "a",
         false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "/", "abc", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "/", "abc", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "/", "", true},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "/",
         "", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", NULL, NULL,
         false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", NULL, NULL, false},
        {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", NULL, NULL, false},
        {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", NULL, NULL, false},
        {"GET / HTTP/2.0\r\n\r\n", NULL, NULL, false},
        {"GET / HTTP/1.1", NULL, NULL, false},
        {"GET / HTTP/1.1\r\nHost: a", NULL, NULL, false},
        {"GET /\r\n\r\n", NULL, NULL, false},
        {"GE(T / HTTP/1.1\r\n\r\n", NULL, NULL, false},
        {"GET relative HTTP/1.1\r\n\r\n", NULL, NULL, false},
        {"GET re la tive HTTP/1.1\r\n\r\n", NULL, NULL, false},
        {"GET / HTTP/1.1\r\nbad name: x\r\n\r\n", NULL, NULL, false},
        {"GET / HTTP/1.1\r\n: x\r\n\r\n", NULL, NULL, false},
        {"GET / HTTP/1.1\r\n folded first\r\n\r\n", NULL, NULL, false},
        {"GET / HTTP/1.1\r\nX: a\x01\r\n\r\n", NULL, NULL, false},
        {"", NULL, NULL, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena;
        struct request request;
        struct http_notes notes;
        arena_init(&arena);
        enum http_result result =
            http_parse_request(cases[i].text, strlen(cases[i].text), &arena, &request, &notes);
        cr_expect_eq(result, cases[i].target != NULL ? HTTP_OK : HTTP_WRONG, "%s: %s",
                     cases[i].text, notes.problem);
        cr_expect_eq(notes.problem == NULL, result == HTTP_OK);
        if (result == HTTP_OK && cases[i].target != NULL) {
            cr_expect_str_eq(request.target, cases[i].target);
            cr_expect_eq(request.body.data == NULL, cases[i].body == NULL, "%s", cases[i].text);
            if (cases[i].body != NULL && request.body.data != NULL)
                cr_expect_str_eq(request.body.data, cases[i].body, "%s", cases[i].text);
            cr_expect_eq(notes.body_is_cut, cases[i].cut, "%s", cases[i].text);
        }
        arena_release(&arena);
    }
}

struct response_case {
    const char *text;
    const char *method;
    int status; /* 0: refused */
    const char *body;
};

Test(http_parse, responses)
{
    static const struct response_case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL, 200, "ok"},
        {"HTTP/1.1 200\r\n\r\nto the end", NULL, 200, "to the end"},
        {"HTTP/1.0 404 Not Found\r\n\r\n", "GET", 404, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", 200, ""},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", 304, ""},
        {"HTTP/1.1 204 No Content\r\n\r\nx", "GET", 204, ""},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
         "HTTP/1.1 200 OK\r\n\r\nlast",
         "POST", 200, "last"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05", "GET", 101, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;e\r\nc\r\n0\r\n\r\n",
         "GET", 200, "abc"},
        {"HTTP/1.1 99 x\r\n\r\n", NULL, 0, NULL},
        {"HTTP/1.1 600 x\r\n\r\n", NULL, 0, NULL},
        {"HTTP/1.1 2x0 x\r\n\r\n", NULL, 0, NULL},
        {"HTTP/1.1 2000\r\n\r\n", NULL, 0, NULL},
        {"HTTP/2 200\r\n\r\n", NULL, 0, NULL},
        {"HTTP/1.1 100 Continue\r\n\r\n", NULL, 0, NULL},
        {"", NULL, 0, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena;
        struct response response;
        struct http_notes notes;
        arena_init(&arena);
        enum http_result result = http_parse_response(cases[i].text, strlen(cases[i].text),
                                                      cases[i].method, &arena, &response, &notes);
        cr_expect_eq(result, cases[i].status != 0 ? HTTP_OK : HTTP_WRONG, "%s", cases[i].text);
        if (result == HTTP_OK && cases[i].status != 0) {
            cr_expect_eq(response.status, cases[i].status);
            cr_expect_str_eq(response.body.data, cases[i].body, "%s", cases[i].text);
            cr_expect_eq(response.body.size, strlen(cases[i].body));
        }
        arena_release(&arena);
    }
}

Test(http_parse, headers_keep_order_case_and_duplicates)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a.example\r\nX-a:  1 \t\r\nx-A:2\r\n"
                               "Empty:\r\nContent-Encoding: gzip\r\n\r\n";
    struct arena arena;
    struct request request;
    struct http_notes notes;
    arena_init(&arena);
    cr_assert_eq(http_parse_request(text, sizeof text - 1, &arena, &request, &notes), HTTP_OK);
    cr_assert_eq(request.headers.count, 5);
    cr_expect_str_eq(request.headers.items[1].name, "X-a");
    cr_expect_str_eq(request.headers.items[1].value, "1");
    cr_expect_str_eq(request.headers.items[2].name, "x-A");
    cr_expect_str_eq(request.headers.items[3].value, "");
    cr_expect_str_eq(notes.host, "a.example");
    cr_expect_str_eq(notes.proto, "HTTP/1.1");
    cr_expect(notes.body_is_coded);
    cr_expect_not(notes.latin1);
    arena_release(&arena);
}
