#include "reporters/protobuf.h"

enum { WIRE_NUMBER = 0, WIRE_BYTES = 2, NUMBER_MAX_BYTES = 10 };

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static size_t encode(uint64_t value, unsigned char bytes[static NUMBER_MAX_BYTES])
{
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (unsigned char)(value | 0x80);
    bytes[size++] = (unsigned char)value;
    return size;
}

static void append_plain(struct buffer *out, uint64_t value)
{
    unsigned char bytes[NUMBER_MAX_BYTES];
    buffer_append(out, bytes, encode(value, bytes));
}

void protobuf_append_number(struct buffer *out, uint32_t field, uint64_t value)
{
    if (value == 0)
        return;
    append_plain(out, (uint64_t)field << 3 | WIRE_NUMBER);
    append_plain(out, value);
}

void protobuf_append_bytes(struct buffer *out, uint32_t field, const void *data, size_t size)
{
    append_plain(out, (uint64_t)field << 3 | WIRE_BYTES);
    append_plain(out, size);
    buffer_append(out, data, size);
}

void protobuf_append_numbers(struct buffer *out, uint32_t field, const uint64_t *values,
                             size_t count)
{
    unsigned char bytes[NUMBER_MAX_BYTES];
    size_t size = 0;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        size += encode(values[i], bytes);
    append_plain(out, (uint64_t)field << 3 | WIRE_BYTES);
    append_plain(out, size);
    for (size_t i = 0; i < count; i++)
        append_plain(out, values[i]);
}
