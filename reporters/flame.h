/* The flame graph: one page that shows where the cost of each endpoint went; used through the table
 * of reporters. */
#ifndef TOLLGATE_REPORTERS_FLAME_H
#define TOLLGATE_REPORTERS_FLAME_H

#include "reporters/reporter.h"

extern const struct reporter reporter_flame;

#endif
