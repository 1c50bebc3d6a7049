/* Texts with names in them: JSON, forms, addresses, multipart bodies, XML. Gone through in place
 * and without a parse tree, so that a body keeps its spacing and a broken one is searched as
 * well. */
#include "replay/redact_private.h"

#include <string.h>

/* ---- JSON ----------------------------------------------------------------------------------- */

enum { JSON_DEPTH_MAX = 256 };

struct json_level {
    bool is_object;
    const char *rule; /* all below it is secret for this reason; NULL = not */
};

struct json_walk {
    struct walk *walk;
    char *text;
    size_t size, at;
    struct json_level levels[JSON_DEPTH_MAX];
    size_t depth;
    bool expects_key;
    const char *rule; /* of the value that comes next */
    bool changed;
};

static bool is_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static const char *level_rule(const struct json_walk *json)
{
    return json->depth > 0 ? json->levels[json->depth - 1].rule : json->walk->name;
}

/* Where the string that begins behind a quote ends: at its closing quote, or at the end. */
static size_t string_end(const struct json_walk *json, size_t from)
{
    size_t end = from;
    while (end < json->size && json->text[end] != '"')
        end += json->text[end] == '\\' && end + 1 < json->size ? 2 : 1;
    return end < json->size ? end : json->size;
}

static void json_string_at(struct json_walk *json)
{
    size_t begin = json->at + 1, end = string_end(json, begin);
    size_t after = end + 1;
    while (after < json->size && strchr(" \t\r\n", json->text[after]) != NULL &&
           json->text[after] != '\0')
        after++;
    json->at = end + 1;
    if (json->expects_key && after < json->size && json->text[after] == ':') {
        const char *own = redact_name_rule(json->walk->redaction, json->text + begin, end - begin);
        json->rule = level_rule(json) != NULL ? level_rule(json) : own;
        json->expects_key = false;
        json->at = after + 1;
        return;
    }
    json->changed =
        redact_spelled(json->walk, SPELLING_JSON, json->rule, json->text + begin, end - begin) ||
        json->changed;
}

/* A number of up to two digits tells too little, and zeros in its place would be no JSON. */
static void json_number_at(struct json_walk *json)
{
    size_t begin = json->at, digits = 0;
    bool whole = true;
    while (json->at < json->size && is_number(json->text[json->at])) {
        char c = json->text[json->at++];
        digits += c >= '0' && c <= '9';
        whole = whole && ((c >= '0' && c <= '9') || c == '-');
    }
    size_t size = json->at - begin;
    char *number = json->text + begin;
    if (json->rule != NULL && whole && digits > 2 && !json->walk->keeps_numbers)
        json->changed = redact_secret(json->walk, json->rule, number, size) || json->changed;
    else if (whole)
        json->changed = redact_shapes(json->walk, number, size) || json->changed;
}

static void json_open(struct json_walk *json, bool is_object)
{
    if (is_object && json->rule != NULL && !redact_reaches_down(json->rule))
        json->rule = NULL;
    if (json->depth < JSON_DEPTH_MAX)
        json->levels[json->depth++] = (struct json_level){is_object, json->rule};
    json->expects_key = is_object;
    json->rule = level_rule(json);
    json->at++;
}

static void json_close(struct json_walk *json)
{
    if (json->depth > 0)
        json->depth--;
    json->expects_key = false;
    json->rule = level_rule(json);
    json->at++;
}

bool redact_json(struct walk *walk, char *text, size_t size)
{
    struct json_walk json = {.walk = walk, .text = text, .size = size, .rule = walk->name};
    while (json.at < size) {
        char c = text[json.at];
        if (c == '"') {
            json_string_at(&json);
        } else if (c == '{' || c == '[') {
            json_open(&json, c == '{');
        } else if (c == '}' || c == ']') {
            json_close(&json);
        } else if (is_number(c) && c != 'e' && c != 'E') {
            json_number_at(&json);
        } else {
            if (c == ',') {
                json.expects_key = json.depth > 0 && json.levels[json.depth - 1].is_object;
                json.rule = level_rule(&json);
            }
            json.at++;
        }
    }
    return json.changed;
}

/* ---- forms and addresses -------------------------------------------------------------------- */

static bool redact_pair(struct walk *walk, enum spelling spelling, char *text, size_t size)
{
    char *equals = memchr(text, '=', size);
    if (equals == NULL)
        return redact_spelled(walk, spelling, NULL, text, size);
    const char *rule = redact_name_rule(walk->redaction, text, (size_t)(equals - text));
    return redact_spelled(walk, spelling, rule, equals + 1, size - (size_t)(equals + 1 - text));
}

