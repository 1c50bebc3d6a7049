#include "reporters/format.h"
#include "reporters/layout.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <locale.h>
#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct value_case {
    double value;
    enum metric_unit unit;
    char expected[24];
};

ParameterizedTestParameters(format, value)
{
    static struct value_case cases[] = {
        {1240000, UNIT_NS, "1.24 ms"},
        {812, UNIT_NS, "812 ns"},
        {41300, UNIT_NS, "41.3 us"},
        {0, UNIT_NS, "0.00 ns"},
        {999400, UNIT_NS, "999 us"},
        {999600, UNIT_NS, "1.00 ms"}, /* never "1000 us" */
        {9996, UNIT_NS, "10.0 us"},   /* never "10.00 us" */
        {9994, UNIT_NS, "9.99 us"},
        {5.25e9, UNIT_NS, "5.25 s"},
        {4e12, UNIT_NS, "4000 s"},
        {318200, UNIT_COUNT, "318.2 k"},
        {1094917, UNIT_COUNT, "1.095 M"},
        {999960, UNIT_COUNT, "1.000 M"},
        {12040, UNIT_COUNT, "12.04 k"},
        {9999, UNIT_COUNT, "9999"},
        {9999.6, UNIT_COUNT, "10.00 k"},
        {12, UNIT_COUNT, "12"},
        {12.333, UNIT_COUNT, "12.33"},
        {123.45, UNIT_COUNT, "123.5"},
        {0, UNIT_COUNT, "0"},
        {-0.0001, UNIT_COUNT, "0"},
        {-3, UNIT_COUNT, "-3"},
        {512, UNIT_BYTES, "512 B"},
        {12.5, UNIT_BYTES, "12.5 B"},
        {1023, UNIT_BYTES, "1023 B"},
        {12600, UNIT_BYTES, "12.3 KiB"}, /* 12600 / 1024 = 12.305 */
        {1048576, UNIT_BYTES, "1.00 MiB"},
        {1048000, UNIT_BYTES, "1023 KiB"},
        {-48, UNIT_BYTES, "-48 B"},
        {-2048, UNIT_BYTES, "-2.00 KiB"},
        {NAN, UNIT_NS, "-"},
        {INFINITY, UNIT_COUNT, "-"},
    };
    return cr_make_param_array(struct value_case, cases, COUNT(cases));
}

ParameterizedTest(struct value_case *each, format, value, .timeout = 60)
{
    char text[FORMAT_SIZE];
    format_value(each->value, each->unit, false, text);
    cr_assert_str_eq(text, each->expected, "%.17g is \"%s\", not \"%s\"", each->value, text,
                     each->expected);
}

/* What the tables rely on. */
Test(format, values_stay_narrow_at_every_size, .timeout = 60)
{
    setlocale(LC_ALL, "C.utf8");
    char text[FORMAT_SIZE];
    for (double value = 0.001; value < 1e15; value *= 1.0137)
        for (int unit = UNIT_NS; unit <= UNIT_BYTES; unit++) {
            format_value(-value, (enum metric_unit)unit, true, text);
            cr_assert(text_columns(text) <= 10, "%.17g: %s", value, text);
        }
}

struct change_case {
    double change;
    char expected[16];
};

ParameterizedTestParameters(format, change)
{
    static struct change_case cases[] = {
        {0.061, "+6.1 %"}, {-0.004, "-0.4 %"},  {0.00001, "+0.0 %"}, {-0.00001, "-0.0 %"},
        {0, "="},          {0.9994, "+99.9 %"}, {0.9996, "+100 %"},  {3.1, "+310 %"},
        {-1, "-100 %"},    {123, "x124"},       {INFINITY, "-"},     {NAN, "-"},
        {1e9, "x1e+09"},   {-1e9, "-1e+11 %"},
    };
    return cr_make_param_array(struct change_case, cases, COUNT(cases));
}

ParameterizedTest(struct change_case *each, format, change, .timeout = 60)
{
    char text[FORMAT_SIZE];
    format_change(each->change, false, text);
    cr_assert_str_eq(text, each->expected);
}

