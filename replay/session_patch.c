/* Where in a request carried values stand. */
#include "replay/session_private.h"

#include "replay/json_leaves.h"
#include "replay/normalise.h"
#include "replay/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A search for one capture's values in one request. */
struct search {
    const struct exchange *exchange;
    struct session_lookup *lookup;
    struct session_patches *out;
    size_t capture;
    const struct inject_rule *rule; /* NULL: anywhere */
};

static void add(struct search *search, struct session_patch patch)
{
    struct session_patches *out = search->out;
    if (out->count == out->capacity) {
        size_t capacity = out->capacity == 0 ? 8 : 2 * out->capacity;
        struct session_patch *items = reallocarray(out->items, capacity, sizeof *items);
        if (items == NULL) {
            out->failed = true;
            return;
        }
        out->items = items;
        out->capacity = capacity;
    }
    if (search->rule != NULL && search->rule->before != NULL) {
        patch.before = search->rule->before;
        patch.after = search->rule->after;
    }
    patch.fresh = search->rule != NULL && search->rule->fresh;
    out->items[out->count++] = patch;
}

/* The slot for a text that stands there whole: with a template whatever stands there. */
static size_t choose_slot(struct search *search, const char *text, size_t size)
{
    if (search->rule != NULL && search->rule->before != NULL)
        return session_lookup_latest(search->lookup, search->capture);
    if (search->rule == NULL && size < SESSION_PLAIN_MIN_BYTES)
        return SIZE_MAX;
    return session_lookup_value(search->lookup, search->capture, text, size);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void append_decoded(struct buffer *out, const char *text, size_t size, bool query)
{
    for (size_t i = 0; i < size; i++) {
        char c = query && text[i] == '+' ? ' ' : text[i];
        if (c == '%' && size - i > 2 && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            c = (char)(unsigned char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        }
        buffer_append_char(out, c);
    }
}

/* A percent-encoded value at `from` of the target or body. */
static void try_encoded(struct search *search, enum session_part part, const char *whole,
                        size_t from, size_t to, bool query)
{
    struct buffer decoded;
    buffer_init(&decoded, SESSION_VALUE_MAX_BYTES);
    append_decoded(&decoded, whole + from, to - from, query);
    size_t slot =
        decoded.failed ? SIZE_MAX : choose_slot(search, buffer_text(&decoded), decoded.length);
    if (slot != SIZE_MAX)
        add(search,
            (struct session_patch){
                .part = part, .from = from, .to = to, .slot = slot, .spelling = SESSION_PERCENT});
    buffer_release(&decoded);
}

/* The part of the template's segment that is the variable, within the target's segment. */
static bool find_variable(const char *template, size_t template_bytes, const char *name,
                          size_t size, size_t *from, size_t *to)
{
    const char *open = memchr(template, '{', template_bytes);
    const char *close =
        open == NULL ? NULL : memchr(open, '}', template_bytes - (size_t)(open - template));
    if (close == NULL || strlen(name) != (size_t)(close - open) - 1 ||
        strncmp(open + 1, name, (size_t)(close - open) - 1) != 0)
        return false;
    size_t before = (size_t)(open - template);
    size_t after = template_bytes - (size_t)(close - template) - 1;
    if (size < before + after)
        return false;
    *from = before;
    *to = size - after;
    return true;
}

/* Segments one after the other; the template's run along where there is one. */
static void search_path(struct search *search)
{
    const char *target = search->exchange->request.target;
    size_t path_bytes;
    const char *path = wire_target_path(target, &path_bytes), *end = path + path_bytes;
    const char *template = search->rule == NULL ? NULL : strchr(search->rule->to, '/');
    if (path < target || path > target + strlen(target))
        return; /* "http://host": no path was sent */
    while (path < end) {
        path += *path == '/';
        const char *stop = memchr(path, '/', (size_t)(end - path));
        size_t size = (size_t)((stop != NULL ? stop : end) - path), from = 0, to = size;
        bool wanted = search->rule == NULL;
        if (template != NULL) {
            template += *template == '/';
            size_t template_bytes = strcspn(template, "/");
            wanted =
                find_variable(template, template_bytes, search->rule->place.name, size, &from, &to);
            template += template_bytes;
        }
        if (wanted && to > from)
            try_encoded(search, SESSION_IN_TARGET, target, (size_t)(path - target) + from,
                        (size_t)(path - target) + to, false);
        path += size;
    }
}

/* `part` has a query or a form from `from` on. */
static void search_pairs(struct search *search, enum session_part part, const char *whole,
                         size_t from, size_t size)
{
    struct query_pair pairs[NORMALISE_PAIRS_MAX];
    size_t count;
    const char *name = search->rule == NULL ? NULL : search->rule->place.name;
    if (!normalise_split_query(whole + from, size, false, pairs, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct query_pair *pair = &pairs[i];
        if (pair->value == NULL ||
            (name != NULL &&
             (strlen(name) != pair->key_bytes || memcmp(name, pair->key, pair->key_bytes) != 0)))
            continue;
        size_t at = (size_t)(pair->value - whole);
        try_encoded(search, part, whole, at, at + pair->value_bytes, true);
    }
}

static void search_query(struct search *search)
{
    const char *target = search->exchange->request.target;
    const char *mark = strchr(target, '?');
    if (mark != NULL)
        search_pairs(search, SESSION_IN_TARGET, target, (size_t)(mark - target) + 1,
                     strlen(mark + 1));
}

static bool is_form(const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->request.headers.count; i++) {
        const struct header *header = &exchange->request.headers.items[i];
        if (wire_same_name(header->name, "Content-Type"))
            return strncasecmp(header->value, "application/x-www-form-urlencoded", 33) == 0;
    }
    return false;
}

static void search_form(struct search *search)
{
    struct body body = search->exchange->request.body;
    if (body.data != NULL && is_form(search->exchange))
        search_pairs(search, SESSION_IN_BODY, body.data, 0, body.size);
}

static bool take_leaf(void *context, const struct json_leaf *leaf)
{
    struct search *search = context;
    if (search->rule != NULL && strcmp(search->rule->place.name, leaf->pointer) != 0)
        return true;
    size_t slot = choose_slot(search, leaf->value, leaf->value_bytes);
    if (slot != SIZE_MAX)
        add(search, (struct session_patch){.part = SESSION_IN_BODY,
                                           .from = leaf->from,
                                           .to = leaf->to,
                                           .slot = slot,
                                           .spelling = leaf->is_string ? SESSION_IN_QUOTES
                                                                       : SESSION_NUMBER});
    return true;
}

static void search_json(struct search *search)
{
    struct body body = search->exchange->request.body;
    if (body.data != NULL && body.size > 0)
        (void)json_leaves_walk(body.data, body.size, take_leaf, search);
}

static void try_header(struct search *search, size_t index, size_t from, size_t to)
{
    const char *value = search->exchange->request.headers.items[index].value;
    if (to == from)
        return;
    size_t slot = choose_slot(search, value + from, to - from);
    if (slot != SIZE_MAX)
        add(search, (struct session_patch){.part = SESSION_IN_HEADER,
                                           .header = index,
                                           .from = from,
                                           .to = to,
                                           .slot = slot,
                                           .spelling = SESSION_RAW});
}

/* The whole value, then its words: "Bearer TOKEN", "sid=TOKEN; theme=dark". A word may end in the
 * "=" of base64. */
static void search_field(struct search *search, size_t index)
{
    static const char separators[] = " \t;,\"=";
    const char *value = search->exchange->request.headers.items[index].value;
    size_t size = strlen(value), found = search->out->count;
    try_header(search, index, 0, size);
    if (search->out->count > found || (search->rule != NULL && search->rule->before != NULL))
        return;
    for (size_t from = strspn(value, separators); from < size;) {
        size_t to = from + strcspn(value + from, separators);
        size_t padded = to + strspn(value + to, "=");
        found = search->out->count;
        try_header(search, index, from, padded);
        if (search->out->count == found && padded > to)
            try_header(search, index, from, to);
        from = to + strspn(value + to, separators);
    }
}

static void search_headers(struct search *search)
{
    const struct headers *headers = &search->exchange->request.headers;
    bool found = false;
    for (size_t i = 0; i < headers->count; i++) {
        if (search->rule != NULL &&
            !wire_same_name(headers->items[i].name, search->rule->place.name))
            continue;
        found = true;
        search_field(search, i);
    }
    if (found || search->rule == NULL || !search->rule->add)
        return;
    size_t slot = session_lookup_latest(search->lookup, search->capture);
    if (slot != SIZE_MAX)
        add(search, (struct session_patch){.part = SESSION_NEW_HEADER,
                                           .name = search->rule->place.name,
                                           .slot = slot,
                                           .spelling = SESSION_RAW});
}

/* The pairs of Cookie fields that have the rule's name. */
static void search_cookies(struct search *search)
{
    const struct headers *headers = &search->exchange->request.headers;
    const char *name = search->rule->place.name;
    size_t name_bytes = strlen(name);
    for (size_t i = 0; i < headers->count; i++) {
        const char *value = headers->items[i].value;
        if (!wire_same_name(headers->items[i].name, "Cookie"))
            continue;
        for (size_t at = strspn(value, " ;"); value[at] != '\0';) {
            size_t to = at + strcspn(value + at, ";");
            if (strncmp(value + at, name, name_bytes) == 0 && value[at + name_bytes] == '=')
                try_header(search, i, at + name_bytes + 1, to);
            at = to + strspn(value + to, " ;");
        }
    }
}

static void search_everywhere(struct search *search)
{
    search_path(search);
    search_query(search);
    search_headers(search);
    search_json(search);
    search_form(search);
}

static void search_place(struct search *search)
{
    switch (search->rule->place.kind) {
    case SESSION_JSON:
        search_json(search);
        break;
    case SESSION_HEADER:
        search_headers(search);
        break;
    case SESSION_COOKIE:
        search_cookies(search);
        break;
    case SESSION_QUERY:
        search_query(search);
        break;
    case SESSION_FORM:
        search_form(search);
        break;
    case SESSION_PATH:
        search_path(search);
        break;
    }
}

static int compare_patches(const void *a, const void *b)
{
    const struct session_patch *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    if (x->header != y->header)
        return x->header < y->header ? -1 : 1;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

static bool overlap(const struct session_patch *a, const struct session_patch *b)
{
    if (a->part == SESSION_NEW_HEADER && b->part == SESSION_NEW_HEADER)
        return wire_same_name(a->name, b->name);
    return a->part == b->part && a->header == b->header && b->from < a->to;
}

static void sort_patches(struct session_patches *patches)
{
    size_t kept = 0;
    if (patches->count == 0)
        return;
    qsort(patches->items, patches->count, sizeof *patches->items, compare_patches);
    for (size_t i = 1; i < patches->count; i++) {
        if (overlap(&patches->items[kept], &patches->items[i]))
            patches->items[kept].fresh |= patches->items[i].fresh;
        else
            patches->items[++kept] = patches->items[i];
    }
    patches->count = kept + 1;
}

void session_find_patches(const struct session_rules *rules, const struct exchange *exchange,
                          struct session_lookup *lookup, struct session_patches *out)
{
    bool ruled[SESSION_RULES_MAX] = {false};
    const struct request *request = &exchange->request;
    *out = (struct session_patches){0};
    for (size_t i = 0; i < rules->inject_count; i++) {
        const struct inject_rule *rule = &rules->injects[i];
        struct search search = {exchange, lookup, out, rule->capture, rule};
        ruled[rule->capture] = true;
        if (rule->requests.count == 0 ||
            endpoint_map_match(&rule->requests, request->method, request->target) >= 0)
            search_place(&search);
    }
    for (size_t i = 0; i < rules->capture_count; i++) {
        struct search search = {exchange, lookup, out, i, NULL};
        if (!ruled[i])
            search_everywhere(&search);
    }
    sort_patches(out);
}
