/* The rig's end of the agent: the memory that it shares with the gateway's processes, and what
 * these are started with so that they have the agent in them. */
#ifndef TOLLGATE_RIG_AGENT_MAP_H
#define TOLLGATE_RIG_AGENT_MAP_H

#include "base/error.h"
#include "rig/agent/wire.h"

struct agent_preload;

/* Makes the memory, a file in `folder`, with counting switched on. `node_count`: room for stacks,
 * see agent_wire_init. Where the agent is not installed, `why` says so and *preload is NULL. */
MUST_CHECK bool agent_preload_new(struct agent_preload **preload, const char *folder,
                                  uint32_t node_count, char why[512], struct error *err);
void agent_preload_free(struct agent_preload *preload);

/* NULL-terminated "NAME=value"s for the gateway. */
const char *const *agent_preload_environment(const struct agent_preload *preload);

struct agent_map *agent_preload_map(const struct agent_preload *preload);

/* Why this gateway's allocations cannot be counted, in words; NULL = they can. For when it has
 * answered requests: one may allocate nothing before. */
const char *agent_preload_blind(const struct agent_preload *preload);

#endif
