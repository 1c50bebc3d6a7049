/* One value: secret by its name, by its looks, or a text in which more stand. */
#include "replay/redact_private.h"

#include "base/text.h"
#include "replay/base64.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BASE64_LEAST = 16 };

static bool replace(struct walk *walk, const char *rule, enum shape_kind kind, char *text,
                    size_t size)
{
    if (pseudonym_is(text, size))
        return false;
    redact_note(walk, rule);
    if (walk->found != NULL)
        return false;
    bool made = kind == SHAPE_LUHN ? pseudonym_make_luhn(redact_pseudonyms(walk), text, size, text)
                                   : pseudonym_make(redact_pseudonyms(walk), text, size, text);
    walk->failed = walk->failed || !made;
    return made;
}

/* ---- base64 --------------------------------------------------------------------------------- */

/* With the url-safe alphabet or without, padded or not. */
static char *decode_base64(const char *text, size_t size, struct arena *arena, size_t *decoded)
{
    bool valid = false;
    char *padded = arena_alloc(arena, size + 4);
    if (padded == NULL)
        return NULL;
    size_t length = size;
    for (size_t i = 0; i < size; i++)
        padded[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
    while (length % 4 != 0 && length < size + 3)
        padded[length++] = '=';
    return base64_decode(padded, length, arena, decoded, &valid);
}

/* Spells the bytes as `text` was spelled, which is as long. */
static bool encode_base64(const char *bytes, size_t count, char *text, size_t size)
{
    struct buffer encoded;
    buffer_init(&encoded, 2 * count + 8);
    base64_encode(bytes, count, &encoded);
    bool fits = !encoded.failed && encoded.length >= size;
    bool safe = memchr(text, '-', size) != NULL || memchr(text, '_', size) != NULL;
    bool plain = memchr(text, '+', size) != NULL || memchr(text, '/', size) != NULL;
    for (size_t i = 0; fits && i < size; i++) {
        char c = buffer_text(&encoded)[i];
        bool url = safe || (!plain && (size % 4 != 0));
        text[i] = (char)(url && c == '+' ? '-' : url && c == '/' ? '_' : c);
    }
    buffer_release(&encoded);
    return fits;
}

static bool is_base64(const char *text, size_t size)
{
    if (size < BASE64_LEAST)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool pad = c == '=' && i + 2 >= size;
        if (!word && !pad && c != '+' && c != '/' && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool is_readable(const char *text, size_t size)
{
    if (size == 0 || !text_is_utf8(text, size))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 && strchr("\t\r\n", text[i]) == NULL)
            return false;
    return true;
}

/* Base64 of a text: that text is gone through. `rule` as in redact_spelled. *is_text is false, and
 * nothing done, when it is none. */
static bool redact_base64(struct walk *walk, const char *rule, char *text, size_t size,
                          bool *is_text)
{
    struct arena arena;
    size_t count = 0;
    bool changed = false;
    *is_text = false;
    if (!is_base64(text, size))
        return false;
    arena_init(&arena);
    char *plain = decode_base64(text, size, &arena, &count);
    if (plain != NULL && is_readable(plain, count)) {
        *is_text = true;
        changed = rule != NULL ? redact_secret(walk, rule, plain, count)
                               : redact_text(walk, plain, count);
        changed = changed && encode_base64(plain, count, text, size);
    }
    arena_release(&arena);
    return changed;
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* All texts within the payload are secret, whatever their keys are; numbers and the head stay, so
 * that it decodes and expires as before. */
static bool redact_jwt(struct walk *walk, const char *rule, char *text, size_t size)
{
    char *second = memchr(text, '.', size);
    char *third =
        second != NULL ? memchr(second + 1, '.', size - (size_t)(second + 1 - text)) : NULL;
    if (third == NULL)
        return replace(walk, rule, SHAPE_PLAIN, text, size);
    size_t signature = size - (size_t)(third + 1 - text);
    bool had_signature = signature > 0;
    bool known = had_signature && pseudonym_is(third + 1, signature);
    if (known)
        return false;
    bool is_text = false;
    size_t payload = (size_t)(third - second) - 1;
    walk->depth++;
    walk->keeps_numbers = true;
    bool changed = redact_base64(walk, rule, second + 1, payload, &is_text);
    walk->keeps_numbers = false;
    walk->depth--;
    if (!is_text)
        changed = replace(walk, rule, SHAPE_PLAIN, second + 1, payload);
    return (had_signature && replace(walk, rule, SHAPE_PLAIN, third + 1, signature)) || changed;
}

static bool replace_shape(struct walk *walk, const struct shape_match *match, char *text)
{
    char *at = text + match->begin;
    return match->kind == SHAPE_JWT ? redact_jwt(walk, match->rule, at, match->size)
                                    : replace(walk, match->rule, match->kind, at, match->size);
}

bool redact_shapes(struct walk *walk, char *text, size_t size)
{
    struct shape_match match;
    bool changed = false;
    for (size_t from = 0; shapes_find(text, size, from, &match); from = match.begin + match.size)
        changed = replace_shape(walk, &match, text) || changed;
    return changed;
}

/* "Bearer TOKEN": the scheme tells nothing of anyone. */
static size_t scheme_bytes(const char *text, size_t size)
{
    static const char *const schemes[] = {"Bearer ",    "Basic ",  "Token ",           "Digest ",
                                          "Negotiate ", "ApiKey ", "AWS4-HMAC-SHA256 "};
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (size > strlen(schemes[i]) && strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    return 0;
}

bool redact_secret(struct walk *walk, const char *rule, char *text, size_t size)
{
    struct shape_match match;
    bool is_text = false;
    size_t skipped = scheme_bytes(text, size);
    text += skipped;
    size -= skipped;
    if (size == 0 || walk->depth > REDACT_DEPTH_MAX)
        return false;
    if (shapes_find(text, size, 0, &match) && match.kind != SHAPE_PLAIN && match.begin == 0 &&
        match.size == size)
        return replace_shape(walk, &match, text);
    if (text[0] == '{' || text[0] == '[') {
        const char *before = walk->name;
        walk->name = rule;
        bool changed = redact_json(walk, text, size);
        walk->name = before;
        return changed;
    }
    walk->depth++;
    bool changed = redact_base64(walk, rule, text, size, &is_text);
    walk->depth--;
    return is_text ? changed : replace(walk, rule, SHAPE_PLAIN, text, size);
}

/* Every piece between "&" has a "=" behind a name. */
static bool is_form(const char *text, size_t size)
{
    size_t pairs = 0;
    for (size_t begin = 0; begin <= size;) {
        const char *end = memchr(text + begin, '&', size - begin);
        size_t length = end != NULL ? (size_t)(end - text) - begin : size - begin;
        const char *equals = memchr(text + begin, '=', length);
        if (equals == NULL || equals == text + begin || memchr(text + begin, ' ', length) != NULL ||
            memchr(text + begin, '\n', length) != NULL)
            return false;
        pairs++;
        begin += length + 1;
    }
    return pairs > 0;
}

static bool is_address(const char *text, size_t size)
{
    return (text[0] == '/' || memmem(text, size, "://", 3) != NULL) &&
           memchr(text, '?', size) != NULL && memchr(text, ' ', size) == NULL;
}

bool redact_text(struct walk *walk, char *text, size_t size)
{
    size_t start = 0;
    bool is_text = false;
    if (walk->depth > REDACT_DEPTH_MAX)
        return redact_shapes(walk, text, size);
    while (start < size && strchr(" \t\r\n", text[start]) != NULL && text[start] != '\0')
        start++;
    if (start == size)
        return false;
    walk->depth++;
    bool changed = false;
    if (text[start] == '{' || text[start] == '[')
        changed = redact_json(walk, text, size);
    else if (text[start] == '<')
        changed = redact_markup(walk, text, size);
    else if (is_address(text, size))
        changed = redact_target(walk, text, size);
    else {
        changed = redact_base64(walk, NULL, text, size, &is_text);
        if (!is_text && is_form(text, size))
            changed = redact_pairs(walk, SPELLING_FORM, text, size);
        else if (!is_text)
            changed = redact_shapes(walk, text, size);
    }
    walk->depth--;
    return changed;
}
