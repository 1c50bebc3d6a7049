#include "reporters/words.h"

#include "base/text.h"
#include "reporters/format.h"

#include <math.h>
#include <string.h>

void words_append_figure(struct buffer *out, const struct metric_info *info,
                         const struct metric_verdict *metric, bool utf8)
{
    char text[FORMAT_SIZE];
    bool wide = metric->verdict == VERDICT_INCONCLUSIVE && isfinite(metric->low) &&
                isfinite(metric->high) && metric->low < metric->high;
    if (wide)
        format_interval(metric->low, metric->high, " to ", utf8, text);
    else if (isnan(metric->change) || metric->change == 0)
        format_value(metric->head, info->unit, utf8, text);
    else
        format_change(metric->change, utf8, text);
    bool from_nothing = isnan(metric->change) && metric->base == 0;
    buffer_append_format(out, " %s %s%s", info->title, from_nothing ? "from 0 to " : "", text);
}

/* Bytes of the longest start of valid UTF-8 that is no longer than `most`. */
static size_t whole_characters(const char *text, size_t most)
{
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void words_append_cut(struct buffer *out, const char *text, size_t most, bool keep_lines)
{
    static const char gap[] = "\xe2\x80\xa6";
    struct buffer safe;
    /* No character gets shorter by being made safe, so that what is longer is not looked at. */
    size_t size = strnlen(text, most + 1);
    buffer_init(&safe, 8 * (size + 1));
    text_append_safe(&safe, text, size, keep_lines);
    if (safe.failed) {
        out->failed = true;
    } else if (size <= most && safe.length <= most) {
        buffer_append(out, buffer_text(&safe), safe.length);
    } else {
        size_t room = most > sizeof gap - 1 ? most - (sizeof gap - 1) : 0;
        buffer_append(out, buffer_text(&safe), whole_characters(buffer_text(&safe), room));
        buffer_append_string(out, gap);
    }
    buffer_release(&safe);
}
