#include "reporters/measured_text.h"

#include <string.h>

const char *measured_text_next_line(const struct measured_text *text, size_t *at, size_t *size)
{
    if (*at >= text->size)
        return NULL;
    const char *line = text->text + *at;
    const char *end = memchr(line, '\n', text->size - *at);
    *size = end != NULL ? (size_t)(end - line) : text->size - *at;
    *at += *size + 1;
    if (*size > 0 && line[*size - 1] == '\r')
        (*size)--;
    return line;
}
