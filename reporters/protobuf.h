/* The protocol buffers wire format, as far as writing needs it. */
#ifndef TOLLGATE_REPORTERS_PROTOBUF_H
#define TOLLGATE_REPORTERS_PROTOBUF_H

#include "base/buffer.h"

#include <stdint.h>

/* A number; one that is 0 is left out, as proto3 has it. */
void protobuf_append_number(struct buffer *out, uint32_t field, uint64_t value);

/* A text, bytes or a message that was put together before. */
void protobuf_append_bytes(struct buffer *out, uint32_t field, const void *data, size_t size);

/* A repeated number, packed; none is left out. */
void protobuf_append_numbers(struct buffer *out, uint32_t field, const uint64_t *values,
                             size_t count);

#endif
