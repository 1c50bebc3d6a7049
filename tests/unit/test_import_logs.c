/* Access logs: fixtures/import/log and alb, made by hand after the formats' documentation. Times
 * are by `date -u -d … +%s`. */
#include "tests/unit/import_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <unistd.h>

TestSuite(import_logs, .timeout = 600);

static const struct import_case files[] = {
    {"log/valid/common.log", 2, 0, 0, 0, ""},
    {"log/valid/combined.log", 2, 0, 0, 0, ""},
    {"log/valid/combined-more-fields.log", 1, 0, 0, 0, ""},
    {"log/valid/escapes.log", 2, 0, 0, 0, ""},
    {"log/valid/zones.log", 2, 0, 0, 0, ""},
    {"log/valid/user-with-spaces.log", 1, 0, 0, 0, ""},
    {"log/valid/garbage-requests.log", 1, 0, 9, 0, "the request line is not HTTP"},
    {"log/valid/spaces-in-target.log", 1, 0, 0, 0, ""},
    {"log/valid/windows-lines.log", 1, 0, 0, 0, ""},
    {"log/valid/absolute.log", 2, 0, 0, 0, ""},
    {"log/valid/nginx.json", 2, 0, 0, 0, ""},
    {"log/valid/caddy.json", 1, 0, 0, 0, ""},
    {"log/valid/parts.json", 1, 0, 0, 0, ""},
    {"log/invalid/no-date.log", 0, 0, 0, 1, "no time in brackets"},
    {"log/invalid/date-wrong.log", 0, 0, 0, 1, "the time in brackets is none"},
    {"log/invalid/no-request.log", 0, 0, 0, 1, "no request in quotes"},
    {"log/invalid/open-quote.log", 0, 0, 0, 1, "no request in quotes"},
    {"log/invalid/no-status.log", 0, 0, 0, 1, "no status and size"},
    {"log/invalid/status-word.log", 0, 0, 0, 1, "the status is no number"},
    {"log/invalid/cut.log", 1, 0, 1, 0, "the file ends in the middle of it"},
    {"log/invalid/json-cut.json", 1, 0, 1, 0, "the file ends in the middle of it"},
    {"log/invalid/json-no-target.json", 0, 0, 0, 1, "no method and target"},
    {"log/invalid/json-no-status.json", 0, 0, 0, 1, "no status under the known keys"},
    {"log/invalid/json-list.json", 0, 0, 0, 1, "not a JSON object"},
    {"log/invalid/binary.log", 0, 0, 0, 5, "no time in brackets"},
    {"alb/valid/https.log", 1, 0, 0, 0, ""},
    {"alb/valid/h2-and-http.log", 2, 0, 0, 0, ""},
    {"alb/valid/other-port.log", 1, 0, 0, 0, ""},
    {"alb/valid/malformed-request.log", 1, 0, 1, 0, "the log has no request line"},
    {"alb/valid/websocket.log", 1, 0, 1, 0, "it is a WebSocket"},
    {"alb/valid/target-down.log", 1, 0, 0, 0, ""},
    {"alb/valid/few-fields.log", 1, 0, 0, 0, ""},
    {"alb/invalid/cut.log", 1, 0, 1, 0, "the file ends in the middle of it"},
    {"alb/invalid/other-type.log", 0, 0, 0, 1, "not the fields of a load balancer's log"},
    {"alb/invalid/time-wrong.log", 0, 0, 0, 1, "the time is none"},
    {"alb/invalid/open-quote.log", 0, 0, 1, 0, "the request line is not HTTP"},
};

ParameterizedTestParameters(import_logs, counts)
{
    static struct import_case cases[COUNT_OF(files)];
    memcpy(cases, files, sizeof files);
    return cr_make_param_array(struct import_case, cases, COUNT_OF(cases));
}

static const char *format_of(const char *file)
{
    if (strncmp(file, "alb/", 4) == 0)
        return "alb";
    return strstr(file, ".json") != NULL ? "json" : "combined";
}

ParameterizedTest(struct import_case *each, import_logs, counts)
{
    expect_import(each, format_of(each->file));
}

Test(import_logs, every_file_has_its_case_here)
{
    cr_expect_eq(import_count_files("log/valid") + import_count_files("log/invalid") +
                     import_count_files("alb/valid") + import_count_files("alb/invalid"),
                 COUNT_OF(files));
}

struct requests_case {
    char file[48];
    char requests[2][160]; /* "" = no more */
};

