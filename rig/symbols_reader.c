/* Numbers and strings of DWARF, out of memory whose end is known. */
#include "rig/symbols_private.h"

#include <string.h>

uint64_t symbols_read_number(struct symbols_reader *reader, size_t size)
{
    uint64_t value = 0;
    if ((size_t)(reader->end - reader->at) < size || size > sizeof value) {
        reader->failed = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        value = value << 8 | reader->at[reader->big_endian ? i : size - 1 - i];
    reader->at += size;
    return value;
}

void symbols_read_past(struct symbols_reader *reader, uint64_t size)
{
    if ((uint64_t)(reader->end - reader->at) < size)
        reader->failed = true;
    else
        reader->at += size;
}

uint64_t symbols_read_leb(struct symbols_reader *reader, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    unsigned char byte = 0x80;
    while ((byte & 0x80) != 0 && !reader->failed) {
        byte = (unsigned char)symbols_read_number(reader, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    }
    if (is_signed && shift < 64 && (byte & 0x40) != 0)
        value |= UINT64_MAX << shift;
    return value;
}

const char *symbols_read_string(struct symbols_reader *reader)
{
    const unsigned char *start = reader->at;
    const unsigned char *end = memchr(start, '\0', (size_t)(reader->end - start));
    if (end == NULL) {
        reader->failed = true;
        return NULL;
    }
    reader->at = end + 1;
    return (const char *)start;
}

const char *symbols_read_string_at(const Elf_Data *data, uint64_t offset)
{
    if (data == NULL || data->d_buf == NULL || offset >= data->d_size)
        return NULL;
    const char *start = (const char *)data->d_buf + offset;
    return memchr(start, '\0', data->d_size - offset) != NULL ? start : NULL;
}
