#include "reporters/because.h"

#include "base/json.h"
#include "base/text.h"
#include "reporters/explain.h"
#include "reporters/json.h"
#include "reporters/terminal.h"
#include "tests/unit/growth_sample.h"
#include "tests/unit/report_sample.h"

#include <criterion/criterion.h>
#include <locale.h>

/* The feed regressed in CPU time and instructions; what its profile says is for each test. */
static struct growth_sample profile;
static struct sample sample;
static struct endpoint_verdict *feed;

static void begin(void)
{
    sample_begin(&profile);
    sample_init(&sample);
    sample_make_regressed(&sample);
    feed = &sample.endpoints[2];
    feed->name = "GET /feed";
    sample.report.head = &profile.run;
    gate_init(&sample.gate);
}

static void end(void)
{
    sample_end(&profile);
}

static const char *write_short(int columns, bool utf8)
{
    static struct buffer out;
    uint64_t told = 0;
    struct report_style style = {columns, false, utf8};
    sample_finish(&profile);
    buffer_release(&out);
    buffer_init(&out, 1 << 20);
    because_append(&out, &sample.report, &style, feed, &told);
    cr_assert_not(out.failed);
    return buffer_text(&out);
}

static const char *write_long(int columns)
{
    static struct buffer out;
    struct report_style style = {columns, false, false};
    sample_finish(&profile);
    buffer_release(&out);
    buffer_init(&out, 1 << 20);
    cr_assert(explain_append(&out, &sample.report, &style, feed, &profile.err));
    return buffer_text(&out);
}

static void expect_texts(const char *text, const char *const *wanted)
{
    for (size_t i = 0; wanted[i] != NULL; i++)
        cr_assert_not_null(strstr(text, wanted[i]), "\"%s\" is not in\n%s", wanted[i], text);
}

static void expect_fit(const char *text, int columns)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        char *line = strndup(text, size);
        cr_assert_leq(text_columns(line), (size_t)columns, "at %d: \"%s\"", columns, line);
        free(line);
        text += size + (text[size] == '\n');
    }
}

/* 52,100 of the 54,000 instructions more are charged to line 83: 96 %. */
static void grow_lines(void)
{
    spend(&profile, SIDE_BASE, "view gateway/feed.c:9", 400000);
    spend(&profile, SIDE_HEAD, "view gateway/feed.c:9", 401000);
    spend(&profile, SIDE_HEAD, "score_of gateway/rank.c:83", 52100);
    spend(&profile, SIDE_HEAD, "score_of gateway/rank.c:84", 900);
    edit(&profile, "gateway/rank.c", 83, 0, 83, 2);
}

static void regress(enum metric metric)
{
    feed->metrics[metric] = sample_exact(10, 11, VERDICT_REGRESSED, "+10.0 % (10 to 11)");
}

static void grow_sites(void)
{
    stack(&profile, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(38, 2150.4, 64),
          STACK("main m.c:1", "score_of gateway/rank.c:83", "json_pack @libjansson"));
    stack(&profile, PROFILE_ALLOC, SIDE_BASE, ALLOCATED(1, 64, 0), STACK("main m.c:1"));
    stack(&profile, PROFILE_ALLOC, SIDE_HEAD, ALLOCATED(1, 64, 0), STACK("main m.c:1"));
}

/* ---- the short form -------------------------------------------------------------------------- */

Test(because, the_line_at_fault, .init = begin, .fini = end, .timeout = 60)
{
    grow_lines();
    cr_assert_str_eq(write_short(200, true),
                     "  because  gateway/rank.c:83 in score_of, a changed line: +52.10 k "
                     "instructions a request (96 % of the growth)\n");
}

/* CPU time and instructions are one explanation, allocations another: of one line, said once. */
Test(because, several_metrics_of_one_line, .init = begin, .fini = end, .timeout = 60)
{
    grow_lines();
    grow_sites();
    regress(METRIC_ALLOCATIONS);
    regress(METRIC_ALLOC_BYTES);
    cr_assert_str_eq(write_short(80, false),
                     "  because  gateway/rank.c:83 in score_of, a changed line: +52.10 k "
                     "instructions\n"
                     "           a request (96 % of the growth), +38 allocations (all of the "
                     "growth),\n"
                     "           +2.10 KiB allocated (all of the growth)\n");
    cr_assert_str_eq(write_short(40, false), "  because gateway/rank.c:83 in score_of,\n"
                                             "    a changed line: +52.10 k\n"
                                             "    instructions a request (96 % of the\n"
                                             "    growth), +38 allocations (all of the\n"
                                             "    growth), +2.10 KiB allocated (all of\n"
                                             "    the growth)\n");
}

