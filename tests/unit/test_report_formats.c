/* The reports for other people's programs: JUnit, SARIF, GitLab's, OpenMetrics and CSV. Whether
 * those programs take them is for tests/e2e/test_report_formats.py. */
#include "reporters/reporter.h"

#include "base/file.h"
#include "base/json.h"
#include "reporters/finding.h"
#include "reporters/openmetrics.h"
#include "tests/unit/fault_sample.h"
#include "tests/unit/golden.h"
#include "tests/unit/report_shape.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

static struct sample sample;

static void begin_sample(void)
{
    sample_init(&sample);
    gate_init(&sample.gate);
}

/* Something of everything. */
static void make_everything(void)
{
    begin_sample();
    sample_make_accepted(&sample);
    sample_make_faulty(&sample);
    sample.endpoints[1].invalid = "corpus.jsonl:12: expected status 200, got 500\nexpected: {}";
    sample.endpoints[1].verdict = VERDICT_NONE;
    sample.comparison.invalid = true;
}

static void write_named(const char *name, struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(out, 64 << 20);
    cr_assert(reporter_by_name(name)->write(&sample.report, &style, out, &err), "%s", err.text);
}

static void check_contains(const char *text, const char *part)
{
    cr_assert(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

static size_t count_parts(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

/* ---- goldens: read and found right by people, and taken by readers that others wrote ------- */

struct golden_case {
    char name[32], file[32];
};

ParameterizedTestParameters(report_formats, golden)
{
    static struct golden_case cases[] = {
        {"junit", "format-junit.xml"},
        {"sarif", "format-sarif.json"},
        {"gitlab-metrics", "format-gitlab-metrics.txt"},
        {"gitlab-quality", "format-gitlab-quality.json"},
        {"openmetrics", "format-openmetrics.txt"},
        {"csv", "format-csv.csv"},
    };
    return cr_make_param_array(struct golden_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct golden_case *each, report_formats, golden, .timeout = 60)
{
    struct buffer out;
    make_everything();
    write_named(each->name, &out);
    golden_check(each->file, &out);
    buffer_release(&out);
}

/* ---- JUnit --------------------------------------------------------------------------------- */

static long find_attribute(const char *text, const char *suite, const char *name)
{
    char start[64], wanted[32], *end;
    snprintf(start, sizeof start, "name=\"%s\" timestamp", suite);
    snprintf(wanted, sizeof wanted, " %s=\"", name);
    const char *at = strstr(text, start);
    cr_assert_not_null(at, "%s", suite);
    at = strstr(at, wanted);
    cr_assert_not_null(at, "%s", name);
    return strtol(at + strlen(wanted), &end, 10);
}

/* The numbers of a suite are those of its cases. */
Test(report_formats, junit_counts_what_it_lists, .timeout = 60)
{
    struct buffer out;
    static const char *const suites[] = {"answers", "live", "exact", "alloc"};
    make_everything();
    write_named("junit", &out);
    long tests = 0, failures = 0, errors = 0, skipped = 0;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        tests += find_attribute(buffer_text(&out), suites[i], "tests");
        failures += find_attribute(buffer_text(&out), suites[i], "failures");
        errors += find_attribute(buffer_text(&out), suites[i], "errors");
        skipped += find_attribute(buffer_text(&out), suites[i], "skipped");
    }
    cr_assert_eq(tests, (long)count_parts(buffer_text(&out), "<testcase "));
    cr_assert_eq(failures, (long)count_parts(buffer_text(&out), "<failure "));
    cr_assert_eq(errors, (long)count_parts(buffer_text(&out), "<error "));
    cr_assert_eq(skipped, (long)count_parts(buffer_text(&out), "<skipped "));
    cr_assert_eq(tests, 7 + 7 * 6); /* the answers, and the six metrics that are gated */
    cr_assert_eq(failures, 3);
    cr_assert_eq(errors, 2); /* the wrong answer, and what is undecided */
    buffer_release(&out);
}

/* As the exit code has it. */
Test(report_formats, junit_skips_what_may_be_undecided, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_inconclusive(&sample);
    write_named("junit", &out);
    check_contains(buffer_text(&out), "<error message=\"GET /v3/search: CPU -1.1 to +4.3 %, "
                                      "undecided\" type=\"inconclusive\">");
    buffer_release(&out);
    sample.report.exit_code = 0;
    write_named("junit", &out);
    cr_assert_null(strstr(buffer_text(&out), "<error "));
    check_contains(buffer_text(&out), "<skipped message=");
    buffer_release(&out);
}

Test(report_formats, junit_has_no_time_that_is_none, .timeout = 60)
{
    struct buffer out;
    static const char *const times[] = {NULL, "", "2026-01-31", "2026-01-31T09:30:00+",
                                        "yesterday"};
    begin_sample();
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        sample.head.created = times[i];
        write_named("junit", &out);
        check_contains(buffer_text(&out), "timestamp=\"1970-01-01T00:00:00\"");
        buffer_release(&out);
    }
}

/* ---- SARIF and GitLab: findings ------------------------------------------------------------ */

static json_t *write_json(const char *name)
{
    struct buffer out;
    struct error err = {0};
    write_named(name, &out);
    json_t *json = json_parse_text(name, buffer_text(&out), out.length, &err);
    cr_assert_not_null(json, "%s %s", err.where, err.text);
    buffer_release(&out);
    return json;
}

static const json_t *sarif_results(const json_t *log)
{
    return json_object_get(json_array_get(json_object_get(log, "runs"), 0), "results");
}

Test(report_formats, sarif_places_a_result_at_the_line_at_fault, .timeout = 60)
{
    make_everything();
    json_auto_t *log = write_json("sarif");
    const json_t *results = sarif_results(log);
    const char *rule, *level, *uri, *base;
    int index, line;
    cr_assert_eq(json_array_size(results), 6);
    const json_t *cpu = json_array_get(results, 1); /* behind the wrong answer */
    cr_assert_eq(json_unpack((json_t *)(uintptr_t)cpu, "{ss si ss s[{s{s{ss ss} s{si}}}]}",
                             "ruleId", &rule, "ruleIndex", &index, "level", &level, "locations",
                             "physicalLocation", "artifactLocation", "uri", &uri, "uriBaseId",
                             &base, "region", "startLine", &line),
                 0);
    cr_assert_str_eq(rule, "cpu_ns");
    cr_assert_eq(index, METRIC_CPU_NS);
    cr_assert_str_eq(level, "error");
    cr_assert_str_eq(uri, "gateway/rank.c");
    cr_assert_str_eq(base, "%SRCROOT%");
    cr_assert_eq(line, 71);
}

Test(report_formats, sarif_escapes_paths_as_uris, .timeout = 60)
{
    make_everything();
    fault_frames[0].file = "a b/c#d%\xc3\xa9?.c";
    json_auto_t *log = write_json("sarif");
    const char *uri;
    cr_assert_eq(json_unpack((json_t *)(uintptr_t)json_array_get(sarif_results(log), 1),
                             "{s[{s{s{ss}}}]}", "locations", "physicalLocation", "artifactLocation",
                             "uri", &uri),
                 0);
    cr_assert_str_eq(uri, "a%20b/c%23d%25%C3%A9%3F.c");
}

/* A list that GitHub would cut is cut by rank, and says so. */
Test(report_formats, sarif_holds_the_limit, .timeout = 120)
{
    struct finding_list list;
    struct error err = {0};
    begin_sample();
    sample_make_many(&sample, 500, 400, 40);
    static const size_t limits[] = {399, 400, 401};
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        size_t kept = limits[i] < 400 ? limits[i] : 400;
        cr_assert(finding_list_make(&list, &sample.report, limits[i], &err));
        cr_assert_eq(list.count, kept);
        cr_assert_eq(list.left_off, 400 - kept);
        cr_assert_eq(strncmp(list.items[0].endpoint->name, "GET /v3/many/399/", 17), 0);
        finding_list_release(&list);
    }
}

/* The name of a finding stays while its figures and its line move, and is no other's. */
Test(report_formats, a_finding_keeps_its_print, .timeout = 60)
{
    struct endpoint_verdict feed = {.name = "GET /feed"}, other = {.name = "GET /feed2"};
    struct profile_frame line = {.file = "a.c", .line = 1}, moved = {.file = "a.c", .line = 9};
    struct profile_frame elsewhere = {.file = "b.c", .line = 1};
    const struct finding findings[] = {
        {.endpoint = &feed, .metric = METRIC_CPU_NS, .place = &line},
        {.endpoint = &feed, .metric = METRIC_CPU_NS, .place = &moved},
        {.endpoint = &other, .metric = METRIC_CPU_NS, .place = &line},
        {.endpoint = &feed, .metric = METRIC_SYSCALLS, .place = &line},
        {.endpoint = &feed, .metric = METRIC_CPU_NS, .place = &elsewhere},
        {.endpoint = &feed, .metric = METRIC_CPU_NS},
    };
    char prints[COUNT_OF(findings)][FINDING_PRINT_SIZE];
    for (size_t i = 0; i < COUNT_OF(findings); i++) {
        finding_print(&findings[i], prints[i]);
        cr_assert_eq(strspn(prints[i], "0123456789abcdef"), 64);
        for (size_t before = 0; before < i; before++)
            cr_assert_eq(strcmp(prints[i], prints[before]) == 0, i == 1 && before == 0, "%zu %zu",
                         i, before);
    }
}

Test(report_formats, gitlab_places_what_has_no_line, .timeout = 60)
{
    begin_sample();
    sample_make_regressed(&sample); /* no profile at all */
    json_auto_t *list = write_json("gitlab-quality");
    const char *path, *severity;
    int line;
    cr_assert_eq(json_array_size(list), 4);
    cr_assert_eq(json_unpack(json_array_get(list, 0), "{ss s{ss s{si}}}", "severity", &severity,
                             "location", "path", &path, "lines", "begin", &line),
                 0);
    cr_assert_str_eq(severity, "major");
    cr_assert_str_eq(path, "tollgate.json");
    cr_assert_eq(line, 1);
}

Test(report_formats, nothing_found_is_an_empty_list, .timeout = 60)
{
    begin_sample();
    json_auto_t *list = write_json("gitlab-quality");
    json_auto_t *log = write_json("sarif");
    cr_assert(json_is_array(list) && json_array_size(list) == 0);
    cr_assert_eq(json_array_size(sarif_results(log)), 0);
}

/* ---- metrics ------------------------------------------------------------------------------- */

Test(report_formats, gitlab_metrics_do_not_move_with_noise, .timeout = 60)
{
    static const double values[] = {1.2e6, 1.2049e6, 1.1951e6};
    struct buffer first, out;
    begin_sample();
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        sample.endpoints[2].metrics[METRIC_CPU_NS].head = values[i];
        write_named("gitlab-metrics", i == 0 ? &first : &out);
        if (i == 0) {
            check_contains(buffer_text(&first), "{endpoint=\"GET /v3/feed\"} 0.0012\n");
            continue;
        }
        cr_assert_str_eq(buffer_text(&out), buffer_text(&first));
        buffer_release(&out);
    }
    sample.endpoints[2].metrics[METRIC_CPU_NS].head = 1.3e6;
    write_named("gitlab-metrics", &out);
    cr_assert_str_neq(buffer_text(&out), buffer_text(&first));
    cr_assert_null(strstr(buffer_text(&out), "wall")); /* which is nothing but noise */
    buffer_release(&out);
    buffer_release(&first);
}