bool redact_pairs(struct walk *walk, enum spelling spelling, char *text, size_t size)
{
    bool changed = false;
    for (size_t begin = 0; begin <= size;) {
        size_t length = 0;
        while (begin + length < size && text[begin + length] != '&' && text[begin + length] != ';')
            length++;
        changed = redact_pair(walk, spelling, text + begin, length) || changed;
        begin += length + 1;
    }
    return changed;
}

static bool redact_path(struct walk *walk, char *text, size_t size)
{
    bool changed = false;
    for (size_t begin = 0; begin <= size;) {
        const char *slash = memchr(text + begin, '/', size - begin);
        size_t length = slash != NULL ? (size_t)(slash - text) - begin : size - begin;
        if (length > 0)
            changed = redact_spelled(walk, SPELLING_PERCENT, NULL, text + begin, length) || changed;
        begin += length + 1;
    }
    return changed;
}

bool redact_target(struct walk *walk, char *text, size_t size)
{
    char *query = memchr(text, '?', size);
    size_t path = query != NULL ? (size_t)(query - text) : size;
    bool changed = redact_shapes(walk, text, path);
    changed = redact_path(walk, text, path) || changed;
    if (query == NULL)
        return changed;
    size_t length = size - path - 1;
    char *fragment = memchr(query + 1, '#', length);
    size_t pairs = fragment != NULL ? (size_t)(fragment - query) - 1 : length;
    changed = redact_pairs(walk, SPELLING_FORM, query + 1, pairs) || changed;
    if (fragment != NULL)
        changed = redact_pairs(walk, SPELLING_FORM, fragment + 1, length - pairs - 1) || changed;
    return changed;
}

/* ---- multipart and XML ---------------------------------------------------------------------- */

/* The name of a part: what stands in name="..." of its head. */
static const char *part_name(const char *head, size_t size, size_t *name_size)
{
    static const char mark[] = " name=\"";
    const char *begin = memmem(head, size, mark, sizeof mark - 1);
    if (begin == NULL)
        return NULL;
    begin += sizeof mark - 1;
    const char *end = memchr(begin, '"', size - (size_t)(begin - head));
    if (end == NULL)
        return NULL;
    *name_size = (size_t)(end - begin);
    return begin;
}

bool redact_multipart(struct walk *walk, char *text, size_t size)
{
    const char *first_end = memmem(text, size, "\r\n", 2);
    size_t boundary = first_end != NULL ? (size_t)(first_end - text) : 0;
    bool changed = false;
    if (boundary < 3 || boundary > 200)
        return redact_shapes(walk, text, size);
    for (size_t at = boundary; at < size;) {
        char *body = memmem(text + at, size - at, "\r\n\r\n", 4);
        if (body == NULL)
            break;
        size_t name_size = 0, begin = (size_t)(body - text) + 4;
        const char *name = part_name(text + at, begin - at, &name_size);
        const char *end = memmem(text + begin, size - begin, text, boundary);
        size_t length = end != NULL ? (size_t)(end - text) - begin : size - begin;
        size_t value = length >= 2 && end != NULL ? length - 2 : length; /* without its line end */
        const char *rule = name != NULL ? redact_name_rule(walk->redaction, name, name_size) : NULL;
        changed = (rule != NULL ? redact_secret(walk, rule, text + begin, value)
                                : redact_text(walk, text + begin, value)) ||
                  changed;
        at = end != NULL ? (size_t)(end - text) + boundary : size;
    }
    return changed;
}

/* The text behind <name ...>, when that name is secret; everything by its looks. */
bool redact_markup(struct walk *walk, char *text, size_t size)
{
    bool changed = false;
    for (size_t at = 0; at < size;) {
        char *open = memchr(text + at, '<', size - at);
        char *close = open != NULL ? memchr(open, '>', size - (size_t)(open - text)) : NULL;
        if (close == NULL)
            break;
        const char *name = open + 1;
        size_t name_size = strcspn(name, " \t\r\n/>");
        const char *colon = memchr(name, ':', name_size);
        if (colon != NULL) { /* without its namespace */
            name_size -= (size_t)(colon + 1 - name);
            name = colon + 1;
        }
        size_t begin = (size_t)(close - text) + 1;
        const char *next = memchr(text + begin, '<', size - begin);
        size_t length = (next != NULL ? (size_t)(next - text) : size) - begin;
        const char *rule = redact_name_rule(walk->redaction, name, name_size);
        if (rule != NULL && length > 0)
            changed = redact_secret(walk, rule, text + begin, length) || changed;
        at = begin + length;
    }
    return redact_shapes(walk, text, size) || changed;
}
