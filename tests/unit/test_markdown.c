#include "reporters/markdown.h"

#include "base/file.h"
#include "base/text.h"
#include "reporters/markdown_text.h"
#include "tests/unit/fault_sample.h"
#include "tests/unit/golden.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sample sample;

static void begin_sample(void)
{
    sample_init(&sample);
    gate_init(&sample.gate);
}

static void write_report(struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(out, 1 << 24);
    cr_assert(reporter_markdown.write(&sample.report, &style, out, &err), "%s", err.text);
}

static void write_options(struct buffer *out, const struct markdown_options *options)
{
    struct error err = {0};
    buffer_init(out, 1 << 24);
    cr_assert(markdown_append(out, &sample.report, options, &err), "%s", err.text);
}

static void check_contains(const char *text, const char *part)
{
    cr_assert(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

static void check_lacks(const char *text, const char *part)
{
    cr_assert(strstr(text, part) == NULL, "\"%s\" in:\n%s", part, text);
}

/* ---- goldens ------------------------------------------------------------------------------- */

static void check_golden(const char *name)
{
    char file[256];
    struct buffer out;
    snprintf(file, sizeof file, "comment-%s.md", name);
    write_report(&out);
    golden_check(file, &out);
    buffer_release(&out);
}

Test(markdown, regressed_with_lines_at_fault, .timeout = 60)
{
    begin_sample();
    sample_make_faulty(&sample);
    check_golden("regressed");
}

Test(markdown, accepted, .timeout = 60)
{
    begin_sample();
    sample_make_accepted(&sample);
    check_golden("accepted");
}

Test(markdown, invalid, .timeout = 60)
{
    begin_sample();
    sample_make_invalid(&sample);
    check_golden("invalid");
}

Test(markdown, inconclusive, .timeout = 60)
{
    begin_sample();
    sample_make_inconclusive(&sample);
    check_golden("inconclusive");
}

Test(markdown, alone, .timeout = 60)
{
    begin_sample();
    sample_make_alone(&sample);
    check_golden("alone");
}

Test(markdown, nothing_changed_is_one_line, .timeout = 60)
{
    begin_sample();
    check_golden("passed");
    struct buffer out;
    write_report(&out);
    size_t lines = 0;
    for (const char *at = buffer_text(&out); *at != '\0'; at++)
        lines += *at == '\n';
    cr_assert_eq(lines, 2); /* the marker, which nobody sees, and the line */
    buffer_release(&out);
}

/* The same in a job's summary has the tables: who looks there wants more than a line. */
Test(markdown, a_summary_has_no_marker_and_all_tables, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    write_options(&out, &(struct markdown_options){.max_bytes = 1 << 20});
    check_lacks(buffer_text(&out), "<!--");
    check_contains(buffer_text(&out), "| `GET /v3/feed` | 90 |");
    buffer_release(&out);
}

Test(markdown, a_new_endpoint_is_news, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample.endpoints[3].presence = ENDPOINT_NEW;
    sample.endpoints[3].verdict = VERDICT_NONE;
    write_report(&out);
    check_contains(buffer_text(&out), "| new |");
    buffer_release(&out);
}

/* ---- the marker ---------------------------------------------------------------------------- */

Test(markdown, each_key_has_a_comment_of_its_own, .timeout = 60)
{
    struct buffer out, start;
    begin_sample();
    sample_make_regressed(&sample);
    sample.report.choice.key = "billing-api";
    write_report(&out);
    buffer_init(&start, 1000);
    markdown_append_marker_start(&start, &sample.report);
    cr_assert_str_eq(buffer_text(&start), "<!-- tollgate:{\"key\":\"billing-api\"");
    cr_assert_eq(strncmp(buffer_text(&out), buffer_text(&start), start.length), 0);
    check_contains(buffer_text(&out), "\n### ❌ tollgate `billing-api`: REGRESSED\n");
    buffer_release(&start);
    buffer_release(&out);
}

Test(markdown, a_key_cannot_end_the_comment, .timeout = 60)
{
    static const char *const bad[] = {
        "",
        "a-->b",
        "a\"b",
        "a b",
        "a\nb",
        "é",
        "a123456789012345678901234567890123456789012345678901234567890123456"};
    cr_assert(markdown_is_key("Main_api-2.0"));
    begin_sample();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buffer out;
        cr_assert_not(markdown_is_key(bad[i]), "%s", bad[i]);
        sample.report.choice.key = bad[i];
        write_report(&out);
        static const char start[] = "<!-- tollgate:{\"key\":\"default\",";
        cr_assert_eq(strncmp(buffer_text(&out), start, strlen(start)), 0);
        buffer_release(&out);
    }
}

Test(markdown, a_commit_that_is_none_is_not_in_the_marker, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample.head.sides[SIDE_HEAD].commit = "abc--><script>";
    write_report(&out);
    check_contains(buffer_text(&out), "\"verdict\":\"passed\"} -->\n");
    check_lacks(buffer_text(&out), "<script>");
    buffer_release(&out);
}

/* ---- text from outside --------------------------------------------------------------------- */

struct text_case {
    char text[64], code[80], words[96];
};

ParameterizedTestParameters(markdown, text)
{
    static struct text_case cases[] = {
        {"GET /v3/feed", "`GET /v3/feed`", "GET /v3/feed"},
        {"a|b", "`a\\x7cb`", "`a\\x7cb`"},
        {"`x`", "`\\x60x\\x60`", "`\\x60x\\x60`"},
        {"ping @octocat now", "`ping @octocat now`", "ping `@octocat` now"},
        {"see #12, GH-12 or !12", "`see #12, GH-12 or !12`", "see `#12,` `GH-12` or `!12`"},
        {"(gh-7) %3 ~l &e $5", "`(gh-7) %3 ~l &e $5`", "`(gh-7)` `%3` `~l` `&e` `$5`"},
        {"+6.1 % (5.2 to 7.0 %)", "`+6.1 % (5.2 to 7.0 %)`", "+6.1 % (5.2 to 7.0 %)"},
        {"x https://a.b/c y", "`x https://a.b/c y`", "x `https://a.b/c` y"},
        {"www.a.b WWW.a", "`www.a.b WWW.a`", "`www.a.b` `WWW.a`"},
        {"<img src=x>", "`<img src=x>`", "`<img` `src=x>`"},
        {"![a](b)", "`![a](b)`", "`![a](b)`"},
        {"a_b_c *d*", "`a_b_c *d*`", "`a_b_c` `*d*`"},
        {"line\nbreak", "`line\\x0abreak`", "`line\\x0abreak`"},
        {"\xe2\x80\xae"
         "abc",
         "`\\u202eabc`", "`\\u202eabc`"},
        {"\xff", "`\\xff`", "`\\xff`"},
        {"", "` `", ""},
        {"   ", "` `", "   "},
        {" a ", "`a`", " a "},
        {"a##[error]b", "`a\\x23#[error]b`", "`a\\x23#[error]b`"},
        {"a:smile: b:", "`a:smile: b:`", "`a:smile:` b:"},
    };
    return cr_make_param_array(struct text_case, cases, COUNT(cases));
}

ParameterizedTest(struct text_case *each, markdown, text, .timeout = 60)
{
    struct buffer out;
    buffer_init(&out, 1000);
    markdown_append_code(&out, each->text, 100);
    cr_assert_str_eq(buffer_text(&out), each->code);
    buffer_clear(&out);
    markdown_append_words(&out, each->text, 100);
    cr_assert_str_eq(buffer_text(&out), each->words);
    buffer_release(&out);
}

Test(markdown, a_long_name_is_cut_in_bytes, .timeout = 60)
{
    static char marks[2 * 4000 + 1]; /* that combine: they take no columns at all */
    struct buffer out;
    for (size_t i = 0; i < 4000; i++)
        memcpy(marks + 2 * i, "\xcc\x81", 2);
    buffer_init(&out, 1 << 16);
    markdown_append_name(&out, marks);
    cr_assert_leq(out.length, MARKDOWN_NAME_MAX_BYTES + 2);
    cr_assert(text_is_utf8(buffer_text(&out), out.length));
    buffer_release(&out);
}

Test(markdown, nothing_ends_a_block, .timeout = 60)
{
    struct buffer out;
    buffer_init(&out, 1000);
    markdown_append_block(&out, "a `code` b\n```\n<b>\n````x");
    cr_assert_str_eq(buffer_text(&out), "\n```text\na `code` b\n\\x60\\x60\\x60\n<b>\n"
                                        "\\x60\\x60\\x60\\x60x\n```\n\n");
    buffer_release(&out);
}

/* A command that is pasted does what it shows. */
Test(markdown, a_name_cannot_leave_the_quotes_of_the_command, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_regressed(&sample);
    sample.endpoints[FAULT_FEED].name = "GET /'; rm -rf ~ #";
    write_report(&out);
    check_contains(buffer_text(&out), "--endpoint 'GET /'\\''; rm -rf ~ #'");
    buffer_release(&out);
}

/* ---- limits -------------------------------------------------------------------------------- */

static size_t size_within(size_t max_bytes)
{
    struct buffer out;
    write_options(&out, &(struct markdown_options){.max_bytes = max_bytes, .comment = true});
    size_t size = out.length;
    cr_assert_leq(size, max_bytes);
    cr_assert(text_is_utf8(buffer_text(&out), size));
    buffer_release(&out);
    return size;
}

Test(markdown, the_limit_holds_on_either_side_of_it, .timeout = 120)
{
    begin_sample();
    sample_make_many(&sample, 500, 400, 120);
    size_t whole = size_within(1 << 24);
    cr_assert_gt(whole, MARKDOWN_COMMENT_MAX_BYTES);
    cr_assert_eq(size_within(whole + 1), whole);
    cr_assert_eq(size_within(whole), whole);
    size_t cut = size_within(whole - 1);
    cr_assert_lt(cut, whole);
    cr_assert_gt(cut, whole - 600, "more than a row was cut: %zu of %zu", whole - cut, whole);
}

/* Whatever the room is, the report fits, and the verdict is in it while there is room for that. */
Test(markdown, any_room_will_do, .timeout = 120)
{
    begin_sample();
    sample_make_many(&sample, 300, 200, 200);
    for (size_t room = 0; room < 120000; room += room < 4000 ? 97 : 4999) {
        struct buffer out;
        write_options(&out, &(struct markdown_options){.max_bytes = room, .comment = true});
        cr_assert_leq(out.length, room);
        cr_assert(out.length == 0 || strstr(buffer_text(&out), "REGRESSED") != NULL);
        cr_assert(room < 3000 || out.length > 0);
        buffer_release(&out);
    }
}

static size_t count_parts(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

/* Nothing is cut without a word: the rows that are there and the number that is told are all. */
Test(markdown, what_is_left_off_is_counted, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_many(&sample, 500, 400, 120);
    write_report(&out);
    const char *text = buffer_text(&out);
    cr_assert_leq(out.length, 65536);
    check_contains(text, "400 of 500 endpoints got dearer");
    check_contains(text,
                   "\nAnd 388 more changed; the table of all endpoints below has them first.");
    check_contains(text, "\nAnd 380 more in the full report.\n"); /* 20 are explained */
    const char *table = strstr(text, "All 500 endpoints");
    cr_assert_not_null(table);
    const char *end = strstr(table, "</details>");
    char *rows = strndup(table, (size_t)(end - table));
    size_t shown = count_parts(rows, "\n| `GET");
    size_t left = 0;
    const char *more = strstr(rows, "\nAnd ");
    cr_assert_not_null(more);
    cr_assert_eq(sscanf(more, "\nAnd %zu more in the full report.", &left), 1);
    cr_assert_eq(shown + left, 500);
    cr_assert_gt(shown, 100);
    free(rows);
    buffer_release(&out);
}

/* The dearest first, in every list: the last of the regressed has the largest weight. */
Test(markdown, rank_decides_what_stays, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_many(&sample, 500, 400, 120);
    write_options(&out, &(struct markdown_options){.max_bytes = 6000});
    check_contains(buffer_text(&out), "GET /v3/many/399/");
    check_lacks(buffer_text(&out), "GET /v3/many/001/");
    buffer_release(&out);
}

/* ---- lines, money, owners ------------------------------------------------------------------ */

Test(markdown, a_line_of_many_endpoints_is_told_once, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    fault_frames[1] = fault_frames[0]; /* both at fault in the same line */
    write_report(&out);
    check_contains(buffer_text(&out), "- `gateway/rank.c:71` in `rank_score`");
    check_contains(buffer_text(&out), "; `GET /v3/feed` and 1 more endpoint\n");
    cr_assert_eq(count_parts(buffer_text(&out), "- `gateway/rank.c:71`"), 1);
    buffer_release(&out);
}

static struct cost_report cost;
static struct endpoint_cost costs[SAMPLE_ENDPOINTS];
static struct owners owners;
static struct endpoint_owner owned[SAMPLE_ENDPOINTS];

static void add_money(void)
{
    cost = (struct cost_report){
        .has_money = true,
        .has_change = true,
        .currency = "USD",
        .digits = 2,
        .endpoints = costs,
        .endpoint_count = SAMPLE_ENDPOINTS,
        .basis = "a bill of $3,120.00 a month, by the corpus's weights",
        .total = {.endpoints = 1, .efficiency = 65e6, .low = 52e6, .high = 78e6}};
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++)
        costs[i].name = sample.endpoints[i].name;
    costs[FAULT_FEED].change =
        (struct cost_change){.sure = true, .efficiency = 65e6, .low = 52e6, .high = 78e6};
    sample.report.cost = &cost;
}

static void add_owners(const char *owner)
{
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++)
        owned[i].endpoint = sample.endpoints[i].name;
    owned[FAULT_FEED].owner = owner;
    owners = (struct owners){.endpoints = owned, .count = SAMPLE_ENDPOINTS};
    sample.report.owners = &owners;
}