struct quantised_case {
    double value;
    char text[24];
};

/* Instructions: four digits, by hand. */
ParameterizedTestParameters(report_formats, quantised)
{
    static struct quantised_case cases[] = {
        {0, "0"},
        {7, "7"},
        {24.5, "24.5"},
        {1234.5, "1234"},
        {12345, "12350"},
        {99999, "100000"},
        {1234567, "1235000"},
        {0.00012346, "0.0001235"},
        {8.8, "8.8"},
        {1e300, "1.000e+300"},
    };
    return cr_make_param_array(struct quantised_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct quantised_case *each, report_formats, quantised, .timeout = 60)
{
    struct buffer out;
    char line[96];
    begin_sample();
    sample.endpoints[2].metrics[METRIC_INSTRUCTIONS].head = each->value;
    write_named("gitlab-metrics", &out);
    snprintf(line, sizeof line, "tollgate_instructions{endpoint=\"GET /v3/feed\"} %s\n",
             each->text);
    check_contains(buffer_text(&out), line);
    buffer_release(&out);
}

Test(report_formats, openmetrics_has_base_units, .timeout = 60)
{
    static const char *const names[METRIC_COUNT] = {
        [METRIC_CPU_NS] = "tollgate_cpu_seconds",
        [METRIC_WALL_P50_NS] = "tollgate_wall_p50_seconds",
        [METRIC_WALL_P99_NS] = "tollgate_wall_p99_seconds",
        [METRIC_INSTRUCTIONS] = "tollgate_instructions",
        [METRIC_SYSCALLS] = "tollgate_syscalls",
        [METRIC_ALLOCATIONS] = "tollgate_allocations",
        [METRIC_ALLOC_BYTES] = "tollgate_alloc_bytes",
        [METRIC_RETAINED_BYTES] = "tollgate_retained_bytes",
    };
    struct buffer out;
    begin_sample();
    sample_make_regressed(&sample);
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        char name[OPENMETRICS_NAME_SIZE];
        openmetrics_name((enum metric)i, name);
        cr_assert_str_eq(name, names[i]);
    }
    write_named("openmetrics", &out);
    const char *text = buffer_text(&out);
    shape_check_openmetrics("regressed", text);
    check_contains(text,
                   "\ntollgate_cpu_seconds{endpoint=\"GET /v3/feed\",side=\"base\"} 0.00117\n");
    check_contains(text,
                   "\ntollgate_change_ratio{endpoint=\"GET /v3/feed\",metric=\"cpu_ns\"} 0.061\n");
    check_contains(text, "\ntollgate_verdict{endpoint=\"GET /v3/feed\",verdict=\"regressed\"} 1\n");
    check_contains(text, "\ntollgate_verdict{endpoint=\"GET /v3/feed\",verdict=\"passed\"} 0\n");
    check_contains(text, "\ntollgate_exit_code 1\n");
    buffer_release(&out);
}

