#include "reporters/explain.h"

#include "base/text.h"
#include "tests/unit/compare_sample.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>

static const char *explain(const struct bench *bench, bool stored, int columns, struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {columns, false, false};
    struct report report = {.head = &bench->head,
                            .base = stored ? &bench->base : NULL,
                            .comparison = &bench->comparison,
                            .gate = &bench->gate};
    const struct endpoint_verdict *endpoint = explain_find(&bench->comparison, "GET /e0");
    cr_assert_not_null(endpoint);
    buffer_init(out, 1 << 20);
    cr_assert(explain_append(out, &report, &style, endpoint, &err), "%s", err.text);
    return buffer_text(out);
}

static void expect_lines(const char *text, const char *const *lines)
{
    for (size_t i = 0; lines[i] != NULL; i++)
        cr_assert_not_null(strstr(text, lines[i]), "\"%s\" is not in\n%s", lines[i], text);
}

/* Ratios of +6.0 to +6.9 %: all ten above the margin of 2 %, so p = 2^-10 = 0.00098. */
Test(explain, a_regression_of_cpu, .timeout = 60)
{
    static const char *const lines[] = {
        "GET /e0 regressed\n",
        "CPU regressed\n",
        "figures    head 106 us, base 100 us a request\n",
        "at 95 % confidence",
        "gate       2 % and 1.00 us a request: more than both fails\n",
        "test of 10 replicates",
        "margin of 2 %; Holm over 1 endpoint\n",
        "p          0.00098 (at most 0.01 shows a change)\n",
        "looks      1 of 1 planned\n",
        "pairs      10: +6.0 %, +6.1 %, +6.2 %, +6.3 %,",
        "syscalls not judged\n",
        NULL};
    struct bench bench;
    struct buffer out;
    init_bench(&bench, 1);
    struct samples samples = {arena_alloc_array(&bench.head.arena, 10, sizeof(double)), 10};
    for (size_t i = 0; i < 10; i++)
        samples.values[i] = log(1.06 + 0.001 * (double)i);
    set_cpu(&bench.head, 0, samples);
    compare(&bench, false);
    expect_lines(explain(&bench, false, 80, &out), lines);
    buffer_release(&out);
    release_bench(&bench);
}

Test(explain, what_would_settle_it, .timeout = 300)
{
    static const char *const lines[] = {"GET /e0 inconclusive\n", "p          no change shown",
                                        "to settle  1 replicate, at least 7 are needed\n", NULL};
    struct bench bench;
    struct buffer out;
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, make_samples(&bench.head, 1, 0.5));
    compare(&bench, false);
    expect_lines(explain(&bench, false, 80, &out), lines);
    buffer_release(&out);
    release_bench(&bench);
}

/* Against another run: each side's own starts. */
Test(explain, two_runs, .timeout = 60)
{
    static const char *const lines[] = {
        "instr regressed\n", "head       2: 210.0 k, 211.0 k\n",   "base       1: 200.0 k\n",
        "starts disagree",   "between the extremes of the starts", NULL};
    struct bench bench;
    struct buffer out;
    init_bench(&bench, 1);
    bench.head.sides[SIDE_BASE].present = false;
    bench.head.endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        make_samples(&bench.head, 2, 210000.0, 211000.0);
    bench.base.endpoints[0].figures[METRIC_INSTRUCTIONS].side[SIDE_HEAD] =
        make_samples(&bench.base, 1, 200000.0);
    compare(&bench, true);
    expect_lines(explain(&bench, true, 80, &out), lines);
    buffer_release(&out);
    release_bench(&bench);
}

Test(explain, a_wrong_answer_and_budgets, .timeout = 60)
{
    static const char *const lines[] = {"GET /e0 INVALID\n", "why        answered 500 for 200\n",
                                        "gate       0.5 % and 500 a request: more than both fails; "
                                        "budget 1000\n",
                                        NULL};
    struct bench bench;
    struct buffer out;
    init_bench(&bench, 1);
    bench.gate.defaults[METRIC_INSTRUCTIONS].max = 1000;
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 10.0),
              make_samples(&bench.head, 1, 100000.0));
    bench.head.endpoints[0].invalid = "answered 500 for 200";
    compare(&bench, false);
    expect_lines(explain(&bench, false, 80, &out), lines);
    buffer_release(&out);
    release_bench(&bench);
}

static size_t count_percents(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '%';
    return count - 8; /* beside the list: the reason's 3, the change's 3, the gate and the margin */
}

/* Many replicates: a small list. */
Test(explain, lines_fit, .timeout = 300)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 5);
    setlocale(LC_ALL, "C.utf8");
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, draw(&bench.head, &random, 60, 0.03, 0.02));
    compare(&bench, false);
    for (int columns = 20; columns <= 200; columns += 7) {
        struct buffer out;
        const char *text = explain(&bench, false, columns, &out);
        cr_assert(columns < 80 || strstr(text, "pairs      60: ") != NULL, "%s", text);
        cr_assert_eq(count_percents(text), 40, "40 of the 60 are shown: %s", text);
        while (*text != '\0') {
            size_t size = strcspn(text, "\n");
            char *line = strndup(text, size);
            cr_assert(text_columns(line) <= (size_t)columns, "at %d: \"%s\"", columns, line);
            free(line);
            text += size + (text[size] == '\n');
        }
        buffer_release(&out);
    }
    release_bench(&bench);
}
