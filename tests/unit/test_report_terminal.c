#include "reporters/terminal.h"

#include "base/file.h"
#include "base/text.h"
#include "reporters/headline.h"
#include "reporters/order.h"
#include "tests/unit/golden.h"
#include "tests/unit/report_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sample sample;

typedef void (*change)(struct sample *);

static void leave(struct sample *unchanged)
{
    (void)unchanged;
}

static const struct {
    const char *name;
    change make;
} kinds[] = {
    {"passed", leave},
    {"regressed", sample_make_regressed},
    {"inconclusive", sample_make_inconclusive},
    {"alone", sample_make_alone},
    {"invalid", sample_make_invalid},
    {"hostile", sample_make_hostile},
    {"extreme", sample_make_extreme},
    {"accepted", sample_make_accepted},
};

static const char *write_report(struct buffer *out, const struct report_style *style)
{
    struct error err = {0};
    buffer_init(out, 1 << 24);
    cr_assert(reporter_terminal.write(&sample.report, style, out, &err), "%s", err.text);
    return buffer_text(out);
}

static const char *write_kind(struct buffer *out, change make, struct report_style style)
{
    sample_init(&sample);
    make(&sample);
    return write_report(out, &style);
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        char *line = strndup(text, size);
        size_t columns = text_columns(line);
        widest = columns > widest ? columns : widest;
        cr_assert(size == 0 || line[size - 1] != ' ', "a space at the end of \"%s\"", line);
        free(line);
        text += size + (text[size] == '\n');
    }
    return widest;
}

Test(report_terminal, no_line_is_wider_than_the_terminal, .timeout = 240)
{
    setlocale(LC_ALL, "C.utf8");
    for (size_t kind = 0; kind < COUNT(kinds); kind++)
        for (int columns = 20; columns <= 240; columns += columns < 100 ? 1 : 17)
            for (int utf8 = 0; utf8 < 2; utf8++) {
                struct buffer out;
                struct report_style style = {columns, false, utf8 != 0};
                size_t widest = widest_line(write_kind(&out, kinds[kind].make, style));
                cr_assert(widest <= (size_t)columns, "%s at %d has a line of %zu", kinds[kind].name,
                          columns, widest);
                buffer_release(&out);
            }
}

/* At fewer columns than it takes, nothing that did not change stands there in its stead. */
Test(report_terminal, a_column_that_failed_comes_before_one_that_did_not, .timeout = 60)
{
    size_t with = 0, without = 0;
    for (int columns = 40; columns <= 200; columns++) {
        struct buffer out;
        const char *text =
            write_kind(&out, sample_make_regressed, (struct report_style){columns, false, true});
        const char *header = strstr(text, "\nendpoint ");
        if (header != NULL) {
            char *line = strndup(header + 1, strcspn(header + 1, "\n"));
            bool told = strstr(line, " instr") != NULL;
            cr_expect(told || (strstr(line, " allocs") == NULL && strstr(line, " bytes") == NULL),
                      "%d: %s", columns, line);
            with += told;
            without += !told;
            free(line);
        }
        buffer_release(&out);
    }
    cr_assert(with > 0 && without > 0, "%zu with, %zu without", with, without);
}

static void check_golden(const char *name, const struct buffer *out)
{
    char file[256];
    snprintf(file, sizeof file, "report-%s.txt", name);
    golden_check(file, out);
}

static void check_transcripts(const char *name, change make)
{
    static const int widths[] = {40, 80, 200};
    setlocale(LC_ALL, "C.utf8");
    for (size_t i = 0; i < COUNT(widths); i++) {
        struct buffer out;
        char file[64];
        write_kind(&out, make, (struct report_style){widths[i], false, true});
        snprintf(file, sizeof file, "%s-%d", name, widths[i]);
        check_golden(file, &out);
        buffer_release(&out);
    }
}

Test(report_terminal, transcript_passed, .timeout = 60)
{
    check_transcripts("passed", leave);
}

Test(report_terminal, transcript_accepted, .timeout = 60)
{
    check_transcripts("accepted", sample_make_accepted);
}

