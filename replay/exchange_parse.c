#include "replay/corpus.h"

#include "base/json.h"
#include "base/text.h"
#include "replay/base64.h"
#include "replay/wire.h"

#include <math.h>
#include <string.h>

/* What every step of a parse needs. */
struct parse {
    struct arena *arena;
    struct error *err;
};

static const char *const exchange_keys[] = {
    "id",        "ts_ns",  "conn",     "seq",      "method",   "target",
    "authority", "proto",  "headers",  "body",     "body_b64", "endpoint",
    "variant",   "weight", "response", "upstream", NULL};
static const char *const request_keys[] = {"method",  "target", "authority", "proto",
                                           "headers", "body",   "body_b64",  NULL};
static const char *const response_keys[] = {"status",   "headers",     "size_bytes", "body",
                                            "body_b64", "body_sha256", "schema",     NULL};
static const char *const upstream_keys[] = {"name", "request", "response", "latency_ns", NULL};

static bool copy_text(struct parse *parse, const char *text, const char **out)
{
    *out = arena_copy_string(parse->arena, text);
    return *out != NULL || error_set_memory(parse->err);
}

/* A string field that must satisfy `valid` (NULL = anything), copied; absent = `fallback`. */
static bool get_text(struct parse *parse, const json_t *object, const char *key,
                     enum json_need need, bool (*valid)(const char *), const char *wanted,
                     const char *fallback, const char **out, const struct json_place *place)
{
    const char *text = NULL;
    *out = fallback;
    if (!json_get_string(object, key, need, &text, place, parse->err))
        return false;
    if (text == NULL)
        return true;
    if (valid != NULL && !valid(text)) {
        struct json_place at = json_place_key(place, key);
        return json_fail(&at, parse->err, "is not %s", wanted);
    }
    return copy_text(parse, text, out);
}

static bool parse_header(struct parse *parse, const json_t *pair, struct header *out,
                         const struct json_place *place)
{
    const json_t *name = json_array_get(pair, 0);
    const json_t *value = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !json_is_string(name) || !json_is_string(value))
        return json_fail(place, parse->err, "must be a pair of strings, [name, value]");
    const char *name_text = json_string_value(name);
    const char *value_text = json_string_value(value);
    if (strlen(name_text) != json_string_length(name) || !wire_is_token(name_text))
        return json_fail(place, parse->err, "the name is not an HTTP field name");
    if (strlen(value_text) != json_string_length(value) || !wire_is_value(value_text))
        return json_fail(place, parse->err, "the value has a control character in it");
    return copy_text(parse, name_text, &out->name) && copy_text(parse, value_text, &out->value);
}

static bool parse_headers(struct parse *parse, const json_t *object, struct headers *out,
                          const struct json_place *place)
{
    const json_t *list = NULL;
    *out = (struct headers){0};
    if (!json_get_array(object, "headers", JSON_OPTIONAL, &list, place, parse->err))
        return false;
    size_t count = json_array_size(list);
    if (count == 0)
        return true;
    struct header *items = arena_alloc_array(parse->arena, count, sizeof *items);
    if (items == NULL)
        return error_set_memory(parse->err);
    struct json_place at_list = json_place_key(place, "headers");
    for (size_t i = 0; i < count; i++) {
        struct json_place at = json_place_index(&at_list, i);
        if (!parse_header(parse, json_array_get(list, i), &items[i], &at))
            return false;
    }
    *out = (struct headers){items, count};
    return true;
}

static bool parse_body_base64(struct parse *parse, const char *encoded, struct body *out,
                              const struct json_place *place)
{
    bool valid;
    out->data = base64_decode(encoded, strlen(encoded), parse->arena, &out->size, &valid);
    if (out->data != NULL)
        return true;
    if (valid)
        return error_set_memory(parse->err);
    struct json_place at = json_place_key(place, "body_b64");
    return json_fail(&at, parse->err, "is not base64 with padding");
}

/* A body as text may hold NUL, so it is not read as other strings are. */
static bool parse_body(struct parse *parse, const json_t *object, struct body *out,
                       const struct json_place *place)
{
    const json_t *text = json_object_get(object, "body");
    const char *encoded = NULL;
    *out = (struct body){0};
    if (!json_get_string(object, "body_b64", JSON_OPTIONAL, &encoded, place, parse->err))
        return false;
    if (json_is_null(text))
        text = NULL;
    if (text != NULL && encoded != NULL)
        return json_fail(place, parse->err, "has both \"body\" and \"body_b64\"; keep one");
    if (encoded != NULL)
        return parse_body_base64(parse, encoded, out, place);
    if (text == NULL)
        return true;
    struct json_place at = json_place_key(place, "body");
    if (!json_is_string(text))
        return json_fail(&at, parse->err,
                         "must be a string; use \"body_b64\" for what is not "
                         "UTF-8");
    out->size = json_string_length(text);
    out->data = arena_copy_bytes(parse->arena, json_string_value(text), out->size);
    return out->data != NULL || error_set_memory(parse->err);
}