Test(markdown, says_what_it_costs_a_month, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    add_money();
    write_report(&out);
    check_contains(buffer_text(&out),
                   "**+$65.00 (+$52.00\u00a0to\u00a0+$78.00) a month** from 1 endpoint");
    check_contains(buffer_text(&out), "| +$65.00<br>+$52.00\u00a0to\u00a0+$78.00 |");
    check_contains(buffer_text(&out), "a bill of `$3,120.00` a month");
    buffer_release(&out);
}

/* Shares alone are no amounts, and an unsure change is none. */
Test(markdown, says_no_amount_that_is_not_known, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    add_money();
    cost.has_money = false;
    write_report(&out);
    check_lacks(buffer_text(&out), "a month");
    buffer_release(&out);
    cost.has_money = true;
    cost.total.endpoints = 0;
    costs[FAULT_FEED].change.sure = false;
    write_report(&out);
    check_lacks(buffer_text(&out), "65.00");
    buffer_release(&out);
}

Test(markdown, names_owners_and_calls_nobody_unasked, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    add_owners("@org/team-feed, @ada");
    write_report(&out);
    check_contains(buffer_text(&out), ", `@org/team-feed`, `@ada` |");
    check_contains(buffer_text(&out), ", unowned |");
    buffer_release(&out);
    sample.report.choice.mention = true;
    write_report(&out);
    check_contains(buffer_text(&out), ", @org/team-feed, @ada |");
    buffer_release(&out);
    add_owners("@a @everybody, <b>, x");
    write_report(&out);
    check_contains(buffer_text(&out), ", `@a @everybody`, `<b>`, `x` |");
    buffer_release(&out);
    add_owners("a, b, c, d, e");
    write_report(&out);
    check_contains(buffer_text(&out), ", `a`, `b`, `c` and more |");
    buffer_release(&out);
}

/* ---- accepting ----------------------------------------------------------------------------- */

Test(markdown, suggests_a_trailer_that_covers_it, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    write_report(&out);
    check_contains(buffer_text(&out), "Tollgate-Accept: GET /v3/feed cpu_ns +8% because ...\n");
    check_contains(buffer_text(&out),
                   "Tollgate-Accept: GET /v3/feed instructions +7% because ...\n");
    buffer_release(&out);
    struct metric_verdict *kept = &sample.endpoints[FAULT_TOKEN].metrics[METRIC_RETAINED_BYTES];
    *kept = (struct metric_verdict){
        48, 0, NAN, NAN, NAN, VERDICT_REGRESSED, "a leak", .accepted = NULL};
    sample.endpoints[FAULT_FEED].metrics[METRIC_CPU_NS].over_budget = true;
    write_report(&out);
    check_contains(buffer_text(&out),
                   "Tollgate-Accept: POST /v3/token/check retained_bytes +48 B because ...\n");
    check_lacks(buffer_text(&out), "GET /v3/feed cpu_ns"); /* a budget is not lifted so */
    buffer_release(&out);
}
