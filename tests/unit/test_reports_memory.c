/* Each failing allocation of the reports for other people's programs is an error, and leaks
 * nothing. Linked with --wrap for malloc, calloc, realloc and reallocarray; jansson's are failed as
 * well. */
#include "reporters/reporter.h"
#include "tests/unit/fault_sample.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>

static struct sample sample;
static struct owners owners;
static struct endpoint_owner owned[SAMPLE_ENDPOINTS];

static bool write_once(const struct reporter *reporter, struct buffer *out, struct error *err)
{
    static const struct report_style style = {80, false, true};
    buffer_init(out, 1 << 20);
    return reporter->write(&sample.report, &style, out, err);
}

/* Something of everything: lines at fault, a wrong answer, something accepted, an owner. */
static void make_sample(void)
{
    sample_init(&sample);
    gate_init(&sample.gate);
    sample_make_accepted(&sample);
    sample_make_faulty(&sample);
    sample_make_invalid(&sample);
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++)
        owned[i] = (struct endpoint_owner){.endpoint = sample.endpoints[i].name, .owner = "team"};
    owners = (struct owners){.endpoints = owned, .count = SAMPLE_ENDPOINTS};
    sample.report.owners = &owners;
}

static const char *const names[] = {"markdown",       "github",         "junit",       "sarif",
                                    "gitlab-metrics", "gitlab-quality", "openmetrics", "csv"};

static void fail_each(const struct reporter *reporter)
{
    struct buffer whole;
    struct error err = {0};
    make_sample();
    cr_assert(write_once(reporter, &whole, &err), "%s", err.text);
    long n = 0;
    for (has_failed = true; has_failed; n++) {
        struct buffer out;
        cr_assert_lt(n, 100000);
        error_clear(&err);
        has_failed = false;
        allocations_left = n;
        bool ok = write_once(reporter, &out, &err);
        allocations_left = -1;
        /* What a failure left out must not pass for a report. */
        cr_expect(has_failed ? !ok && err.code == ERROR_MEMORY : ok, "%s, allocation %ld: %d %s",
                  reporter->name, n, (int)err.code, err.text);
        if (ok && !has_failed)
            cr_expect_str_eq(buffer_text(&out), buffer_text(&whole));
        buffer_release(&out);
    }
    cr_expect_gt(n, 1);
    buffer_release(&whole);
}

static void fail_all(void)
{
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    json_set_alloc_funcs(__wrap_malloc, free);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        fail_each(reporter_by_name(names[i]));
}

Test(reports_memory, each_failing_allocation, .timeout = 600)
{
    fail_once = true;
    fail_all();
}

Test(reports_memory, no_allocation_from_the_nth_on, .timeout = 600)
{
    fail_all();
}