Test(because, a_leak, .init = begin, .fini = end, .timeout = 60)
{
    grow_sites();
    feed->metrics[METRIC_CPU_NS].verdict = feed->metrics[METRIC_INSTRUCTIONS].verdict =
        VERDICT_PASSED;
    regress(METRIC_RETAINED_BYTES);
    profile.run.source_changes_known = false;
    cr_assert_str_eq(write_short(200, true),
                     "  because  gateway/rank.c:83 in score_of: a leak: +64 B kept a request (all "
                     "of the growth)\n");
}

Test(because, no_more_than_three_places, .init = begin, .fini = end, .timeout = 60)
{
    for (unsigned i = 0; i < 6; i++) {
        char place[32];
        snprintf(place, sizeof place, "f a.c:%u", 10 + i);
        spend(&profile, SIDE_HEAD, place, 1000 - i);
    }
    spend(&profile, SIDE_BASE, "f a.c:1", 5);
    spend(&profile, SIDE_HEAD, "f a.c:1", 5);
    const char *text = write_short(200, true);
    expect_texts(text, (const char *const[]){"  because  a.c:10 in f: +1000 ", NULL});
    cr_assert_null(strstr(text, "a.c:13"), "%s", text);
}

Test(because, the_variant_that_grew, .init = begin, .fini = end, .timeout = 60)
{
    struct variant_result variants[3] = {
        {.name = "limit=10"}, {.name = "limit=\x1b[2J100"}, {.name = ""}};
    struct endpoint_result endpoint = {
        .name = "GET /feed", .variants = variants, .variant_count = 3};
    for (size_t i = 0; i < 3; i++) {
        variants[i].share = i == 1 ? 0.5 : 0.25;
        for (unsigned m = 0; m < METRIC_COUNT; m++)
            variants[i].figures[m][SIDE_HEAD] = variants[i].figures[m][SIDE_BASE] = NAN;
        variants[i].figures[METRIC_INSTRUCTIONS][SIDE_HEAD] = i == 1 ? 130000 : 50000;
        variants[i].figures[METRIC_INSTRUCTIONS][SIDE_BASE] = i == 1 ? 100000 : 50000;
    }
    profile.run.endpoints = &endpoint;
    profile.run.endpoint_count = 1;
    cr_assert_str_eq(write_short(200, false),
                     "  because  only 1 of 3 variants of its requests grew: "
                     "limit=\\x1b[2J100\n",
                     "%s", write_short(200, false));
    expect_texts(write_long(200),
                 (const char *const[]){"variants   limit=10 (25.0 % of requests): 50.00 k -> "
                                       "50.00 k instr, =\n",
                                       "limit=\\x1b[2J100 (50.0 % of requests): 100.0 k -> 130.0 k "
                                       "instr, +30.0 %\n",
                                       "the one without a name (25.0 %", NULL});
}

/* Said once for a report, not for each endpoint. */
Test(because, why_there_is_nothing, .init = begin, .fini = end, .timeout = 60)
{
    struct buffer out;
    uint64_t told = 0;
    struct report_style style = {200, false, true};
    cr_assert_str_eq(write_short(200, true), "", "nobody asked");
    profile.run.profiles[PROFILE_LINES][SIDE_HEAD].missing = "the gateway is stripped";
    buffer_init(&out, 1 << 20);
    because_append(&out, &sample.report, &style, feed, &told);
    because_append(&out, &sample.report, &style, feed, &told);
    cr_assert_str_eq(buffer_text(&out),
                     "  because  no lines can be named: the gateway is stripped\n");
    expect_texts(write_long(80),
                 (const char *const[]){"lines      the gateway is stripped\n", NULL});
    buffer_release(&out);
}

Test(because, a_source_newer_than_the_program, .init = begin, .fini = end, .timeout = 60)
{
    static const struct source_file file = {.path = "gateway/rank.c", .stale = true};
    profile.run.sources[SIDE_HEAD] = (struct source_tree){&file, 1};
    grow_lines();
    expect_texts(write_short(200, true),
                 (const char *const[]){"gateway/rank.c is newer than the program: its lines may "
                                       "not fit\n",
                                       NULL});
}

