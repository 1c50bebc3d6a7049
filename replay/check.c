#include "replay/check.h"

#include "base/text.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

enum {
    SHOWN_BYTES = 300,
    SHOWN_BEFORE = 60, /* of those, in front of the first difference */
};

/* What an answer is compared by. */
struct check {
    const struct check_rules *rules;
    check_same_text *same; /* NULL: nothing is carried */
    const void *context;
};

/* Takes the volatile fields out of a document, at any depth. */
static void remove_volatile(const struct check_rules *rules, json_t *value)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            remove_volatile(rules, json_array_get(value, i));
        return;
    }
    for (size_t i = 0; i < rules->volatile_count; i++)
        json_object_del(value, rules->volatile_fields[i]);
    for (void *it = json_object_iter(value); it != NULL; it = json_object_iter_next(value, it))
        remove_volatile(rules, json_object_iter_value(it));
}

/* 1 and 1.0 are the same number, since JSON has but one kind. Beyond 2^53 a real no longer tells
 * one whole number from the next, so there it equals none. */
static bool same_mixed(json_int_t whole, double real)
{
    const json_int_t exact = 1LL << 53;
    return whole >= -exact && whole <= exact && !((double)whole < real) && !((double)whole > real);
}

static bool same_number(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    if (json_is_integer(a))
        return same_mixed(json_integer_value(a), json_real_value(b));
    if (json_is_integer(b))
        return same_mixed(json_integer_value(b), json_real_value(a));
    double x = json_real_value(a), y = json_real_value(b);
    return !(x < y) && !(x > y);
}

static bool same_json(const struct check *check, const json_t *a, const json_t *b);

static bool same_object(const struct check *check, const json_t *a, const json_t *b)
{
    /* jansson's iteration takes a non-const object but changes nothing. */
    json_t *walked = (json_t *)(uintptr_t)a;
    if (json_object_size(a) != json_object_size(b))
        return false;
    for (void *it = json_object_iter(walked); it != NULL; it = json_object_iter_next(walked, it)) {
        const json_t *other = json_object_get(b, json_object_iter_key(it));
        if (other == NULL || !same_json(check, json_object_iter_value(it), other))
            return false;
    }
    return true;
}

/* A string as its text, a number as it is written; nothing else. */
static struct body leaf_text(const json_t *leaf, char **owned)
{
    *owned = NULL;
    if (json_is_string(leaf))
        return (struct body){json_string_value(leaf), json_string_length(leaf)};
    if (json_is_number(leaf))
        *owned = json_dumps(leaf, JSON_ENCODE_ANY);
    return (struct body){*owned, *owned != NULL ? strlen(*owned) : 0};
}

/* Whether the one stands for the other, a value carried from another answer. */
static bool is_carried(const struct check *check, const json_t *a, const json_t *b)
{
    char *owned_a, *owned_b;
    if (check->same == NULL)
        return false;
    struct body x = leaf_text(a, &owned_a), y = leaf_text(b, &owned_b);
    bool same = x.data != NULL && y.data != NULL &&
                check->same(check->context, x.data, x.size, y.data, y.size);
    free(owned_a);
    free(owned_b);
    return same;
}

static bool same_array(const struct check *check, const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++) {
        if (!same_json(check, json_array_get(a, i), json_array_get(b, i)))
            return false;
    }
    return true;
}

static bool same_json(const struct check *check, const json_t *a, const json_t *b)
{
    if (json_is_object(a) && json_is_object(b))
        return same_object(check, a, b);
    if (json_is_array(a) && json_is_array(b))
        return same_array(check, a, b);
    bool same = json_is_number(a) && json_is_number(b) ? same_number(a, b) : json_equal(a, b);
    return same || is_carried(check, a, b);
}

/* Appends the bytes around offset `at`, with marks where something was left out. */
static void append_cut(struct buffer *out, const char *data, size_t size, size_t at)
{
    size_t from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
    if (size <= SHOWN_BYTES)
        from = 0;
    /* Not from the middle of a character. */
    while (from > 0 && from < size && ((unsigned char)data[from] & 0xc0) == 0x80)
        from--;
    if (from > size)
        from = size;
    size_t shown = size - from > SHOWN_BYTES ? SHOWN_BYTES : size - from;
    size_t to = from + shown;
    while (to < size && to > from && ((unsigned char)data[to] & 0xc0) == 0x80)
        to--;
    if (from > 0)
        buffer_append_string(out, "…");
    text_append_safe(out, data + from, to - from, false);
    if (to < size)
        buffer_append_format(out, "… (%zu bytes in all)", size);
    if (size == 0)
        buffer_append_string(out, "(no body)");
}

