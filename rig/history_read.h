/* The history of the configured baseline: the versions of its file that git holds. */
#ifndef TOLLGATE_RIG_HISTORY_READ_H
#define TOLLGATE_RIG_HISTORY_READ_H

#include "baselines/history.h"
#include "rig/config.h"

/* The last versions, oldest first; none without a baseline, a repository or git. A version that
 * cannot be read is left out. False when out of memory or interrupted. */
MUST_CHECK bool history_read(struct history *history, const struct config *config,
                             struct error *err);

#endif
