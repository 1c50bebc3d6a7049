/* Accepted regressions in a comparison: 200,000 instructions at the base, limits 0.5 % and 500. */
#include "reporters/explain.h"
#include "reporters/json.h"
#include "reporters/terminal.h"
#include "tests/unit/compare_sample.h"

#include <criterion/criterion.h>

static const struct waiver cpu_8 = {.endpoint = "GET /e0",
                                    .metric = METRIC_CPU_NS,
                                    .relative = 0.08,
                                    .absolute = NAN,
                                    .because = "it ranks",
                                    .by = "commit 1a2b by Ada"};

static struct waiver accept_instructions(double relative, const char *until)
{
    return (struct waiver){.endpoint = "GET /e*",
                           .metric = METRIC_INSTRUCTIONS,
                           .relative = relative,
                           .absolute = NAN,
                           .until = until,
                           .because = "it sorts",
                           .by = "the accept list"};
}

static void judge_instructions(struct bench *bench, const struct waiver *waivers, size_t count)
{
    init_bench(bench, 1);
    set_exact(&bench->head, METRIC_INSTRUCTIONS, make_samples(&bench->head, 1, 210000.0),
              make_samples(&bench->head, 1, 200000.0));
    bench->waivers = (struct waiver_list){waivers, count};
    compare(bench, false);
}

static void check_refused(struct waiver waiver, const char *words)
{
    struct bench bench;
    judge_instructions(&bench, &waiver, 1);
    const struct metric_verdict *verdict = exact_of(&bench, METRIC_INSTRUCTIONS);
    expect(verdict, VERDICT_REGRESSED, words);
    cr_assert_null(verdict->accepted);
    cr_assert_null(bench.comparison.endpoints[0].accepted);
    cr_assert_eq(comparison_exit_code(&bench.comparison, true), 1);
    release_bench(&bench);
}

static void check_accepted(struct waiver waiver)
{
    struct bench bench;
    judge_instructions(&bench, &waiver, 1);
    const struct metric_verdict *verdict = exact_of(&bench, METRIC_INSTRUCTIONS);
    expect(verdict, VERDICT_PASSED, "above 0.5 %");
    expect(verdict, VERDICT_PASSED, "because it sorts");
    cr_assert_not_null(verdict->accepted);
    cr_assert_eq(bench.comparison.endpoints[0].verdict, VERDICT_PASSED);
    cr_assert_str_eq(bench.comparison.endpoints[0].accepted, verdict->accepted);
    cr_assert_eq(bench.comparison.verdict, VERDICT_PASSED);
    cr_assert_eq(comparison_exit_code(&bench.comparison, false), 0);
    release_bench(&bench);
}

Test(accept, exact_metrics, .timeout = 60)
{
    check_accepted(accept_instructions(0.05, NULL));
    check_accepted(accept_instructions(0.05, "2026-11-22"));
    check_refused(accept_instructions(0.0499, NULL), "beyond the +4.99 % that the accept list");
    check_refused(accept_instructions(0.05, "2026-11-21"),
                  "the accept list accepted +5 % until 2026-11-21: that is over");
    struct waiver waiver = accept_instructions(0.05, NULL);
    waiver.endpoint = "GET /other";
    check_refused(waiver, "above 0.5 % and 500 a request");
    waiver = accept_instructions(0.05, NULL);
    waiver.metric = METRIC_SYSCALLS;
    check_refused(waiver, "above 0.5 % and 500 a request");
    waiver = accept_instructions(NAN, NULL);
    waiver.absolute = 9999;
    check_refused(waiver, "beyond the +9999 that");
    waiver.absolute = 10000;
    check_accepted(waiver);
}

/* Of several, one that covers is enough; the reason names the one that would have. */
Test(accept, several_waivers, .timeout = 60)
{
    struct bench bench;
    struct waiver waivers[] = {accept_instructions(0.01, NULL),
                               accept_instructions(0.5, "2020-01-01"),
                               accept_instructions(0.06, "2030-01-01")};
    judge_instructions(&bench, waivers, 3);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_PASSED, "accepted up to +6 %");
    release_bench(&bench);
    judge_instructions(&bench, waivers, 2);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_REGRESSED, "until 2020-01-01: that is");
    release_bench(&bench);
}

static void check_cpu(double log_ratio, const struct waiver *waiver, enum verdict wanted,
                      const char *words)
{
    struct bench bench;
    struct random random;
    random_seed(&random, 31);
    init_bench(&bench, 1);
    set_cpu(&bench.head, 0, draw(&bench.head, &random, 30, log_ratio, 0.01));
    bench.waivers = (struct waiver_list){waiver, 1};
    compare(&bench, false);
    expect(cpu_of(&bench, 0), wanted, words);
    release_bench(&bench);
}

