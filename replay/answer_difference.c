#include "replay/answer_difference.h"

#include "base/text.h"
#include "replay/wire.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WEIGHT_METHOD = 6,
    WEIGHT_SEGMENT = 8,
    WEIGHT_QUERY = 3,
    WEIGHT_BODY = 2,
    POINTER_MAX_BYTES = 4096,
    COUNTED_MAX = 1000, /* differences; then nobody counts on */
};

struct span {
    const char *text;
    size_t size;
};

static bool same_span(struct span a, struct span b)
{
    return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

/* Takes the next segment off the path; false at its end. */
static bool next_segment(struct span *path, struct span *segment)
{
    if (path->size == 0)
        return false;
    if (*path->text == '/') {
        path->text++;
        path->size--;
    }
    const char *stop = memchr(path->text, '/', path->size);
    segment->text = path->text;
    segment->size = stop == NULL ? path->size : (size_t)(stop - path->text);
    path->text += segment->size;
    path->size -= segment->size;
    return true;
}

static struct span path_of(const struct request_parts *request)
{
    struct span path;
    path.text = wire_target_path(request->target, &path.size);
    return path;
}

static struct span query_of(const struct request_parts *request)
{
    const char *mark = strchr(request->target, '?');
    return mark == NULL ? (struct span){"", 0} : (struct span){mark + 1, strlen(mark + 1)};
}

static bool same_body(const struct request_parts *a, const struct request_parts *b)
{
    return a->body_bytes == b->body_bytes &&
           (a->body_bytes == 0 || memcmp(a->body, b->body, a->body_bytes) == 0);
}

/* Lines are collected, and counted beyond those that are shown. */
struct listing {
    struct buffer *out;
    const char *indent;
    size_t count;
    const struct normalise_rules *rules;
};

static bool begin_line(struct listing *listing)
{
    if (listing->count++ >= DIFFERENCES_SHOWN)
        return false;
    if (listing->out != NULL)
        buffer_append_format(listing->out, "\n%s", listing->indent);
    return listing->out != NULL;
}

static void append_value(struct buffer *out, struct span value)
{
    if (value.text == NULL) {
        buffer_append_string(out, "nothing");
        return;
    }
    bool cut = value.size > DIFFERENCE_VALUE_BYTES;
    buffer_append_char(out, '"');
    text_append_safe(out, value.text, cut ? DIFFERENCE_VALUE_BYTES : value.size, false);
    buffer_append_string(out, cut ? "…\"" : "\"");
}

/* ": "b" asked, "a" recorded" */
static void end_line(struct listing *listing, struct span asked, struct span recorded)
{
    buffer_append_string(listing->out, ": ");
    append_value(listing->out, asked);
    buffer_append_string(listing->out, " asked, ");
    append_value(listing->out, recorded);
    buffer_append_string(listing->out, " recorded");
}

static void list_paths(struct listing *listing, struct span asked, struct span recorded)
{
    for (size_t number = 1;; number++) {
        struct span a = {NULL, 0}, b = {NULL, 0};
        bool in_a = next_segment(&asked, &a), in_b = next_segment(&recorded, &b);
        if (!in_a && !in_b)
            return;
        if ((in_a && in_b && same_span(a, b)) || !begin_line(listing))
            continue;
        buffer_append_format(listing->out, "path segment %zu", number);
        end_line(listing, a, b);
    }
}

static struct span value_of(const struct query_pair *pair)
{
    return (struct span){pair->value != NULL ? pair->value : "", pair->value_bytes};
}

static void list_pair(struct listing *listing, const struct query_pair *asked,
                      const struct query_pair *recorded)
{
    const struct query_pair *named = asked != NULL ? asked : recorded;
    struct span a = {NULL, 0}, b = {NULL, 0};
    if (asked != NULL)
        a = value_of(asked);
    if (recorded != NULL)
        b = value_of(recorded);
    if (asked != NULL && recorded != NULL && same_span(a, b))
        return;
    if (normalise_is_volatile(listing->rules, named->key, named->key_bytes) || !begin_line(listing))
        return;
    size_t shown =
        named->key_bytes < DIFFERENCE_VALUE_BYTES ? named->key_bytes : DIFFERENCE_VALUE_BYTES;
    buffer_append_string(listing->out, "query ");
    text_append_safe(listing->out, named->key, shown, false);
    end_line(listing, a, b);
}

static int compare_keys(const struct query_pair *a, const struct query_pair *b)
{
    size_t shared = a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes;
    int order = shared > 0 ? memcmp(a->key, b->key, shared) : 0;
    return order != 0 ? order : (a->key_bytes > b->key_bytes) - (a->key_bytes < b->key_bytes);
}

/* Two sorted lists side by side. */
static void list_queries(struct listing *listing, struct span asked, struct span recorded)
{
    struct query_pair a[NORMALISE_PAIRS_MAX], b[NORMALISE_PAIRS_MAX];
    size_t count_a, count_b, i = 0, k = 0;
    if (!normalise_split_query(asked.text, asked.size, true, a, &count_a) ||
        !normalise_split_query(recorded.text, recorded.size, true, b, &count_b)) {
        if (!same_span(asked, recorded) && begin_line(listing)) {
            buffer_append_string(listing->out, "the query");
            end_line(listing, asked, recorded);
        }
        return;
    }
    while (i < count_a || k < count_b) {
        int order = i == count_a ? 1 : k == count_b ? -1 : compare_keys(&a[i], &b[k]);
        list_pair(listing, order <= 0 ? &a[i] : NULL, order >= 0 ? &b[k] : NULL);
        i += order <= 0;
        k += order >= 0;
    }
}

static void list_leaf(struct listing *listing, const struct buffer *pointer, const json_t *asked,
                      const json_t *recorded)
{
    const json_t *sides[] = {asked, recorded};
    char *texts[2] = {NULL, NULL};
    struct span values[2] = {{NULL, 0}, {NULL, 0}};
    if (!begin_line(listing))
        return;
    buffer_append_string(listing->out, "body ");
    if (pointer->length > 0)
        text_append_safe(listing->out, pointer->data, pointer->length, false);
    else
        buffer_append_string(listing->out, "as a whole");
    for (size_t i = 0; i < 2; i++) {
        if (json_is_string(sides[i])) {
            values[i] = (struct span){json_string_value(sides[i]), json_string_length(sides[i])};
        } else if (sides[i] != NULL) {
            texts[i] = json_dumps(sides[i], JSON_COMPACT | JSON_ENCODE_ANY);
            values[i].text = texts[i] != NULL ? texts[i] : "";
            values[i].size = strlen(values[i].text);
        }
    }
    end_line(listing, values[0], values[1]);
    free(texts[0]);
    free(texts[1]);
}

/* A step of a JSON pointer, RFC 6901; the caller cuts it off again. */
static void push_step(struct buffer *pointer, const char *step)
{
    buffer_append_char(pointer, '/');
    for (; *step != '\0'; step++) {
        if (*step == '~')
            buffer_append_string(pointer, "~0");
        else if (*step == '/')
            buffer_append_string(pointer, "~1");
        else
            buffer_append_char(pointer, *step);
    }
}

static void list_values(struct listing *listing, struct buffer *pointer, const json_t *asked,
                        const json_t *recorded);

/* Below `step`; the pointer's length is as it was afterwards. A pointer too long ends the search.
 */
static void list_below(struct listing *listing, struct buffer *pointer, const char *step,
                       const json_t *asked, const json_t *recorded)
{
    size_t length = pointer->length;
    push_step(pointer, step);
    if (!pointer->failed)
        list_values(listing, pointer, asked, recorded);
    pointer->failed = false;
    pointer->length = length;
    if (pointer->data != NULL)
        pointer->data[length] = '\0';
}

static void list_objects(struct listing *listing, struct buffer *pointer, const json_t *asked,
                         const json_t *recorded)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)asked, key, value)
        list_below(listing, pointer, key, value, json_object_get(recorded, key));
    json_object_foreach((json_t *)(uintptr_t)recorded, key, value)
    {
        if (json_object_get(asked, key) == NULL)
            list_below(listing, pointer, key, NULL, value);
    }
}

