#include "insights/growth_private.h"

#include <string.h>

/* NULL before all text. */
static int text_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

/* Bytes of a function's name without what compilers append to clones of it. */
static size_t plain_length(const char *name)
{
    static const char *const marks[] = {".isra.", ".constprop.", ".part.", ".cold", ".lto_priv."};
    const char *dot = strchr(name, '.'); /* most names have none */
    size_t length = strlen(name);
    if (dot == NULL)
        return length;
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const char *found = strstr(dot, marks[i]);
        if (found != NULL && found > name && (size_t)(found - name) < length)
            length = (size_t)(found - name);
    }
    return length;
}

int growth_name_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    size_t size_a = plain_length(a), size_b = plain_length(b);
    int order = memcmp(a, b, size_a < size_b ? size_a : size_b);
    return order != 0 ? order : (size_a > size_b) - (size_a < size_b);
}

int growth_function_order(const struct profile_frame *a, const struct profile_frame *b)
{
    int order = growth_name_order(a->function, b->function);
    if (order == 0)
        order = text_order(a->file, b->file);
    if (order == 0 && a->file == NULL)
        order = text_order(a->object, b->object);
    return order;
}

static bool has_line(const struct profile_frame *frame)
{
    return frame->file != NULL && frame->line > 0;
}

int growth_line_order(const struct profile_frame *a, const struct profile_frame *b)
{
    if (has_line(a) != has_line(b))
        return has_line(a) ? -1 : 1;
    if (!has_line(a)) {
        int order = growth_function_order(a, b);
        return order != 0 ? order : text_order(a->object, b->object);
    }
    int order = strcmp(a->file, b->file);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

uint32_t growth_line_find(const struct growth_side *side, const struct profile_frame *place)
{
    size_t low = 0, high = side->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = growth_line_order(&side->lines[middle].place, place);
        if (order == 0)
            return (uint32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return GROWTH_NONE;
}

uint32_t growth_function_find(const struct growth_side *side, const struct profile_frame *place)
{
    size_t low = 0, high = side->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = growth_function_order(&side->functions[middle].place, place);
        if (order == 0)
            return (uint32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return GROWTH_NONE;
}
