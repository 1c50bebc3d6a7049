/* How costs are told: transcripts at three widths, and as JSON. The figures of the sample are small
 * enough to check by eye. */
#include "reporters/cost_json.h"
#include "reporters/cost_text.h"
#include "reporters/cost_words.h"

#include "base/file.h"
#include "base/text.h"
#include "cost_sample.h"
#include "tests/unit/golden.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cost_report, .timeout = 60);

static struct cost_sample sample;
static struct cost_report cost;
static struct endpoint_owner owner_rows[5];
static struct owners owners = {.endpoints = owner_rows, .count = 5};
static struct cost_view view;

static void find(void)
{
    struct error err = {0};
    cr_assert(cost_find(&cost, &sample.question, &err), "%s", err.text);
    view = (struct cost_view){.cost = &cost, .owners = &owners};
}

static void name(size_t index, const char *text)
{
    snprintf(sample.names[index], sizeof sample.names[index], "%s", text);
    owner_rows[index].endpoint = sample.names[index];
}

/* $3,120 for 1,460 instance hours of 4 vCPUs. */
static void make_sample(void)
{
    cost_sample_init(&sample);
    cost_sample_change(&sample, 40e6, 1.2e6, 0.077, 0.067, 0.087, VERDICT_REGRESSED);
    cost_sample_change(&sample, 51e6, 180e3, 0.212, 0.198, 0.226, VERDICT_REGRESSED);
    cost_sample_change(&sample, 9e6, 2.4e6, 0.004, -0.008, 0.016, VERDICT_PASSED);
    cost_sample_change(&sample, 21e6, 640e3, -0.031, -0.05, -0.012, VERDICT_IMPROVED);
    cost_sample_change(&sample, 0, 96e3, 0.03, -0.01, 0.07, VERDICT_INCONCLUSIVE);
    name(0, "GET /v3/feed");
    name(1, "GET /v3/pins/{id}");
    name(2, "GET /v3/search");
    name(3, "GET /v3/boards/{id}/pins");
    name(4, "POST /v3/token/check");
    owner_rows[0].owner = "team-feed";
    owner_rows[1].owner = "team-pins";
    owner_rows[2].owner = "team-feed";
    owner_rows[3].owner = "team-pins";
    owner_rows[4].owner = NULL;
    cost_sample_overhead(&sample, 0.02);
    sample.terms.has_amount = true;
    sample.terms.amount_micros = 3120 * (int64_t)MONEY_MICROS;
    sample.terms.amount_from = "tollgate.json";
    sample.terms.instance_hours = 1460;
    sample.terms.vcpus = 4;
    sample.terms.period_hours = 8;
    find();
}

static void check_golden(const char *name, const struct buffer *out)
{
    char file[256];
    snprintf(file, sizeof file, "cost-%s.txt", name);
    golden_check(file, out);
}

static void write_text(int columns, bool color, bool utf8, struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {columns, color, utf8};
    buffer_init(out, 1 << 20);
    cr_assert(cost_text_append(out, &view, &style, &err), "%s", err.text);
}

/* No line is wider than the terminal. */
static void check_width(const struct buffer *out, size_t columns)
{
    char line[4096];
    const char *at = buffer_text(out);
    while (*at != '\0') {
        size_t size = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)size, at);
        cr_expect_leq(text_columns(line), columns, "\"%s\"", line);
        cr_expect(size == 0 || at[size - 1] != ' ', "\"%s\" ends in a space", line);
        at += size + (at[size] == '\n');
    }
}

static void check_widths(const char *golden)
{
    static const int widths[] = {40, 80, 200};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        struct buffer out;
        char file[64];
        write_text(widths[i], false, true, &out);
        snprintf(file, sizeof file, "%s-%d", golden, widths[i]);
        check_golden(file, &out);
        check_width(&out, (size_t)widths[i]);
        buffer_release(&out);
    }
}

Test(cost_report, endpoints)
{
    make_sample();
    check_widths("endpoints");
}

Test(cost_report, owners)
{
    make_sample();
    view.by_owner = true;
    check_widths("owners");
}

Test(cost_report, pull_request)
{
    make_sample();
    view.pull_request = true;
    check_widths("change");
    struct buffer out;
    write_text(80, true, false, &out);
    check_golden("change-80-color-ascii", &out);
    buffer_release(&out);
}

Test(cost_report, shares_without_money)
{
    make_sample();
    cost_release(&cost);
    cost_terms_init(&sample.terms);
    find();
    view.owners = NULL;
    check_widths("shares");
}

Test(cost_report, nothing_was_measured)
{
    make_sample();
    cost_release(&cost);
    sample.comparison.endpoint_count = 0;
    find();
    struct buffer out;
    write_text(80, false, true, &out);
    check_golden("nothing-80", &out);
    buffer_release(&out);
}

/* Every width, every view: nothing is cut off at the right and nothing fails. */
Test(cost_report, all_widths)
{
    make_sample();
    for (int columns = 20; columns < 220; columns++)
        for (unsigned kind = 0; kind < 3; kind++) {
            struct buffer out;
            view.by_owner = kind == 1;
            view.pull_request = kind == 2;
            write_text(columns, false, true, &out);
            check_width(&out, (size_t)columns);
            buffer_release(&out);
        }
}

