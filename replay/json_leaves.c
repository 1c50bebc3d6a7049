#include "replay/json_leaves.h"

#include "base/buffer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { DECODED_MAX_BYTES = 16 * 1024 * 1024 };

/* jansson has taken the text before, so that every token ends; what is looked at is still held
 * against the end of the text. */
struct walk {
    const char *text;
    size_t size;
    size_t at;
    struct buffer pointer;
    struct buffer decoded;
    json_leaf_take *take;
    void *context;
};

static bool walk_value(struct walk *walk, int depth);

static char peek(const struct walk *walk)
{
    return walk->at < walk->size ? walk->text[walk->at] : '\0';
}

static char skip_space(struct walk *walk)
{
    while (peek(walk) != '\0' && strchr(" \t\r\n", peek(walk)) != NULL)
        walk->at++;
    return peek(walk);
}

/* From behind the opening quote to behind the closing one; *to is where that stands. */
static bool pass_string(struct walk *walk, size_t *to)
{
    while (walk->at < walk->size && walk->text[walk->at] != '"')
        walk->at += walk->text[walk->at] == '\\' ? 2 : 1;
    *to = walk->at++;
    return *to < walk->size;
}

/* The text of a string, into `decoded`. False when it has a NUL inside or memory ran out. */
static bool decode(struct walk *walk, size_t from, size_t to)
{
    const char *raw = walk->text + from;
    size_t size = to - from;
    buffer_clear(&walk->decoded);
    walk->decoded.failed = false;
    if (memchr(raw, '\\', size) == NULL) {
        buffer_append(&walk->decoded, raw, size);
    } else {
        json_auto_t *value = json_loadb(raw - 1, size + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (!json_is_string(value))
            return false;
        buffer_append(&walk->decoded, json_string_value(value), json_string_length(value));
    }
    return !walk->decoded.failed &&
           memchr(buffer_text(&walk->decoded), '\0', walk->decoded.length) == NULL;
}

static bool give(struct walk *walk, size_t from, size_t to, bool is_string)
{
    if (walk->pointer.failed)
        return true;
    struct json_leaf leaf = {
        .pointer = buffer_text(&walk->pointer),
        .from = from,
        .to = to,
        .is_string = is_string,
        .value = buffer_text(&walk->decoded),
        .value_bytes = walk->decoded.length,
    };
    return walk->take(walk->context, &leaf);
}

static void push_step(struct buffer *pointer, const char *step, size_t size)
{
    buffer_append_char(pointer, '/');
    for (size_t i = 0; i < size; i++) {
        if (step[i] == '~' || step[i] == '/')
            buffer_append_string(pointer, step[i] == '~' ? "~0" : "~1");
        else
            buffer_append_char(pointer, step[i]);
    }
}

/* A pointer that grew too long stays so for what is below it. */
static void pop_step(struct buffer *pointer, size_t length, bool failed)
{
    pointer->length = length;
    pointer->failed = failed;
    if (pointer->data != NULL)
        pointer->data[length] = '\0';
}

static bool walk_list(struct walk *walk, int depth)
{
    size_t length = walk->pointer.length;
    bool failed = walk->pointer.failed;
    if (skip_space(walk) == ']')
        return walk->at++, true;
    for (size_t index = 0;; index++) {
        buffer_append_format(&walk->pointer, "/%zu", index);
        if (!walk_value(walk, depth))
            return false;
        pop_step(&walk->pointer, length, failed);
        char next = skip_space(walk);
        walk->at++;
        if (next != ',')
            return next == ']';
    }
}

static bool walk_member(struct walk *walk, int depth)
{
    size_t to;
    if (skip_space(walk) != '"')
        return false;
    size_t from = ++walk->at;
    if (!pass_string(walk, &to))
        return false;
    if (decode(walk, from, to))
        push_step(&walk->pointer, buffer_text(&walk->decoded), walk->decoded.length);
    else
        walk->pointer.failed = true;
    if (skip_space(walk) != ':')
        return false;
    walk->at++;
    return walk_value(walk, depth);
}

static bool walk_object(struct walk *walk, int depth)
{
    size_t length = walk->pointer.length;
    bool failed = walk->pointer.failed;
    if (skip_space(walk) == '}')
        return walk->at++, true;
    for (;;) {
        if (!walk_member(walk, depth))
            return false;
        pop_step(&walk->pointer, length, failed);
        char next = skip_space(walk);
        walk->at++;
        if (next != ',')
            return next == '}';
    }
}

static bool walk_string(struct walk *walk)
{
    size_t from = walk->at, to;
    return pass_string(walk, &to) && (!decode(walk, from, to) || give(walk, from, to, true));
}

/* A number, or one of true, false and null, which are passed over. */
static bool walk_word(struct walk *walk)
{
    size_t from = walk->at;
    while (peek(walk) != '\0' && strchr(" \t\r\n,]}", peek(walk)) == NULL)
        walk->at++;
    if (walk->at == from)
        return false;
    if (walk->text[from] != '-' && (walk->text[from] < '0' || walk->text[from] > '9'))
        return true;
    buffer_clear(&walk->decoded);
    walk->decoded.failed = false;
    buffer_append(&walk->decoded, walk->text + from, walk->at - from);
    return walk->decoded.failed || give(walk, from, walk->at, false);
}

static bool walk_value(struct walk *walk, int depth)
{
    char first = skip_space(walk);
    if (depth == 0)
        return false;
    if (first != '"' && first != '[' && first != '{')
        return walk_word(walk);
    walk->at++;
    return first == '"'   ? walk_string(walk)
           : first == '[' ? walk_list(walk, depth - 1)
                          : walk_object(walk, depth - 1);
}

bool json_leaves_walk(const char *text, size_t size, json_leaf_take *take, void *context)
{
    struct walk walk = {.text = text, .size = size, .take = take, .context = context};
    json_t *taken = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (taken == NULL)
        return false;
    json_decref(taken);
    buffer_init(&walk.pointer, JSON_LEAVES_POINTER_MAX);
    buffer_init(&walk.decoded, DECODED_MAX_BYTES);
    bool ok = walk_value(&walk, JSON_LEAVES_DEPTH_MAX);
    buffer_release(&walk.pointer);
    buffer_release(&walk.decoded);
    return ok;
}
