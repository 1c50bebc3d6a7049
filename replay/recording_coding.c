#define ZLIB_CONST /* what is read is const */
#include "replay/recording_coding.h"

#include "base/buffer.h"
#include "replay/wire.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* zlib's window bits: with a gzip frame, and for inflate either frame. */
enum { BITS_GZIP = 15 + 16, BITS_EITHER = 15 + 32, BITS_RAW = -15, BITS_ZLIB = 15 };

enum coding { CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_OTHER };

static enum coding coding_of(const struct headers *headers)
{
    enum coding found = CODING_NONE;
    for (size_t i = 0; i < headers->count; i++) {
        const char *value = headers->items[i].value;
        if (!wire_same_name(headers->items[i].name, "Content-Encoding") || *value == '\0' ||
            wire_same_name(value, "identity"))
            continue;
        if (found != CODING_NONE)
            return CODING_OTHER;
        found = wire_same_name(value, "gzip") || wire_same_name(value, "x-gzip") ? CODING_GZIP
                : wire_same_name(value, "deflate")                               ? CODING_DEFLATE
                                                                                 : CODING_OTHER;
    }
    return found;
}

static bool inflate_all(const struct body *body, int bits, struct buffer *out)
{
    unsigned char piece[16384];
    z_stream stream = {0};
    int code = Z_OK;
    if (inflateInit2(&stream, bits) != Z_OK)
        return false;
    stream.next_in = (const unsigned char *)body->data;
    stream.avail_in = (unsigned)body->size;
    while (code == Z_OK && !out->failed) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        code = inflate(&stream, Z_NO_FLUSH);
        buffer_append(out, piece, sizeof piece - stream.avail_out);
        if (code == Z_STREAM_END && stream.avail_in > 0 && bits == BITS_EITHER)
            code = inflateReset(&stream); /* gzip may have several members */
    }
    inflateEnd(&stream);
    return code == Z_STREAM_END && !out->failed;
}

static bool open_body(const struct headers *headers, struct body *body, struct arena *arena,
                      struct error *err)
{
    struct buffer opened;
    enum coding coding = coding_of(headers);
    if (coding == CODING_NONE || body->data == NULL || body->size == 0)
        return true;
    if (coding == CODING_OTHER || body->size > UINT32_MAX)
        return error_set(err, ERROR_INPUT, "a body is compressed in a way that cannot be redacted");
    buffer_init(&opened, RECORDING_OPENED_MAX_BYTES);
    bool ok = inflate_all(body, BITS_EITHER, &opened);
    if (!ok && coding == CODING_DEFLATE) { /* some send it without zlib's frame */
        buffer_clear(&opened);
        ok = inflate_all(body, BITS_RAW, &opened);
    }
    if (ok) {
        body->data = arena_copy_bytes(arena, buffer_text(&opened), opened.length);
        body->size = opened.length;
        ok = body->data != NULL || error_set_memory(err);
    } else {
        error_set(err, ERROR_INPUT, "a body is not compressed as its header says, or too large");
    }
    buffer_release(&opened);
    return ok;
}

/* deflate's answer to a size is always enough, so one call does it. */
static bool close_body(struct headers *headers, struct body *body, struct arena *arena,
                       struct error *err)
{
    z_stream stream = {0};
    enum coding coding = coding_of(headers);
    if (coding == CODING_NONE || body->data == NULL || body->size == 0)
        return true;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                     coding == CODING_GZIP ? BITS_GZIP : BITS_ZLIB, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return error_set_memory(err);
    size_t bound = deflateBound(&stream, (uLong)body->size);
    unsigned char *out = arena_alloc(arena, bound + 1);
    bool ok = out != NULL && bound <= UINT32_MAX;
    if (ok) {
        stream.next_in = (const unsigned char *)body->data;
        stream.avail_in = (unsigned)body->size;
        stream.next_out = out;
        stream.avail_out = (unsigned)bound;
        ok = deflate(&stream, Z_FINISH) == Z_STREAM_END;
        *body = (struct body){(const char *)out, stream.total_out};
    }
    deflateEnd(&stream);
    return ok || error_set_memory(err);
}

/* The compressed size is another one now. */
static bool correct_length(struct headers *headers, size_t size, struct arena *arena,
                           struct error *err)
{
    struct header *items = arena_alloc_array(arena, headers->count + 1, sizeof *items);
    if (items == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < headers->count; i++) {
        items[i] = headers->items[i];
        if (!wire_same_name(items[i].name, "Content-Length"))
            continue;
        items[i].value = arena_format(arena, "%zu", size);
        if (items[i].value == NULL)
            return error_set_memory(err);
    }
    headers->items = items;
    return true;
}

static bool close_message(struct headers *headers, struct body *body, struct arena *arena,
                          struct error *err)
{
    if (coding_of(headers) == CODING_NONE || body->data == NULL || body->size == 0)
        return true;
    return close_body(headers, body, arena, err) && correct_length(headers, body->size, arena, err);
}

bool recording_decode(struct exchange *exchange, struct arena *arena, size_t *left_out,
                      struct error *err)
{
    struct response *response = &exchange->response;
    if (response->body.size > 0 && coding_of(&response->headers) != CODING_NONE) {
        response->body.data = NULL;
        ++*left_out;
    }
    bool ok = open_body(&exchange->request.headers, &exchange->request.body, arena, err);
    struct upstream_answer *answers =
        arena_alloc_array(arena, exchange->upstream_count + 1, sizeof *answers);
    if (answers == NULL)
        return error_set_memory(err);
    for (size_t i = 0; ok && i < exchange->upstream_count; i++) {
        answers[i] = exchange->upstream[i];
        ok = open_body(&answers[i].request.headers, &answers[i].request.body, arena, err) &&
             open_body(&answers[i].response.headers, &answers[i].response.body, arena, err);
    }
    exchange->upstream = answers;
    return ok;
}

bool recording_encode(struct exchange *exchange, struct arena *arena, struct error *err)
{
    struct upstream_answer *answers =
        arena_alloc_array(arena, exchange->upstream_count + 1, sizeof *answers);
    bool ok = close_message(&exchange->request.headers, &exchange->request.body, arena, err);
    if (answers == NULL)
        return error_set_memory(err);
    for (size_t i = 0; ok && i < exchange->upstream_count; i++) {
        answers[i] = exchange->upstream[i];
        ok = close_message(&answers[i].request.headers, &answers[i].request.body, arena, err) &&
             close_message(&answers[i].response.headers, &answers[i].response.body, arena, err);
    }
    exchange->upstream = answers;
    return ok;
}
