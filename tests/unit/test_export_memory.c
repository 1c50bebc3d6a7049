/* Each failing allocation of the flame graph and of every export is an error, and leaks nothing.
 * Linked with --wrap for malloc, calloc, realloc and reallocarray; jansson's are failed as well. */
#include "reporters/export.h"
#include "reporters/flame.h"

#include "tests/unit/profile_sample.h"
#include "tests/unit/failing_allocations.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>

static struct profile_sample sample;

static bool write_once(const struct reporter *reporter, struct buffer *out, struct error *err)
{
    static const struct report_style style = {80, false, true};
    buffer_init(out, 1 << 20);
    return reporter->write(&sample.report, &style, out, err);
}

/* Frames that are too small make the code for them run as well. */
static void make_sample(void)
{
    static struct profile_cost costs[7];
    profile_sample_init(&sample);
    for (size_t i = 0; i < 6; i++)
        costs[i] = sample_cpu_feed[SIDE_HEAD][i];
    costs[6] = (struct profile_cost){NODE_DUMPS_MALLOC, {1, 0.001}};
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].costs = costs;
    sample.endpoints[PROFILE_CPU][SIDE_HEAD][0].cost_count = 7;
}

static const struct reporter *const reporters[] = {
    &reporter_flame,      &reporter_folded,    &reporter_pprof,
    &reporter_speedscope, &reporter_callgrind, &reporter_lcov,
};

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
            cr_expect_eq(out.length, whole.length);
        buffer_release(&out);
    }
    cr_expect_gt(n, 1);
    buffer_release(&whole);
}

Test(export_memory, each_failing_allocation, .timeout = 600)
{
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    json_set_alloc_funcs(__wrap_malloc, free);
    fail_once = true;
    for (size_t i = 0; i < COUNT_OF(reporters); i++)
        fail_each(reporters[i]);
}

Test(export_memory, no_allocation_from_the_nth_on, .timeout = 600)
{
    if (!allocations_can_fail())
        cr_skip_test("not linked with --wrap");
    json_set_alloc_funcs(__wrap_malloc, free);
    for (size_t i = 0; i < COUNT_OF(reporters); i++)
        fail_each(reporters[i]);
}
