/* Figures in words, for reasons. ASCII only. */
#include "baselines/compare_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMALS_MAX = 6 };

const char *compare_say(struct compare_context *context, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    char *copy = NULL;
    if (length >= 0) {
        copy = arena_copy_bytes(&context->out->arena, text, (size_t)length);
        free(text);
    }
    if (copy != NULL)
        return copy;
    context->failed = true;
    return "";
}

/* As many decimals as show something of the figure. */
static int find_decimals(double percent)
{
    double size = fabs(percent);
    if (size >= 100)
        return 0;
    if (size >= 1)
        return 1;
    int decimals = 2;
    while (decimals < DECIMALS_MAX && size > 0 && size * pow(10, decimals) < 0.5)
        decimals++;
    return decimals;
}

struct compare_words compare_percent(double fraction)
{
    struct compare_words words;
    double percent = 100 * fraction;
    snprintf(words.text, sizeof words.text, "%+.*f %%", find_decimals(percent), percent);
    return words;
}

struct compare_words compare_limit(double fraction)
{
    struct compare_words words;
    snprintf(words.text, sizeof words.text, "%.3g %%", 100 * fraction);
    return words;
}

struct compare_words compare_interval(double change, double low, double high)
{
    struct compare_words words = compare_percent(change);
    size_t used = strlen(words.text);
    if (isnan(low) || isnan(high))
        return words;
    int decimals = find_decimals(fmax(fabs(100 * low), fabs(100 * high)));
    snprintf(words.text + used, sizeof words.text - used, " (%.*f to %.*f %%)", decimals, 100 * low,
             decimals, 100 * high);
    return words;
}

/* Up to four decimals, fewer for large values, without zeros at the end. */
static void format_plain(char *out, size_t size, double value)
{
    int decimals = fabs(value) >= 1000 ? 0 : fabs(value) >= 10 ? 2 : 4;
    int length = snprintf(out, size, "%.*f", decimals, value);
    if (length < 0 || (size_t)length >= size) {
        snprintf(out, size, "%.6g", value);
        return;
    }
    char *end = out + length;
    while (decimals > 0 && end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        *--end = '\0';
    if (strcmp(out, "-0") == 0)
        snprintf(out, size, "0");
}

static void format_time(char *out, size_t size, double ns)
{
    if (fabs(ns) < 1e4)
        snprintf(out, size, "%.0f ns", ns);
    else if (fabs(ns) < 1e7)
        snprintf(out, size, "%.1f us", ns / 1e3);
    else
        snprintf(out, size, "%.1f ms", ns / 1e6);
}

struct compare_words compare_value(double value, enum metric_unit unit)
{
    struct compare_words words;
    if (unit == UNIT_NS) {
        format_time(words.text, sizeof words.text, value);
        return words;
    }
    format_plain(words.text, 64, value);
    if (unit == UNIT_BYTES) {
        size_t used = strlen(words.text);
        snprintf(words.text + used, sizeof words.text - used, " bytes");
    }
    return words;
}
