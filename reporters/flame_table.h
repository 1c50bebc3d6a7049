/* The functions of a flame graph as a table: the dearest, or with two sides those that changed
 * most. */
#ifndef TOLLGATE_REPORTERS_FLAME_TABLE_H
#define TOLLGATE_REPORTERS_FLAME_TABLE_H

#include "reporters/flame_view.h"

enum { FLAME_TABLE_ROWS = 20 };

MUST_CHECK bool flame_table_append(struct buffer *out, const struct flame_view *view,
                                   struct arena *arena, struct error *err);

#endif
