#include "reporters/json_parts.h"

#include "base/buffer.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 20 };

json_t *json_parts_text(const char *text)
{
    if (text == NULL)
        return json_null();
    if (text_is_utf8(text, strlen(text)))
        return json_string(text);
    struct buffer safe;
    buffer_init(&safe, TEXT_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), true);
    json_t *json = safe.failed ? NULL : json_string(buffer_text(&safe));
    buffer_release(&safe);
    return json;
}

json_t *json_parts_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