static bool parse_request(struct parse *parse, const json_t *object, struct request *out,
                          const struct json_place *place)
{
    return get_text(parse, object, "method", JSON_REQUIRED, wire_is_token, "an HTTP method", "",
                    &out->method, place) &&
           get_text(parse, object, "target", JSON_REQUIRED, wire_is_target,
                    "a request target: it must begin with / (or http://, or be *) and have no "
                    "spaces or control characters",
                    "", &out->target, place) &&
           parse_headers(parse, object, &out->headers, place) &&
           parse_body(parse, object, &out->body, place);
}

/* A status of null was not recorded, as is the case with lists of targets for load tools. What a
 * stand-in answers must be known. */
static bool parse_response(struct parse *parse, const json_t *object, bool may_be_unknown,
                           struct response *out, const struct json_place *place)
{
    int64_t status = 0, size_bytes = 0;
    bool unknown = may_be_unknown && json_is_null(json_object_get(object, "status"));
    const char *digest = NULL;
    if (!json_only_keys(object, response_keys, place, parse->err) ||
        (!unknown &&
         !json_get_int(object, "status", JSON_REQUIRED, 100, 599, &status, place, parse->err)) ||
        !json_get_int(object, "size_bytes", JSON_OPTIONAL, 0, INT64_MAX, &size_bytes, place,
                      parse->err) ||
        !json_get_string(object, "body_sha256", JSON_OPTIONAL, &digest, place, parse->err))
        return false;
    out->status = (int)status;
    return parse_headers(parse, object, &out->headers, place) &&
           parse_body(parse, object, &out->body, place);
}

static bool is_name(const char *text)
{
    return *text != '\0' && wire_is_value(text);
}

static bool parse_upstream(struct parse *parse, const json_t *object, struct upstream_answer *out,
                           const struct json_place *place)
{
    const json_t *request = NULL, *response = NULL;
    if (!json_is_object(object))
        return json_fail(place, parse->err, "must be an object");
    if (!json_only_keys(object, upstream_keys, place, parse->err) ||
        !get_text(parse, object, "name", JSON_REQUIRED, is_name, "the name of an upstream", "",
                  &out->name, place) ||
        !json_get_object(object, "request", JSON_REQUIRED, &request, place, parse->err) ||
        !json_get_object(object, "response", JSON_REQUIRED, &response, place, parse->err) ||
        !json_get_int(object, "latency_ns", JSON_OPTIONAL, 0, INT64_MAX, &out->latency_ns, place,
                      parse->err))
        return false;
    struct json_place at_request = json_place_key(place, "request");
    struct json_place at_response = json_place_key(place, "response");
    return json_only_keys(request, request_keys, &at_request, parse->err) &&
           parse_request(parse, request, &out->request, &at_request) &&
           parse_response(parse, response, false, &out->response, &at_response);
}

static bool parse_upstreams(struct parse *parse, const json_t *object, struct exchange *out,
                            const struct json_place *place)
{
    const json_t *list = NULL;
    if (!json_get_array(object, "upstream", JSON_OPTIONAL, &list, place, parse->err))
        return false;
    size_t count = json_array_size(list);
    if (count == 0)
        return true;
    struct upstream_answer *answers = arena_alloc_array(parse->arena, count, sizeof *answers);
    if (answers == NULL)
        return error_set_memory(parse->err);
    struct json_place at_list = json_place_key(place, "upstream");
    for (size_t i = 0; i < count; i++) {
        struct json_place at = json_place_index(&at_list, i);
        if (!parse_upstream(parse, json_array_get(list, i), &answers[i], &at))
            return false;
    }
    out->upstream = answers;
    out->upstream_count = count;
    return true;
}

static bool is_protocol(const char *text)
{
    return strcmp(text, "HTTP/1.1") == 0 || strcmp(text, "HTTP/1.0") == 0 ||
           strcmp(text, "HTTP/2") == 0;
}

