/* The order in which a reader wants the endpoints. */
#ifndef TOLLGATE_REPORTERS_ORDER_H
#define TOLLGATE_REPORTERS_ORDER_H

#include "baselines/compare.h"

/* What failed first (invalid, then regressed), then inconclusive, improved, passed, not gated; the
 * dearest first among equals: CPU time a request times the production requests that it stands for.
 * An array of `endpoint_count` borrowed pointers that the caller frees; NULL on error. */
MUST_CHECK const struct endpoint_verdict **order_endpoints(const struct comparison *comparison,
                                                           struct error *err);

/* The metric that costs are ranked by: CPU time where it was measured, else the first metric that
 * was; METRIC_COUNT when nothing was. */
enum metric order_find_cost_metric(const struct comparison *comparison);

#endif
