#include "replay/corpus.h"

#include "base/text.h"
#include "replay/base64.h"

#include <errno.h>
#include <jansson.h>

/* jansson returns NULL for text that is not UTF-8 and for a lack of memory alike, and its setters
 * take a NULL value as a failure, so one flag at the end tells of any. */
struct writer {
    bool failed;
    struct error *err;
};

static void set(struct writer *writer, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        writer->failed = true;
}

static void append(struct writer *writer, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        writer->failed = true;
}

static void set_text(struct writer *writer, json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);
    if (value == NULL)
        error_set(writer->err, ERROR_INPUT,
                  "cannot write \"%s\" of an exchange: it is not UTF-8, or memory ran out", key);
    set(writer, object, key, value);
}

static void set_headers(struct writer *writer, json_t *object, const struct headers *headers)
{
    json_t *list = json_array();
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        json_t *pair = json_pack("[s, s]", header->name, header->value);
        if (pair == NULL)
            error_set(writer->err, ERROR_INPUT,
                      "cannot write header %.100s: its value is not UTF-8, or memory ran out",
                      header->name);
        append(writer, list, pair);
    }
    set(writer, object, "headers", list);
}

static void set_body(struct writer *writer, json_t *object, const struct body *body)
{
    if (body->data == NULL)
        return;
    if (text_is_utf8(body->data, body->size)) {
        set(writer, object, "body", json_stringn(body->data, body->size));
        return;
    }
    struct buffer encoded;
    buffer_init(&encoded, SIZE_MAX / 2);
    base64_encode(body->data, body->size, &encoded);
    if (encoded.failed)
        writer->failed = true;
    set(writer, object, "body_b64", json_string(buffer_text(&encoded)));
    buffer_release(&encoded);
}

static void set_request(struct writer *writer, json_t *object, const struct request *request)
{
    set_text(writer, object, "method", request->method);
    set_text(writer, object, "target", request->target);
    set_headers(writer, object, &request->headers);
    set_body(writer, object, &request->body);
}

static json_t *response_json(struct writer *writer, const struct response *response)
{
    json_t *object = json_object();
    set(writer, object, "status",
        response->status != 0 ? json_integer(response->status) : json_null());
    set_headers(writer, object, &response->headers);
    if (response->body.data != NULL || response->body.size > 0)
        set(writer, object, "size_bytes", json_integer((json_int_t)response->body.size));
    set_body(writer, object, &response->body);
    return object;
}

static json_t *upstream_json(struct writer *writer, const struct upstream_answer *answer)
{
    json_t *object = json_object(), *request = json_object();
    set_text(writer, object, "name", answer->name);
    set_request(writer, request, &answer->request);
    set(writer, object, "request", request);
    set(writer, object, "response", response_json(writer, &answer->response));
    if (answer->latency_ns != 0)
        set(writer, object, "latency_ns", json_integer(answer->latency_ns));
    return object;
}

static json_t *exchange_json(struct writer *writer, const struct exchange *exchange,
                             const char *endpoint)
{
    json_t *object = json_object();
    set_text(writer, object, "id", exchange->id);
    set(writer, object, "ts_ns", json_integer(exchange->ts_ns));
    if (exchange->authority[0] != '\0')
        set_text(writer, object, "authority", exchange->authority);
    set_text(writer, object, "proto", exchange->proto);
    set_request(writer, object, &exchange->request);
    if (endpoint != NULL)
        set_text(writer, object, "endpoint", endpoint);
    if (exchange->variant[0] != '\0')
        set_text(writer, object, "variant", exchange->variant);
    set(writer, object, "weight", json_real(exchange->weight));
    set(writer, object, "response", response_json(writer, &exchange->response));
    if (exchange->upstream_count == 0)
        return object;
    json_t *list = json_array();
    for (size_t i = 0; i < exchange->upstream_count; i++)
        append(writer, list, upstream_json(writer, &exchange->upstream[i]));
    set(writer, object, "upstream", list);
    return object;
}

/* Writes the object as a line. The whole line is made first, so none is left half-written when
 * memory runs out. */
static bool write_line(FILE *file, const json_t *object, struct error *err)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (text == NULL)
        return error_set_memory(err);
    errno = 0;
    bool ok = fputs(text, file) >= 0 && fputc('\n', file) != EOF;
    if (!ok)
        error_set_errno(err, "cannot write the corpus");
    free(text);
    return ok;
}

bool corpus_write_header(FILE *file, const char *source, struct error *err)
{
    struct corpus_header header = {.source = source};
    return corpus_write_header_fields(file, &header, err);
}

bool corpus_write_header_fields(FILE *file, const struct corpus_header *header, struct error *err)
{
    json_auto_t *object = json_pack("{s:i, s:s*, s:s*, s:s*}", "schema_version",
                                    CORPUS_SCHEMA_VERSION, "source", header->source, "redaction",
                                    header->redaction, "endpoint_map", header->endpoint_map);
    if (object == NULL)
        return error_set(err, ERROR_INPUT,
                         "cannot write the corpus's source: it is not UTF-8, or memory ran out");
    return write_line(file, object, err);
}

bool corpus_write_exchange(FILE *file, const struct exchange *exchange, const char *endpoint,
                           struct error *err)
{
    struct error problem = {0};
    struct writer writer = {.err = &problem};
    json_auto_t *object = exchange_json(&writer, exchange, endpoint);
    if (problem.code != ERROR_NONE)
        return error_set_at(err, problem.code, problem.where, "%s", problem.text);
    if (object == NULL || writer.failed)
        return error_set_memory(err);
    return write_line(file, object, err);
}
