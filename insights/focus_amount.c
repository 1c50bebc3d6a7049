#include "insights/focus_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 64, EXPONENT_MAX = 40 };

/* "E-07": how far the point moves. `text` stands on the E or at the end. */
static bool parse_exponent(const char *text, int *exponent)
{
    char *end = NULL;
    *exponent = 0;
    if (*text == '\0')
        return true;
    if (*text != 'e' && *text != 'E')
        return false;
    text++;
    if (!isdigit((unsigned char)text[*text == '-' || *text == '+']))
        return false;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < -EXPONENT_MAX || value > EXPONENT_MAX)
        return false;
    *exponent = (int)value;
    return true;
}

bool focus_parse_amount(const char *text, focus_amount *amount)
{
    focus_amount sum = 0;
    bool negative = *text == '-';
    if (strlen(text) > TEXT_MAX_BYTES)
        return false;
    text += negative || *text == '+';
    size_t whole = strspn(text, "0123456789");
    const char *fraction = text + whole + (text[whole] == '.');
    size_t after = text[whole] == '.' ? strspn(fraction, "0123456789") : 0;
    int exponent;
    if (whole + after == 0 || !parse_exponent(fraction + after, &exponent))
        return false;
    for (size_t i = 0; i < whole + after; i++) {
        char digit = i < whole ? text[i] : fraction[i - whole];
        /* The power of ten that this digit counts, in the amount's unit. */
        int power = (int)whole - 1 - (int)i + exponent + FOCUS_AMOUNT_DIGITS;
        if (digit == '0' || power < 0)
            continue;
        if (power >= FOCUS_AMOUNT_DIGITS + FOCUS_AMOUNT_WHOLE_DIGITS)
            return false;
        focus_amount value = digit - '0';
        for (int j = 0; j < power; j++)
            value *= 10;
        sum += value;
    }
    *amount = negative ? -sum : sum;
    return true;
}
