#include "replay/endpoint_segments.h"

#include <string.h>

bool segment_next(const char **at, const char *end, struct segment *out)
{
    if (*at >= end)
        return false;
    const char *start = *at + (**at == '/');
    const char *stop = start < end ? memchr(start, '/', (size_t)(end - start)) : NULL;
    if (stop == NULL)
        stop = end;
    *out = (struct segment){start, (size_t)(stop - start)};
    *at = stop;
    return true;
}

enum segment_kind segment_kind(struct segment segment)
{
    const char *end = segment.text + segment.size;
    const char *close = memchr(segment.text, '}', segment.size);
    if (close == NULL)
        return SEGMENT_LITERAL;
    if (segment.text[0] != '{' || close != end - 1)
        return SEGMENT_MIXED;
    bool rest = segment.size >= 5 && memcmp(end - 4, "...}", 4) == 0;
    return rest ? SEGMENT_REST : SEGMENT_VARIABLE;
}

const char *segment_problem(struct segment segment, bool last)
{
    const char *at = segment.text, *end = segment.text + segment.size;
    const char *after = NULL; /* the variable before */
    while (at < end) {
        const char *open = memchr(at, '{', (size_t)(end - at));
        const char *stray = memchr(at, '}', (size_t)(end - at));
        if (open == NULL && stray == NULL)
            return NULL;
        if (open == NULL || stray == NULL || stray < open)
            return "a { or } without its other one";
        const char *close = stray;
        if (memchr(open + 1, '{', (size_t)(close - open - 1)) != NULL)
            return "a { inside of {}";
        bool rest = close - open >= 4 && memcmp(close - 3, "...", 3) == 0;
        if (close == open + 1 || (rest && close == open + 4))
            return "a variable needs a name, as in {id}";
        if (rest && (open != segment.text || close != end - 1))
            return "{name...} must be a whole segment between slashes";
        if (rest && !last)
            return "{name...} can only be the last segment";
        if (open == after)
            return "two variables need some text between them";
        at = after = close + 1;
    }
    return NULL;
}

bool segment_same(struct segment a, struct segment b)
{
    return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

/* A run of text, or a variable. */
struct piece {
    bool variable;
    struct segment text;
};

static bool piece_next(const char **at, const char *end, struct piece *out)
{
    if (*at >= end)
        return false;
    out->variable = **at == '{';
    const char *stop = memchr(*at, out->variable ? '}' : '{', (size_t)(end - *at));
    if (stop == NULL)
        stop = end;
    else
        stop += out->variable;
    out->text = (struct segment){*at, (size_t)(stop - *at)};
    *at = stop;
    return true;
}

bool segment_same_pattern(struct segment a, struct segment b)
{
    const char *at_a = a.text, *at_b = b.text;
    struct piece one, other;
    for (;;) {
        bool more_a = piece_next(&at_a, a.text + a.size, &one);
        bool more_b = piece_next(&at_b, b.text + b.size, &other);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (one.variable != other.variable ||
            (!one.variable && !segment_same(one.text, other.text)))
            return false;
    }
}

/* Taking each text where it first comes leaves most room for what follows; the last one has to be
 * at the end. */
bool segment_mixed_matches(struct segment pattern, struct segment given)
{
    const char *at = pattern.text, *end = pattern.text + pattern.size;
    const char *here = given.text, *stop = given.text + given.size;
    bool skips = false; /* a variable waits for its text */
    struct piece piece;
    while (piece_next(&at, end, &piece)) {
        if (piece.variable) {
            if (here >= stop)
                return false;
            here++;
            skips = true;
            continue;
        }
        size_t room = (size_t)(stop - here), size = piece.text.size;
        if (size > room)
            return false;
        const char *found = here;
        if (skips && at == end)
            found = stop - size;
        else if (skips)
            found = memmem(here, room, piece.text.text, size);
        if (found == NULL || memcmp(found, piece.text.text, size) != 0)
            return false;
        here = found + size;
        skips = false;
    }
    return skips || here == stop;
}

size_t segment_literal_bytes(struct segment segment)
{
    const char *at = segment.text;
    size_t bytes = 0;
    struct piece piece;
    while (piece_next(&at, segment.text + segment.size, &piece))
        bytes += piece.variable ? 0 : piece.text.size;
    return bytes;
}
