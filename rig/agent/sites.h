/* Where each allocation came from: its stack, as a node of the calling thread's tree in the map,
 * with the counters there. Only with a map that has room for nodes. */
#ifndef TOLLGATE_RIG_AGENT_SITES_H
#define TOLLGATE_RIG_AGENT_SITES_H

#include "rig/agent/next.h"
#include "rig/agent/wire.h"

/* Gets ready to keep stacks in the map, from the main thread. False when there is no memory; then
 * none are kept. May allocate. */
AGENT_LOCAL bool sites_attach(struct agent_map *map, uint32_t slot_count, uint32_t node_count);

/* For a thread that claimed a slot, before it counts. May allocate. */
AGENT_LOCAL void sites_begin_thread(uint32_t slot);

/* One allocation by the calling thread, which has a slot. Its stack is walked from the frame `own`
 * (__builtin_frame_address(0) of the caller) on, and begins with the first one that is not the
 * agent's. */
AGENT_LOCAL void sites_record(const void *block, size_t size, size_t usable_bytes,
                              const uintptr_t *own);

/* A block that is about to be freed or resized: what it is tied to, AGENT_WIRE_NO_NODE for nothing.
 * Then either it was freed, or it is tied again. */
AGENT_LOCAL uint32_t sites_release(const void *block);
AGENT_LOCAL void sites_freed(uint32_t node, size_t usable_bytes);
AGENT_LOCAL void sites_tie(const void *block, uint32_t node);

#endif
