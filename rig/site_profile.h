/* Allocations by stack, on their way from the agents' nodes into a profile of the run. */
#ifndef TOLLGATE_RIG_SITE_PROFILE_H
#define TOLLGATE_RIG_SITE_PROFILE_H

#include "rig/bench.h"
#include "rig/site_counts.h"

/* Each endpoint is played twice. What its sites retain is the smaller of the two figures: a cache
 * that fills once retains nothing in the second half, a leak does in both. */
enum { SITE_HALVES = 2 };

struct site_profile;

/* Looks at the side's source tree. `counts` is borrowed. */
MUST_CHECK bool site_profile_new(struct site_profile **profile, struct bench *bench, enum side side,
                                 const struct site_counts *counts, struct error *err);
void site_profile_free(struct site_profile *profile);

/* What was allocated before the first request. */
MUST_CHECK bool site_profile_add_start(struct site_profile *profile, const struct site_part *part,
                                       struct error *err);

/* `requests` of one exchange, which stands for `share` of the endpoint's traffic, in one half. */
MUST_CHECK bool site_profile_add(struct site_profile *profile, size_t endpoint, int half,
                                 double share, int64_t requests, const struct site_part *part,
                                 struct error *err);

/* Reads what the gateway's processes have mapped: of new ones, or of all `again`. */
void site_profile_read_maps(struct site_profile *profile, const struct gateway *gateway,
                            bool again);

/* Into the run: the profile of the side. `counted` is what the agents counted without regard to
 * stacks, since the start. */
MUST_CHECK bool site_profile_finish(struct site_profile *profile,
                                    const struct agent_totals *counted, struct error *err);

#endif
