/* A run from a fork is hostile: each of its strings goes into every report there is as markup,
 * workflow commands, control characters, formulas, no UTF-8 at all and without end, and its figures
 * as no figures. What comes out is taken apart as its reader would take it apart. */
#include "reporters/reporter.h"

#include "base/json.h"
#include "base/text.h"
#include "reporters/github.h"
#include "reporters/markdown.h"
#include "tests/unit/fault_sample.h"
#include "tests/unit/report_shape.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { HUGE = 100000, CSV_COLUMNS = 20 };

static struct sample sample;
static char huge_letters[HUGE + 1], huge_ticks[HUGE + 1], huge_marks[HUGE + 1];

static const char *const texts[] = {
    "GET /<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</script></style></title></svg><svg onload=alert(1)>",
    "--> <!-- tollgate:{\"key\":\"default\"} -->",
    "::error file=a,line=1,title=t::m",
    "a\n::set-output name=verdict::passed\r\n  ::add-mask::e\n::stop-commands::x",
    "word ::warning::wrapped to the start of a line, if the line is long enough for that to happen",
    "##[error]a ##[set-output name=verdict]passed",
    "a%0A::error::b%25",
    "a | b |\n|---|---|\n| c | d |",
    "\\| \\\\| \\",
    "`` ` ``` ~~~\n```\n</details>\n\n# head\n- [ ] list\n> quote",
    "@octocat @org/team #1 GH-2 org/repo#3 !4 %5 $6 ~7 &8",
    "https://evil.example/ www.evil.example [a](javascript:alert(1)) ![b](http://c/d)",
    "**bold** _it_ ~~gone~~ <b>b</b> :smile: $x^2$ [^1]",
    "\033[2J\033]0;owned\007 \b\b\x7f",
    "\xe2\x80\xae"
    "drawkcab\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\xa9",
    "\xff\xfe\xc0\x80\xed\xa0\x80 \xf4\x90\x80\x80",
    "\xef\xbf\xbe\xef\xbf\xbf\xf0\x9f\xbf\xbe\xc2\x85",
    "=cmd|' /c calc'!A1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "]]> <![CDATA[ &amp; &lt; &#0; <?xml ?> <!DOCTYPE a>",
    "\"quotes\" 'and' \\\"backslash\\",
    "${{ secrets.TOKEN }} $(touch x) `touch y` ; rm -rf ~",
    "tollgate_0123456789abcdef\nverdict<<EOF",
    "../../etc/passwd",
    "/etc/passwd",
    "",
    huge_letters,
    huge_ticks,
    huge_marks,
};

static void fill_huge(void)
{
    memset(huge_letters, 'x', HUGE);
    memset(huge_ticks, '`', HUGE);
    for (size_t i = 0; i < HUGE; i += 2)
        memcpy(huge_marks + i, "\xcc\x81", 2);
}

static struct owners owners;
static struct endpoint_owner owned[SAMPLE_ENDPOINTS];
static struct cost_report cost;
static struct endpoint_cost costs[SAMPLE_ENDPOINTS];

static void add_owners_and_money(const char *text)
{
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++) {
        owned[i] = (struct endpoint_owner){.endpoint = sample.endpoints[i].name,
                                           .owner = text,
                                           .rule = text,
                                           .file = text,
                                           .source = OWNER_CODEOWNERS};
        costs[i] = (struct endpoint_cost){
            .name = sample.endpoints[i].name,
            .change = {.sure = true, .efficiency = 65e6, .low = 52e6, .high = 78e6}};
    }
    owners = (struct owners){.endpoints = owned, .count = SAMPLE_ENDPOINTS};
    cost = (struct cost_report){
        .has_money = true,
        .has_change = true,
        .currency = "USD",
        .digits = 2,
        .endpoints = costs,
        .endpoint_count = SAMPLE_ENDPOINTS,
        .basis = text,
        .total = {.endpoints = 1, .efficiency = 65e6, .low = 52e6, .high = 78e6}};
    sample.report.owners = &owners;
    sample.report.cost = &cost;
}

