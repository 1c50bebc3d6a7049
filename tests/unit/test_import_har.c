/* HAR files: fixtures/import/har, made by hand after the format's specification (1.2). */
#include "tests/unit/import_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

TestSuite(import_har, .timeout = 600);

static const struct import_case files[] = {
    {"har/valid/everything.har", 1, 0, 0, 0, ""},
    {"har/valid/byte-order-mark.har", 1, 0, 0, 0, ""},
    {"har/valid/out-of-order.har", 2, 0, 0, 0, ""},
    {"har/valid/log-keys-in-other-order.har", 1, 0, 0, 0, ""},
    {"har/valid/binary-bodies.har", 2, 0, 0, 0, ""},
    {"har/valid/forms.har", 2, 0, 0, 0, ""},
    {"har/valid/left-out.har", 1, 0, 4, 0, "the URL is not of http or https"},
    {"har/valid/headers-unfit.har", 1, 0, 0, 0, ""},
    {"har/valid/many-headers.har", 1, 0, 0, 0, ""},
    {"har/invalid/no-entries.har", 0, 0, 0, 0, ""},
    {"har/invalid/cut-in-entry.har", 1, 0, 1, 0, "the file ends in the middle of it"},
    {"har/invalid/cut-in-string.har", 0, 0, 1, 0, "the file ends in the middle of it"},
    {"har/invalid/cut-between.har", 1, 0, 0, 0, ""},
    {"har/invalid/entry-not-json.har", 2, 0, 0, 1, "not valid JSON at byte 15"},
    {"har/invalid/entry-number.har", 0, 0, 0, 1, "not valid JSON"},
    {"har/invalid/entry-empty.har", 0, 0, 0, 1, "request or response is missing"},
    {"har/invalid/no-method.har", 0, 0, 0, 1, "request.method is missing"},
    {"har/invalid/no-url.har", 0, 0, 0, 1, "request.url is missing"},
    {"har/invalid/status-text.har", 0, 0, 0, 1, "response.status is missing"},
    {"har/invalid/status-999.har", 0, 0, 0, 1, "response.status is missing or none of HTTP"},
    {"har/invalid/not-utf8.har", 0, 0, 0, 1, "unable to decode byte 0xff"},
};

