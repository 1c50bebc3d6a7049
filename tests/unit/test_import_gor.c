/* GoReplay's recordings: fixtures/import/gor, made by hand after that program's format. */
#include "tests/unit/import_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

TestSuite(import_gor, .timeout = 600);

static const struct import_case files[] = {
    {"gor/valid/pair.gor", 1, 1, 0, 0, ""},
    {"gor/valid/no-last-separator.gor", 1, 1, 0, 0, ""},
    {"gor/valid/old-ids.gor", 1, 1, 0, 0, ""},
    {"gor/valid/chunked.gor", 1, 1, 0, 0, ""},
    {"gor/valid/interleaved.gor", 2, 2, 0, 0, ""},
    {"gor/valid/answer-first.gor", 1, 1, 0, 0, ""},
    {"gor/valid/requests-only.gor", 2, 0, 0, 0, ""},
    {"gor/valid/replayed.gor", 1, 1, 1, 0, "the answer to a replay"},
    {"gor/valid/duplicate-ids.gor", 2, 1, 0, 0, ""},
    {"gor/valid/answer-alone.gor", 1, 1, 1, 0, "the answer to a request that is not there"},
    {"gor/valid/interim.gor", 1, 1, 0, 0, ""},
    {"gor/valid/binary.gor", 1, 1, 0, 0, ""},
    {"gor/valid/compressed.gor.gz", 1, 1, 0, 0, ""},
    {"gor/valid/cut-answer.gor", 1, 1, 0, 0, ""},
    {"gor/valid/many-headers.gor", 1, 1, 0, 0, ""},
    {"gor/valid/folded-header.gor", 1, 1, 0, 0, ""},
    {"gor/invalid/cut-in-body.gor", 1, 1, 1, 0, "the file ends in the middle of it"},
    {"gor/invalid/cut-in-headers.gor", 1, 1, 1, 0, "the file ends in the middle of it"},
    {"gor/invalid/cut-in-meta.gor", 1, 1, 1, 0, "the file ends in the middle of it"},
    {"gor/invalid/garbage-between.gor", 1, 1, 0, 1, "does not begin with TYPE ID TIME"},
    {"gor/invalid/not-http.gor", 0, 1, 0, 1, "its request line is not HTTP/1"},
    {"gor/invalid/header-without-colon.gor", 0, 0, 0, 1, "a header has no colon"},
    {"gor/invalid/header-nul.gor", 0, 0, 0, 1, "a control character"},
    {"gor/invalid/length-word.gor", 0, 0, 0, 1, "its Content-Length is no number"},
    {"gor/invalid/chunk-size-word.gor", 0, 0, 0, 1, "a chunk's size is none"},
    {"gor/invalid/chunk-size-huge.gor", 0, 0, 0, 1, "a chunk's size is none"},
    {"gor/invalid/type-9.gor", 0, 0, 0, 1, "does not begin with TYPE ID TIME"},
    {"gor/invalid/no-time.gor", 0, 0, 0, 1, "does not begin with TYPE ID TIME"},
    {"gor/invalid/compressed-cut.gor.gz", 1, 1, 1, 0, "the compressed file ends too early"},
    {"gor/invalid/empty.gor", 0, 0, 0, 0, ""},
};

ParameterizedTestParameters(import_gor, counts)
{
    static struct import_case cases[COUNT_OF(files)];
    memcpy(cases, files, sizeof files);
    return cr_make_param_array(struct import_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct import_case *each, import_gor, counts)
{
    expect_import(each, "gor");
}

Test(import_gor, every_file_has_its_case_here)
{
    enum { DAMAGED = 1 };
    cr_expect_eq(import_count_files("gor/valid") + import_count_files("gor/invalid"),
                 COUNT_OF(files) + DAMAGED);
}

Test(import_gor, damaged_compression_is_an_error)
{
    struct kept_import kept;
    import_kept(&kept, "gor/invalid/compressed-damaged.gor.gz", "gor", NULL);
    cr_expect_not(kept.ok);
    cr_expect_eq(kept.err.code, ERROR_INPUT);
    cr_expect(strstr(kept.err.text, "the compressed data are damaged") != NULL, "%s",
              kept.err.text);
    kept_release(&kept);
}

Test(import_gor, a_pair_becomes_an_exchange)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/pair.gor", NULL, NULL);
    const struct exchange *it = &kept.exchanges[0];
    cr_assert_eq(kept.exchange_count, 1);
    cr_expect_str_eq(it->id, "a1b2c3d4e5f60718293a4b5c");
    cr_expect_eq(it->ts_ns, 1715932800000000000LL);
    cr_expect_str_eq(it->authority, "a.example");
    cr_expect_str_eq(it->proto, "HTTP/1.1");
    cr_expect_str_eq(it->request.method, "GET");
    cr_expect_str_eq(it->request.target, "/one");
    cr_expect_null(it->request.body.data);
    cr_expect_eq(it->response.status, 200);
    cr_expect_str_eq(it->response.body.data, "ok");
    kept_release(&kept);
}

