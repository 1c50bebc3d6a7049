/* One sample for each test, and what is expected of its explanation. Each test runs in a process of
 * its own. */
#ifndef TOLLGATE_TESTS_GROWTH_EXPECT_H
#define TOLLGATE_TESTS_GROWTH_EXPECT_H

#include "tests/unit/growth_sample.h"

static struct growth_sample sample;

static inline void begin(void)
{
    sample_begin(&sample);
}

static inline void end(void)
{
    sample_end(&sample);
}

static inline void expect_line(size_t number, const char *file, uint32_t line, double grew)
{
    const struct growth *growth = &sample.growth;
    cr_assert_lt(number, growth->line_count, "there are but %zu lines", growth->line_count);
    const struct growth_item *item = &growth->lines[number];
    cr_assert_str_eq(item->place.file, file);
    cr_assert_eq(item->place.line, line, "is %s:%u", item->place.file, item->place.line);
    cr_assert_float_eq(item->grew, grew, 1e-3, "%s:%u grew by %g", file, line, item->grew);
}

static inline const struct growth_item *find_function(const char *name)
{
    for (size_t i = 0; i < sample.growth.function_count; i++)
        if (strcmp(sample.growth.functions[i].place.function, name) == 0)
            return &sample.growth.functions[i];
    cr_assert_fail("no function %s", name);
    return NULL;
}

static inline double sum_of_lines(void)
{
    double sum = 0;
    for (size_t i = 0; i < sample.growth.line_count; i++)
        sum += sample.growth.lines[i].grew;
    return sum;
}

#endif
