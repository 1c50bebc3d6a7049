/* Why endpoints are other than passed, in words, for a terminal. */
#ifndef TOLLGATE_REPORTERS_REASONS_H
#define TOLLGATE_REPORTERS_REASONS_H

#include "reporters/reporter.h"

/* Appends the wrong answers of invalid endpoints, or nothing. `order` as of order_endpoints. */
void reasons_append_invalid(struct buffer *out, const struct report_style *style,
                            const struct endpoint_verdict *const *order);

/* Appends the regressed, undecided and improved endpoints with their metrics' reasons and the
 * lines at fault, an empty line before each kind; of many, the first. Nothing when all passed. */
void reasons_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *const *order);

#endif