Test(format, intervals_shares_integers_and_seconds, .timeout = 60)
{
    char text[FORMAT_SIZE];
    format_interval(0.052, 0.07, " to ", false, text);
    cr_assert_str_eq(text, "+5.2 to +7.0 %");
    format_interval(-0.011, 0.043, "…", true, text);
    cr_assert_str_eq(text, "-1.1…+4.3 %");
    format_interval(NAN, 0.043, "..", false, text);
    cr_assert_str_eq(text, "-");
    format_interval(1e299, 1e301, "..", false, text);
    cr_assert_str_eq(text, "+1e+301..+1e+303 %");
    format_share(0.021, false, text);
    cr_assert_str_eq(text, "2.1 %");
    format_integer(12480, text);
    cr_assert_str_eq(text, "12,480");
    format_integer(-123, text);
    cr_assert_str_eq(text, "-123");
    format_integer(INT64_MIN, text);
    cr_assert_str_eq(text, "-9,223,372,036,854,775,808");
    format_integer(999, text);
    cr_assert_str_eq(text, "999");
    format_seconds(18.24, false, text);
    cr_assert_str_eq(text, "18.2 s");
    format_seconds(200, false, text);
    cr_assert_str_eq(text, "3 min 20 s");
}

struct short_case {
    char text[64];
    size_t columns;
    bool utf8;
    char expected[64];
};

ParameterizedTestParameters(layout, short)
{
    static struct short_case cases[] = {
        {"GET /v3/feed", 12, true, "GET /v3/feed"},
        {"GET /v3/feed", 9, true, "GET …feed"},
        {"GET /v3/feed", 9, false, "GET ..eed"},
        {"東京東京", 5, true, "東…京"},
        {"東京東京", 6, true, "東…京"}, /* half a character is no character */
        {"café", 20, false, "caf\\xc3\\xa9"},
        {"a\033[31m\nb", 20, true, "a\\x1b[31m\\x0ab"},
        {"abc", 1, true, "a"},
        {"", 5, true, ""},
    };
    return cr_make_param_array(struct short_case, cases, COUNT(cases));
}

ParameterizedTest(struct short_case *each, layout, short, .timeout = 60)
{
    setlocale(LC_ALL, "C.utf8");
    struct buffer out;
    buffer_init(&out, 4096);
    layout_append_short(&out, each->text, each->columns, each->utf8);
    cr_assert_str_eq(buffer_text(&out), each->expected, "\"%s\" is not \"%s\"", buffer_text(&out),
                     each->expected);
    buffer_release(&out);
}

struct wrap_case {
    char text[96];
    struct layout_paragraph place;
    char expected[128];
};

ParameterizedTestParameters(layout, wrapped)
{
    static struct wrap_case cases[] = {
        {"one two three", {9, 0, 0}, "one two\nthree\n"},
        {"one two three", {11, 0, 2}, "  one two\n  three\n"},
        {"one two three", {12, 8, 2}, "one\n  two three\n"},
        {"  one two three", {12, 8, 2}, "\n  one two\n  three\n"},
        {"about 12.5 ms each", {12, 0, 0}, "about\n12.5 ms each\n"},
        {"it is GET /v3/feed", {11, 0, 0}, "it is\nGET\n/v3/feed\n"},
        {"it was CPU +6.1 %, now", {12, 0, 0}, "it was\nCPU +6.1 %,\nnow\n"},
        {"abcdefghijklmnop", {10, 0, 0}, "abcdefghij\nklmnop\n"},
        {"one\n\ntwo", {10, 0, 1}, " one\n\n two\n"},
        {"東京東京東京", {8, 0, 0}, "東京東京\n東京\n"},
        {"", {10, 0, 0}, "\n"},
    };
    return cr_make_param_array(struct wrap_case, cases, COUNT(cases));
}

ParameterizedTest(struct wrap_case *each, layout, wrapped, .timeout = 60)
{
    setlocale(LC_ALL, "C.utf8");
    struct buffer out;
    buffer_init(&out, 4096);
    layout_append_wrapped(&out, each->text, each->place);
    cr_assert_str_eq(buffer_text(&out), each->expected, "\"%s\" is not \"%s\"", buffer_text(&out),
                     each->expected);
    buffer_release(&out);
}
