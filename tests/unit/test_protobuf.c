#include "reporters/protobuf.h"

#include <criterion/criterion.h>
#include <string.h>

static struct buffer out;

static void begin(void)
{
    buffer_init(&out, 1 << 16);
}

static void expect(const char *bytes, size_t size)
{
    cr_assert_eq(out.length, size, "%zu bytes", out.length);
    cr_assert(memcmp(buffer_text(&out), bytes, size) == 0);
    buffer_release(&out);
}

/* The examples of the encoding's published description: 150 as field 1, "testing" as field 2, and
 * 3, 270, 86942 packed as field 4. */
Test(protobuf, published_examples, .timeout = 10)
{
    static const uint64_t packed[] = {3, 270, 86942};
    begin();
    protobuf_append_number(&out, 1, 150);
    expect("\x08\x96\x01", 3);
    begin();
    protobuf_append_bytes(&out, 2, "testing", 7);
    expect("\x12\x07testing", 9);
    begin();
    protobuf_append_numbers(&out, 4, packed, 3);
    expect("\x22\x06\x03\x8e\x02\x9e\xa7\x05", 8);
}

/* Zero is the default and is not written, in a packed list it is; the largest takes ten bytes; a
 * field above 15 takes a second byte for its key. */
Test(protobuf, ends_of_the_range, .timeout = 10)
{
    static const uint64_t packed[] = {0, 127, 128};
    begin();
    protobuf_append_number(&out, 1, 0);
    protobuf_append_numbers(&out, 1, packed, 0);
    expect("", 0);
    begin();
    protobuf_append_numbers(&out, 1, packed, 3);
    expect("\x0a\x04\x00\x7f\x80\x01", 6);
    begin();
    protobuf_append_number(&out, 1, UINT64_MAX);
    expect("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    begin();
    protobuf_append_bytes(&out, 16, "", 0);
    expect("\x82\x01\x00", 3);
}
