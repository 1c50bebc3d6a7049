/* What endpoints cost, for programs; described by cost.schema.json. */
#ifndef TOLLGATE_REPORTERS_COST_JSON_H
#define TOLLGATE_REPORTERS_COST_JSON_H

#include "base/buffer.h"
#include "reporters/cost_report.h"

MUST_CHECK bool cost_json_append(struct buffer *out, const struct cost_view *view,
                                 struct error *err);

#endif