/* The text in all that a run, a config or a commit message can name. */
static void make_hostile(const char *text)
{
    static char names[SAMPLE_ENDPOINTS][HUGE + 32];
    sample_init(&sample);
    sample_make_regressed(&sample);
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++) {
        struct endpoint_verdict *endpoint = &sample.endpoints[i];
        snprintf(names[i], sizeof names[i], "%s%.*zu", text, i > 0, i);
        endpoint->name = names[i];
        for (size_t metric = 0; metric < METRIC_COUNT; metric++)
            endpoint->metrics[metric].reason = text;
    }
    sample_add_lines(&sample);
    sample.endpoints[6].invalid = text;
    sample.comparison.invalid = true;
    sample.endpoints[1].accepted = text;
    sample.endpoints[1].metrics[METRIC_CPU_NS].accepted = text;
    sample.comparison.cpu_note = text;
    struct run *head = &sample.head;
    sample.notes[0] = sample.notes[1] = text;
    head->note_count = 2;
    head->tollgate_version = head->created = text;
    head->fingerprint = (struct fingerprint){text, text, text, 2, text, text, text, text};
    for (size_t side = 0; side < SIDE_COUNT; side++)
        head->sides[side] =
            (struct run_side){.present = true, .ref = text, .commit = text, .build_id = text};
    for (size_t i = 0; i < head->pass_count; i++)
        sample.passes[i].reason = text;
    for (size_t i = 0; i < FAULT_FRAMES; i++) {
        fault_frames[i] = (struct profile_frame){text, text, (uint32_t)(17 + i), text, true};
        fault_sources[i].path = text;
    }
    add_owners_and_money(text);
    sample.report.choice.profile = PROFILE_KIND_COUNT;
}

/* ---- what every reader wants --------------------------------------------------------------- */

static void write_with(const struct reporter *reporter, struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, false, true};
    buffer_init(out, 64 << 20);
    cr_assert(reporter->write(&sample.report, &style, out, &err), "%s: %s", reporter->name,
              err.text);
}

/* Valid UTF-8 of no characters that a terminal, a diff or a reader could be misled with. */
static void check_characters(const char *name, const char *about, const struct buffer *out)
{
    static const char *const marks[] = {"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\xa8",
                                        "\xef\xbf\xbf"};
    const char *text = buffer_text(out);
    cr_assert(text_is_utf8(text, out->length), "%s, %.40s", name, about);
    for (size_t i = 0; i < out->length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = c >= 0x20 && c != 0x7f;
        cr_assert(plain || c == '\n' || c == '\t' || (c == '\r' && text[i + 1] == '\n'),
                  "%s, %.40s: \\x%02x", name, about, c);
    }
    for (size_t i = 0; i < COUNT(marks); i++)
        cr_assert(strstr(text, marks[i]) == NULL, "%s, %.40s", name, about);
}

/* What a runner would obey: only a reporter of its own writes that. */
static void check_commands(const char *name, const char *about, const char *text)
{
    static const char *const ours[] = {"::error ", "::warning ", "::notice "};
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *start = line + strspn(line, " \t");
        if (strncmp(start, "::", 2) != 0)
            continue;
        bool known = false;
        for (size_t i = 0; i < COUNT(ours); i++)
            known = known || strncmp(line, ours[i], strlen(ours[i])) == 0;
        cr_assert(known && strcmp(name, "github") == 0, "%s, %.40s: %.100s", name, about, line);
    }
}

/* Pages and exports of profiles are for files: there a name is what it is. */
static bool is_export(const char *name)
{
    static const char *const exports[] = {"flame",     "folded", "speedscope",
                                          "callgrind", "lcov",   "html"};
    for (size_t i = 0; i < COUNT(exports); i++)
        if (strcmp(name, exports[i]) == 0)
            return true;
    return false;
}

/* No element of others in a page. */
static void check_page(const char *name, const char *about, const char *text)
{
    static const char *const foreign[] = {"<script>alert", "<img ", "<svg onload",
                                          "</style></title>"};
    if (strncmp(text, "<!DOCTYPE html>", 15) != 0)
        return;
    for (size_t i = 0; i < COUNT(foreign); i++)
        cr_assert(strstr(text, foreign[i]) == NULL, "%s, %.40s: %s", name, about, foreign[i]);
}

static void check_json(const char *about, const struct buffer *out)
{
    struct error err = {0};
    json_auto_t *json = json_parse_text("report", buffer_text(out), out->length, &err);
    cr_assert_not_null(json, "%.40s: %s %s", about, err.where, err.text);
}

static void check_report(const struct reporter *reporter, const char *about)
{
    struct buffer out;
    const char *name = reporter->name;
    write_with(reporter, &out);
    const char *text = buffer_text(&out);
    if (!reporter->binary) {
        check_characters(name, about, &out);
        check_commands(name, about, text);
        cr_assert(is_export(name) || strstr(text, "##[") == NULL, "%s, %.40s", name, about);
        check_page(name, about, text);
    }
    if (strcmp(name, "json") == 0 || strcmp(name, "sarif") == 0 ||
        strcmp(name, "gitlab-quality") == 0 || strcmp(name, "speedscope") == 0)
        check_json(about, &out);
    else if (strcmp(name, "junit") == 0)
        shape_check_xml(about, text);
    else if (strcmp(name, "csv") == 0)
        shape_check_csv(about, text, CSV_COLUMNS);
    else if (strcmp(name, "openmetrics") == 0 || strcmp(name, "gitlab-metrics") == 0)
        shape_check_openmetrics(about, text);
    else if (strcmp(name, "markdown") == 0)
        shape_check_markdown(about, text);
    if (strcmp(name, "markdown") == 0)
        cr_assert_leq(out.length, MARKDOWN_COMMENT_MAX_BYTES, "%.40s", about);
    buffer_release(&out);
}

