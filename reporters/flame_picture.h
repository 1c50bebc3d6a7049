/* What a flame graph shows before any script has run: the picture and the table of functions. */
#ifndef TOLLGATE_REPORTERS_FLAME_PICTURE_H
#define TOLLGATE_REPORTERS_FLAME_PICTURE_H

#include "reporters/flame_view.h"

/* The patterns that mark what grew and shrank, for this picture and for all that a script draws. */
void flame_picture_append_patterns(struct buffer *out);

void flame_picture_append(struct buffer *out, const struct flame_view *view);

#endif
