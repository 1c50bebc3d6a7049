#include "base/json.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite(json, .timeout = 60);

static json_t *parse(const char *text)
{
    struct error err = {0};
    json_t *root = json_parse_text("x.json", text, strlen(text), &err);
    cr_assert_not_null(root, "%s: %s", err.where, err.text);
    return root;
}

Test(json, names_the_whole_place)
{
    struct error err = {0};
    struct json_place root = json_place_root("x.json");
    struct json_place list = json_place_key(&root, "list");
    struct json_place item = json_place_index(&list, 7);
    struct json_place key = json_place_key(&item, "name");
    cr_assert(!json_fail(&key, &err, "must be %d", 3));
    cr_assert_str_eq(err.where, "x.json: list[7].name");
    cr_assert_str_eq(err.text, "must be 3");
    cr_assert_eq(err.code, ERROR_INPUT);
    error_clear(&err);
    json_fail(&root, &err, "is wrong");
    cr_assert_str_eq(err.where, "x.json");
}

Test(json, a_deep_place_is_cut_and_not_overrun)
{
    struct error err = {0};
    struct json_place places[400];
    places[0] = json_place_root("x.json");
    for (size_t i = 1; i < COUNT_OF(places); i++)
        places[i] = json_place_key(&places[i - 1], "folder");
    json_fail(&places[COUNT_OF(places) - 1], &err, "is deep");
    cr_assert_eq(strlen(err.where), sizeof err.where - 1);
    cr_assert_eq(strncmp(err.where, "x.json: folder.folder", 21), 0);
}

struct bad_text {
    char text[40];
    char where[24];
};

ParameterizedTestParameters(json, refuses)
{
    static struct bad_text cases[] = {
        {"", "x.json:1"},        {"{\n\"a\": }", "x.json:2"}, {"{\"a\":1,\"a\":2}", "x.json:1"},
        {"[1,]", "x.json:1"},    {"[1] 2", "x.json:1"},       {"\"\xff\"", "x.json:1"},
        {"[01]", "x.json:1"},    {"[1e999]", "x.json:1"},     {"NaN", "x.json:1"},
        {"{'a':1}", "x.json:1"},
    };
    return cr_make_param_array(struct bad_text, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct bad_text *one, json, refuses, .timeout = 60)
{
    struct error err = {0};
    cr_assert_null(json_parse_text("x.json", one->text, strlen(one->text), &err), "%s", one->text);
    cr_assert_eq(err.code, ERROR_INPUT);
    cr_assert_eq(strncmp(err.where, one->where, strlen(one->where)), 0, "%s", err.where);
}

Test(json, absent_leaves_the_default_and_null_is_absent)
{
    struct error err = {0};
    struct json_place place = json_place_root("x.json");
    json_t *root = parse("{\"nothing\": null}");
    const char *text = "kept";
    int64_t number = 7;
    bool flag = true;
    cr_assert(json_get_string(root, "text", JSON_OPTIONAL, &text, &place, &err));
    cr_assert(json_get_int(root, "nothing", JSON_OPTIONAL, 0, 9, &number, &place, &err));
    cr_assert(json_get_bool(root, "flag", JSON_OPTIONAL, &flag, &place, &err));
    cr_assert_str_eq(text, "kept");
    cr_assert_eq(number, 7);
    cr_assert(flag);
    cr_assert(!json_get_string(root, "text", JSON_REQUIRED, &text, &place, &err));
    cr_assert_str_eq(err.text, "\"text\" is missing");
    json_decref(root);
}

Test(json, types_and_ranges_are_held)
{
    struct error err = {0};
    struct json_place place = json_place_root("x.json");
    json_t *root = parse("{\"text\": \"a\", \"nul\": \"a\\u0000b\", \"one\": 1, \"half\": 0.5, "
                         "\"list\": [], \"large\": 9223372036854775807}");
    const char *text;
    int64_t number;
    double real;
    const json_t *value;
    cr_assert(!json_get_string(root, "one", JSON_OPTIONAL, &text, &place, &err));
    cr_assert_str_eq(err.where, "x.json: one");
    cr_assert_str_eq(err.text, "is a number, must be a string");
    error_clear(&err);
    cr_assert(!json_get_string(root, "nul", JSON_OPTIONAL, &text, &place, &err));
    cr_assert_not_null(strstr(err.text, "without NUL"));
    error_clear(&err);
    cr_assert(!json_get_int(root, "half", JSON_OPTIONAL, 0, 9, &number, &place, &err));
    error_clear(&err);
    cr_assert(!json_get_int(root, "large", JSON_OPTIONAL, 0, 9, &number, &place, &err));
    cr_assert_str_eq(err.text, "is 9223372036854775807, must be from 0 to 9");
    error_clear(&err);
    cr_assert(!json_get_number(root, "one", JSON_OPTIONAL, 0, 0.9, &real, &place, &err));
    error_clear(&err);
    cr_assert(!json_get_object(root, "list", JSON_OPTIONAL, &value, &place, &err));
    cr_assert(json_get_number(root, "one", JSON_REQUIRED, 1, 1, &real, &place, &err));
    cr_assert_eq(real, 1);
    cr_assert(json_get_array(root, "list", JSON_REQUIRED, &value, &place, &err));
    json_decref(root);
}

Test(json, unknown_keys_name_the_nearest)
{
    static const char *const keys[] = {"path", "status", NULL};
    struct error err = {0};
    struct json_place place = json_place_root("x.json");
    json_t *root = parse("{\"path\": 1, \"stauts\": 2}");
    cr_assert(!json_only_keys(root, keys, &place, &err));
    cr_assert_str_eq(err.text, "unknown key \"stauts\"; did you mean \"status\"?");
    json_decref(root);
    error_clear(&err);
    root = parse("{\"entirely other\": 2}");
    cr_assert(!json_only_keys(root, keys, &place, &err));
    cr_assert_str_eq(err.text, "unknown key \"entirely other\"");
    json_decref(root);
}
