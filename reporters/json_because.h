/* Why a metric changed, as JSON. */
#ifndef TOLLGATE_REPORTERS_JSON_BECAUSE_H
#define TOLLGATE_REPORTERS_JSON_BECAUSE_H

#include "reporters/because.h"

#include <jansson.h>

/* Of one metric: null where there is nothing to explain; NULL when out of memory. */
MUST_CHECK json_t *json_because_make(const struct because *because, enum metric metric);

#endif
