/* The stand-ins of a bench: what they are asked to answer, and what became of it. */
#ifndef TOLLGATE_RIG_STANDINS_H
#define TOLLGATE_RIG_STANDINS_H

#include "replay/standin.h"
#include "rig/bench.h"

/* One for each upstream of the config, that know the answers of everything that is replayed. They
 * run on the calling thread's CPU. On failure *set is NULL. */
MUST_CHECK bool standins_start(struct standin_set **set, const struct bench *bench,
                               struct error *err);

/* Stops them, after adding what they counted to the run. NULL is allowed, and sets NULL. */
void standins_stop(struct standin_set **set, struct bench *bench);

#endif
