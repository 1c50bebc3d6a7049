/* Why endpoints are other than passed, in words, for a terminal. */
#ifndef TOLLGATE_REPORTERS_REASONS_H
#define TOLLGATE_REPORTERS_REASONS_H

#include "reporters/reporter.h"

#include <stdint.h>

/* Appends the wrong answers of invalid endpoints, or nothing. `order` as of order_endpoints. */
void reasons_append_invalid(struct buffer *out, const struct report_style *style,
                            const struct endpoint_verdict *const *order);

/* Appends the regressed, undecided and improved endpoints with their metrics' reasons and the
 * lines at fault, an empty line before each kind; of many, the first. Nothing when all passed. */
void reasons_append(struct buffer *out, const struct report *report,
                    const struct report_style *style, const struct endpoint_verdict *const *order);

/* One endpoint of them, whatever its verdict is. `told` as of because_append. */
void reasons_append_endpoint(struct buffer *out, const struct report *report,
                             const struct report_style *style,
                             const struct endpoint_verdict *endpoint, uint64_t *told);

/* "1.17 ms → 1.24 ms, +6.1 % (5.2 to 7.0 %), above the 2 % margin": one metric, safe, unwrapped. */
void reasons_append_metric(struct buffer *text, const struct metric_info *info,
                           const struct metric_verdict *metric, bool utf8);

#endif
