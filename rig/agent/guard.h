/* Keeps an allocator's own calls of malloc from being counted. */
#ifndef TOLLGATE_RIG_AGENT_GUARD_H
#define TOLLGATE_RIG_AGENT_GUARD_H

#include "rig/agent/next.h"

/* For an allocator that is not libc's, which may call malloc by name from within (a calloc made of
 * malloc, say) and so the agent. Puts functions before those of `next` that differ from `unset`,
 * which tell the agent when a call is inside. Libc's needs none of this and pays nothing. */
AGENT_LOCAL void guard_wrap(struct next_allocator *next, const struct next_allocator *unset);

#endif
