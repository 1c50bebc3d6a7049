/* Names of request shapes, as replay/variant_name.h and replay/body_shape.h have them. */
#include "replay/body_shape.h"
#include "replay/corpus_variants.h"
#include "replay/variant_name.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(variant_name, .timeout = 60);

static char *name_of(const char *target, const char *type, const char *body, size_t size)
{
    struct header header = {"content-type", type != NULL ? type : ""};
    struct request request = {.method = "POST",
                              .target = target,
                              .headers = {&header, type != NULL},
                              .body = {body, size}};
    struct buffer name;
    buffer_init(&name, 4096);
    variant_name_append(&name, &request);
    cr_assert(!name.failed);
    cr_expect_lt(name.length, VARIANT_NAME_MAX_BYTES, "%s", buffer_text(&name));
    char *copy = strdup(buffer_text(&name));
    buffer_release(&name);
    return copy;
}

struct name_case {
    char target[64], type[40], body[128], wanted[64];
};

ParameterizedTestParameters(variant_name, names)
{
    static struct name_case cases[] = {
        {"/a", "", "", "plain"},
        {"/a?", "", "", "plain"},
        {"/a?q=1&limit=2", "", "", "limit+q"},
        {"/a?limit=9&q=2&q=3", "", "", "limit+q"},
        {"/a?q", "", "", "q"},
        {"/a", "application/json", "{\"b\":1,\"a\":\"x\"}", "{a,b}, 256 B"},
        {"/a?x=1", "", "{\"b\":2}", "x, {b}, 256 B"}, /* it looks like JSON and is */
        {"/a", "application/json", "{}", "{}, 256 B"},
        {"/a", "application/json", " \n{\"a\":1}", "{a}, 256 B"},
        {"/a", "application/json; charset=utf-8", "{\"a\":", "application/json, 256 B"},
        {"/a", "", "plain words", "body, 256 B"},
        {"/a", "text/plain;charset=x", "words", "text/plain, 256 B"},
        {"/a", "application/x-www-form-urlencoded", "name=x&tags=y", "form name+tags, 256 B"},
        {"/a", "application/json", "{\"tags\":[1,2],\"a\":[]}", "{a[],tags[]}, 256 B"},
        {"/a", "application/json", "[\"x\"]", "[], 256 B"},
        {"/a", "application/json", "{\"a\":null,\"b\":false}", "{a,b}, 256 B"},
    };
    return cr_make_param_array(struct name_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct name_case *each, variant_name, names)
{
    size_t size = strlen(each->body);
    char *name = name_of(each->target, each->type[0] != '\0' ? each->type : NULL,
                         size > 0 ? each->body : NULL, size);
    cr_expect_str_eq(name, each->wanted, "%s", name);
    free(name);
}

Test(variant_name, classes_of_size_are_powers_of_four)
{
    static const struct {
        size_t size;
        const char *wanted;
    } cases[] = {{1, "256 B"},      {256, "256 B"},    {257, "1 kB"},
                 {1024, "1 kB"},    {1025, "4 kB"},    {65536, "64 kB"},
                 {65537, "256 kB"}, {1 << 20, "1 MB"}, {1 << 22, "4 MB"}};
    char *body = malloc(1 << 22);
    memset(body, 'x', 1 << 22);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char wanted[64];
        char *name = name_of("/a", "a/b", body, cases[i].size);
        snprintf(wanted, sizeof wanted, "a/b, %s", cases[i].wanted);
        cr_expect_str_eq(name, wanted);
        free(name);
    }
    free(body);
}

static void expect_alike(const char *one, const char *other, bool alike)
{
    char *a = name_of("/a", NULL, one, strlen(one)), *b = name_of("/a", NULL, other, strlen(other));
    cr_expect_eq(strcmp(a, b) == 0, alike, "%s: %s\n%s: %s", one, a, other, b);
    free(a);
    free(b);
}

