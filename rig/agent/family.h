/* The functions that the agent puts before libc's. */
#ifndef TOLLGATE_RIG_AGENT_FAMILY_H
#define TOLLGATE_RIG_AGENT_FAMILY_H

#include "rig/agent/next.h"

/* The agent's malloc by a name that no other object can take: `malloc` itself means whichever the
 * dynamic linker finds first. */
AGENT_LOCAL void *family_own_malloc(size_t size);

#endif
