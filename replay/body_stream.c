#include "replay/body_stream.h"

#include <stdint.h>
#include <string.h>

void body_stream_init(struct body_stream *stream, bool kept)
{
    *stream = (struct body_stream){.kept = kept};
    buffer_init(&stream->data, SIZE_MAX / 2);
}

void body_stream_release(struct body_stream *stream)
{
    buffer_release(&stream->data);
    *stream = (struct body_stream){.data = stream->data};
}

/* Drops what was taken from the front of the buffer. */
static void compact(struct body_stream *stream)
{
    size_t gone = stream->taken - stream->forgotten;
    if (gone == 0)
        return;
    size_t left = stream->data.length - gone;
    if (left > 0)
        memmove(stream->data.data, stream->data.data + gone, left);
    stream->data.length = left;
    stream->data.data[left] = '\0';
    stream->forgotten = stream->taken;
}

bool body_stream_append(struct body_stream *stream, const void *data, size_t size)
{
    if (!stream->kept)
        compact(stream);
    buffer_append(&stream->data, data, size);
    return !stream->data.failed;
}

size_t body_stream_waiting(const struct body_stream *stream)
{
    return stream->forgotten + stream->data.length - stream->taken;
}

size_t body_stream_take(struct body_stream *stream, void *out, size_t max)
{
    size_t size = body_stream_waiting(stream);
    if (size > max)
        size = max;
    if (size > 0)
        memcpy(out, stream->data.data + (stream->taken - stream->forgotten), size);
    stream->taken += size;
    return size;
}

void body_stream_forget(struct body_stream *stream)
{
    struct buffer smaller;
    if (!stream->kept)
        return;
    stream->kept = false;
    compact(stream);
    /* The memory of the part that is forgotten is given back. */
    buffer_init(&smaller, stream->data.max);
    buffer_append(&smaller, buffer_text(&stream->data), stream->data.length);
    if (smaller.failed) {
        buffer_release(&smaller);
        return;
    }
    buffer_release(&stream->data);
    stream->data = smaller;
}

bool body_stream_rewind(struct body_stream *stream)
{
    if (stream->forgotten > 0)
        return false;
    stream->taken = 0;
    return true;
}
