#include "replay/infer_shape.h"

#include "base/macros.h"

#include <string.h>
#include <strings.h>

enum {
    HEX_LEAST = 6,
    NUMBER_IN_SLUG_LEAST = 3, /* digits: utf-8 and top-10 are words */
    GLUED_NUMBER_LEAST = 5,   /* user12345; sha256 and rfc7231 are words */
    TOKEN_LEAST = 6,
    TOKEN_TURNS = 3, /* from letters to digits or back: base64url has two */
    LONG_LEAST = 20,
    WORD_MAX = 24,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_joint(char c)
{
    return c == '-' || c == '_' || c == '.' || c == '~';
}

static size_t count_digits(struct segment segment)
{
    size_t count = 0;
    for (size_t i = 0; i < segment.size; i++)
        count += is_digit(segment.text[i]);
    return count;
}

static bool all_hex(struct segment segment)
{
    for (size_t i = 0; i < segment.size; i++)
        if (!is_hex(segment.text[i]))
            return false;
    return segment.size > 0;
}

static bool is_hex_id(struct segment segment)
{
    return segment.size >= HEX_LEAST && all_hex(segment) && count_digits(segment) > 0;
}

static bool is_uuid(struct segment segment)
{
    if (segment.size != 36)
        return false;
    for (size_t i = 0; i < segment.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? segment.text[i] != '-' : !is_hex(segment.text[i]))
            return false;
    }
    return true;
}

/* "0000-00", "0000-00-00", and the latter with a time after it. */
static bool is_date(struct segment segment)
{
    static const char form[] = "0000-00-00";
    size_t size = segment.size < 10 ? segment.size : 10;
    if (size != 7 && size != 10)
        return false;
    for (size_t i = 0; i < size; i++)
        if (form[i] == '0' ? !is_digit(segment.text[i]) : segment.text[i] != form[i])
            return false;
    return segment.size <= 10 || segment.text[10] == 'T';
}

static bool is_digits_and_joints(struct segment segment)
{
    for (size_t i = 0; i < segment.size; i++)
        if (!is_digit(segment.text[i]) && !is_joint(segment.text[i]))
            return false;
    return segment.size >= 3 && count_digits(segment) > 0;
}

/* How many of the characters from `at` on are digits. */
static size_t digit_run(struct segment segment, size_t at)
{
    size_t end = at;
    while (end < segment.size && is_digit(segment.text[end]))
        end++;
    return end - at;
}

bool infer_is_version(struct segment segment)
{
    static const char *const stages[] = {"", "alpha", "beta", "rc", "preview"};
    struct segment rest = segment;
    bool marked = rest.size > 0 && (rest.text[0] == 'v' || rest.text[0] == 'V');
    size_t at = marked, run = digit_run(rest, at);
    if (run == 0 || run > 3)
        return false;
    at += run;
    while (at + 1 < rest.size && (rest.text[at] == '.' || rest.text[at] == '_') &&
           (run = digit_run(rest, at + 1)) > 0 && run <= 3)
        at += 1 + run;
    if (!marked) /* "1.1", but neither "1" nor "1.2.3" */
        return at == rest.size && rest.size <= 5 && memchr(rest.text, '.', rest.size) != NULL &&
               memchr(rest.text, '.', rest.size) == memrchr(rest.text, '.', rest.size);
    at += at + 1 < rest.size && is_joint(rest.text[at]);
    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        size_t size = strlen(stages[i]);
        if (rest.size - at >= size && strncasecmp(rest.text + at, stages[i], size) == 0 &&
            at + size + digit_run(rest, at + size) == rest.size)
            return size > 0 || at == rest.size;
    }
    return false;
}

/* Letters and digits in turn, as in what a generator of ids gives. */
static bool is_token(struct segment part)
{
    size_t turns = 0;
    for (size_t i = 1; i < part.size; i++)
        turns += is_digit(part.text[i]) != is_digit(part.text[i - 1]);
    return part.size >= TOKEN_LEAST && turns >= TOKEN_TURNS;
}

static bool has_glued_number(struct segment part)
{
    size_t first = digit_run(part, 0), last = 0;
    while (last < part.size && is_digit(part.text[part.size - 1 - last]))
        last++;
    return first >= GLUED_NUMBER_LEAST || last >= GLUED_NUMBER_LEAST;
}

