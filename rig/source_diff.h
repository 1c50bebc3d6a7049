/* Where lines of the base's source tree went in the head's. */
#ifndef TOLLGATE_RIG_SOURCE_DIFF_H
#define TOLLGATE_RIG_SOURCE_DIFF_H

#include "base/interrupt.h"
#include "baselines/run.h"
#include "rig/source.h"

/* Fills in run->source_changes: the head is the tree as it is now, so call it before it can have
 * changed since it was built; the base is the commit, or the folder where there is none or its tree
 * differs from it. Files that git does not track are new. Where nothing can be known a note says
 * why, and run->source_changes_known stays false; only an interrupt and memory are errors. */
MUST_CHECK bool source_diff_read(struct run *run, const struct source *head,
                                 const struct source *base, const struct interrupt *interrupt,
                                 struct error *err);

#endif
