/* The values that a selection's requests need, and where they come from. */
#ifndef TOLLGATE_RIG_SESSION_SELECTION_H
#define TOLLGATE_RIG_SESSION_SELECTION_H

#include "replay/session_plan.h"
#include "rig/config.h"
#include "rig/selection.h"

/* *plan is NULL when the config carries no values. Config, corpus and selection outlive it. */
MUST_CHECK bool session_selection_plan(struct session_plan **plan, const struct config *config,
                                       const struct corpus *corpus,
                                       const struct selection *selection, struct error *err);

#endif