/* A part between joints. */
static bool is_word(struct segment part)
{
    size_t digits = count_digits(part);
    bool vowel = false;
    for (size_t i = 0; i < part.size; i++)
        vowel = vowel || strchr("aeiouyAEIOUY", part.text[i]) != NULL;
    if (digits > 0)
        return part.size <= 8;
    return part.size <= 4 || (vowel && part.size <= WORD_MAX);
}

static bool next_part(struct segment segment, size_t *at, struct segment *out)
{
    if (*at >= segment.size)
        return false;
    size_t end = *at;
    while (end < segment.size && !is_joint(segment.text[end]))
        end++;
    *out = (struct segment){segment.text + *at, end - *at};
    *at = end + 1;
    return true;
}

/* Of letters, digits and joints. */
static unsigned shape_of_parts(struct segment segment)
{
    struct segment part;
    bool words = true;
    for (size_t at = 0; next_part(segment, &at, &part);) {
        size_t digits = count_digits(part);
        bool whole = part.size == segment.size;
        if (digits == part.size && digits >= NUMBER_IN_SLUG_LEAST)
            return INFER_SLUG;
        if (is_hex_id(part) || has_glued_number(part))
            return INFER_SLUG;
        if (is_token(part) && !infer_is_version(part))
            return whole ? INFER_TOKEN : INFER_SLUG;
        words = words && is_word(part);
    }
    return segment.size >= LONG_LEAST && !words ? INFER_LONG : 0;
}

/* "batch:get" and "$metadata" are words of a route, though with a mark in them. */
static bool is_marked_words(struct segment segment)
{
    size_t start = segment.text[0] == '$', letters = 0;
    for (size_t i = start; i < segment.size; i++) {
        letters += is_letter(segment.text[i]);
        if (!is_letter(segment.text[i]) && !is_joint(segment.text[i]) && segment.text[i] != ':')
            return false;
    }
    return letters > 0;
}

static bool is_plain(struct segment segment)
{
    for (size_t i = 0; i < segment.size; i++)
        if (!is_letter(segment.text[i]) && !is_digit(segment.text[i]) && !is_joint(segment.text[i]))
            return false;
    return true;
}

unsigned infer_shape(struct segment segment)
{
    if (segment.size == 0)
        return 0;
    if (count_digits(segment) == segment.size)
        return INFER_NUMBER;
    if (is_uuid(segment))
        return INFER_UUID;
    if (is_date(segment))
        return INFER_DATE;
    if (segment.size > INFER_LITERAL_MAX_BYTES)
        return INFER_LONG;
    if (infer_is_version(segment))
        return 0;
    if (is_digits_and_joints(segment))
        return INFER_DIGITS;
    if (is_hex_id(segment))
        return INFER_HEX;
    if (!is_plain(segment))
        return is_marked_words(segment) ? 0 : INFER_CHARACTERS;
    return shape_of_parts(segment);
}

bool infer_is_known_word(struct segment segment)
{
    static const char *const words[] = {
        "",        "all",     "batch",    "bulk",   "config",  "count",    "create",
        "current", "delete",  "default",  "edit",   "events",  "export",   "health",
        "history", "import",  "index",    "info",   "latest",  "list",     "login",
        "logout",  "me",      "metrics",  "mine",   "new",     "ping",     "popular",
        "profile", "query",   "random",   "recent", "refresh", "reset",    "search",
        "self",    "session", "settings", "signup", "stats",   "status",   "suggest",
        "token",   "top",     "trending", "update", "upload",  "validate", "verify",
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (segment.size == strlen(words[i]) &&
            strncasecmp(segment.text, words[i], segment.size) == 0)
            return true;
    return false;
}

bool infer_append_stem(struct buffer *out, struct segment segment)
{
    bool found = false;
    for (size_t i = 0; i < segment.size; i++) {
        if (!is_digit(segment.text[i])) {
            buffer_append_char(out, segment.text[i]);
            continue;
        }
        found = true;
        buffer_append_char(out, '#');
        i += digit_run(segment, i) - 1;
    }
    return found;
}

void infer_append_rules(struct buffer *out, unsigned rules)
{
    static const char *const names[] = {"number", "UUID", "hex",        "date",   "digits", "slug",
                                        "token",  "long", "characters", "series", "values", "deep"};
    bool begun = false;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if ((rules & 1U << i) == 0)
            continue;
        if (begun)
            buffer_append_char(out, '/');
        buffer_append_string(out, names[i]);
        begun = true;
    }
}