static void list_arrays(struct listing *listing, struct buffer *pointer, const json_t *asked,
                        const json_t *recorded)
{
    size_t a = json_array_size(asked), b = json_array_size(recorded);
    for (size_t i = 0; (i < a || i < b) && listing->count < COUNTED_MAX; i++) {
        char step[24];
        snprintf(step, sizeof step, "%zu", i);
        list_below(listing, pointer, step, json_array_get(asked, i), json_array_get(recorded, i));
    }
}

static bool same_scalar(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return !(json_number_value(a) < json_number_value(b)) &&
               !(json_number_value(a) > json_number_value(b));
    return json_equal(a, b);
}

static void list_values(struct listing *listing, struct buffer *pointer, const json_t *asked,
                        const json_t *recorded)
{
    if (listing->count >= COUNTED_MAX)
        return;
    if (json_is_object(asked) && json_is_object(recorded))
        list_objects(listing, pointer, asked, recorded);
    else if (json_is_array(asked) && json_is_array(recorded))
        list_arrays(listing, pointer, asked, recorded);
    else if (asked == NULL || recorded == NULL || !same_scalar(asked, recorded))
        list_leaf(listing, pointer, asked, recorded);
}

static void list_bytes(struct listing *listing, const struct request_parts *asked,
                       const struct request_parts *recorded)
{
    size_t at = 0;
    while (at < asked->body_bytes && at < recorded->body_bytes &&
           asked->body[at] == recorded->body[at])
        at++;
    if (!begin_line(listing))
        return;
    buffer_append_format(listing->out, "body from byte %zu", at);
    end_line(
        listing,
        (struct span){asked->body_bytes > at ? asked->body + at : NULL, asked->body_bytes - at},
        (struct span){recorded->body_bytes > at ? recorded->body + at : NULL,
                      recorded->body_bytes - at});
}

