/* A bill in the FOCUS format (the FinOps Open Cost and Usage Specification), as CSV: what the rows
 * that fit cost a month. Columns that are not asked for are ignored. */
#ifndef TOLLGATE_INSIGHTS_FOCUS_H
#define TOLLGATE_INSIGHTS_FOCUS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FOCUS_MAX_BYTES = 256 << 20, FOCUS_FILTERS_MAX = 32 };

struct focus_filter {
    const char *column;
    const char *value; /* the whole field, exactly */
};

struct focus_question {
    const char *path; /* only named */
    const char *text;
    size_t size;
    const char *cost; /* the column of the amount: "EffectiveCost", "BilledCost" */
    const struct focus_filter *filters; /* all must fit */
    size_t filter_count;
};

struct focus_bill {
    int64_t month_micros;
    const char *currency;
    size_t rows, kept;
    double hours; /* that the rows cover, from the first start to the last end */
    /* Whether that is no month, so that the amount is of a month of 730 hours at the same rate. */
    bool scaled;
    bool usage_only; /* the file says what is usage, and only that was kept */
};

/* Rows of the category "Usage" count, unless a filter names ChargeCategory. Errors name line and
 * column: an amount that is missing or no number, periods that end before they begin, two
 * currencies, no row that fits, a bill below 0. */
MUST_CHECK bool focus_read(struct focus_bill *bill, const struct focus_question *question,
                           struct arena *arena, struct error *err);

/* "2026-10-01T00:00:00Z", "2026-10-01 00:00:00", "2026-10-01": seconds since 1970, UTC. False when
 * it is none of those. */
MUST_CHECK bool focus_parse_time(const char *text, int64_t *seconds);

#endif
