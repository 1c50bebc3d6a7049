/* What the short and the long form of an explanation share. */
#ifndef TOLLGATE_REPORTERS_BECAUSE_PRIVATE_H
#define TOLLGATE_REPORTERS_BECAUSE_PRIVATE_H

#include "reporters/because.h"

/* "gateway/rank.c:71 in score_of", "score_of in gateway/rank.c", "memcpy in libc.so.6"; made safe.
 */
void because_append_place(struct buffer *text, const struct profile_frame *place, bool utf8);

/* "+50.3 k instructions"; of retained bytes "+64 B kept". */
void because_append_amount(struct buffer *text, const struct growth *growth, double amount,
                           bool utf8);

/* The share of the endpoint's growth that is the item's; NAN where the endpoint did not grow the
 * way the item did. */
double because_share(const struct growth *growth, const struct growth_item *item);

/* Of a list: the first, whatever it is; a renamed function, whatever it costs; and what is not
 * small.
 */
bool because_is_shown(const struct growth *growth, const struct growth_item *items, size_t number);

/* Variants by name, made safe: the one without a name as that. */
void because_append_variant(struct buffer *text, const char *name, bool utf8);

#endif