static void list_bodies(struct listing *listing, const struct request_parts *asked,
                        const struct request_parts *recorded)
{
    struct buffer pointer;
    if (same_body(asked, recorded))
        return;
    json_auto_t *a = normalise_parse_body(listing->rules, asked->body, asked->body_bytes);
    json_auto_t *b = normalise_parse_body(listing->rules, recorded->body, recorded->body_bytes);
    if (a == NULL || b == NULL) {
        list_bytes(listing, asked, recorded);
        return;
    }
    buffer_init(&pointer, POINTER_MAX_BYTES);
    list_values(listing, &pointer, a, b);
    buffer_release(&pointer);
}

size_t answer_difference_score(const struct request_parts *asked,
                               const struct request_parts *recorded)
{
    static const struct normalise_rules none = {0};
    struct listing segments = {.rules = &none}, keys = {.rules = &none};
    list_paths(&segments, path_of(asked), path_of(recorded));
    struct span a = query_of(asked), b = query_of(recorded);
    if (!same_span(a, b))
        list_queries(&keys, a, b);
    return (strcmp(asked->method, recorded->method) != 0 ? WEIGHT_METHOD : 0) +
           WEIGHT_SEGMENT * segments.count + WEIGHT_QUERY * keys.count +
           (same_body(asked, recorded) ? 0 : WEIGHT_BODY);
}

void answer_difference_append(const struct normalise_rules *rules,
                              const struct request_parts *asked,
                              const struct request_parts *recorded, const char *indent,
                              struct buffer *out)
{
    struct listing listing = {.out = out, .indent = indent, .rules = rules};
    if (strcmp(asked->method, recorded->method) != 0 && begin_line(&listing)) {
        buffer_append_string(out, "method");
        end_line(&listing, (struct span){asked->method, strlen(asked->method)},
                 (struct span){recorded->method, strlen(recorded->method)});
    }
    list_paths(&listing, path_of(asked), path_of(recorded));
    list_queries(&listing, query_of(asked), query_of(recorded));
    list_bodies(&listing, asked, recorded);
    if (listing.count > DIFFERENCES_SHOWN)
        buffer_append_format(out, "\n%sand %zu more%s", indent, listing.count - DIFFERENCES_SHOWN,
                             listing.count >= COUNTED_MAX ? " at least" : "");
    if (listing.count == 0)
        buffer_append_format(out, "\n%sin the spelling alone", indent);
}