ParameterizedTestParameters(import_har, counts)
{
    static struct import_case cases[COUNT_OF(files)];
    memcpy(cases, files, sizeof files);
    return cr_make_param_array(struct import_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct import_case *each, import_har, counts)
{
    expect_import(each, NULL);
}

struct refusal {
    char file[64];
    char where[32];
    char text[80];
};

static const struct refusal refusals[] = {
    {"har/invalid/empty.har", "byte 0", "no list \"entries\""},
    {"har/invalid/no-log.har", "byte 13", "no list \"entries\" in \"log\""},
    {"har/invalid/log-list.har", "byte 7", "no list \"entries\" in \"log\""},
    {"har/invalid/entries-object.har", "byte 18", "no list \"entries\" in \"log\""},
    {"har/invalid/garbage-root.har", "byte 7", "a key without a value"},
    {"har/invalid/missing-comma.har", "byte 536", "neither a comma nor the end"},
};

ParameterizedTestParameters(import_har, refuse)
{
    static struct refusal cases[COUNT_OF(refusals)];
    memcpy(cases, refusals, sizeof refusals);
    return cr_make_param_array(struct refusal, cases, COUNT_OF(cases));
}

ParameterizedTest(struct refusal *each, import_har, refuse)
{
    struct kept_import kept;
    import_kept(&kept, each->file, "har", NULL);
    cr_expect_not(kept.ok, "%s was accepted", each->file);
    cr_expect_eq(kept.err.code, ERROR_INPUT);
    cr_expect(strstr(kept.err.where, each->where) != NULL, "%s: at %s", each->file, kept.err.where);
    cr_expect(strstr(kept.err.text, each->text) != NULL, "%s: %s", each->file, kept.err.text);
    kept_release(&kept);
}

Test(import_har, every_file_has_its_case_here)
{
    cr_expect_eq(import_count_files("har/valid") + import_count_files("har/invalid"),
                 COUNT_OF(files) + COUNT_OF(refusals));
}

/* 2024-05-17T10:05:03.250+02:00 is 1715933103 s by `date -d … +%s`. */
Test(import_har, every_field_is_read)
{
    struct kept_import kept;
    import_kept(&kept, "har/valid/everything.har", NULL, NULL);
    const struct exchange *it = &kept.exchanges[0];
    cr_assert_eq(kept.exchange_count, 1);
    cr_expect_eq(it->ts_ns, 1715933103250000000LL);
    cr_expect_str_eq(it->authority, "api.example:8443");
    cr_expect_str_eq(it->proto, "HTTP/2");
    cr_expect_str_eq(it->request.method, "POST");
    cr_expect_str_eq(it->request.target, "/v3/caf%C3%A9?q=a%20b");
    cr_expect_eq(it->request.body.size, 13);
    cr_expect_str_eq(it->request.body.data, "{\"name\":\"é\"}");
    cr_assert_eq(it->request.headers.count, 5); /* without :authority and Accept-Encoding */
    cr_expect_str_eq(it->request.headers.items[2].name, "X-Dup");
    cr_expect_str_eq(it->request.headers.items[3].value, "2");
    cr_expect_eq(it->response.status, 201);
    cr_expect_str_eq(it->response.body.data, "{\"id\":7}");
    cr_assert_eq(it->response.headers.count, 3); /* what says how it was packed is gone */
    cr_expect_str_eq(it->response.headers.items[1].value, "s=1");
    cr_expect_str_eq(it->response.headers.items[2].value, "t=2");
    cr_expect(kept_says(&kept, "user and password in the URL were dropped"));
    cr_expect(kept_says(&kept, "Accept-Encoding was dropped"));
    cr_expect(kept_says(&kept, "became %HH"));
    cr_expect_not(kept_says(&kept, "no request has a Cookie"));
    kept_release(&kept);
}

Test(import_har, binary_bodies)
{
    struct kept_import kept;
    import_kept(&kept, "har/valid/binary-bodies.har", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 2);
    cr_expect_eq(kept.exchanges[0].response.body.size, 4);
    cr_expect_eq(memcmp(kept.exchanges[0].response.body.data, "\x89PNG", 4), 0);
    cr_expect(kept_says(&kept, "the body of the request was binary"));
    cr_expect(kept_says(&kept, "is not as long as its Content-Length says"));
    /* What lost bytes on the way into the HAR is not compared, but its size is known. */
    cr_expect_null(kept.exchanges[1].response.body.data);
    cr_expect_eq(kept.sizes[1], 9);
    kept_release(&kept);
}

Test(import_har, forms_from_lists_of_fields)
{
    struct kept_import kept;
    import_kept(&kept, "har/valid/forms.har", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 2);
    cr_expect_str_eq(kept.exchanges[0].request.body.data, "a+b=1%262&c=%C3%A9");
    cr_expect_str_eq(kept.exchanges[1].request.body.data,
                     "--XyZ\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n"
                     "Content-Type: text/plain\r\n\r\nhi\r\n--XyZ--\r\n");
    kept_release(&kept);
}

Test(import_har, what_never_reached_a_server_is_left_out)
{
    struct kept_import kept;
    import_kept(&kept, "har/valid/left-out.har", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 1);
    cr_expect_str_eq(kept.exchanges[0].request.target, "/kept");
    cr_expect_eq(kept.exchanges[0].response.body.size, 0); /* a 304 has none */
    cr_expect(kept_says(&kept, "there was no answer (status 0)"));
    cr_expect(kept_says(&kept, "from its cache"));
    cr_expect_eq(kept.tally.left_out.items[0].count, 2);
    cr_expect(strstr(kept.tally.left_out.items[0].first, "left-out.har: entries[0]") != NULL);
    kept_release(&kept);
}

Test(import_har, headers_that_are_not_fit_are_dropped)
{
    struct kept_import kept;
    import_kept(&kept, "har/valid/headers-unfit.har", NULL, NULL);
    const struct headers *headers = &kept.exchanges[0].request.headers;
    cr_assert_eq(headers->count, 2);
    cr_expect_str_eq(kept_header(headers, "good"), "1");
    cr_expect_str_eq(kept_header(headers, "empty"), "");
    kept_release(&kept);
}

Test(import_har, many_headers)
{
    struct kept_import kept;
    import_kept(&kept, "har/valid/many-headers.har", NULL, NULL);
    cr_assert_eq(kept.exchanges[0].request.headers.count, 300);
    cr_expect_str_eq(kept.exchanges[0].request.headers.items[299].value, "v299");
    kept_release(&kept);
}

Test(import_har, a_missing_end_is_told)
{
    struct kept_import kept;
    import_kept(&kept, "har/invalid/cut-between.har", NULL, NULL);
    cr_expect(kept_says(&kept, "the file ends before its list of entries does"));
    kept_release(&kept);
}
