#include "rig/machine_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Without the blanks at either end. */
static struct text_span trim(const char *start, const char *end)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    return (struct text_span){start, (size_t)(end - start)};
}

static bool span_is(struct text_span span, const char *word)
{
    return span.size == strlen(word) && memcmp(span.start, word, span.size) == 0;
}

struct text_span machine_text_cpuinfo(const char *text, const char *name)
{
    for (const char *line = text; *line != '\0';) {
        const char *end = strchrnul(line, '\n');
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (colon != NULL && span_is(trim(line, colon), name))
            return trim(colon + 1, end);
        line = *end == '\n' ? end + 1 : end;
    }
    return (struct text_span){0};
}

struct text_span machine_text_first_line(const char *text)
{
    struct text_span line = trim(text, strchrnul(text, '\n'));
    return line.size > 0 ? line : (struct text_span){0};
}

bool machine_text_has_word(struct text_span words, const char *word)
{
    for (size_t at = 0; at < words.size;) {
        size_t size = 0;
        while (at + size < words.size && words.start[at + size] != ' ')
            size++;
        if (span_is((struct text_span){words.start + at, size}, word))
            return true;
        at += size + 1;
    }
    return false;
}

size_t machine_text_count_cpus(const char *text)
{
    size_t count = 0;
    for (;;) {
        char *end;
        if (!isdigit((unsigned char)*text))
            return 0;
        unsigned long first = strtoul(text, &end, 10), last = first;
        if (*end == '-') {
            if (!isdigit((unsigned char)end[1]))
                return 0;
            last = strtoul(end + 1, &end, 10);
        }
        if (last < first || last > 1UL << 20)
            return 0;
        count += last - first + 1;
        if (*end != ',')
            return *end == '\0' || *end == '\n' ? count : 0;
        text = end + 1;
    }
}

/* Whether a list parted by commas holds the word. */
static bool lists(const char *start, const char *end, const char *word)
{
    while (start < end) {
        const char *comma = memchr(start, ',', (size_t)(end - start));
        const char *stop = comma != NULL ? comma : end;
        if (span_is((struct text_span){start, (size_t)(stop - start)}, word))
            return true;
        start = stop + 1;
    }
    return false;
}

/* Lines are "number:controllers:path"; version 2's has no controllers. */
struct text_span machine_text_cgroup(const char *text, const char *controller)
{
    for (const char *line = text; *line != '\0';) {
        const char *end = strchrnul(line, '\n');
        const char *first = memchr(line, ':', (size_t)(end - line));
        const char *second =
            first != NULL ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
        if (second != NULL &&
            (controller == NULL ? second == first + 1 : lists(first + 1, second, controller)))
            return (struct text_span){second + 1, (size_t)(end - second - 1)};
        line = *end == '\n' ? end + 1 : end;
    }
    return (struct text_span){0};
}

/* A whole number with nothing but blanks behind it, or before `*rest` when that is wanted. */
static bool read_long(const char *text, long *out, const char **rest)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    if (errno != 0 || end == text)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    if (rest != NULL)
        *rest = end;
    return rest != NULL || *end == '\0';
}

double machine_text_quota(const char *cpu_max)
{
    long quota, period;
    const char *rest;
    if (strncmp(cpu_max, "max", 3) == 0)
        return INFINITY;
    if (!read_long(cpu_max, &quota, &rest) || !read_long(rest, &period, NULL) || quota <= 0 ||
        period <= 0)
        return NAN;
    return (double)quota / (double)period;
}

double machine_text_quota_v1(const char *quota_us, const char *period_us)
{
    long quota, period;
    if (!read_long(quota_us, &quota, NULL) || !read_long(period_us, &period, NULL) || period <= 0)
        return NAN;
    return quota < 0 ? INFINITY : (double)quota / (double)period;
}