/* What improved needs no culprit, what was accepted does. */
Test(because, only_what_got_dearer, .init = begin, .fini = end, .timeout = 60)
{
    grow_lines();
    feed->metrics[METRIC_CPU_NS].verdict = feed->metrics[METRIC_INSTRUCTIONS].verdict =
        VERDICT_IMPROVED;
    cr_assert_str_eq(write_short(200, true), "");
    feed->metrics[METRIC_INSTRUCTIONS].verdict = VERDICT_PASSED;
    feed->metrics[METRIC_INSTRUCTIONS].accepted = "accepted by Ada";
    cr_assert_not_null(strstr(write_short(200, true), "rank.c:83"));
}

/* ---- wherever it is shown -------------------------------------------------------------------- */

/* Names come from the gateway's programs and from file systems. */
static void grow_hostile(void)
{
    struct profile_builder *builder = sample_builder(&profile, PROFILE_LINES, SIDE_HEAD);
    struct profile_frame frame = {.function = "a\x1b]0;x\x07\nb\xff",
                                  .line = 3,
                                  .own = true,
                                  .file = "\xe2\x80\xae"
                                          "evil\n.c"};
    uint32_t node =
        profile_builder_node(builder, PROFILE_NONE, profile_builder_frame(builder, &frame));
    spend(&profile, SIDE_BASE, "view gateway/feed.c:9", 400000);
    profile_builder_add(builder, 0, node, (double[]){500000, 1, 0});
}

static void expect_harmless(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        cr_assert((unsigned char)*at >= 0x20 || *at == '\n', "a byte %d in %s", *at, text);
    cr_assert_null(strstr(text, "\xe2\x80\xae"), "%s", text);
    cr_assert(text_is_utf8(text, strlen(text)));
}

Test(because, hostile_names, .init = begin, .fini = end, .timeout = 60)
{
    grow_hostile();
    const char *text = write_short(400, true);
    expect_harmless(text);
    cr_assert_eq(strchr(text, '\n')[1], '\0', "one line: %s", text);
    expect_harmless(write_long(80));
}

Test(because, lines_fit, .init = begin, .fini = end, .timeout = 60)
{
    setlocale(LC_ALL, "C.utf8");
    grow_lines();
    grow_sites();
    regress(METRIC_ALLOCATIONS);
    for (int columns = 20; columns <= 200; columns += 9) {
        expect_fit(write_short(columns, columns % 2 == 0), columns);
        expect_fit(write_long(columns), columns);
    }
}

Test(because, in_the_terminal_report, .init = begin, .fini = end, .timeout = 60)
{
    struct buffer out;
    struct report_style style = {80, false, false};
    grow_lines();
    sample_finish(&profile);
    buffer_init(&out, 1 << 20);
    cr_assert(reporter_terminal.write(&sample.report, &style, &out, &profile.err));
    const char *reason = strstr(buffer_text(&out), "  instr    +6.0 % (292500");
    cr_assert_not_null(reason, "%s", buffer_text(&out));
    cr_assert_gt(strstr(buffer_text(&out), "  because  gateway/rank.c:83 in score_of"), reason);
    buffer_release(&out);
}

/* ---- the long form --------------------------------------------------------------------------- */

Test(because, in_full, .init = begin, .fini = end, .timeout = 60)
{
    grow_lines();
    grow_sites();
    regress(METRIC_ALLOCATIONS);
    spend(&profile, SIDE_BASE, "old_name gateway/view.c:5", 5000);
    spend(&profile, SIDE_HEAD, "new_name gateway/view.c:5", 4000);
    const char *text = write_long(200);
    expect_texts(
        text,
        (const char *const[]){
            "lines      those of the instructions\n",
            "lines      +52.10 k instructions (98.3 %)  gateway/rank.c:83 in score_of, changed\n",
            "             +900 instructions (1.7 %)  gateway/rank.c:84 in score_of, changed\n" + 2,
            "-1000 instructions  gateway/view.c:5 in new_name\n",
            "functions  +53.00 k instructions (100 %)  score_of in gateway/rank.c, changed\n",
            "-1000 instructions  new_name in gateway/view.c, was old_name in gateway/view.c\n",
            "moved      1000 instructions a request moved from one function to another\n",
            "sites      +38 allocations (100 %)  gateway/rank.c:83 in score_of, changed\n", NULL});
}

