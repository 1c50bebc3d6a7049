/* What a gateway is started with: its argument vector and environment, filled in. */
#ifndef TOLLGATE_RIG_LAUNCH_H
#define TOLLGATE_RIG_LAUNCH_H

#include "base/arena.h"
#include "rig/gateway.h"

struct launch {
    struct arena arena;
    const char *const *arguments;   /* keeper and prefix included */
    const char *const *environment; /* clean and fixed: a run does not depend on the shell */
};

void launch_init(struct launch *launch);
void launch_release(struct launch *launch);

/* Fills ${port} and ${upstream.NAME.url}. Another ${...} is ERROR_INPUT. */
MUST_CHECK bool launch_prepare(struct launch *launch, const struct gateway_plan *plan, int port,
                               struct error *err);

#endif
