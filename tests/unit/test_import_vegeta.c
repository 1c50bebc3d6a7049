/* Targets of vegeta: fixtures/import/vegeta, made by hand after that program's JSON schema. */
#include "tests/unit/import_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

TestSuite(import_vegeta, .timeout = 600);

static const struct import_case files[] = {
    {"vegeta/valid/targets.json", 2, 0, 0, 0, ""},
    {"vegeta/valid/no-last-newline.json", 1, 0, 0, 0, ""},
    {"vegeta/valid/windows-lines.json", 1, 0, 0, 0, ""},
    {"vegeta/valid/binary-body.json", 1, 0, 0, 0, ""},
    {"vegeta/invalid/not-json.json", 1, 0, 0, 2, "not valid JSON at byte"},
    {"vegeta/invalid/no-url.json", 0, 0, 0, 1, "\"method\" or \"url\" is missing"},
    {"vegeta/invalid/no-method.json", 0, 0, 0, 1, "\"method\" or \"url\" is missing"},
    {"vegeta/invalid/method-spaces.json", 0, 0, 0, 1, "\"method\" is none of HTTP"},
    {"vegeta/invalid/body-not-base64.json", 0, 0, 0, 1, "\"body\" is not base64"},
    {"vegeta/invalid/body-object.json", 0, 0, 0, 1, "\"body\" is not a string"},
    {"vegeta/invalid/results.json", 0, 0, 0, 1, "a result of an attack"},
    {"vegeta/invalid/url-of-no-http.json", 0, 0, 2, 0, "the URL has no host"},
    {"vegeta/invalid/list.json", 0, 0, 0, 1, "not a JSON object"},
};

ParameterizedTestParameters(import_vegeta, counts)
{
    static struct import_case cases[COUNT_OF(files)];
    memcpy(cases, files, sizeof files);
    return cr_make_param_array(struct import_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct import_case *each, import_vegeta, counts)
{
    expect_import(each, "vegeta");
}

Test(import_vegeta, every_file_has_its_case_here)
{
    cr_expect_eq(import_count_files("vegeta/valid") + import_count_files("vegeta/invalid"),
                 COUNT_OF(files));
}

Test(import_vegeta, every_field_is_read)
{
    struct kept_import kept;
    import_kept(&kept, "vegeta/valid/targets.json", NULL, NULL);
    const struct exchange *it = &kept.exchanges[1];
    cr_assert_eq(kept.exchange_count, 2);
    cr_expect_str_eq(kept.exchanges[0].request.target, "/one");
    cr_expect_str_eq(it->request.method, "POST");
    cr_expect_str_eq(it->request.target, "/two?x=1");
    cr_expect_str_eq(it->authority, "b.example:8443");
    cr_expect_str_eq(it->request.body.data, "{\"a\":1}");
    cr_assert_eq(it->request.headers.count, 3);
    cr_expect_str_eq(it->request.headers.items[1].value, "1");
    cr_expect_str_eq(it->request.headers.items[2].value, "2");
    cr_expect_eq(it->response.status, 0); /* there is no answer to check */
    kept_release(&kept);
}

Test(import_vegeta, bodies_are_bytes_and_a_bare_host_asks_for_the_root)
{
    struct kept_import kept;
    import_kept(&kept, "vegeta/valid/binary-body.json", NULL, NULL);
    cr_assert_eq(kept.exchanges[0].request.body.size, 3);
    cr_expect_eq(memcmp(kept.exchanges[0].request.body.data, "\x00\xff\x01", 3), 0);
    kept_release(&kept);
    import_kept(&kept, "vegeta/valid/no-last-newline.json", NULL, NULL);
    cr_expect_str_eq(kept.exchanges[0].request.target, "/");
    kept_release(&kept);
}
