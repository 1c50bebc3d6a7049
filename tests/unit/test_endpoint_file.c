/* The committed map of endpoints: read, written, edited by hand. */
#include "replay/endpoint_file.h"

#include "base/file.h"
#include "tests/unit/fixture_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(endpoint_file, .timeout = 60);

Test(endpoint_file, one_template_a_line_in_order_of_path_and_method)
{
    struct endpoint_file_row rows[] = {
        {"POST /b", "literal", NULL},
        {"GET /b/{id}", "number", "kept \"by hand\""},
        {"GET /b", "", NULL},
        {"GET /a/{of}", "slug", NULL}, /* what a variable is called does not count */
        {"GET /a/{id}/x", "slug", NULL},
    };
    static const char wanted[] = "{\n"
                                 "  \"schema_version\": 1,\n"
                                 "  \"endpoints\": [\n"
                                 "    {\"template\": \"GET /a/{of}\", \"rule\": \"slug\"},\n"
                                 "    {\"template\": \"GET /a/{id}/x\", \"rule\": \"slug\"},\n"
                                 "    {\"template\": \"GET /b\"},\n"
                                 "    {\"template\": \"POST /b\", \"rule\": \"literal\"},\n"
                                 "    {\"template\": \"GET /b/{id}\", \"rule\": \"number\", "
                                 "\"note\": \"kept \\\"by hand\\\"\"}\n"
                                 "  ]\n"
                                 "}\n";
    struct endpoint_file file = {rows, 5}, again;
    struct buffer text, second;
    struct arena arena;
    struct error err = {0};
    buffer_init(&text, 65536);
    buffer_init(&second, 65536);
    arena_init(&arena);
    cr_assert(endpoint_file_append(&text, &file, &err));
    cr_expect_str_eq(buffer_text(&text), wanted);
    cr_assert(endpoint_file_parse(&again, "map", buffer_text(&text), text.length, &arena, &err),
              "%s: %s", err.where, err.text);
    cr_expect_eq(again.count, 5);
    cr_expect_str_eq(again.rows[4].note, "kept \"by hand\"");
    cr_assert(endpoint_file_append(&second, &again, &err));
    cr_expect_str_eq(buffer_text(&second), wanted);
    arena_release(&arena);
    buffer_release(&text);
    buffer_release(&second);
}

Test(endpoint_file, an_empty_one_can_be_read_again)
{
    struct endpoint_file file = {0}, again;
    struct buffer text;
    struct arena arena;
    struct error err = {0};
    buffer_init(&text, 65536);
    arena_init(&arena);
    cr_assert(endpoint_file_append(&text, &file, &err));
    cr_assert(endpoint_file_parse(&again, "map", buffer_text(&text), text.length, &arena, &err),
              "%s", err.text);
    cr_expect_eq(again.count, 0);
    arena_release(&arena);
    buffer_release(&text);
}

static bool read_one(const char *path, struct error *err)
{
    struct endpoint_file out;
    struct arena arena;
    arena_init(&arena);
    bool ok = endpoint_file_read(&out, path, &arena, err);
    arena_release(&arena);
    return ok;
}

Test(endpoint_file, fixtures)
{
    cr_assert_geq(fixture_folder_read("fixtures/endpoints/valid", true, read_one), 2);
    cr_assert_geq(fixture_folder_read("fixtures/endpoints/invalid", false, read_one), 16);
}

Test(endpoint_file, errors_name_the_place)
{
    static const char *const cases[][2] = {
        {"[{\"template\":\"GET /a\"},{\"template\":\"/b\"}]",
         "map: endpoints[1].template: \"/b\": must be a method"},
        {"[{\"template\":\"GET /a\",\"note\":7}]", "map: endpoints[0].note: "},
        {"[{\"template\":\"GET /a/{x}\"},{\"template\":\"GET /a/{y}\"}]",
         "map: endpoints: endpoint template 1 \"GET /a/{y}\" matches the same requests"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint_file out;
        struct arena arena;
        struct error err = {0};
        char document[256], said[7000];
        snprintf(document, sizeof document, "{\"schema_version\":1,\"endpoints\":%s}", cases[i][0]);
        arena_init(&arena);
        cr_expect_not(endpoint_file_parse(&out, "map", document, strlen(document), &arena, &err));
        snprintf(said, sizeof said, "%s: %s", err.where, err.text);
        cr_expect(strncmp(said, cases[i][1], strlen(cases[i][1])) == 0, "%s", said);
        arena_release(&arena);
    }
}
