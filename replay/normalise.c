#include "replay/normalise.h"

#include "replay/wire.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEX_ID_BYTES = 6,   /* "4ba556": shorter ones may be words */
    MIXED_ID_BYTES = 6, /* letters among three digits or more */
    RANDOM_ID_BYTES = 20,
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_unreserved(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Percent-encoding in one spelling: unreserved characters plain, the rest in capitals. */
static void append_spelt(struct buffer *out, const char *text, size_t size, bool query)
{
    for (size_t i = 0; i < size; i++) {
        int high = -1, low = -1;
        if (text[i] == '%' && size - i > 2) {
            high = hex_value(text[i + 1]);
            low = hex_value(text[i + 2]);
        }
        if (high < 0 || low < 0) {
            if (query && text[i] == '+')
                buffer_append_string(out, "%20");
            else if (text[i] == '%')
                buffer_append_string(out, "%25"); /* it encodes nothing */
            else
                buffer_append_char(out, text[i]);
            continue;
        }
        char c = (char)(unsigned char)(high * 16 + low);
        if (is_unreserved(c))
            buffer_append_char(out, c);
        else
            buffer_append_format(out, "%%%X%X", (unsigned)high, (unsigned)low);
        i += 2;
    }
}

bool normalise_is_volatile(const struct normalise_rules *rules, const char *name, size_t size)
{
    for (size_t i = 0; i < rules->volatile_count; i++) {
        const char *known = rules->volatile_names[i];
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return true;
    }
    return false;
}

static int compare_bytes(const char *a, size_t size_a, const char *b, size_t size_b)
{
    size_t shared = size_a < size_b ? size_a : size_b;
    int order = shared > 0 ? memcmp(a, b, shared) : 0;
    return order != 0 ? order : (size_a > size_b) - (size_a < size_b);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct query_pair *one = a, *other = b;
    int order = compare_bytes(one->key, one->key_bytes, other->key, other->key_bytes);
    return order != 0 ? order
                      : (one->position > other->position) - (one->position < other->position);
}

static struct query_pair split_pair(const char *text, size_t size, size_t position)
{
    const char *equals = memchr(text, '=', size);
    struct query_pair pair = {.key = text, .key_bytes = size, .position = position};
    if (equals != NULL) {
        pair.key_bytes = (size_t)(equals - text);
        pair.value = equals + 1;
        pair.value_bytes = size - pair.key_bytes - 1;
    }
    return pair;
}

bool normalise_split_query(const char *query, size_t size, bool sorted,
                           struct query_pair pairs[NORMALISE_PAIRS_MAX], size_t *count)
{
    const char *end = query + size;
    *count = 0;
    while (query < end) {
        const char *stop = memchr(query, '&', (size_t)(end - query));
        if (stop == NULL)
            stop = end;
        if (stop > query) {
            if (*count == NORMALISE_PAIRS_MAX)
                return false;
            pairs[*count] = split_pair(query, (size_t)(stop - query), *count);
            ++*count;
        }
        query = stop + 1;
    }
    if (sorted)
        qsort(pairs, *count, sizeof *pairs, compare_pairs);
    return true;
}

/* What a query's pairs are written with. */
struct pair_style {
    const char *before; /* the first */
    const char *after;  /* between them */
    bool keys_only;     /* each key once, without its value */
};

static bool same_key(const struct query_pair *a, const struct query_pair *b)
{
    return compare_bytes(a->key, a->key_bytes, b->key, b->key_bytes) == 0;
}

static void append_sorted(struct buffer *out, const struct normalise_rules *rules,
                          const struct query_pair *pairs, size_t count, struct pair_style style)
{
    const char *between = style.before;
    for (size_t i = 0; i < count; i++) {
        const struct query_pair *pair = &pairs[i];
        if (normalise_is_volatile(rules, pair->key, pair->key_bytes) ||
            (style.keys_only && i > 0 && same_key(pair, pair - 1)))
            continue;
        buffer_append_string(out, between);
        buffer_append(out, pair->key, pair->key_bytes);
        if (!style.keys_only && pair->value != NULL) {
            buffer_append_char(out, '=');
            buffer_append(out, pair->value, pair->value_bytes);
        }
        between = style.after;
    }
}

/* A query or a form. Spelt first: two spellings of a key are one key. */
static void append_pairs(struct buffer *out, const struct normalise_rules *rules, const char *query,
                         size_t size, struct pair_style style)
{
    struct query_pair pairs[NORMALISE_PAIRS_MAX];
    struct buffer spelt;
    size_t count;
    buffer_init(&spelt, out->max);
    append_spelt(&spelt, query, size, true);
    if (spelt.failed) {
        out->failed = true;
    } else if (normalise_split_query(buffer_text(&spelt), spelt.length, true, pairs, &count)) {
        append_sorted(out, rules, pairs, count, style);
    } else {
        buffer_append_string(out, style.before);
        buffer_append(out, query, size);
    }
    buffer_release(&spelt);
}

static void remove_volatile(const struct normalise_rules *rules, json_t *value)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            remove_volatile(rules, json_array_get(value, i));
        return;
    }
    for (size_t i = 0; i < rules->volatile_count; i++)
        json_object_del(value, rules->volatile_names[i]);
    for (void *it = json_object_iter(value); it != NULL; it = json_object_iter_next(value, it))
        remove_volatile(rules, json_object_iter_value(it));
}