Test(variant_name, structure_counts_and_values_do_not)
{
    expect_alike("{\"a\":{\"x\":1}}", "{\"a\":{\"x\":\"two\"}}", true);
    expect_alike("{\"a\":{\"x\":1}}", "{\"a\":{\"y\":1}}", false);
    expect_alike("{\"a\":{\"x\":1},\"b\":2}", "{\"b\":7,\"a\":{\"x\":3}}", true);
    expect_alike("[1,2,3]", "[4]", true); /* how many there are is for the size */
    expect_alike("[1,2,3]", "[{\"a\":1}]", false);
    expect_alike("[{\"a\":1},{\"b\":1}]", "[{\"b\":2},{\"a\":2},{\"b\":3}]", true);
    expect_alike("[]", "[1]", true); /* plain lists, both */
    expect_alike("[[]]", "[{}]", false);
    expect_alike("{\"a\":[]}", "{\"a\":1}", false);
    expect_alike("{\"a\":[]}", "{\"a\":[[]]}", false);
    /* deeper than is looked at */
    expect_alike("[[[[[[1]]]]]]", "[[[[{\"a\":1}]]]]", true);
    expect_alike("[[[[[1]]]]]", "[[[{\"a\":1}]]]", false);
}

Test(variant_name, what_is_too_long_to_read_is_counted)
{
    char *name = name_of("/a?one_long_key=1&another_long_key=2&a_third_long_key=3", NULL, NULL, 0);
    cr_expect_eq(strncmp(name, "3 keys ", 7), 0, "%s", name);
    cr_expect_eq(strlen(name), strlen("3 keys 3f2a"));
    free(name);
    name = name_of("/a", NULL, "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1}", 43);
    cr_expect_eq(strncmp(name, "{7 keys ", 8), 0, "%s", name);
    free(name);
    char query[1024] = "/a?";
    for (int i = 0; i < 70; i++)
        snprintf(query + strlen(query), sizeof query - strlen(query), "k%d&", i);
    name = name_of(query, NULL, NULL, 0);
    cr_expect_str_eq(name, "many keys");
    free(name);
}

Test(variant_name, a_table_with_ids_as_keys_is_one_shape)
{
    struct buffer one, other;
    buffer_init(&one, 65536);
    buffer_init(&other, 65536);
    for (int i = 0; i < 70; i++) {
        buffer_append_format(&one, "%c\"%d\":1", i == 0 ? '{' : ',', i);
        buffer_append_format(&other, "%c\"%d\":1", i == 0 ? '{' : ',', 1000 + i);
    }
    buffer_append_char(&one, '}');
    buffer_append_char(&other, '}');
    char *name = name_of("/a", NULL, buffer_text(&one), one.length);
    cr_expect_str_eq(name, "{many keys}, 1 kB");
    free(name);
    buffer_release(&one);
    buffer_release(&other);
}

Test(variant_name, recorded_names_stay_and_the_lightest_of_many_are_folded)
{
    enum { COUNT = 20 };
    struct corpus_variants variants;
    struct corpus_entry entries[COUNT + 1] = {0};
    corpus_variants_init(&variants);
    for (uint32_t i = 0; i < COUNT; i++) {
        char target[16];
        snprintf(target, sizeof target, "/a?k%c", 'a' + (int)i);
        struct exchange exchange = {.request = {.method = "GET", .target = target}, .variant = ""};
        cr_assert(corpus_variants_add(&variants, 0, &exchange, &entries[i].variant));
        entries[i].weight = 1 + i; /* the last are the heaviest */
    }
    struct exchange recorded = {.request = {.method = "GET", .target = "/a?zz"}, .variant = "mine"};
    cr_assert(corpus_variants_add(&variants, 0, &recorded, &entries[COUNT].variant));
    entries[COUNT].weight = 0.5;
    cr_assert(corpus_variants_fold(&variants, entries, COUNT + 1));
    for (size_t i = 0; i < COUNT; i++) {
        char wanted[16];
        snprintf(wanted, sizeof wanted, "k%c", 'a' + (int)i);
        /* 15 keep their names, the others share one; the recorded one keeps its own though light */
        cr_expect_str_eq(name_table_get(&variants.names, entries[i].variant),
                         i >= COUNT - (CORPUS_VARIANTS_MAX - 1) ? wanted : "others");
    }
    cr_expect_str_eq(name_table_get(&variants.names, entries[COUNT].variant), "mine");
    corpus_variants_release(&variants);
}
