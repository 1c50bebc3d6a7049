/* What endpoints cost, for a terminal. */
#ifndef TOLLGATE_REPORTERS_COST_TEXT_H
#define TOLLGATE_REPORTERS_COST_TEXT_H

#include "base/buffer.h"
#include "reporters/cost_report.h"
#include "reporters/reporter.h"

MUST_CHECK bool cost_text_append(struct buffer *out, const struct cost_view *view,
                                 const struct report_style *style, struct error *err);

#endif
