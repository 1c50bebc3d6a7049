/* What every export does with a run that has not what it needs. */
#include "reporters/export.h"

#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile_sample sample;
static const struct report_style style = {80, false, true};

static const struct reporter *const exports[] = {
    &reporter_folded, &reporter_pprof, &reporter_speedscope, &reporter_callgrind, &reporter_lcov};

static void fails(const struct reporter *reporter, enum error_code code, struct error *err)
{
    struct buffer out;
    *err = (struct error){0};
    buffer_init(&out, 1 << 20);
    cr_assert_not(reporter->write(&sample.report, &style, &out, err), "%s", reporter->name);
    cr_assert_eq(err->code, code, "%s: %s", reporter->name, err->text);
    buffer_release(&out);
}

Test(export, a_run_without_profiles_says_which_pass_makes_them, .timeout = 10)
{
    static struct pass_result passes[] = {
        {.name = "stacks", .status = PASS_SKIPPED, .reason = "the kernel does not allow it"}};
    struct error err;
    profile_sample_init(&sample);
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++)
        sample.head.profiles[kind][SIDE_HEAD] = (struct profile){0};
    for (size_t i = 0; i < COUNT_OF(exports); i++) {
        fails(exports[i], ERROR_INPUT, &err);
        const char *pass = i < 3 ? "--passes stacks" : "--passes lines";
        cr_assert_not_null(strstr(err.text, pass), "%s: %s", exports[i]->name, err.text);
    }
    sample.head.passes = passes;
    sample.head.pass_count = 1;
    fails(&reporter_folded, ERROR_INPUT, &err);
    cr_assert_not_null(strstr(err.text, "the kernel does not allow it"), "%s", err.text);
    sample.head.profiles[PROFILE_ALLOC][SIDE_HEAD].missing = "the agent is blind";
    sample.report.choice.profile = PROFILE_ALLOC;
    fails(&reporter_pprof, ERROR_INPUT, &err);
    cr_assert_not_null(strstr(err.text, "the agent is blind"), "%s", err.text);
    cr_assert_not_null(strstr(err.text, "--passes sites"), "%s", err.text);
}

Test(export, an_endpoint_that_is_not_there_names_the_nearest, .timeout = 10)
{
    struct error err;
    profile_sample_init(&sample);
    sample.report.choice.endpoint = "GET /v3/fed";
    for (size_t i = 0; i < COUNT_OF(exports); i++) {
        fails(exports[i], ERROR_USAGE, &err);
        cr_assert_not_null(strstr(err.text, "did you mean \"GET /v3/feed\"?"), "%s", err.text);
    }
}

/* Without --profile it is the first that the run has. */
Test(export, what_is_not_chosen_is_what_there_is, .timeout = 10)
{
    profile_sample_init(&sample);
    cr_assert_eq(export_choose_kind(&sample.report), PROFILE_CPU);
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].present = false;
    cr_assert_eq(export_choose_kind(&sample.report), PROFILE_ALLOC);
    sample.head.profiles[PROFILE_ALLOC][SIDE_HEAD].present = false;
    cr_assert_eq(export_choose_kind(&sample.report), PROFILE_LINES);
    sample.report.choice.profile = PROFILE_ALLOC;
    cr_assert_eq(export_choose_kind(&sample.report), PROFILE_ALLOC);
}

Test(export, a_full_buffer_is_an_error, .timeout = 10)
{
    profile_sample_init(&sample);
    for (size_t i = 0; i < COUNT_OF(exports); i++) {
        struct buffer out;
        struct error err = {0};
        buffer_init(&out, 20);
        cr_assert_not(exports[i]->write(&sample.report, &style, &out, &err));
        cr_assert_eq(err.code, ERROR_MEMORY, "%s", exports[i]->name);
        buffer_release(&out);
    }
}

/* A profile in which nothing was spent is no mistake. */
Test(export, profiles_without_costs_are_written, .timeout = 10)
{
    profile_sample_init(&sample);
    for (unsigned kind = 0; kind < PROFILE_KIND_COUNT; kind++)
        sample.head.profiles[kind][SIDE_HEAD] = (struct profile){.present = true};
    for (size_t i = 0; i < COUNT_OF(exports); i++) {
        struct buffer out;
        struct error err = {0};
        buffer_init(&out, 1 << 20);
        cr_assert(exports[i]->write(&sample.report, &style, &out, &err), "%s: %s", exports[i]->name,
                  err.text);
        buffer_release(&out);
    }
}
