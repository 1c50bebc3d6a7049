/* What a corpus is to distilling: its items with a run's costs, its account, its lines in a small
 * one. Linked with --wrap for the allocator, so that each allocation can be made to fail. */
#include "base/file.h"
#include "rig/distill_report.h"
#include "rig/distill_write.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64], small_path[80];
static struct endpoint_map no_templates;

static void begin(void)
{
    snprintf(path, sizeof path, "/tmp/tollgate-distill-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(small_path, sizeof small_path, "%s.small", path);
}

static void end(void)
{
    remove(path);
    remove(small_path);
}

TestSuite(distill_corpus, .init = begin, .fini = end, .timeout = 60);

/* /a twice plain and once with fields, /b once; the second line is blank. */
static const char text[] =
    "{\"schema_version\":1,\"source\":\"made\",\"redaction\":null}\n"
    "\n"
    "{\"id\":\"1\",\"conn\":4,\"seq\":2,\"method\":\"GET\",\"target\":\"/a/1\",\"endpoint\":\"GET "
    "/a\",\"variant\":\"none\",\"weight\":3,\"response\":{\"status\":200,\"body\":\"0123\","
    "\"schema\":{\"x\":[1,2.5,null]}}}\n"
    "{\"id\":\"2\",\"method\":\"GET\",\"target\":\"/b\",\"endpoint\":\"GET /b\",\"response\":"
    "{\"status\":404}}\n"
    "{\"id\":\"3\",\"method\":\"GET\",\"target\":\"/a/2\",\"endpoint\":\"GET "
    "/a\",\"variant\":\"none\",\"response\":{\"status\":200,\"body\":\"01\"}}\n"
    "{\"id\":\"4\",\"method\":\"GET\",\"target\":\"/a/1?fields=x\",\"endpoint\":\"GET "
    "/a\",\"variant\":\"fields\",\"response\":{\"status\":200,\"body\":\"\xc3\xa9\"}}\n";

static void write_text(void)
{
    struct error err = {0};
    cr_assert(file_write_atomic(path, text, sizeof text - 1, &err));
}

static struct variant_result variants[3];
static double cpu[] = {5e4, 7e4, 6e4}, instructions[] = {900};
static struct endpoint_result endpoints[2];

/* A run of /a by variant, and of /b, which has but one. */
static struct run make_run(void)
{
    struct run run = {.endpoints = endpoints, .endpoint_count = 2};
    for (size_t v = 0; v < 3; v++)
        for (size_t m = 0; m < METRIC_COUNT; m++)
            variants[v].figures[m][SIDE_HEAD] = NAN;
    variants[0].name = "none";
    variants[0].figures[METRIC_INSTRUCTIONS][SIDE_HEAD] = 1000;
    variants[1].name = "fields";
    variants[1].figures[METRIC_INSTRUCTIONS][SIDE_HEAD] = 2000;
    variants[2].name = "line 5";
    variants[2].figures[METRIC_INSTRUCTIONS][SIDE_HEAD] = 1234;
    endpoints[0] =
        (struct endpoint_result){.name = "GET /a", .variants = variants, .variant_count = 2};
    endpoints[0].figures[METRIC_CPU_NS].side[SIDE_HEAD] = (struct samples){cpu, 3};
    endpoints[0].figures[METRIC_WALL_P50_NS].side[SIDE_HEAD] = (struct samples){cpu, 1};
    endpoints[1] = (struct endpoint_result){.name = "GET /b"};
    endpoints[1].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] = (struct samples){instructions, 1};
    return run;
}

Test(distill_corpus, costs_are_those_of_the_run)
{
    struct distill_corpus corpus;
    struct error err = {0};
    struct run run = make_run();
    write_text();
    cr_assert(distill_corpus_read(&corpus, path, &no_templates, &run, &err), "%s", err.text);
    cr_assert_eq(corpus.count, 4);
    cr_expect_eq(corpus.items[0].cost, 1000);
    cr_expect_eq(corpus.items[1].cost, 900);
    cr_expect_eq(corpus.items[2].cost, 1000);
    cr_expect_eq(corpus.items[3].cost, 2000);
    cr_expect_eq(corpus.items[0].cpu_ns, 6e4); /* the median */
    cr_expect(isnan(corpus.items[1].cpu_ns));
    cr_expect_eq(corpus.items[0].replay_ns, 5e4);
    cr_expect_eq(corpus.measured, 4);
    cr_expect_eq(corpus.singly, 0);
    distill_corpus_release(&corpus);
    /* A survey has an exchange's own, by its line. */
    endpoints[0].variant_count = 3;
    cr_assert(distill_corpus_read(&corpus, path, &no_templates, &run, &err), "%s", err.text);
    cr_expect_eq(corpus.items[2].cost, 1234);
    cr_expect_eq(corpus.singly, 1);
    distill_corpus_release(&corpus);
}

static void read_lines(struct buffer *out, size_t count, const char *lines[8])
{
    struct error err = {0};
    buffer_init(out, 1 << 16);
    cr_assert(file_read(small_path, out, &err), "%s", err.text);
    char *at = out->data;
    for (size_t i = 0; i < count; i++) {
        lines[i] = at;
        at = strchr(at, '\n');
        cr_assert_not_null(at);
        *at++ = '\0';
    }
    cr_expect_str_empty(at);
}

