#include "replay/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t size, struct buffer *out)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        char text[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
                        left > 1 ? alphabet[group >> 6 & 63] : '=',
                        left > 2 ? alphabet[group & 63] : '='};
        buffer_append(out, text, sizeof text);
    }
}

static int digit_value(char c)
{
    const char *found = c == '\0' ? NULL : strchr(alphabet, c);
    return found == NULL ? -1 : (int)(found - alphabet);
}

/* Four characters into up to three bytes; `digits` of the four are not padding. */
static bool decode_group(const char *text, size_t digits, unsigned char *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < digits ? digit_value(text[i]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    /* Bits beyond the last byte must be zero, so that a value has one spelling. */
    if ((digits == 2 && (group & 0xffff) != 0) || (digits == 3 && (group & 0xff) != 0))
        return false;
    out[0] = (unsigned char)(group >> 16);
    if (digits > 2)
        out[1] = (unsigned char)(group >> 8 & 0xff);
    if (digits > 3)
        out[2] = (unsigned char)(group & 0xff);
    return true;
}

char *base64_decode(const char *text, size_t size, struct arena *arena, size_t *decoded_bytes,
                    bool *valid)
{
    size_t padding = 0;
    *decoded_bytes = 0;
    *valid = size % 4 == 0;
    if (!*valid)
        return NULL;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    unsigned char *out = arena_alloc(arena, size / 4 * 3 + 1);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < size; i += 4) {
        size_t digits = i + 4 == size ? 4 - padding : 4;
        *valid = decode_group(text + i, digits, out + i / 4 * 3);
        if (!*valid)
            return NULL;
    }
    *decoded_bytes = size / 4 * 3 - padding;
    return (char *)out;
}
