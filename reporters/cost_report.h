/* What the reports of costs are made of. */
#ifndef TOLLGATE_REPORTERS_COST_REPORT_H
#define TOLLGATE_REPORTERS_COST_REPORT_H

#include "insights/cost.h"
#include "insights/owners.h"

struct cost_view {
    const struct cost_report *cost;
    const struct owners *owners; /* NULL = nothing is known of them */
    enum cost_order order;
    bool by_owner;     /* sums by owner in place of endpoints */
    bool pull_request; /* what a change does, in place of what there is; needs cost->has_change */
    bool all;          /* every row */
    const char *const *notes; /* of the command, besides the cost's and the owners' own */
    size_t note_count;
};

#endif