Test(distill_corpus, lines_keep_all_but_the_weight)
{
    struct distill_choice choices[] = {{0, 4.5}, {3, 1}};
    struct distillation chosen = {.choices = choices, .count = 2};
    struct distill_corpus corpus;
    struct error err = {0};
    struct buffer out;
    const char *lines[8];
    write_text();
    cr_assert(distill_corpus_read(&corpus, path, &no_templates, NULL, &err), "%s", err.text);
    cr_assert(distill_write_chosen(&corpus, &chosen, "some", small_path, &err), "%s", err.text);
    read_lines(&out, 3, lines);
    cr_expect_str_eq(lines[0],
                     "{\"schema_version\":1,\"source\":\"made; some\",\"redaction\":null}");
    cr_expect_str_eq(lines[1],
                     "{\"id\":\"1\",\"conn\":4,\"seq\":2,\"method\":\"GET\",\"target\":\"/a/1\","
                     "\"endpoint\":\"GET /a\",\"variant\":\"none\",\"weight\":4.5,\"response\":"
                     "{\"status\":200,\"body\":\"0123\",\"schema\":{\"x\":[1,2.5,null]}}}");
    cr_expect_str_eq(lines[2],
                     "{\"id\":\"4\",\"method\":\"GET\",\"target\":\"/a/1?fields=x\",\"endpoint\":"
                     "\"GET /a\",\"variant\":\"fields\",\"response\":{\"status\":200,\"body\":"
                     "\"\xc3\xa9\"},\"weight\":1.0}");
    buffer_release(&out);
    cr_assert(distill_write_survey(&corpus, small_path, &err), "%s", err.text);
    read_lines(&out, 5, lines);
    cr_expect_not_null(strstr(lines[1], "\"variant\":\"line 3\""));
    cr_expect_not_null(strstr(lines[2], "\"variant\":\"line 4\""));
    buffer_release(&out);
    distill_corpus_release(&corpus);
}

Test(distill_corpus, a_corpus_that_changes_meanwhile_is_an_error)
{
    struct distill_choice choice = {0, 1};
    struct distillation chosen = {.choices = &choice, .count = 1};
    struct distill_corpus corpus;
    struct error err = {0};
    write_text();
    cr_assert(distill_corpus_read(&corpus, path, &no_templates, NULL, &err));
    cr_assert(file_write_atomic(path, text, 60, &err));
    cr_expect_not(distill_write_chosen(&corpus, &chosen, "some", small_path, &err));
    cr_expect_eq(err.code, ERROR_INPUT);
    cr_expect_not(file_exists(small_path));
    distill_corpus_release(&corpus);
}

/* /a: bodies of 4, 2 and 2 bytes that weigh 3, 1 and 1: 16 / 5. The first alone, with a weight of
 * 5, says 4: a quarter too much. Its target has 3 of 6, and 5 of 5 in the small one. */
Test(distill_corpus, an_account_holds_small_against_full)
{
    struct distill_choice choice = {0, 5};
    struct distill_corpus corpus;
    struct distill_account account;
    struct error err = {0};
    write_text();
    cr_assert(distill_corpus_read(&corpus, path, &no_templates, NULL, &err));
    struct distill_part small = {corpus.items, &choice, 1, NULL};
    cr_assert(distill_account_make(&account, &corpus, &small, &err));
    distill_account_sort(&account);
    cr_assert_eq(account.row_count, 2);
    const struct distill_row *a = &account.rows[0];
    cr_expect_str_eq(a->name, "GET /a");
    cr_expect_eq(a->full.exchanges, 3);
    cr_expect_eq(a->full.weight, 5);
    cr_expect_eq(a->full.received_bytes, 16);
    cr_expect_float_eq(distill_mean_error(a->small.received_bytes, a->small.weight,
                                          a->full.received_bytes, a->full.weight),
                       0.25, 1e-12);
    cr_expect_eq(a->variants, 2);
    cr_expect_eq(a->variants_kept, 1);
    cr_expect_eq(account.rows[1].small.exchanges, 0);
    cr_expect_eq(account.targets, 4);
    cr_expect_float_eq(account.full_hot, 1, 1e-12); /* all four are among the ten */
    cr_expect(isnan(distill_mean_error(1, 1, 0, 1)));
    cr_expect_eq(distill_mean_error(0, 1, 0, 1), 0);
    distill_account_release(&account);
    distill_corpus_release(&corpus);
}

static bool do_all(struct buffer *out, const struct run *run, struct error *err)
{
    struct distill_choice choices[] = {{0, 5}, {1, 1}};
    struct distillation chosen = {.choices = choices, .count = 2};
    struct terminal terminal = {.columns = 80, .utf8 = true};
    struct distill_corpus corpus;
    struct distill_account account = {0};
    if (!distill_corpus_read(&corpus, path, &no_templates, run, err))
        return false;
    struct distill_part small = {corpus.items, choices, 2, NULL};
    bool ok = distill_write_chosen(&corpus, &chosen, "some", small_path, err) &&
              distill_account_make(&account, &corpus, &small, err) &&
              distill_report_append(out, &account, NULL, &terminal, err) && buffer_check(out, err);
    distill_account_release(&account);
    distill_corpus_release(&corpus);
    return ok;
}

Test(distill_corpus, each_failing_allocation_is_an_error)
{
    struct error err = {0};
    struct run run = make_run();
    long n = 0;
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    write_text();
    for (bool ok = false; !ok; n++) {
        struct buffer out;
        buffer_init(&out, 1 << 16);
        cr_assert_lt(n, 2000);
        error_clear(&err);
        allocations_left = n;
        ok = do_all(&out, &run, &err);
        allocations_left = -1;
        cr_expect(ok || err.code == ERROR_MEMORY, "allocation %ld: %d %s", n, (int)err.code,
                  err.text);
        buffer_release(&out);
    }
    cr_expect_gt(n, 20); /* it did fail on the way */
}