static const struct requests_case requests[] = {
    {"log/valid/common.log",
     {"GET /a?x=1 HTTP/1.0 200 2326 @1431857103000000000",
      "HEAD /a HTTP/1.1 304 -1 @1431857103000000000"}},
    {"log/valid/combined.log",
     {"GET /a HTTP/1.1 200 12 @1431857103000000000", "GET /a HTTP/2 206 5 @1431857103000000000"}},
    {"log/valid/combined-more-fields.log", {"GET /a HTTP/1.1 200 12 @1431857103000000000", ""}},
    {"log/valid/escapes.log",
     {"GET /café?q=\"x\" HTTP/1.1 200 1 @1431857103000000000",
      "GET /latin%E9 HTTP/1.1 200 1 @1431857103000000000"}},
    {"log/valid/zones.log",
     {"GET /east HTTP/1.1 200 1 @10000000000", "GET /west HTTP/1.1 200 1 @19820000000000"}},
    {"log/valid/user-with-spaces.log", {"GET /a HTTP/1.1 200 1 @1431857103000000000", ""}},
    {"log/valid/spaces-in-target.log", {"GET /a%20b%20c HTTP/1.1 200 1 @1431857103000000000", ""}},
    {"log/valid/garbage-requests.log", {"GET /ok HTTP/1.1 200 1 @1431857103000000000", ""}},
    {"log/valid/absolute.log",
     {"GET http://a.example/x HTTP/1.1 200 12 @1431857103000000000",
      "OPTIONS * HTTP/1.1 200 -1 @1431857103000000000"}},
    {"log/valid/nginx.json",
     {"GET /a?x=1 HTTP/1.1 200 490 @1715932800500000000",
      "GET /b HTTP/1.1 304 0 @1431849932000000000"}},
    {"log/valid/caddy.json", {"GET /c?y=2 HTTP/2 200 10900 @1646861401524102000 api.example", ""}},
    {"log/valid/parts.json", {"GET /d?z=3 HTTP/1.1 404 0 @1715932800000000000 b.example", ""}},
    {"alb/valid/https.log",
     {"GET /a?b=c HTTP/1.1 200 57 @1530570168364000000 www.example.com", ""}},
    {"alb/valid/h2-and-http.log",
     {"GET /a?b=c HTTP/2 200 57 @1530570168364000000 www.example.com",
      "GET / HTTP/1.1 200 57 @1530570168364000000 www.example.com"}},
    {"alb/valid/other-port.log",
     {"GET /a?b=c HTTP/1.1 200 57 @1530570168364000000 www.example.com:8443", ""}},
    {"alb/valid/target-down.log",
     {"GET /a?b=c HTTP/1.1 503 57 @1530570168364000000 www.example.com", ""}},
    /* Without request_creation_time: the time when the answer went out, 22:23:00.186641. */
    {"alb/valid/few-fields.log",
     {"GET /a?b=c HTTP/1.1 200 57 @1530570180186641000 www.example.com", ""}},
};

ParameterizedTestParameters(import_logs, requests)
{
    static struct requests_case cases[COUNT_OF(requests)];
    memcpy(cases, requests, sizeof requests);
    return cr_make_param_array(struct requests_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct requests_case *each, import_logs, requests)
{
    struct kept_import kept;
    import_kept(&kept, each->file, NULL, NULL);
    size_t count = each->requests[1][0] != '\0' ? 2 : 1;
    cr_assert_eq(kept.request_count, count, "%s", each->file);
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(kept.requests[i], each->requests[i], "%s: %s", each->file,
                         kept.requests[i]);
    kept_release(&kept);
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "w");
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

Test(import_logs, keys_of_json_are_the_users)
{
    static const char *const pairs[] = {"method=verb.name", "target=where", "status=a.b",
                                        "size=n",           "time=when",    NULL};
    char path[] = "/tmp/tollgate-import-XXXXXX";
    struct kept_import kept;
    write_file(path, "{\"verb\":{\"name\":\"GET\"},\"where\":\"/x\",\"a.b\":204,\"n\":\"7\","
                     "\"when\":1715932800123,\"status\":500}\n");
    import_kept(&kept, path, "json", pairs);
    cr_assert_eq(kept.request_count, 1);
    cr_expect_str_eq(kept.requests[0], "GET /x HTTP/1.1 204 7 @1715932800123000000");
    kept_release(&kept);
    unlink(path);
}

Test(import_logs, pairs_that_name_no_field_are_refused)
{
    static const char *const wrong[] = {"status", "status=", "=x", "statsu=x", ""};
    struct error err = {0};
    cr_expect(import_check_json_key("status=code", &err));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        error_clear(&err);
        cr_expect_not(import_check_json_key(wrong[i], &err), "%s", wrong[i]);
        cr_expect_eq(err.code, ERROR_USAGE);
        cr_expect(strstr(err.text, "user_agent") != NULL, "%s", err.text);
    }
}

Test(import_logs, a_line_that_is_too_long_is_odd_and_the_next_is_read)
{
    char path[] = "/tmp/tollgate-import-XXXXXX";
    struct kept_import kept;
    enum { LONG = 3 * 1024 * 1024 };
    static const char line[] =
        "\n10.0.0.1 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 12\n";
    char *text = malloc(LONG + sizeof line);
    cr_assert_not_null(text);
    memset(text, 'x', LONG);
    memcpy(text + LONG, line, sizeof line);
    write_file(path, text);
    free(text);
    import_kept(&kept, path, "common", NULL);
    cr_expect_eq(kept.tally.odd, 1);
    cr_expect(kept_says(&kept, "the line is too long"));
    cr_assert_eq(kept.request_count, 1);
    cr_expect_str_eq(kept.requests[0], "GET /a HTTP/1.1 200 12 @1431857103000000000");
    kept_release(&kept);
    unlink(path);
}