static bool parse_weight(struct parse *parse, const json_t *object, double *out,
                         const struct json_place *place)
{
    *out = 1;
    if (!json_get_number(object, "weight", JSON_OPTIONAL, -HUGE_VAL, HUGE_VAL, out, place,
                         parse->err))
        return false;
    if (isfinite(*out) && *out > 0)
        return true;
    struct json_place at = json_place_key(place, "weight");
    return json_fail(&at, parse->err, "is %g, must be above 0", *out);
}

/* Fields that say where the exchange came from and how it counts. */
static bool parse_labels(struct parse *parse, const json_t *root, struct exchange *out,
                         const char **endpoint, const struct json_place *place)
{
    int64_t unused = 0;
    out->conn = -1;
    if (!get_text(parse, root, "id", JSON_OPTIONAL, NULL, "", "", &out->id, place) ||
        !json_get_int(root, "ts_ns", JSON_OPTIONAL, INT64_MIN, INT64_MAX, &out->ts_ns, place,
                      parse->err) ||
        !json_get_int(root, "conn", JSON_OPTIONAL, 0, INT64_MAX, &out->conn, place, parse->err) ||
        !json_get_int(root, "seq", JSON_OPTIONAL, 0, INT64_MAX, &unused, place, parse->err))
        return false;
    return get_text(parse, root, "authority", JSON_OPTIONAL, wire_is_authority, "a host and port",
                    "", &out->authority, place) &&
           get_text(parse, root, "proto", JSON_OPTIONAL, is_protocol,
                    "one of HTTP/1.1, HTTP/1.0, HTTP/2", "HTTP/1.1", &out->proto, place) &&
           get_text(parse, root, "variant", JSON_OPTIONAL, wire_is_value,
                    "text without control characters", "", &out->variant, place) &&
           get_text(parse, root, "endpoint", JSON_OPTIONAL, is_name,
                    "the name of an endpoint, as in \"GET /users/{id}\"", NULL, endpoint, place) &&
           parse_weight(parse, root, &out->weight, place);
}

static bool parse_root(struct parse *parse, const json_t *root, struct exchange *out,
                       const char **endpoint, const struct json_place *place)
{
    const json_t *response = NULL;
    if (!json_is_object(root))
        return json_fail(place, parse->err, "must be a JSON object, one exchange a line");
    if (!json_only_keys(root, exchange_keys, place, parse->err) ||
        !parse_labels(parse, root, out, endpoint, place) ||
        !parse_request(parse, root, &out->request, place) ||
        !json_get_object(root, "response", JSON_REQUIRED, &response, place, parse->err))
        return false;
    struct json_place at = json_place_key(place, "response");
    return parse_response(parse, response, true, &out->response, &at) &&
           parse_upstreams(parse, root, out, place);
}

/* The offset of the first byte that is not UTF-8. Only called when there is one. */
static size_t first_wrong_byte(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t length = 1;
        while (length <= 4 && length <= size - at && !text_is_utf8(text + at, length))
            length++;
        if (length > 4 || length > size - at)
            break;
        at += length;
    }
    return at;
}

static json_t *parse_json(const char *where, const char *text, size_t size, struct error *err)
{
    json_error_t problem = {0};
    if (!text_is_utf8(text, size)) {
        size_t at = first_wrong_byte(text, size);
        error_set_at(err, ERROR_INPUT, where,
                     "byte %zu of the line (0x%02x) is not UTF-8; bodies that are not UTF-8 go "
                     "into \"body_b64\"",
                     at + 1, (unsigned char)text[at]);
        return NULL;
    }
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    if (root != NULL)
        return root;
    /* jansson names no cause when an allocation fails in some of its places. */
    if (json_error_code(&problem) == json_error_out_of_memory || problem.text[0] == '\0' ||
        json_error_code(&problem) == json_error_unknown)
        error_set_memory(err);
    else
        error_set_at(err, ERROR_INPUT, where, "not valid JSON, at byte %d of the line: %s",
                     problem.position, problem.text);
    return NULL;
}

bool corpus_parse_exchange(const char *name, size_t line, const char *text, size_t size,
                           struct arena *arena, struct exchange *out, const char **endpoint,
                           struct error *err)
{
    char where[sizeof err->where];
    struct parse parse = {arena, err};
    *out = (struct exchange){.line = line};
    *endpoint = NULL;
    snprintf(where, sizeof where, "%s:%zu", name, line);
    struct json_place place = json_place_root(where);
    json_auto_t *root = parse_json(where, text, size, err);
    return root != NULL && parse_root(&parse, root, out, endpoint, &place);
}
