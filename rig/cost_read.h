/* What is known of production, as the config and the files that it names have it. */
#ifndef TOLLGATE_RIG_COST_READ_H
#define TOLLGATE_RIG_COST_READ_H

#include "rig/config.h"

/* `from` says what there is to know. A file of it that is not there is looked for where `otherwise`
 * has it: bills and counts need not be committed, and then only the work tree has them. `otherwise`
 * may be NULL or `from`. All lives in `arena` and in the configs. */
MUST_CHECK bool cost_read(struct cost_terms *terms, const struct config *from,
                          const struct config *otherwise, struct arena *arena, struct error *err);

#endif