/* Fails once the interval lies wholly beyond what was accepted. */
Test(accept, cpu_by_its_interval, .timeout = 300)
{
    check_cpu(log(1.06), &cpu_8, VERDICT_PASSED, "accepted up to +8 % by commit 1a2b by Ada");
    check_cpu(log(1.081), &cpu_8, VERDICT_PASSED, "accepted up to +8 %");
    check_cpu(log(1.10), &cpu_8, VERDICT_REGRESSED, "beyond the +8 % that commit 1a2b by Ada");
    /* Of 100 us at the base. */
    struct waiver amount = cpu_8;
    amount.relative = NAN;
    amount.absolute = 7000;
    check_cpu(log(1.06), &amount, VERDICT_PASSED, "accepted up to +7000 ns");
    check_cpu(log(1.10), &amount, VERDICT_REGRESSED, "beyond the +7000 ns");
    /* Nothing to accept: nothing is said. */
    check_cpu(0, &cpu_8, VERDICT_PASSED, "within the 2 % margin");
}

Test(accept, growth_from_nothing, .timeout = 60)
{
    struct bench bench;
    struct waiver waivers[] = {accept_instructions(100, NULL), accept_instructions(NAN, NULL)};
    waivers[0].metric = waivers[1].metric = METRIC_RETAINED_BYTES;
    waivers[1].absolute = 64;
    for (size_t count = 1; count <= 2; count++) {
        init_bench(&bench, 1);
        set_exact(&bench.head, METRIC_RETAINED_BYTES, make_samples(&bench.head, 1, 64.0),
                  make_samples(&bench.head, 1, 0.0));
        bench.waivers = (struct waiver_list){waivers, count};
        compare(&bench, false);
        expect(exact_of(&bench, METRIC_RETAINED_BYTES),
               count == 1 ? VERDICT_REGRESSED : VERDICT_PASSED,
               count == 1 ? "beyond" : "up to +64 bytes");
        release_bench(&bench);
    }
}

/* Neither a budget nor a wrong answer is accepted away, and one accepted metric leaves the
 * other. */
Test(accept, what_is_not_accepted, .timeout = 60)
{
    struct bench bench;
    struct waiver waiver = accept_instructions(0.5, NULL);
    init_bench(&bench, 1);
    bench.gate.defaults[METRIC_INSTRUCTIONS].max = 205000;
    bench.waivers = (struct waiver_list){&waiver, 1};
    set_exact(&bench.head, METRIC_INSTRUCTIONS, make_samples(&bench.head, 1, 210000.0),
              make_samples(&bench.head, 1, 200000.0));
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_REGRESSED, "over the budget");
    comparison_release(&bench.comparison);
    bench.gate.defaults[METRIC_INSTRUCTIONS].max = NAN;
    set_exact(&bench.head, METRIC_SYSCALLS, make_samples(&bench.head, 1, 5.0),
              make_samples(&bench.head, 1, 3.0));
    compare(&bench, false);
    expect(exact_of(&bench, METRIC_INSTRUCTIONS), VERDICT_PASSED, "accepted up to");
    cr_assert_eq(bench.comparison.verdict, VERDICT_REGRESSED);
    comparison_release(&bench.comparison);
    bench.head.endpoints[0].invalid = "answered 500 for 200";
    compare(&bench, false);
    cr_assert_null(exact_of(&bench, METRIC_INSTRUCTIONS)->accepted);
    cr_assert_eq(comparison_exit_code(&bench.comparison, true), 3);
    release_bench(&bench);
}

static void write_with(const struct reporter *reporter, const struct bench *bench,
                       struct buffer *out)
{
    struct error err = {0};
    struct report_style style = {80, false, true};
    struct report report = {
        .head = &bench->head, .comparison = &bench->comparison, .gate = &bench->gate};
    buffer_init(out, 1 << 20);
    if (reporter != NULL)
        cr_assert(reporter->write(&report, &style, out, &err));
    else
        cr_assert(explain_append(out, &report, &style, &bench->comparison.endpoints[0], &err));
}

static void check_shown(const struct reporter *reporter, const struct bench *bench,
                        const char *words, const char *safe)
{
    struct buffer out;
    write_with(reporter, bench, &out);
    const char *text = buffer_text(&out);
    cr_assert_not_null(strstr(text, words), "%s", text);
    cr_assert_not_null(strstr(text, safe), "%s", text);
    for (size_t i = 0; i < out.length; i++)
        cr_assert((unsigned char)text[i] >= ' ' || text[i] == '\n', "a control character");
    buffer_release(&out);
}

/* A commit's words are anyone's. */
Test(accept, shown_and_safe, .timeout = 60)
{
    struct bench bench;
    struct waiver waiver = accept_instructions(0.5, NULL);
    waiver.because = "\033[2J\033]0;title\007 \xff\xfe %s%n";
    waiver.by = "commit 1a2b by \033[31mEve\r";
    judge_instructions(&bench, &waiver, 1);
    check_shown(&reporter_terminal, &bench, "accepted", "\\x1b[2J");
    check_shown(&reporter_json, &bench, "\"accepted\": \"accepted up to +50 %", "%s%n");
    check_shown(NULL, &bench, "instr accepted", "\\x1b[2J");
    release_bench(&bench);
}
