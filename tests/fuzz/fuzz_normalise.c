/* Requests and answers as they come from a gateway: brought into one spelling, compared field by
 * field, and looked through for values to carry. The input is a target, a newline and a body; the
 * same upside down is the other request. */
#include "base/buffer.h"
#include "replay/answer_difference.h"
#include "replay/json_leaves.h"
#include "replay/session_place.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool look(void *context, const struct json_leaf *leaf)
{
    const char *text = context;
    /* A leaf that is not where it says it is would be spliced over other bytes. */
    if (leaf->to < leaf->from || strlen(leaf->value) != leaf->value_bytes ||
        (leaf->is_string && (text[leaf->from - 1] != '"' || text[leaf->to] != '"')))
        abort();
    return true;
}

static void spell(const struct normalise_rules *rules, const struct request_parts *request)
{
    struct buffer one, again;
    buffer_init(&one, 1 << 26);
    buffer_init(&again, 1 << 26);
    normalise_template(rules, request, &one);
    buffer_clear(&one);
    normalise_request(rules, request, &one);
    if (!one.failed) {
        /* What is normal already stays as it is. */
        const char *target = one.data + strlen(one.data) + 1;
        const char *body = target + strlen(target) + 1;
        struct request_parts normal = {one.data, target, body,
                                       one.length - (size_t)(body - one.data)};
        if (request->target[0] == '/' && request->body_bytes <= NORMALISE_BODY_MAX_BYTES / 8) {
            normalise_request(rules, &normal, &again);
            if (again.length != one.length || memcmp(again.data, one.data, one.length) != 0)
                abort();
        }
    }
    buffer_release(&one);
    buffer_release(&again);
}

static void read_places(const struct request_parts *request)
{
    static const struct session_place places[] = {
        {SESSION_JSON, "/a/0/b"}, {SESSION_HEADER, "a"}, {SESSION_COOKIE, "a"}};
    struct arena arena;
    struct headers headers;
    struct session_value value;
    arena_init(&arena);
    if (session_headers_split(request->body, request->body_bytes, &arena, &headers))
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            if (session_place_read(&places[i], &headers,
                                   (struct body){request->body, request->body_bytes}, &arena,
                                   &value) &&
                value.text != NULL && strlen(value.text) != value.size)
                abort();
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const volatile_names[] = {"ts", "nonce"};
    const struct normalise_rules rules = {volatile_names, 2};
    const uint8_t *end = memchr(data, '\n', size);
    size_t target_bytes = end == NULL ? size : (size_t)(end - data);
    char *target = strndup((const char *)data, target_bytes);
    size_t body_bytes = end == NULL ? 0 : size - target_bytes - 1;
    char *body = calloc(body_bytes + 1, 1), *reversed = calloc(body_bytes + 1, 1);
    struct buffer out;
    if (target == NULL || body == NULL || reversed == NULL)
        abort();
    for (size_t i = 0; i < body_bytes; i++) {
        body[i] = (char)data[target_bytes + 1 + i];
        reversed[body_bytes - 1 - i] = body[i] == '{' ? '}' : body[i] == '}' ? '{' : body[i];
    }
    struct request_parts one = {"POST", target, body, body_bytes};
    struct request_parts other = {"GET", "/a/1?b=2&ts=3", reversed, body_bytes};
    spell(&rules, &one);
    read_places(&one);
    (void)json_leaves_walk(body, body_bytes, look, body);
    buffer_init(&out, 1 << 20);
    (void)answer_difference_score(&one, &other);
    answer_difference_append(&rules, &one, &other, "  ", &out);
    buffer_release(&out);
    free(target);
    free(body);
    free(reversed);
    return 0;
}
