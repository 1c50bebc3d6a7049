/* A body on its way through the recorder: appended at one end, taken at the other. While it is
 * kept, what was taken stays as well, so that the whole can be recorded; else only what waits
 * stays. */
#ifndef TOLLGATE_REPLAY_BODY_STREAM_H
#define TOLLGATE_REPLAY_BODY_STREAM_H

#include "base/buffer.h"

struct body_stream {
    struct buffer data;
    size_t forgotten; /* bytes that were in front of `data` */
    size_t taken;     /* bytes from the start of the body that were taken */
    bool kept;
    bool ended; /* nothing more will be appended */
};

void body_stream_init(struct body_stream *stream, bool kept);
void body_stream_release(struct body_stream *stream);

/* False when out of memory. */
MUST_CHECK bool body_stream_append(struct body_stream *stream, const void *data, size_t size);

/* Bytes that were appended and not taken yet. */
size_t body_stream_waiting(const struct body_stream *stream);

/* Copies up to `max` bytes and counts them as taken. */
size_t body_stream_take(struct body_stream *stream, void *out, size_t max);

/* From now on nothing is kept. */
void body_stream_forget(struct body_stream *stream);

/* Everything is to be taken again from the start; false when some of it is forgotten. */
MUST_CHECK bool body_stream_rewind(struct body_stream *stream);

#endif
