/* Production's request counts, as a CSV file with the columns endpoint, requests and, where it
 * differs from one to the next, period; others are ignored. */
#ifndef TOLLGATE_INSIGHTS_COST_COUNTS_H
#define TOLLGATE_INSIGHTS_COST_COUNTS_H

#include "insights/cost_terms.h"

enum { COST_COUNTS_MAX_BYTES = 64 << 20, COST_COUNTS_MAX = 100000 };

/* Of the text of the file `path`, which is only named. Errors name line and column. */
MUST_CHECK bool cost_counts_parse(struct cost_counts *counts, const char *path, const char *text,
                                  size_t size, struct arena *arena, struct error *err);

/* NULL when there is none. */
const struct cost_count *cost_counts_find(const struct cost_counts *counts, const char *endpoint);

#endif
