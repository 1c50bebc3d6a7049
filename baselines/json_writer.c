#include "baselines/json_writer.h"

#include "base/buffer.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX_BYTES = 64 * 1024, /* of one text, after escaping; longer ones are cut */
    RATIO_DIGITS = 6,           /* significant ones of times and ratios: far below their noise */
};

#define EXACT_STEP 10000.0            /* exact figures keep four decimals */
#define WHOLE_MAX  9007199254740992.0 /* 2^53: whole doubles up to here are written as integers */

json_t *writer_keep(struct writer *writer, json_t *value)
{
    if (value == NULL)
        writer->failed = true;
    return value;
}

void writer_put(struct writer *writer, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        writer->failed = true;
}

void writer_append(struct writer *writer, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        writer->failed = true;
}

/* The longest piece of UTF-8 that is no longer than `max`. */
static size_t cut_utf8(const char *text, size_t size, size_t max)
{
    if (size <= max)
        return size;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

json_t *writer_text(struct writer *writer, const char *text)
{
    if (text == NULL)
        return json_null();
    size_t size = strlen(text);
    if (text_is_utf8(text, size))
        return writer_keep(writer, json_stringn(text, cut_utf8(text, size, TEXT_MAX_BYTES)));
    struct buffer safe;
    buffer_init(&safe, 5 * TEXT_MAX_BYTES);
    text_append_safe(&safe, text, size < TEXT_MAX_BYTES ? size : TEXT_MAX_BYTES, true);
    const char *escaped = buffer_text(&safe);
    json_t *value = json_stringn(escaped, cut_utf8(escaped, safe.length, TEXT_MAX_BYTES));
    buffer_release(&safe);
    return writer_keep(writer, value);
}

json_t *writer_integer(struct writer *writer, int64_t value)
{
    return writer_keep(writer, json_integer((json_int_t)value));
}

json_t *writer_number(struct writer *writer, double value)
{
    if (!isfinite(value))
        return json_null();
    if (fabs(value) <= WHOLE_MAX && value == rint(value))
        return writer_integer(writer, (int64_t)value);
    return writer_keep(writer, json_real(value));
}

static double round_ratio(double value)
{
    char text[64];
    if (!isfinite(value))
        return value;
    snprintf(text, sizeof text, "%.*g", RATIO_DIGITS, value);
    return strtod(text, NULL);
}

json_t *writer_exact(struct writer *writer, double value)
{
    bool fits = fabs(value) < WHOLE_MAX / EXACT_STEP;
    return writer_number(writer, fits ? rint(value * EXACT_STEP) / EXACT_STEP : value);
}

json_t *writer_quantity(struct writer *writer, double value)
{
    return writer_number(writer, isfinite(value) ? round_ratio(value) : 0);
}

json_t *writer_ratio(struct writer *writer, double value)
{
    return writer_number(writer, round_ratio(value));
}