struct label_case {
    char text[32], label[40];
};

ParameterizedTestParameters(report_formats, labels)
{
    static struct label_case cases[] = {
        {"GET /a", "GET /a"},  {"a\"b", "a\\\"b"},  {"a\\b", "a\\\\b"},
        {"a\nb", "a\\\\x0ab"}, {"\xff", "\\\\xff"}, {"é", "é"},
    };
    return cr_make_param_array(struct label_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct label_case *each, report_formats, labels, .timeout = 60)
{
    struct buffer out;
    buffer_init(&out, 1000);
    openmetrics_append_label(&out, each->text);
    cr_assert_str_eq(buffer_text(&out), each->label);
    buffer_release(&out);
}

/* ---- CSV ----------------------------------------------------------------------------------- */

struct csv_case {
    char name[32], field[40];
};

ParameterizedTestParameters(report_formats, csv_text)
{
    static struct csv_case cases[] = {
        {"GET /a", "\"GET /a\","},
        {"a\"b", "\"a\"\"b\","},
        {"a,b", "\"a,b\","},
        {"=1+1", "\"'=1+1\","},
        {"+1", "\"'+1\","},
        {"-1", "\"'-1\","},
        {"@SUM(1)", "\"'@SUM(1)\","},
        {"\t=1", "\"\\x09=1\","},
        {"a\r\nb", "\"a\\x0d\\x0ab\","},
        {"", "\"\","},
        {"::error::", "\"::error::\","},
    };
    return cr_make_param_array(struct csv_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct csv_case *each, report_formats, csv_text, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample.comparison.endpoint_count = 1;
    sample.endpoints[0].name = each->name;
    write_named("csv", &out);
    const char *row = strstr(buffer_text(&out), "\r\n") + 2;
    cr_assert_eq(strncmp(row, each->field, strlen(each->field)), 0, "%.60s", row);
    buffer_release(&out);
}

Test(report_formats, csv_has_a_row_an_endpoint_and_metric, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    write_named("csv", &out);
    shape_check_csv("regressed", buffer_text(&out), 20);
    cr_assert_eq(count_parts(buffer_text(&out), "\r\n"), 1 + SAMPLE_ENDPOINTS * METRIC_COUNT);
    check_contains(
        buffer_text(&out),
        "\r\n\"GET /v3/feed\",\"instructions\",\"count\",90,9000,310050,292500,17550,0.06,"
        "0.06,0.06,\"regressed\",\"'+6.0 % (292500 to 310050), above 0.5 % and 500 a "
        "request\",\"gateway/rank.c\",71,\"\",,,,\"\"\r\n");
    buffer_release(&out);
}