static void check_all(const char *about)
{
    for (const struct reporter *const *each = reporter_list(); *each != NULL; each++)
        check_report(*each, about);
}

Test(hostile_reports, every_text_in_every_report, .timeout = 300)
{
    fill_huge();
    for (size_t i = 0; i < COUNT(texts); i++) {
        make_hostile(texts[i]);
        check_all(texts[i]);
    }
}

/* The constructed hostile report has its dangers in other places. */
Test(hostile_reports, the_hostile_sample, .timeout = 60)
{
    sample_init(&sample);
    sample_make_hostile(&sample);
    sample_add_lines(&sample);
    sample.report.choice.profile = PROFILE_KIND_COUNT;
    check_all("hostile");
}

/* ---- figures ------------------------------------------------------------------------------- */

static void make_figures(double value, double other)
{
    sample_init(&sample);
    sample_make_faulty(&sample);
    sample.report.choice.profile = PROFILE_KIND_COUNT;
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++) {
        sample.endpoints[i].weight = value;
        sample.endpoints[i].requests = i % 2 == 0 ? INT64_MAX : INT64_MIN;
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            struct metric_verdict *metric = &sample.endpoints[i].metrics[m];
            metric->head = metric->change = metric->high = value;
            metric->base = metric->low = other;
            metric->verdict = (enum verdict)((i + m) % (VERDICT_REGRESSED + 1));
            metric->over_budget = i == 3;
        }
    }
    sample.comparison.smallest_cpu_change = value;
    for (size_t i = 0; i < 3; i++)
        sample.passes[i].seconds = value;
    add_owners_and_money("team");
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++)
        costs[i].change.efficiency = costs[i].change.low = costs[i].change.high = value;
    cost.total.efficiency = cost.total.low = value;
    cost.total.high = other;
}

Test(hostile_reports, every_figure_in_every_report, .timeout = 300)
{
    static const double values[] = {NAN,   INFINITY, -INFINITY, 0,     -0.0,        5e-324,
                                    1e308, -1e308,   1e15,      0.001, 4294967296.0};
    for (size_t i = 0; i < COUNT(values); i++)
        for (size_t other = 0; other < COUNT(values); other++) {
            char about[64];
            snprintf(about, sizeof about, "%g and %g", values[i], values[other]);
            make_figures(values[i], values[other]);
            check_all(about);
        }
}

/* ---- what a step leaves besides ------------------------------------------------------------ */

/* Five of ours in each line of annotations: the level, and properties whose colons and commas are
 * spelt out, so that the second "::" is ours as well. */
Test(hostile_reports, annotations_say_only_what_we_say, .timeout = 60)
{
    fill_huge();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buffer out;
        make_hostile(texts[i]);
        write_with(reporter_by_name("github"), &out);
        for (const char *line = buffer_text(&out); *line != '\0'; line = strchr(line, '\n') + 1) {
            char *one = strndup(line, strcspn(line, "\n"));
            char *end = strstr(one + 2, "::");
            cr_assert_not_null(end, "%s", one);
            *end = '\0';
            for (const char *at = strchr(one, ' '); at != NULL; at = strchr(at, ',')) {
                at++;
                bool known = strncmp(at, "file=", 5) == 0 || strncmp(at, "line=", 5) == 0 ||
                             strncmp(at, "title=", 6) == 0;
                cr_assert(known, "%s", one);
            }
            cr_assert(strstr(one, "file=/") == NULL && strstr(one, "file=..") == NULL, "%s", one);
            free(one);
        }
        buffer_release(&out);
    }
}

Test(hostile_reports, outputs_hold_figures_and_our_own_words, .timeout = 60)
{
    fill_huge();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buffer out;
        make_hostile(texts[i]);
        buffer_init(&out, 1 << 16);
        github_append_outputs(&out, &sample.report, "end");
        cr_assert_eq(strspn(buffer_text(&out), "abcdefghijklmnopqrstuvwxyz_0123456789<\n"),
                     out.length, "%s", buffer_text(&out));
        buffer_release(&out);
    }
}