/* With 60 endpoints 25 are shown, the others are one row, and the column still adds up: 60 a
 * cent. */
Test(cost_report, the_others_are_one_row)
{
    struct buffer out;
    cost_sample_init(&sample);
    for (size_t i = 0; i < 60; i++)
        cost_sample_add(&sample, 1, 1000);
    sample.terms.has_amount = true;
    sample.terms.amount_micros = 600000;
    find();
    view.owners = NULL;
    write_text(80, false, true, &out);
    cr_expect_not_null(strstr(buffer_text(&out), "35 more (--all)"));
    /* Once as it is divided, once as it would be by count. */
    const char *others = strstr(buffer_text(&out), "$0.35");
    cr_assert_not_null(others);
    cr_expect_not_null(strstr(others + 1, "$0.35"));
    cr_expect_null(strstr(buffer_text(&out), "GET /9 "), "in order of their names");
    buffer_release(&out);
    view.all = true;
    write_text(80, false, true, &out);
    cr_expect_null(strstr(buffer_text(&out), "more (--all)"));
    cr_expect_not_null(strstr(buffer_text(&out), "GET /9 "));
    buffer_release(&out);
}

/* Names from outside: no escape reaches the terminal, and no line is a command to a job's
 * runner. */
Test(cost_report, hostile_names)
{
    struct buffer out;
    struct error err = {0};
    make_sample();
    cost_release(&cost);
    name(0, "::error::boo");
    name(1, "\x1b[31mred\x1b[0m");
    name(2, "\xe2\x80\xae"
            "GET /backwards");
    name(3, "##[error]x\n::warning::y");
    name(4, "\xff\xfe");
    owner_rows[0].owner = "::error::owner";
    owner_rows[1].owner = "\x1b]0;title\x07";
    owners.notes = (const char *const[]){"::stop-commands::x"};
    owners.note_count = 1;
    find();
    for (unsigned kind = 0; kind < 3; kind++)
        for (int columns = 30; columns <= 200; columns += 85) {
            view.by_owner = kind == 1;
            view.pull_request = kind == 2;
            view.all = true;
            write_text(columns, false, true, &out);
            const char *text = buffer_text(&out);
            cr_expect_null(strchr(text, '\x1b'));
            cr_expect_null(strchr(text, '\x07'));
            cr_expect_null(strstr(text, "\xe2\x80\xae"));
            cr_expect_null(strstr(text, "\n::"));
            cr_expect_null(strstr(text, "##["));
            cr_expect_neq(strncmp(text, "::", 2), 0);
            buffer_release(&out);
        }
    buffer_init(&out, 1 << 20);
    cr_assert(cost_json_append(&out, &view, &err));
    cr_expect_null(strstr(buffer_text(&out), "\n::"));
    cr_expect_null(strstr(buffer_text(&out), "##["));
    cr_expect_null(strchr(buffer_text(&out), '\x1b'));
    json_t *json = json_loads(buffer_text(&out), 0, NULL);
    cr_assert_not_null(json);
    json_decref(json);
    buffer_release(&out);
}

/* The JSON's parts add up to its bill, to the last millionth and as shown. */
Test(cost_report, json_adds_up)
{
    struct buffer out;
    struct error err = {0};
    static const char *const keys[] = {"micros", "shown_micros"};
    make_sample();
    buffer_init(&out, 1 << 20);
    cr_assert(cost_json_append(&out, &view, &err));
    json_t *json = json_loads(buffer_text(&out), 0, NULL);
    cr_assert_not_null(json);
    for (size_t key = 0; key < 2; key++) {
        json_int_t sum = 0;
        static const char *const rest[] = {"overhead", "idle"};
        const json_t *endpoints = json_object_get(json, "endpoints");
        for (size_t i = 0; i < json_array_size(endpoints); i++)
            sum += json_integer_value(
                json_object_get(json_object_get(json_array_get(endpoints, i), "month"), keys[key]));
        for (size_t i = 0; i < 2; i++)
            sum += json_integer_value(json_object_get(
                json_object_get(json_object_get(json, rest[i]), "month"), keys[key]));
        cr_expect_eq(sum, 3120000000);
        cr_expect_eq(sum,
                     json_integer_value(json_object_get(json_object_get(json, "bill"), keys[key])));
    }
    json_decref(json);
    buffer_release(&out);
}

Test(cost_report, words)
{
    char text[COST_WORDS_SIZE];
    make_sample();
    struct cost_change change = {.sure = true, .efficiency = 65.2e6, .low = 52.1e6, .high = 78.4e6};
    cost_words_change(&cost, &change, true, text);
    cr_expect_str_eq(text, "+$65.20 a month (+$52.10 to +$78.40)");
    change.low = change.high = change.efficiency;
    cost_words_change(&cost, &change, true, text);
    cr_expect_str_eq(text, "+$65.20 a month");
    change.sure = false;
    cost_words_change(&cost, &change, true, text);
    cr_expect_str_eq(text, "");
    cost.has_money = false;
    change = (struct cost_change){.sure = true, .efficiency = 0.012, .low = 0.01, .high = 0.014};
    cost_words_change(&cost, &change, true, text);
    cr_expect_str_eq(text, "+1.2 % of all CPU time (+1.0 % to +1.4 %)");
}
