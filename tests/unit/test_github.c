#include "reporters/github.h"

#include "base/file.h"
#include "reporters/commands.h"
#include "tests/unit/fault_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <unistd.h>

static struct sample sample;

static void begin_sample(void)
{
    sample_init(&sample);
    gate_init(&sample.gate);
}

static void write_annotations(struct buffer *out)
{
    struct error err = {0};
    buffer_init(out, 1 << 24);
    cr_assert(github_append_annotations(out, &sample.report, &err), "%s", err.text);
}

static size_t count_parts(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

/* ---- escaping: the rules of actions/toolkit, packages/core/src/command.ts ------------------ */

struct escape_case {
    char text[32], data[48], property[64];
};

ParameterizedTestParameters(github, escaping)
{
    static struct escape_case cases[] = {
        {"plain", "plain", "plain"},
        {"a%b", "a%25b", "a%25b"},
        {"a\r\nb", "a%0D%0Ab", "a%0D%0Ab"},
        {"a:b,c", "a:b,c", "a%3Ab%2Cc"},
        {"%0A", "%250A", "%250A"},
        {"::x::", "::x::", "%3A%3Ax%3A%3A"},
        {"", "", ""},
    };
    return cr_make_param_array(struct escape_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct escape_case *each, github, escaping, .timeout = 60)
{
    struct buffer out;
    buffer_init(&out, 1000);
    commands_append_data(&out, each->text);
    cr_assert_str_eq(buffer_text(&out), each->data);
    buffer_clear(&out);
    commands_append_property(&out, each->text);
    cr_assert_str_eq(buffer_text(&out), each->property);
    buffer_release(&out);
}

struct defuse_case {
    char text[48], plain[56], xml[64];
};

ParameterizedTestParameters(github, defusing)
{
    static struct defuse_case cases[] = {
        {"plain\n", "plain\n", "plain\n"},
        {"::error::x", "\\::error::x", "::error::x"},
        {"a\n \t::b\nc", "a\n \t\\::b\nc", "a\n \t::b\nc"},
        {"std::vector\n", "std::vector\n", "std::vector\n"},
        {"a ##[error]b ##[x]", "a #\\#[error]b #\\#[x]", "a &#35;#[error]b &#35;#[x]"},
        {"###[x]", "##\\#[x]", "#&#35;#[x]"},
        {"", "", ""},
    };
    return cr_make_param_array(struct defuse_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct defuse_case *each, github, defusing, .timeout = 60)
{
    struct buffer out;
    buffer_init(&out, 1000);
    buffer_append_string(&out, "::ours\n");
    buffer_append_string(&out, each->text);
    commands_defuse_text(&out, 7);
    cr_assert_eq(strncmp(buffer_text(&out), "::ours\n", 7), 0);
    cr_assert_str_eq(buffer_text(&out) + 7, each->plain);
    buffer_clear(&out);
    buffer_append_string(&out, each->text);
    commands_defuse_xml(&out, 0);
    cr_assert_str_eq(buffer_text(&out), each->xml);
    buffer_release(&out);
}

/* ---- annotations --------------------------------------------------------------------------- */

Test(github, an_annotation_is_on_the_line_at_fault, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    write_annotations(&out);
    cr_assert_str_eq(
        buffer_text(&out),
        "::error file=gateway/rank.c,line=71,title=GET /v3/feed got dearer::"
        "CPU 1.17 ms → 1.24 ms, +6.1 %25 (5.2 to 7.0 %25), above the 2 %25 margin; p = 4.1e-06 "
        "over "
        "7 endpoints%0A"
        "instr +6.0 %25 (292500 to 310050), above 0.5 %25 and 500 a request%0A"
        "gateway/rank.c:71 in rank_score, a changed line: +17.55 k instructions a request (all of "
        "the growth)\n"
        "::error file=gateway/token.c,line=17,title=POST /v3/token/check got dearer::"
        "syscalls +4.2 %25 (24 to 25), above 0.5 %25 and 0.5 a request%0A"
        "gateway/token.c:17 in token_check, a changed line: +1900 instructions a request (all of "
        "the growth)\n"
        "::warning title=GET /v3/search could not be decided::"
        "CPU 2.40 ms → 2.44 ms, +1.6 %25 (-1.1 to 4.3 %25), cannot be told from the 2 %25 margin: "
        "about 18 more replicates would settle it\n");
    buffer_release(&out);
}

Test(github, one_line_of_many_endpoints_is_one_annotation, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_faulty(&sample);
    fault_frames[1] = fault_frames[0];
    write_annotations(&out);
    cr_assert_eq(count_parts(buffer_text(&out), "::error "), 1);
    cr_assert_not_null(strstr(buffer_text(&out), "title=GET /v3/feed and 1 more got dearer::"));
    cr_assert_not_null(strstr(buffer_text(&out), "%0APOST /v3/token/check: syscalls +4.2 %25%0A"));
    buffer_release(&out);
}

/* A path that leaves the tree, or a library's, is no place to annotate. */
Test(github, other_files_are_not_annotated, .timeout = 60)
{
    static const char *const paths[] = {"../../etc/passwd", "/etc/passwd", "a/../../b", ".."};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct buffer out;
        begin_sample();
        sample_make_faulty(&sample);
        fault_frames[0].file = fault_frames[1].file = paths[i];
        write_annotations(&out);
        cr_assert_null(strstr(buffer_text(&out), "file="), "%s", buffer_text(&out));
        buffer_release(&out);
    }
}

Test(github, what_was_accepted_is_a_notice, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_accepted(&sample);
    write_annotations(&out);
    cr_assert_eq(count_parts(buffer_text(&out), "::notice "), 2);
    cr_assert_not_null(strstr(buffer_text(&out), "GET /v3/feed got dearer%2C as accepted"));
    buffer_release(&out);
}

Test(github, a_wrong_answer_is_an_error, .timeout = 60)
{
    struct buffer out;
    begin_sample();
    sample_make_invalid(&sample);
    write_annotations(&out);
    cr_assert_not_null(strstr(buffer_text(&out), "::error title=GET /v3/search answered wrongly::"
                                                 "corpus.jsonl:212: expected status 200, got 500"
                                                 "%0Aexpected: "));
    buffer_release(&out);
}

/* At the limit all are there; beyond it the last says how many more, and no more than the limit
 * are. */
Test(github, ten_of_a_level_a_step, .timeout = 60)
{
    static const size_t counts[] = {9, 10, 11, 400};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct buffer out;
        char more[64];
        size_t wanted = counts[i] < 10 ? counts[i] : 10;
        begin_sample();
        sample_make_many(&sample, 500, counts[i], 40);
        write_annotations(&out);
        cr_assert_eq(count_parts(buffer_text(&out), "::error "), wanted, "%zu", counts[i]);
        snprintf(more, sizeof more, "::and %zu more such places", counts[i] - 9);
        cr_assert_eq(strstr(buffer_text(&out), more) != NULL, counts[i] > 10, "%zu", counts[i]);
        buffer_release(&out);
    }
}

/* ---- files --------------------------------------------------------------------------------- */

static const char *folder(void)
{
    static char path[] = "/tmp/tollgate-github-XXXXXX";
    cr_assert_not_null(mkdtemp(path));
    return path;
}

static void read_into(struct buffer *out, const char *path)
{
    struct error err = {0};
    buffer_init(out, 4 << 20);
    cr_assert(file_read(path, out, &err), "%s", err.text);
}

static void check_start(const struct buffer *text, const char *start)
{
    cr_assert_eq(strncmp(buffer_text(text), start, strlen(start)), 0, "%s", buffer_text(text));
}

static void deliver(const char *path, struct buffer *commands)
{
    struct error err = {0};
    buffer_init(commands, 1 << 16);
    cr_assert(reporter_github.deliver(&sample.report, path, commands, &err), "%s", err.text);
}

Test(github, leaves_summary_and_outputs_where_the_step_wants_them, .timeout = 60)
{
    char summary[128], outputs[128], delimiter[64], line[256];
    struct error err = {0};
    struct buffer text, commands;
    const char *at = folder();
    snprintf(summary, sizeof summary, "%s/summary", at);
    snprintf(outputs, sizeof outputs, "%s/outputs", at);
    cr_assert(
        file_write_atomic(summary, "# others\nno end", 15, &err)); /* of a step's other tool */
    setenv("GITHUB_STEP_SUMMARY", summary, 1);
    setenv("GITHUB_OUTPUT", outputs, 1);
    begin_sample();
    sample_make_faulty(&sample);
    deliver(NULL, &commands);
    cr_assert_eq(commands.length, 0);
    read_into(&text, summary);
    check_start(&text, "# others\nno end\n### ❌ tollgate: REGRESSED\n");
    buffer_release(&text);
    read_into(&text, outputs);
    cr_assert_eq(sscanf(buffer_text(&text), "verdict<<%63s", delimiter), 1);
    cr_assert_geq(strlen(delimiter), 32);
    snprintf(line, sizeof line, "\nregressed<<%s\n2\n%s\n", delimiter, delimiter);
    cr_assert_not_null(strstr(buffer_text(&text), line), "%s", buffer_text(&text));
    snprintf(line, sizeof line, "\nexit_code<<%s\n1\n%s\n", delimiter, delimiter);
    cr_assert_not_null(strstr(buffer_text(&text), line), "%s", buffer_text(&text));
    buffer_release(&text);
    /* Another step's words end elsewhere. */
    deliver(NULL, &commands);
    read_into(&text, outputs);
    cr_assert_eq(count_parts(buffer_text(&text), delimiter), 14);
    buffer_release(&text);
    cr_assert(file_remove_tree(at, &err));
}

Test(github, without_a_step_there_are_no_files, .timeout = 60)
{
    struct buffer commands, text;
    char path[128];
    struct error err = {0};
    const char *at = folder();
    unsetenv("GITHUB_STEP_SUMMARY");
    setenv("GITHUB_OUTPUT", "", 1);
    begin_sample();
    deliver(NULL, &commands);
    cr_assert_eq(commands.length, 0);
    snprintf(path, sizeof path, "%s/summary.md", at);
    deliver(path, &commands); /* -O github:PATH */
    read_into(&text, path);
    check_start(&text, "### ✅ tollgate: PASSED\n");
    buffer_release(&text);
    cr_assert(file_remove_tree(at, &err));
}

/* GitHub drops a summary that passes the limit, and says so nowhere. */
Test(github, a_full_summary_is_not_made_fuller, .timeout = 60)
{
    static const size_t used[] = {0,
                                  900 * 1024,
                                  GITHUB_SUMMARY_MAX_BYTES - 8000,
                                  GITHUB_SUMMARY_MAX_BYTES - 1025,
                                  GITHUB_SUMMARY_MAX_BYTES - 1,
                                  GITHUB_SUMMARY_MAX_BYTES,
                                  GITHUB_SUMMARY_MAX_BYTES + 1};
    char summary[128];
    struct error err = {0};
    const char *at = folder();
    char *filling = malloc(GITHUB_SUMMARY_MAX_BYTES + 1);
    cr_assert_not_null(filling);
    memset(filling, 'x', GITHUB_SUMMARY_MAX_BYTES + 1);
    snprintf(summary, sizeof summary, "%s/summary", at);
    setenv("GITHUB_STEP_SUMMARY", summary, 1);
    unsetenv("GITHUB_OUTPUT");
    begin_sample();
    sample_make_many(&sample, 500, 400, 250);
    for (size_t i = 0; i < COUNT_OF(used); i++) {
        struct buffer commands, text;
        cr_assert(file_write_atomic(summary, filling, used[i], &err));
        deliver(NULL, &commands);
        read_into(&text, summary);
        bool written = text.length > used[i];
        cr_assert(text.length <= GITHUB_SUMMARY_MAX_BYTES || !written, "%zu", used[i]);
        cr_assert_eq(written, i < 3, "%zu", used[i]);
        cr_assert_eq(strstr(buffer_text(&commands), "::warning ") != NULL, !written);
        buffer_release(&commands);
        buffer_release(&text);
    }
    free(filling);
    cr_assert(file_remove_tree(at, &err));
}

Test(github, a_file_that_cannot_be_written_is_an_error, .timeout = 60)
{
    struct buffer commands;
    struct error err = {0};
    begin_sample();
    setenv("GITHUB_STEP_SUMMARY", "/nowhere/at/all", 1);
    buffer_init(&commands, 1000);
    cr_assert_not(reporter_github.deliver(&sample.report, NULL, &commands, &err));
    cr_assert_eq(err.code, ERROR_IO);
    cr_assert_not_null(strstr(err.text, "/nowhere/at/all"));
}
