/* What was measured, on what, against what: the labelled lines under a terminal report. */
#ifndef TOLLGATE_REPORTERS_PROVENANCE_H
#define TOLLGATE_REPORTERS_PROVENANCE_H

#include "reporters/reporter.h"

void provenance_append(struct buffer *out, const struct report *report,
                       const struct report_style *style);

/* Largest share of a pass's counter, on either side, that belongs to no endpoint; NAN = unknown. */
double provenance_find_unattributed(const struct pass_result *pass);

/* The side that was held against the head, or NULL: of the stored run, else of the head's own. */
const struct run_side *provenance_find_base(const struct report *report);

#endif