/* The chunks are those of RFC 9112's and Wikipedia's example. */
Test(import_gor, chunks_are_joined)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/chunked.gor", NULL, NULL);
    const struct exchange *it = &kept.exchanges[0];
    cr_assert_eq(kept.exchange_count, 1);
    cr_expect_str_eq(it->request.body.data, "Wikipedia");
    cr_expect_str_eq(kept_header(&it->request.headers, "Transfer-Encoding"), "chunked");
    cr_expect_str_eq(it->response.body.data, "0123456789");
    cr_expect_null(kept_header(&it->response.headers, "Transfer-Encoding"));
    kept_release(&kept);
}

Test(import_gor, answers_find_their_requests)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/interleaved.gor", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 2);
    cr_expect_str_eq(kept.exchanges[0].request.target, "/b");
    cr_expect_eq(kept.exchanges[0].response.status, 404);
    cr_expect_str_eq(kept.exchanges[1].request.target, "/a");
    cr_expect_eq(kept.exchanges[1].response.status, 200);
    kept_release(&kept);
}

Test(import_gor, of_two_requests_with_one_id_the_last_is_answered)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/duplicate-ids.gor", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 2);
    cr_expect_str_eq(kept.exchanges[0].request.target, "/one");
    cr_expect_eq(kept.exchanges[0].response.status, 0);
    cr_expect_eq(kept.exchanges[1].response.status, 200);
    cr_expect(kept_says(&kept, "its id is there twice"));
    kept_release(&kept);
}

Test(import_gor, without_an_answer_none_is_checked)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/requests-only.gor", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 2);
    cr_expect_eq(kept.exchanges[0].response.status, 0);
    cr_expect_null(kept.exchanges[0].response.body.data);
    cr_expect(kept_says(&kept, "no answer was recorded"));
    kept_release(&kept);
}

Test(import_gor, an_answer_that_was_cut_keeps_its_status)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/cut-answer.gor", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 1);
    cr_expect_eq(kept.exchanges[0].response.status, 200);
    cr_expect_null(kept.exchanges[0].response.body.data);
    cr_expect(kept_says(&kept, "so only the status is checked"));
    kept_release(&kept);
}

Test(import_gor, interim_answers_are_passed_over)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/interim.gor", NULL, NULL);
    cr_assert_eq(kept.exchange_count, 1);
    cr_expect_eq(kept.exchanges[0].response.status, 201);
    cr_expect_str_eq(kept.exchanges[0].request.body.data, "hi");
    kept_release(&kept);
}

Test(import_gor, binary_bodies_and_latin_headers)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/binary.gor", NULL, NULL);
    const struct exchange *it = &kept.exchanges[0];
    cr_assert_eq(kept.exchange_count, 1);
    cr_assert_eq(it->request.body.size, 6);
    cr_expect_eq(memcmp(it->request.body.data, "\x00\xff\n\n\x01\x80", 6), 0);
    cr_assert_eq(it->response.body.size, 3);
    cr_expect_eq(memcmp(it->response.body.data, "\x89PN", 3), 0);
    cr_expect_str_eq(kept_header(&it->response.headers, "X-Latin"), "café");
    kept_release(&kept);
}

Test(import_gor, headers_many_and_folded)
{
    struct kept_import kept;
    import_kept(&kept, "gor/valid/many-headers.gor", NULL, NULL);
    cr_assert_eq(kept.exchanges[0].request.headers.count, 300);
    cr_expect_str_eq(kept.exchanges[0].request.headers.items[299].name, "X-299");
    kept_release(&kept);
    import_kept(&kept, "gor/valid/folded-header.gor", NULL, NULL);
    cr_expect_str_eq(kept_header(&kept.exchanges[0].request.headers, "X-Long"), "one two");
    kept_release(&kept);
}
