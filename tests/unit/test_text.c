#include "base/text.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <locale.h>
#include <string.h>

TestSuite(text, .timeout = 60);

struct glob_case {
    char glob[24], text[24];
    bool matches;
};

ParameterizedTestParameters(text, globs)
{
    static struct glob_case cases[] = {
        {"", "", true},
        {"*", "", true},
        {"?", "", false},
        {"a", "", false},
        {"GET *", "GET /v3", true},
        {"GET *", "POST /v3", false},
        {"*/{id}", "GET /v3/{id}", true},
        {"a*b*c", "aXbXbYc", true},
        {"a*b*c", "aXbXbY", false},
        {"**a", "bba", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[a]", "a", false}, /* no brackets: literal */
        {"[a]", "[a]", true},
        {"abc", "abcd", false},
        {"*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaa", false},
    };
    return cr_make_param_array(struct glob_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct glob_case *one, text, globs, .timeout = 60)
{
    cr_assert_eq(text_matches_glob(one->glob, one->text), one->matches, "%s on %s", one->glob,
                 one->text);
}

Test(text, names_the_nearest_word)
{
    static const char *const words[] = {"upstreams", "endpoints", "gateway", "gate", NULL};
    cr_assert_str_eq(text_nearest("upstream", words), "upstreams");
    cr_assert_str_eq(text_nearest("endpiont", words), "endpoints");
    cr_assert_str_eq(text_nearest("gat", words), "gate");
    cr_assert_null(text_nearest("zzzzzz", words));
    static const char *const none[] = {NULL};
    cr_assert_null(text_nearest("gate", none));
    char longest[500];
    memset(longest, 'g', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_assert_null(text_nearest(longest, words));
}

struct utf8_case {
    char bytes[8];
    size_t size;
    bool valid;
};

/* The cases are those of Markus Kuhn's UTF-8 stress test and RFC 3629, section 4. */
ParameterizedTestParameters(text, utf8)
{
    static struct utf8_case cases[] = {
        {"", 0, true},
        {"\x7f", 1, true},
        {"\xc2\x80", 2, true},
        {"\xe0\xa0\x80", 3, true},
        {"\xef\xbf\xbf", 3, true},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"a\0b", 3, true},
        {"\x80", 1, false},     /* a continuation alone */
        {"\xc0\xaf", 2, false}, /* overlong */
        {"\xc1\xbf", 2, false},
        {"\xe0\x9f\xbf", 3, false},
        {"\xf0\x8f\xbf\xbf", 4, false},
        {"\xed\xa0\x80", 3, false}, /* a surrogate */
        {"\xed\xbf\xbf", 3, false},
        {"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
        {"\xf8\x88\x80\x80", 4, false}, /* five bytes were never a thing */
        {"\xe2\x82", 2, false},         /* cut */
        {"\xe2\x82X", 3, false},
        {"\xfe", 1, false},
        {"\xff", 1, false},
    };
    return cr_make_param_array(struct utf8_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct utf8_case *one, text, utf8, .timeout = 60)
{
    cr_assert_eq(text_is_utf8(one->bytes, one->size), one->valid, "first byte %02x, %zu bytes",
                 (unsigned char)one->bytes[0], one->size);
}

static void expect_safe(const char *text, size_t size, bool keep_lines, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 1000);
    text_append_safe(&out, text, size, keep_lines);
    cr_assert_str_eq(buffer_text(&out), expected);
    buffer_release(&out);
}

Test(text, shows_what_would_steer_a_terminal)
{
    expect_safe("a\x1b[31mb", 7, false, "a\\x1b[31mb");
    expect_safe("a\nb\tc\r", 6, true, "a\nb\tc\\x0d");
    expect_safe("a\nb", 3, false, "a\\x0ab");
    expect_safe("\x7f", 1, true, "\\x7f");
    expect_safe("\xc2\x9b", 2, true, "\\x9b");       /* CSI in one character */
    expect_safe("\xe2\x80\xae", 3, true, "\\u202e"); /* right to left override */
    expect_safe("\xe2\x81\xa6", 3, true, "\\u2066"); /* isolate */
    expect_safe("\xe2\x80\xa8", 3, true, "\\u2028"); /* line separator */
    expect_safe("caf\xc3\xa9", 5, true, "caf\xc3\xa9");
    expect_safe("\xff\xfe!", 3, true, "\\xff\\xfe!");
    expect_safe("a\0b", 3, true, "a\\x00b");
}

Test(text, counts_columns)
{
    cr_assert_eq(text_columns(""), 0);
    cr_assert_eq(text_columns("GET /v3"), 7);
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        cr_skip_test("no UTF-8 locale");
    cr_assert_eq(text_columns("\xc2\xb5s"), 2);    /* micro sign, s */
    cr_assert_eq(text_columns("\xe6\xbc\xa2"), 2); /* a wide character */
    cr_assert_eq(text_columns("e\xcc\x81"), 1);    /* a combining accent */
    cr_assert_eq(text_columns("\xff\xff"), 2);
}
