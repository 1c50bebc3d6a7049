/* How often lines were executed, by the counts of their instructions; lines_fold.h says how. */
#ifndef TOLLGATE_RIG_LINES_HITS_H
#define TOLLGATE_RIG_LINES_HITS_H

#include "base/arena.h"
#include "rig/lines_places.h"

struct lines_hits {
    struct arena arena;
    struct lines_copy *copies;   /* of lines */
    struct lines_entry *entries; /* of what was inlined at a line */
};

void lines_hits_init(struct lines_hits *hits);
void lines_hits_release(struct lines_hits *hits);

/* One instruction at the place. False when out of memory. */
MUST_CHECK bool lines_hits_add(struct lines_hits *hits, const struct lines_place *place,
                               uint64_t address, uint64_t count);

/* An instruction in this copy of something, at which a statement of the node's line begins. */
MUST_CHECK bool lines_hits_add_statement(struct lines_hits *hits, uint32_t node, uint64_t copy,
                                         uint64_t count);

/* Who tells how often a copy of a line was executed. */
enum lines_teller {
    LINES_OWN,     /* the line's own instructions, where their statement is */
    LINES_MARK,    /* an instruction of another line, that a statement of this one begins at */
    LINES_INLINED, /* the first instruction of what was inlined there */
    LINES_TELLERS,
};

/* Once all are added. Calls `add` for each copy of each line, and each that tells of it. False when
 * a call was, or out of memory. */
MUST_CHECK bool lines_hits_each(struct lines_hits *hits,
                                bool (*add)(void *owner, uint32_t node, enum lines_teller teller,
                                            uint64_t count),
                                void *owner);

#endif
