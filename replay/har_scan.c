#include "replay/har_scan.h"

#include <stdio.h>
#include <string.h>

enum { KEY_SHOWN_BYTES = 64, AT_END = -1 };

/* Where the walk through one value stands. */
struct walk {
    size_t depth;
    bool in_string, escaped, begun, done;
    bool scalar; /* a number, true, false or null: ends before what cannot be of it */
};

static bool fail(const struct har_scan *scan, struct error *err, const char *text)
{
    char where[sizeof err->where];
    if (err == NULL)
        return false;
    snprintf(where, sizeof where, "%s: byte %llu", scan->input->name,
             (unsigned long long)scan->input->offset);
    return error_set_at(err, ERROR_INPUT, where, "%s", text);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next byte that is no space, not taken; AT_END at the end. */
static bool peek(struct har_scan *scan, int *byte, struct error *err)
{
    const char *data;
    size_t size;
    for (;;) {
        if (!input_peek(scan->input, &data, &size, err))
            return false;
        size_t i = 0;
        while (i < size && is_space(data[i]))
            i++;
        *byte = i < size ? (unsigned char)data[i] : AT_END;
        input_skip(scan->input, i);
        if (i < size || size == 0)
            return true;
    }
}

/* Takes the next byte when it is the wanted one. */
static bool take(struct har_scan *scan, char wanted, bool *taken, struct error *err)
{
    int byte;
    if (!peek(scan, &byte, err))
        return false;
    *taken = byte == wanted;
    if (*taken)
        input_skip(scan->input, 1);
    return true;
}

/* One more byte of the value; false when it belongs to what follows. */
static bool walk_byte(struct walk *walk, char c)
{
    if (walk->in_string) {
        if (walk->escaped)
            walk->escaped = false;
        else if (c == '\\')
            walk->escaped = true;
        else if (c == '"')
            walk->in_string = false;
        walk->done = !walk->in_string && walk->depth == 0;
        return true;
    }
    if (walk->scalar && (is_space(c) || strchr(",]}:", c) != NULL)) {
        walk->done = true;
        return false;
    }
    switch (c) {
    case '"':
        walk->in_string = true;
        break;
    case '{':
    case '[':
        walk->depth++;
        break;
    case '}':
    case ']':
        walk->depth -= walk->depth > 0;
        walk->done = walk->depth == 0;
        break;
    default:
        walk->scalar = walk->depth == 0;
        break;
    }
    return true;
}

/* Steps over a value. Its text goes to scan->text, up to `max` bytes. At the end of the file
 * `cut` is set. */
static bool read_value(struct har_scan *scan, size_t max, struct error *err)
{
    struct walk walk = {0};
    const char *data;
    size_t size;
    int first;
    buffer_clear(&scan->text);
    scan->too_long = false;
    if (!peek(scan, &first, err))
        return false;
    while (!walk.done) {
        if (!input_peek(scan->input, &data, &size, err))
            return false;
        if (size == 0) {
            scan->cut = !walk.scalar;
            break;
        }
        size_t used = 0;
        while (used < size && !walk.done && walk_byte(&walk, data[used]))
            used++;
        size_t room = max - scan->text.length, kept = used < room ? used : room;
        buffer_append(&scan->text, data, kept);
        scan->too_long |= kept < used;
        input_skip(scan->input, used);
    }
    return buffer_check(&scan->text, err);
}

/* Steps to the value of a key within an object whose brace was taken. Values of other keys are
 * passed over. *found is false when the object ends without it. */
static bool find_key(struct har_scan *scan, const char *key, bool *found, struct error *err)
{
    char quoted[KEY_SHOWN_BYTES];
    bool colon, more;
    int byte;
    *found = false;
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    for (;;) {
        if (!peek(scan, &byte, err))
            return false;
        if (byte == '}' || byte == AT_END)
            return true;
        if (byte != '"')
            return fail(scan, err, "not valid JSON: a key must stand here");
        if (!read_value(scan, KEY_SHOWN_BYTES, err) || !take(scan, ':', &colon, err))
            return false;
        if (!colon)
            return fail(scan, err, "not valid JSON: a key without a value");
        if (strcmp(buffer_text(&scan->text), quoted) == 0) {
            *found = true;
            return true;
        }
        if (!read_value(scan, 0, err) || !take(scan, ',', &more, err))
            return false;
    }
}

bool har_scan_begin(struct har_scan *scan, struct input *input, struct error *err)
{
    bool found = false;
    *scan = (struct har_scan){.input = input, .first = true};
    buffer_init(&scan->text, HAR_ENTRY_MAX_BYTES);
    if (!take(scan, '{', &found, err) || (found && !find_key(scan, "log", &found, err)) ||
        (found && !take(scan, '{', &found, err)) ||
        (found && !find_key(scan, "entries", &found, err)) ||
        (found && !take(scan, '[', &found, err))) {
        har_scan_release(scan);
        return false;
    }
    if (found)
        return true;
    fail(scan, err, "there is no list \"entries\" in \"log\": it is no HAR, or it was cut off");
    har_scan_release(scan);
    return false;
}

void har_scan_release(struct har_scan *scan)
{
    buffer_release(&scan->text);
}

bool har_scan_next(struct har_scan *scan, bool *found, struct error *err)
{
    bool ends, comma;
    int byte;
    *found = false;
    if (scan->cut)
        return true;
    if (!take(scan, ']', &ends, err))
        return false;
    if (ends)
        return true;
    if (!scan->first) {
        if (!take(scan, ',', &comma, err) || !peek(scan, &byte, err))
            return false;
        if (!comma && byte != AT_END)
            return fail(scan, err, "not valid JSON: neither a comma nor the end of the list");
    }
    scan->first = false;
    if (!peek(scan, &byte, err))
        return false;
    if (byte == AT_END) {
        scan->cut = true;
        return true;
    }
    if (byte == ']' || byte == ',' || byte == '}')
        return fail(scan, err, "not valid JSON: an entry is missing here");
    *found = true;
    return read_value(scan, HAR_ENTRY_MAX_BYTES, err);
}
