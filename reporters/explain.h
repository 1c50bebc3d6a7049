/* One endpoint's verdicts in full: what was measured, how it was tested and what would settle
 * it. */
#ifndef TOLLGATE_REPORTERS_EXPLAIN_H
#define TOLLGATE_REPORTERS_EXPLAIN_H

#include "reporters/reporter.h"

/* Appends all metrics of the endpoint, which is one of the report's comparison. */
MUST_CHECK bool explain_append(struct buffer *out, const struct report *report,
                               const struct report_style *style,
                               const struct endpoint_verdict *endpoint, struct error *err);

/* By name; NULL when there is none. */
const struct endpoint_verdict *explain_find(const struct comparison *comparison, const char *name);

#endif