Test(report_terminal, transcript_regressed, .timeout = 60)
{
    check_transcripts("regressed", sample_make_regressed);
}

/* The two endpoints that regressed cost $10.00 and no clear amount more, and one has an owner. */
static void own_and_price(struct sample *owned)
{
    static struct endpoint_cost costs[] = {
        {.name = "GET /v3/feed",
         .change = {.sure = true, .efficiency = 10e6, .low = 8.52e6, .high = 11.48e6}},
        {.name = "POST /v3/token/check", .change = {.why = "no change that is clear"}}};
    static struct cost_report cost = {
        .has_money = true,
        .has_change = true,
        .currency = "USD",
        .digits = 2,
        .endpoints = costs,
        .endpoint_count = 2,
        .total = {.endpoints = 1, .efficiency = 10e6, .low = 8.52e6, .high = 11.48e6},
        .basis = "$3,120.00 a month (tollgate.json) at 1.2 M requests "
                 "a day (the corpus's weights)"};
    static struct endpoint_owner rows[] = {
        {.endpoint = "GET /v3/feed",
         .owner = "@team-feed",
         .source = OWNER_CODEOWNERS,
         .rule = ".github/CODEOWNERS:12"},
        {.endpoint = "POST /v3/token/check", .why = "no rule fits"}};
    static struct owners owners = {.endpoints = rows, .count = 2};
    sample_make_regressed(owned);
    owned->report.cost = &cost;
    owned->report.owners = &owners;
}

Test(report_terminal, transcript_priced, .timeout = 60)
{
    check_transcripts("priced", own_and_price);
}

Test(report_terminal, transcript_inconclusive, .timeout = 60)
{
    check_transcripts("inconclusive", sample_make_inconclusive);
}

Test(report_terminal, transcript_alone, .timeout = 60)
{
    check_transcripts("alone", sample_make_alone);
}

Test(report_terminal, transcript_invalid, .timeout = 60)
{
    check_transcripts("invalid", sample_make_invalid);
}

Test(report_terminal, transcript_in_color_and_in_ascii, .timeout = 60)
{
    struct buffer out;
    setlocale(LC_ALL, "C.utf8");
    write_kind(&out, sample_make_regressed, (struct report_style){80, true, true});
    check_golden("regressed-80-color", &out);
    buffer_release(&out);
    write_kind(&out, sample_make_regressed, (struct report_style){80, false, false});
    check_golden("regressed-80-ascii", &out);
    buffer_release(&out);
}

static void check_contains(const char *text, const char *part)
{
    cr_assert(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

/* Without its escape sequences, coloured output is the plain one. */
Test(report_terminal, color_adds_nothing_but_color, .timeout = 60)
{
    struct buffer plain, colored, stripped;
    setlocale(LC_ALL, "C.utf8");
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        write_kind(&plain, kinds[kind].make, (struct report_style){80, false, true});
        cr_assert(strchr(buffer_text(&plain), '\033') == NULL);
        const char *text =
            write_kind(&colored, kinds[kind].make, (struct report_style){80, true, true});
        buffer_init(&stripped, 1 << 24);
        while (*text != '\0') {
            if (*text == '\033')
                text += strcspn(text, "m") + 1;
            else
                buffer_append_char(&stripped, *text++);
        }
        cr_assert_str_eq(buffer_text(&stripped), buffer_text(&plain));
        buffer_release(&plain);
        buffer_release(&colored);
        buffer_release(&stripped);
    }
}

Test(report_terminal, color_follows_the_verdict, .timeout = 60)
{
    struct buffer out;
    const char *text =
        write_kind(&out, sample_make_regressed, (struct report_style){120, true, true});
    check_contains(text, "\033[1;31mREGRESSED\033[0m  2 of 7");
    check_contains(text, "\033[1;31m+6.1 %\033[0m");
    check_contains(text, "\033[33m+1.6 %\033[0m");
    check_contains(text, "\033[32m-20.0 %\033[0m");
    check_contains(text, "\033[2m+0.2 %\033[0m");
    buffer_release(&out);
}

Test(report_terminal, ascii_only_is_ascii_only, .timeout = 60)
{
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        struct buffer out;
        const char *text =
            write_kind(&out, kinds[kind].make, (struct report_style){80, true, false});
        for (; *text != '\0'; text++)
            cr_assert((unsigned char)*text < 0x80, "%s: %.20s", kinds[kind].name, text);
        buffer_release(&out);
    }
}