static size_t first_difference(const char *a, size_t size_a, const char *b, size_t size_b)
{
    size_t at = 0;
    while (at < size_a && at < size_b && a[at] == b[at])
        at++;
    return at;
}

/* Both answers, one below the other. */
static void append_answers(struct buffer *out, const struct exchange *exchange,
                           const struct reply *reply, struct body expected, struct body got)
{
    size_t at = expected.data == NULL
                    ? 0
                    : first_difference(expected.data, expected.size, got.data, got.size);
    if (exchange->response.status == 0)
        buffer_append_string(out, "\n  expected: any status ");
    else
        buffer_append_format(out, "\n  expected: %d ", exchange->response.status);
    if (expected.data == NULL)
        buffer_append_string(out, "(body not recorded)");
    else
        append_cut(out, expected.data, expected.size, at);
    buffer_append_format(out, "\n  got:      %d ", reply->status);
    append_cut(out, got.data, got.size, at);
}

static struct body reply_body(const struct reply *reply)
{
    return (struct body){buffer_text(&reply->body), reply->body.length};
}

/* The value's text with sorted keys, so that two answers line up. Empty when memory runs out. */
static struct body canonical_text(const json_t *value, char **owned)
{
    *owned = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    return (struct body){*owned != NULL ? *owned : "", *owned != NULL ? strlen(*owned) : 0};
}

/* Only objects and arrays count as JSON: a text "1.0" is not the text "1". Objects with a key
 * twice are not told apart by parsing, so they are compared as bytes. */
static json_t *parse(struct body body)
{
    return json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
}

static const char *const reason_body = "the body is not the recorded one";

/* The names of what was looked past, so that nobody wonders why it is not in the excerpts. */
static void append_ignored(const struct check_rules *rules, struct buffer *out)
{
    for (size_t i = 0; i < rules->volatile_count; i++)
        buffer_append_format(out, "%s%s", i == 0 ? " (ignoring " : ", ", rules->volatile_fields[i]);
    if (rules->volatile_count > 0)
        buffer_append_char(out, ')');
}

static bool check_json(const struct check *check, const struct exchange *exchange,
                       const struct reply *reply, json_t *expected, json_t *got,
                       struct buffer *difference)
{
    char *expected_text, *got_text;
    remove_volatile(check->rules, expected);
    remove_volatile(check->rules, got);
    if (same_json(check, expected, got))
        return true;
    buffer_append_string(difference, reason_body);
    append_ignored(check->rules, difference);
    struct body left = canonical_text(expected, &expected_text);
    struct body right = canonical_text(got, &got_text);
    append_answers(difference, exchange, reply, left, right);
    free(expected_text);
    free(got_text);
    return false;
}

static bool check_body(const struct check *check, const struct exchange *exchange,
                       const struct reply *reply, struct buffer *difference)
{
    struct body expected = exchange->response.body;
    struct body got = reply_body(reply);
    if (expected.size == got.size && memcmp(expected.data, got.data, got.size) == 0)
        return true;
    json_auto_t *expected_json = parse(expected);
    json_auto_t *got_json = expected_json == NULL ? NULL : parse(got);
    if (got_json != NULL)
        return check_json(check, exchange, reply, expected_json, got_json, difference);
    if (check->same != NULL &&
        check->same(check->context, expected.data, expected.size, got.data, got.size))
        return true;
    buffer_append_string(difference, reason_body);
    append_answers(difference, exchange, reply, expected, got);
    return false;
}

bool check_reply_carried(const struct check_rules *rules, const struct exchange *exchange,
                         const struct reply *reply, check_same_text *same, const void *context,
                         struct buffer *difference)
{
    struct check check = {rules, same, context};
    if (exchange->response.status != 0 && reply->status != exchange->response.status) {
        buffer_append_format(difference, "the status is %d, recorded was %d", reply->status,
                             exchange->response.status);
        append_answers(difference, exchange, reply, exchange->response.body, reply_body(reply));
        return false;
    }
    /* An answer to HEAD has no body, whatever a recorder made of its Content-Length. */
    if (rules->ignore_bodies || exchange->response.body.data == NULL ||
        strcmp(exchange->request.method, "HEAD") == 0)
        return true;
    return check_body(&check, exchange, reply, difference);
}

bool check_reply(const struct check_rules *rules, const struct exchange *exchange,
                 const struct reply *reply, struct buffer *difference)
{
    return check_reply_carried(rules, exchange, reply, NULL, NULL, difference);
}
