#include "replay/correlation.h"

#include <stddef.h>
#include <string.h>

/* Lower-case hex digits, as we write them. */
static bool read_hex(const char *text, size_t digits, uint64_t *out)
{
    static const char known[] = "0123456789abcdef";
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        const char *found = text[i] == '\0' ? NULL : strchr(known, text[i]);
        if (found == NULL)
            return false;
        *out = *out * 16 + (uint64_t)(found - known);
    }
    return true;
}

bool correlation_of_traceparent(const char *value, struct correlation *out)
{
    static const char start[] = "00-746f6c6c67617465"; /* "tollgate" */
    const size_t size = sizeof start - 1;
    return strncmp(value, start, size) == 0 && read_hex(value + size, 8, &out->exchange) &&
           read_hex(value + size + 8, 8, &out->replay) && value[size + 16] == '-';
}

bool correlation_of_request_id(const char *value, struct correlation *out)
{
    static const char middle[] = "-746f-8000-8000-0000";
    const size_t size = sizeof middle - 1;
    return read_hex(value, 8, &out->exchange) && strncmp(value + 8, middle, size) == 0 &&
           read_hex(value + 8 + size, 8, &out->replay) && value[16 + size] == '\0';
}