Test(report_terminal, hostile_text_is_safe, .timeout = 60)
{
    struct buffer out;
    const char *text =
        write_kind(&out, sample_make_hostile, (struct report_style){80, false, true});
    for (const char *at = text; *at != '\0'; at++)
        cr_assert(*at == '\n' || (unsigned char)*at >= 0x20, "a control character");
    cr_assert(text_is_utf8(text, out.length));
    cr_assert(strstr(text, "\xe2\x80\xae") == NULL, "a bidirectional override");
    cr_assert(strstr(text, "\xe2\x81\xa6") == NULL, "a bidirectional isolate");
    cr_assert(strstr(text, "\xc2\x9b") == NULL, "a C1 control");
    check_contains(text, "GET /\\x1b[2J");
    check_contains(text, "\\u202edra");
    check_contains(text, "  got: \\u202exyz");
    buffer_release(&out);
}

struct headline_case {
    size_t kind;
    char expected[128];
};

ParameterizedTestParameters(report_terminal, first_line)
{
    static struct headline_case cases[] = {
        {0, "PASSED  7 endpoints, none dearer than the gate allows\n"},
        {1, "REGRESSED  2 of 7 endpoints got dearer: GET /v3/feed CPU +6.1 % and instr +6.0 %, "},
        {2, "INCONCLUSIVE  1 of 7 endpoints could not be decided: GET /v3/search CPU -1.1 to "
            "+4.3 %\n"},
        {3, "MEASURED  7 endpoints; no baseline to compare with\n"},
        {4, "INVALID  GET /v3/search answered wrongly\n"},
    };
    return cr_make_param_array(struct headline_case, cases, COUNT(cases));
}

ParameterizedTest(struct headline_case *each, report_terminal, first_line, .timeout = 60)
{
    struct buffer out;
    const char *text =
        write_kind(&out, kinds[each->kind].make, (struct report_style){200, false, true});
    cr_assert_eq(strncmp(text, each->expected, strlen(each->expected)), 0, "%.120s", text);
    buffer_release(&out);
}

Test(report_terminal, what_failed_comes_first_then_what_costs_most, .timeout = 60)
{
    static const char *const expected[] = {
        "GET /v3/feed",                                    /* regressed, 1.24 ms * 9000 */
        "POST /v3/token/check",                            /* regressed, 96 us * 4800 */
        "GET /v3/search",                                  /* inconclusive */
        "GET /v3/users/{id}",                              /* improved */
        "GET /v3/boards/{id}/pins",                        /* 641 us * 6400 = 4.1 s */
        "GET /v3/notifications",                           /* 331 us * 3100 = 1.0 s */
        "POST /v3/boards/{id}/pins/{pin}/reactions/batch", /* 411 us * 1200 = 0.5 s */
    };
    sample_init(&sample);
    sample_make_regressed(&sample);
    struct error err = {0};
    const struct endpoint_verdict **order = order_endpoints(&sample.comparison, &err);
    cr_assert_not_null(order);
    for (size_t i = 0; i < COUNT(expected); i++)
        cr_assert_str_eq(order[i]->name, expected[i]);
    cr_assert_null(order[COUNT(expected)]);
    free(order);
}

/* At 80 columns a failing metric has its column, whichever it is. */
Test(report_terminal, a_failing_metric_is_never_hidden, .timeout = 60)
{
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        sample_init(&sample);
        struct metric_verdict *metric = &sample.endpoints[1].metrics[i];
        *metric = (struct metric_verdict){
            150, 100, 0.5, 0.5, 0.5, VERDICT_REGRESSED, "too much", .accepted = NULL};
        sample.endpoints[1].verdict = sample.comparison.verdict = VERDICT_REGRESSED;
        struct buffer out;
        const char *text = write_report(&out, &(struct report_style){80, false, true});
        const char *head = strstr(text, "\nendpoint ");
        cr_assert_not_null(head);
        char *line = strndup(head + 1, strcspn(head + 1, "\n"));
        check_contains(line, metric_info((enum metric)i)->title);
        free(line);
        check_contains(text, "+50.0 %");
        buffer_release(&out);
    }
}

