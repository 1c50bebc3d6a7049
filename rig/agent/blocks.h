/* Which node each live block of the process was allocated at: a table from addresses to numbers,
 * for all threads, without locks. A block is put in by the thread that got it from the allocator
 * and taken out by the one that gives it back, so that nobody else has to do with it meanwhile. */
#ifndef TOLLGATE_RIG_AGENT_BLOCKS_H
#define TOLLGATE_RIG_AGENT_BLOCKS_H

#include "rig/agent/next.h"

enum {
    BLOCKS_BITS = 18,         /* lines in the table */
    BLOCKS_LINE_ENTRIES = 7,  /* blocks a line */
    BLOCKS_LINES_PROBED = 32, /* a block that finds no place in so many lines is not kept */
};

/* Before any other call. False when there is no memory. */
AGENT_LOCAL bool blocks_prepare(void);

/* False when there is no place for it. `node` is below AGENT_WIRE_MAX_NODES. */
AGENT_LOCAL bool blocks_put(const void *block, uint32_t node);

/* Takes the block out. AGENT_WIRE_NO_NODE when it is not there. */
AGENT_LOCAL uint32_t blocks_take(const void *block);

#endif
