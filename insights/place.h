/* Places in the code, as words. */
#ifndef TOLLGATE_INSIGHTS_PLACE_H
#define TOLLGATE_INSIGHTS_PLACE_H

#include "baselines/profile.h"

/* "gateway/rank.c:71", or function and object where there is no line; "?" when nothing is known.
 * Cut to `size`. Not safe for a terminal: names come from the gateway's programs. */
void place_text(const struct profile_frame *place, char *text, size_t size);

#endif