json_t *normalise_parse_body(const struct normalise_rules *rules, const char *body, size_t size)
{
    if (body == NULL || size == 0 || size > NORMALISE_BODY_MAX_BYTES)
        return NULL;
    json_t *value = json_loadb(body, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (value != NULL)
        remove_volatile(rules, value);
    return value;
}

/* A whole number that a double holds exactly, as the integer that it is; else NULL. */
static json_t *whole_number(const json_t *value)
{
    const double exact = 9007199254740992.0; /* 2^53 */
    double real = json_real_value(value);
    if (!json_is_real(value) || fabs(real) > exact || fabs(real - trunc(real)) > 0)
        return NULL;
    return json_integer((json_int_t)real);
}

/* 1.0 becomes 1: JSON has but one kind of number. */
static void make_whole(json_t *value)
{
    json_t *item, *whole;
    const char *key;
    size_t index;
    if (json_is_array(value)) {
        json_array_foreach(value, index, item)
        {
            make_whole(item);
            if ((whole = whole_number(item)) != NULL)
                (void)json_array_set_new(value, index, whole);
        }
        return;
    }
    json_object_foreach(value, key, item)
    {
        make_whole(item);
        if ((whole = whole_number(item)) != NULL)
            (void)json_object_set_new_nocheck(value, key, whole);
    }
}

static int take_text(const char *text, size_t size, void *context)
{
    struct buffer *out = context;
    buffer_append(out, text, size);
    return out->failed ? -1 : 0;
}

/* Of what a form is made of, with at least one "=". */
static bool looks_like_form(const char *body, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_unreserved(body[i]) && strchr("%+&=*", body[i]) == NULL)
            return false;
        if (body[i] == '\0')
            return false;
    }
    return size > 0 && memchr(body, '=', size) != NULL;
}

static void append_body(struct buffer *out, const struct normalise_rules *rules, const char *body,
                        size_t size)
{
    json_auto_t *value = normalise_parse_body(rules, body, size);
    if (value != NULL) {
        make_whole(value);
        if (json_dump_callback(value, take_text, out, JSON_COMPACT | JSON_SORT_KEYS) != 0)
            out->failed = true;
    } else if (looks_like_form(body, size)) {
        append_pairs(out, rules, body, size, (struct pair_style){"", "&", false});
    } else if (size > 0) {
        buffer_append(out, body, size);
    }
}

/* What follows the question mark, or NULL. */
static const char *query_of(const char *target)
{
    const char *mark = strchr(target, '?');
    return mark == NULL ? NULL : mark + 1;
}

void normalise_request(const struct normalise_rules *rules, const struct request_parts *request,
                       struct buffer *out)
{
    size_t path_bytes;
    const char *path = wire_target_path(request->target, &path_bytes);
    const char *query = query_of(request->target);
    buffer_append(out, request->method, strlen(request->method) + 1);
    append_spelt(out, path, path_bytes, false);
    if (query != NULL)
        append_pairs(out, rules, query, strlen(query), (struct pair_style){"?", "&", false});
    buffer_append_char(out, '\0');
    append_body(out, rules, request->body, request->body_bytes);
}