Test(report_terminal, a_budget_without_a_base, .timeout = 60)
{
    sample_init(&sample);
    sample_make_alone(&sample);
    sample.endpoints[2].verdict = sample.comparison.verdict = VERDICT_REGRESSED;
    sample.endpoints[2].metrics[METRIC_CPU_NS].verdict = VERDICT_REGRESSED;
    sample.endpoints[2].metrics[METRIC_CPU_NS].reason = "over the budget of 1 ms";
    struct buffer out;
    const char *text = write_report(&out, &(struct report_style){80, false, true});
    check_contains(text, "REGRESSED  1 of 7 endpoints went over budget: GET /v3/feed CPU 1.17 ms");
    check_contains(text, "verdict");
    check_contains(text, "over the budget of 1 ms");
    buffer_release(&out);
}

/* Of nothing there is no fraction, but a leak is a leak. */
Test(report_terminal, a_rise_from_nothing, .timeout = 60)
{
    sample_init(&sample);
    sample.endpoints[0].metrics[METRIC_RETAINED_BYTES] =
        (struct metric_verdict){48,
                                0,
                                NAN,
                                NAN,
                                NAN,
                                VERDICT_REGRESSED,
                                "from 0 to 48 bytes, above 16 bytes a request",
                                .accepted = NULL};
    sample.endpoints[0].verdict = sample.comparison.verdict = VERDICT_REGRESSED;
    struct buffer out;
    const char *text = write_report(&out, &(struct report_style){80, false, true});
    check_contains(text, "1 of 7 endpoints got dearer: GET /v3/users/{id} retained from 0 to");
    check_contains(text, "from 0  REGRESSED\n");
    check_contains(text, "  retained from 0 to 48 bytes, above 16 bytes a request\n");
    buffer_release(&out);
}

Test(report_terminal, invalid_does_not_hide_a_regression, .timeout = 60)
{
    sample_init(&sample);
    sample_make_regressed(&sample);
    sample_make_invalid(&sample);
    struct buffer out;
    const char *text = write_report(&out, &(struct report_style){80, false, true});
    cr_assert_eq(strncmp(text, "INVALID  GET /v3/search answered wrongly\n", 41), 0);
    check_contains(text, "  got:      {\"error\":\"internal\"}\n");
    check_contains(text, "\nREGRESSED  2 of 7 endpoints got dearer");
    buffer_release(&out);
}

Test(report_terminal, nothing_at_all_is_still_a_report, .timeout = 60)
{
    sample_init(&sample);
    sample.comparison.endpoint_count = 0;
    sample.comparison.verdict = VERDICT_NONE;
    sample.head.pass_count = sample.head.note_count = 0;
    sample.head.fingerprint = (struct fingerprint){0};
    sample.head.sides[SIDE_HEAD] = (struct run_side){.present = true};
    sample.report.gate = NULL;
    struct buffer out;
    const char *text = write_report(&out, &(struct report_style){0, false, true});
    check_contains(text, "MEASURED  0 endpoints");
    check_contains(text, "not in git");
    check_contains(text, "unknown CPU");
    buffer_release(&out);
}

Test(report_terminal, a_full_buffer_is_an_error, .timeout = 60)
{
    sample_init(&sample);
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, 300);
    struct report_style style = {80, false, true};
    cr_assert_not(reporter_terminal.write(&sample.report, &style, &out, &err));
    cr_assert_eq(err.code, ERROR_MEMORY);
    buffer_release(&out);
}

Test(reporter, is_found_by_name, .timeout = 60)
{
    for (const struct reporter *const *each = reporter_list(); *each != NULL; each++)
        cr_assert_eq(reporter_by_name((*each)->name), *each);
    cr_assert_not_null(reporter_by_name("terminal"));
    cr_assert_not_null(reporter_by_name("json"));
    cr_assert_null(reporter_by_name("yaml"));
}
