/* What a report on a terminal says of an endpoint besides its verdicts: what its change costs a
 * month, and whose it is. */
#ifndef TOLLGATE_REPORTERS_COST_LINES_H
#define TOLLGATE_REPORTERS_COST_LINES_H

#include "reporters/reporter.h"

/* Nothing where nothing is known. `title_columns` is how wide the labels of the lines around
 * are. */
void cost_lines_append(struct buffer *out, const struct report *report,
                       const struct report_style *style, const struct endpoint_verdict *endpoint,
                       size_t title_columns);

#endif
