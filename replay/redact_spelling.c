/* Values within texts that spell characters otherwise: percent signs, escapes of JSON. */
#include "replay/redact_private.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One character as spelled, and the bytes that it means. */
struct unit {
    size_t raw, plain; /* where it begins */
    unsigned char raw_size, plain_size;
};

struct spelled {
    struct unit *units;
    size_t count;
    char *plain, *before; /* what it means: to be treated, and as it was */
    size_t size;
};

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool is_percent(const char *at, size_t left)
{
    return left >= 3 && at[0] == '%' && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0;
}

/* The code unit of a \uXXXX, or -1. */
static long escaped_unit(const char *at, size_t left)
{
    long unit = 0;
    if (left < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        if (hex_value(at[i]) < 0)
            return -1;
        unit = unit * 16 + hex_value(at[i]);
    }
    return unit;
}

static size_t put_utf8(unsigned long point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Reads one escape of JSON; returns how long it is. */
static size_t read_escape(const char *at, size_t left, char *plain, size_t *plain_size)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    long high = escaped_unit(at, left), low;
    if (high >= 0xd800 && high < 0xdc00 && left >= 12 &&
        (low = escaped_unit(at + 6, left - 6)) >= 0xdc00 && low < 0xe000) {
        *plain_size = put_utf8(0x10000UL + ((unsigned long)(high - 0xd800) << 10) +
                                   (unsigned long)(low - 0xdc00),
                               plain);
        return 12;
    }
    if (high >= 0) {
        *plain_size = put_utf8((unsigned long)high, plain);
        return 6;
    }
    const char *letter = left >= 2 && at[1] != '\0' ? strchr(letters, at[1]) : NULL;
    *plain_size = 1;
    *plain = letter != NULL ? meanings[letter - letters] : at[0];
    return letter != NULL ? 2 : 1;
}

static void read_unit(enum spelling spelling, const char *at, size_t left, struct unit *unit,
                      char *plain)
{
    size_t raw_size = 1, plain_size = 1;
    *plain = *at;
    if (spelling == SPELLING_JSON && *at == '\\') {
        raw_size = read_escape(at, left, plain, &plain_size);
    } else if (spelling != SPELLING_JSON && is_percent(at, left)) {
        *plain = (char)(hex_value(at[1]) * 16 + hex_value(at[2]));
        raw_size = 3;
    } else if (spelling == SPELLING_FORM && *at == '+') {
        *plain = ' ';
    }
    unit->raw_size = (unsigned char)raw_size;
    unit->plain_size = (unsigned char)plain_size;
}

static bool read_spelled(enum spelling spelling, const char *text, size_t size,
                         struct spelled *spelled)
{
    spelled->units = calloc(size + 1, sizeof *spelled->units);
    spelled->plain = malloc(2 * (size + 4));
    if (spelled->units == NULL || spelled->plain == NULL)
        return false;
    for (size_t at = 0; at < size;) {
        struct unit *unit = &spelled->units[spelled->count++];
        unit->raw = at;
        unit->plain = spelled->size;
        read_unit(spelling, text + at, size - at, unit, spelled->plain + spelled->size);
        at += unit->raw_size;
        spelled->size += unit->plain_size;
    }
    spelled->before = spelled->plain + size + 4;
    memcpy(spelled->before, spelled->plain, spelled->size);
    return true;
}

static void put_hex(char *out, unsigned value, size_t digits, bool upper)
{
    for (size_t i = digits; i-- > 0; value >>= 4)
        out[i] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[value & 0xf];
}

static unsigned long get_utf8(const char *at, size_t size)
{
    unsigned long point = (unsigned char)at[0];
    if (size > 1)
        point &= 0xffU >> (size + 1);
    for (size_t i = 1; i < size; i++)
        point = point << 6 | ((unsigned char)at[i] & 0x3f);
    return point;
}

/* Escapes keep their length: as many digits, as many units. */
static void write_unit(enum spelling spelling, const struct unit *unit, const char *plain,
                       char *text)
{
    char *raw = text + unit->raw;
    unsigned long point = get_utf8(plain, unit->plain_size);
    if (unit->raw_size == 1) {
        *raw = *plain;
    } else if (spelling != SPELLING_JSON) {
        bool upper = raw[1] < 'a' && raw[2] < 'a';
        put_hex(raw + 1, (unsigned char)*plain, 2, upper);
    } else if (unit->raw_size == 6) {
        put_hex(raw + 2, (unsigned)point, 4, false);
    } else if (unit->raw_size == 12) {
        put_hex(raw + 2, (unsigned)(0xd800 + ((point - 0x10000) >> 10)), 4, false);
        put_hex(raw + 8, (unsigned)(0xdc00 + ((point - 0x10000) & 0x3ff)), 4, false);
    }
}

bool redact_spelled(struct walk *walk, enum spelling spelling, const char *rule, char *text,
                    size_t size)
{
    struct spelled spelled = {0};
    bool changed = false;
    if (!read_spelled(spelling, text, size, &spelled)) {
        walk->failed = true;
        goto out;
    }
    changed = rule != NULL ? redact_secret(walk, rule, spelled.plain, spelled.size)
                           : redact_text(walk, spelled.plain, spelled.size);
    for (size_t i = 0; changed && i < spelled.count; i++) {
        const struct unit *unit = &spelled.units[i];
        if (memcmp(spelled.plain + unit->plain, spelled.before + unit->plain, unit->plain_size) !=
            0)
            write_unit(spelling, unit, spelled.plain + unit->plain, text);
    }
out:
    free(spelled.units);
    free(spelled.plain);
    return changed;
}
