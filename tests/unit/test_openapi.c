/* Templates out of OpenAPI documents. The answers are read off the documents by hand, by the rules
 * of OpenAPI 3.1 for servers, path items and references. */
#include "replay/openapi.h"
#include "tests/unit/fixture_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(openapi, .timeout = 60);

/* "TEMPLATE (rule)\n" for each, or "where: text". */
static char *read_text(const char *document, struct openapi *out)
{
    struct arena arena;
    struct error err = {0};
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    arena_init(&arena);
    if (openapi_parse(out, "api.json", document, strlen(document), &arena, &err)) {
        for (size_t i = 0; i < out->count; i++) {
            cr_expect_eq(out->rows[i].source, ENDPOINT_FROM_OPENAPI);
            fprintf(file, "%s%s%s\n", out->rows[i].text, out->rows[i].rule[0] != '\0' ? " " : "",
                    out->rows[i].rule);
        }
        if (out->example != NULL)
            fprintf(file, "%s\n", out->example);
    } else {
        fprintf(file, "%s: %s", err.where, err.text);
        cr_expect_eq(err.code, ERROR_INPUT);
    }
    fclose(file);
    arena_release(&arena);
    return text;
}

static void expect_file(const char *name, const char *wanted, size_t twins, size_t unusable)
{
    char path[256], document[16384];
    struct openapi out;
    snprintf(path, sizeof path, "fixtures/openapi/valid/%s", name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    document[fread(document, 1, sizeof document - 1, file)] = '\0';
    fclose(file);
    char *text = read_text(document, &out);
    cr_expect_str_eq(text, wanted, "%s", text);
    cr_expect_eq(out.twins, twins);
    cr_expect_eq(out.unusable, unusable);
    free(text);
}

Test(openapi, paths_under_the_base_path)
{
    expect_file("shop.json",
                "GET /v3/items listItems\nPOST /v3/items createItem\n"
                "GET /v3/items/{itemId} getItem\nDELETE /v3/items/{itemId}\n"
                "GET /v3/items/mine\nGET /v3/items/{itemId}.csv\nGET /v3/x-orders\n",
                0, 0);
}

Test(openapi, servers_have_variables_and_are_overridden)
{
    expect_file("servers.json", "GET /v1/a\nGET /v2/a\nGET /other/b\nPUT /own/b\n", 0, 0);
}

Test(openapi, references_are_followed)
{
    expect_file("references.json", "GET /a/{id} two\nPATCH /b\nPATCH /c/{x}\n", 0, 0);
}

Test(openapi, what_is_no_template_is_left_out_and_counted)
{
    expect_file("some-unusable.json",
                "GET /a/{x}\nPUT /a/{y}\nGET /compare/{base}...{head}\n"
                "\"GET /a b\": the path must begin with / and have no spaces\n",
                1, 3);
}

Test(openapi, base_paths_of_all_spellings)
{
    static const char *const cases[][2] = {
        {"https://a.example", "GET /x"},
        {"https://a.example/", "GET /x"},
        {"https://a.example:8443/v1/", "GET /v1/x"},
        {"https://a.example/v1?x=/y#z", "GET /v1/x"},
        {"//a.example/v1", "GET /v1/x"},
        {"/v1/api/", "GET /v1/api/x"},
        {"v1", "GET /v1/x"},
        {"./v1", "GET /v1/x"},
        {"/", "GET /x"},
        {"", "GET /x"},
        {".", "GET /x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char document[512], wanted[64];
        struct openapi out;
        snprintf(document, sizeof document,
                 "{\"openapi\":\"3.0.0\",\"servers\":[{\"url\":\"%s\"}],"
                 "\"paths\":{\"/x\":{\"get\":{}}}}",
                 cases[i][0]);
        snprintf(wanted, sizeof wanted, "%s\n", cases[i][1]);
        char *text = read_text(document, &out);
        cr_expect_str_eq(text, wanted, "%s: %s", cases[i][0], text);
        free(text);
    }
}

static bool read_one(const char *path, struct error *err)
{
    struct openapi out;
    struct arena arena;
    arena_init(&arena);
    bool ok = openapi_read(&out, path, &arena, err);
    arena_release(&arena);
    return ok;
}

Test(openapi, fixtures)
{
    cr_assert_geq(fixture_folder_read("fixtures/openapi/valid", true, read_one), 5);
    cr_assert_geq(fixture_folder_read("fixtures/openapi/invalid", false, read_one), 25);
}

Test(openapi, errors_name_the_place)
{
    static const char *const cases[][2] = {
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":7}}}", "api.json: paths./a.get: must"},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"$ref\":\"b.json\"}}}",
         "api.json: paths./a.$ref: leads to another file"},
        {"openapi: 3.0.0", "api.json: is not JSON; an OpenAPI document in YAML"},
        {"{\"swagger\":\"2.0\"}", "api.json: is of Swagger 2"},
        {"{\"openapi\":\"3.0.0\",\"servers\":[{\"url\":\"/{v}\"}],\"paths\":{}}",
         "api.json: servers[0].variables.v: is missing"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct openapi out;
        char *text = read_text(cases[i][0], &out);
        cr_expect(strncmp(text, cases[i][1], strlen(cases[i][1])) == 0, "%s", text);
        free(text);
    }
}
