/* The variants of each endpoint in a run: the shapes of request that it gets. */
#ifndef TOLLGATE_RIG_VARIANTS_H
#define TOLLGATE_RIG_VARIANTS_H

#include "baselines/run.h"
#include "rig/selection.h"

/* Lists in each of the run's endpoints, which are the selection's, the variants that were selected,
 * with their share of its traffic and no figures yet. An endpoint with one variant gets no list. */
MUST_CHECK bool variants_describe(struct run *run, const struct selection *selection,
                                  struct error *err);

/* NULL when the endpoint has no list. */
struct variant_result *variants_find(struct endpoint_result *endpoint, const char *name);

#endif