/* A passed metric says only that cost moved, and only when it is worth a word. */
Test(because, what_moved_is_told_of_a_passed_metric, .init = begin, .fini = end, .timeout = 60)
{
    spend(&profile, SIDE_BASE, "view s.c:10", 600);
    spend(&profile, SIDE_BASE, "main s.c:90", 9500);
    spend(&profile, SIDE_HEAD, "mark s.c:4", 600);
    spend(&profile, SIDE_HEAD, "main s.c:90", 9500);
    feed->metrics[METRIC_INSTRUCTIONS].verdict = feed->metrics[METRIC_CPU_NS].verdict =
        VERDICT_PASSED;
    const char *text = write_long(200);
    expect_texts(text, (const char *const[]){"moved      600 instructions a request", NULL});
    cr_assert_null(strstr(text, "functions  "), "%s", text);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *write_json(void)
{
    struct buffer out;
    struct report_style style = {80, false, true};
    sample_finish(&profile);
    buffer_init(&out, 1 << 24);
    cr_assert(reporter_json.write(&sample.report, &style, &out, &profile.err));
    json_t *json = json_parse_text("report", buffer_text(&out), out.length, &profile.err);
    cr_assert_not_null(json, "%s", profile.err.text);
    buffer_release(&out);
    return json;
}

static const json_t *because_of(const json_t *report, const char *metric)
{
    const json_t *endpoint = json_array_get(json_object_get(report, "endpoints"), 2);
    const json_t *figure = json_object_get(json_object_get(endpoint, "metrics"), metric);
    const json_t *because = json_object_get(figure, "because");
    cr_assert_not_null(because);
    return because;
}

Test(because, as_json, .init = begin, .fini = end, .timeout = 60)
{
    grow_lines();
    json_t *report = write_json();
    const json_t *because = because_of(report, "instructions");
    const json_t *line = json_array_get(json_object_get(because, "lines"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(because, "measured")), "instructions");
    cr_assert_str_eq(json_string_value(json_object_get(line, "file")), "gateway/rank.c");
    cr_assert_eq(json_integer_value(json_object_get(line, "line")), 83);
    cr_assert_str_eq(json_string_value(json_object_get(line, "function")), "score_of");
    cr_assert_float_eq(json_number_value(json_object_get(line, "growth")), 52100, 1e-6);
    cr_assert_float_eq(json_number_value(json_object_get(line, "head")), 52100, 1e-6);
    cr_assert(json_is_null(json_object_get(line, "base")));
    cr_assert(json_is_true(json_object_get(line, "changed")));
    cr_assert_str_eq(json_string_value(json_object_get(line, "kind")), "new");
    cr_assert_eq(json_array_size(json_object_get(because, "lines")), 3);
    cr_assert_eq(json_array_size(json_object_get(because, "functions")), 2);
    cr_assert(json_is_null(json_object_get(because, "missing")));
    cr_assert(json_is_null(because_of(report, "allocations")), "that passed");
    cr_assert(json_is_object(because_of(report, "cpu_ns")));
    json_decref(report);
}

/* An improvement is explained to programs: what shrank comes first. */
Test(because, an_improvement_as_json, .init = begin, .fini = end, .timeout = 60)
{
    spend(&profile, SIDE_BASE, "f a.c:5", 900);
    spend(&profile, SIDE_BASE, "f a.c:6", 10);
    spend(&profile, SIDE_HEAD, "f a.c:5", 300);
    spend(&profile, SIDE_HEAD, "f a.c:6", 50);
    feed->metrics[METRIC_INSTRUCTIONS].verdict = VERDICT_IMPROVED;
    json_t *report = write_json();
    const json_t *lines = json_object_get(because_of(report, "instructions"), "lines");
    cr_assert_float_eq(json_number_value(json_object_get(json_array_get(lines, 0), "growth")), -600,
                       1e-9);
    json_decref(report);
}

/* Nothing known is null, not nothing. */
Test(because, json_without_profiles, .init = begin, .fini = end, .timeout = 60)
{
    json_t *report = write_json();
    const json_t *because = because_of(report, "instructions");
    cr_assert(json_is_null(json_object_get(because, "measured")));
    cr_assert(json_is_null(json_object_get(because, "head")));
    cr_assert_eq(json_array_size(json_object_get(because, "lines")), 0);
    json_decref(report);
}