/* "v3", "v1.2": a version, which no id is. */
static bool is_version(const char *segment, size_t size)
{
    if (size < 2 || (segment[0] != 'v' && segment[0] != 'V'))
        return false;
    for (size_t i = 1; i < size; i++) {
        if (!is_digit(segment[i]) && segment[i] != '.')
            return false;
    }
    return true;
}

/* A part between separators: all digits, or hex digits enough to be no word. */
static bool is_id_part(const char *part, size_t size, bool apart)
{
    size_t digits = 0, hex = 0;
    for (size_t i = 0; i < size; i++) {
        digits += is_digit(part[i]);
        hex += hex_value(part[i]) >= 0;
    }
    if (size == 0 || digits == 0)
        return false;
    return digits == size || (hex == size && size >= (apart ? 4 : HEX_ID_BYTES));
}

bool normalise_is_id(const char *segment, size_t size)
{
    size_t digits = 0, upper = 0, lower = 0, from = 0;
    bool parted = false;
    if (is_version(segment, size))
        return false;
    for (size_t i = 0; i < size; i++) {
        digits += is_digit(segment[i]);
        upper += segment[i] >= 'A' && segment[i] <= 'Z';
        lower += segment[i] >= 'a' && segment[i] <= 'z';
        if (strchr("-_.~:@,", segment[i]) == NULL || segment[i] == '\0')
            continue;
        if (is_id_part(segment + from, i - from, true))
            return true;
        from = i + 1;
        parted = true;
    }
    if (is_id_part(segment + from, size - from, parted))
        return true;
    return (digits >= 3 && size >= MIXED_ID_BYTES) ||
           (size >= RANDOM_ID_BYTES && (digits > 0 || (upper > 2 && lower > 2)));
}

static void append_path_template(struct buffer *out, const char *path, size_t size)
{
    const char *end = path + size;
    while (path < end) {
        const char *stop = memchr(path + 1, '/', (size_t)(end - path) - 1);
        if (stop == NULL)
            stop = end;
        size_t from = *path == '/' ? 1 : 0;
        buffer_append(out, path, from);
        if (normalise_is_id(path + from, (size_t)(stop - path) - from))
            buffer_append_string(out, "{}");
        else
            append_spelt(out, path + from, (size_t)(stop - path) - from, false);
        path = stop;
    }
}

/* The names of an object's members, sorted; "[" for a list; nothing for what is no JSON. */
static void append_body_keys(struct buffer *out, const struct normalise_rules *rules,
                             const char *body, size_t size)
{
    json_auto_t *value = normalise_parse_body(rules, body, size);
    const char *key;
    json_t *item;
    if (value == NULL) {
        if (looks_like_form(body, size))
            append_pairs(out, rules, body, size, (struct pair_style){"", "&", true});
        return;
    }
    json_auto_t *keys = json_object();
    json_object_foreach(value, key, item)
    {
        (void)item;
        if (json_object_set_new_nocheck(keys, key, json_null()) != 0)
            out->failed = true;
    }
    buffer_append_char(out, json_is_array(value) ? '[' : '{');
    if (json_dump_callback(keys, take_text, out, JSON_COMPACT | JSON_SORT_KEYS) != 0)
        out->failed = true;
}

void normalise_template(const struct normalise_rules *rules, const struct request_parts *request,
                        struct buffer *out)
{
    size_t path_bytes;
    const char *path = wire_target_path(request->target, &path_bytes);
    const char *query = query_of(request->target);
    buffer_append(out, request->method, strlen(request->method) + 1);
    append_path_template(out, path, path_bytes);
    buffer_append_char(out, '?');
    if (query != NULL)
        append_pairs(out, rules, query, strlen(query), (struct pair_style){"", "&", true});
    buffer_append_char(out, '\0');
    append_body_keys(out, rules, request->body, request->body_bytes);
}
