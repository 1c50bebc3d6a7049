#include "insights/place.h"

#include <stdio.h>

void place_text(const struct profile_frame *place, char *text, size_t size)
{
    const char *function = place->function;
    const char *object = place->object;
    if (place->file != NULL && place->line > 0)
        snprintf(text, size, "%s:%u", place->file, place->line);
    else if (function != NULL && object != NULL)
        snprintf(text, size, "%s in %s", function, object);
    else
        snprintf(text, size, "%s", function != NULL ? function : object != NULL ? object : "?");
}
