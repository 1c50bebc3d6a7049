/* That other programs read it is for tests/e2e; here what holds without them. */
#include "reporters/export.h"

#include "tests/unit/profile_sample.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

static struct profile_sample sample;
static unsigned char plain[1 << 20];

/* The message within the gzip. */
static size_t write_pprof(void)
{
    struct buffer out;
    struct error err = {0};
    struct report_style style = {80, false, true};
    z_stream stream = {.next_out = plain, .avail_out = sizeof plain};
    buffer_init(&out, 1 << 20);
    cr_assert(reporter_pprof.write(&sample.report, &style, &out, &err), "%s", err.text);
    stream.next_in = (Bytef *)out.data;
    stream.avail_in = (uInt)out.length;
    cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    cr_assert_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = stream.total_out;
    cr_assert_eq(stream.avail_in, 0);
    inflateEnd(&stream);
    buffer_release(&out);
    return size;
}

static uint64_t read_number(const unsigned char **at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        value |= (uint64_t)(**at & 0x7f) << shift;
        if ((*(*at)++ & 0x80) == 0)
            return value;
    }
}

/* How often each field stands at the top, and the n-th text of the string table. */
static void count_fields(size_t size, size_t counts[static 32], const char *strings[static 64],
                         size_t lengths[static 64])
{
    const unsigned char *at = plain;
    while (at < plain + size) {
        uint64_t key = read_number(&at), value = read_number(&at);
        cr_assert_lt(key >> 3, 32);
        if (key >> 3 == 6) {
            cr_assert_lt(counts[6], 64);
            strings[counts[6]] = (const char *)at;
            lengths[counts[6]] = value;
        }
        counts[key >> 3]++;
        if ((key & 7) == 2)
            at += value;
    }
    cr_assert_eq(at, plain + size);
}

Test(export_pprof, has_a_row_of_everything, .timeout = 10)
{
    size_t counts[32] = {0}, lengths[64];
    const char *strings[64];
    profile_sample_init(&sample);
    count_fields(write_pprof(), counts, strings, lengths);
    cr_assert_eq(counts[1], 2);                      /* samples and nanoseconds */
    cr_assert_eq(counts[2], 6 + 4);                  /* the costs of both endpoints */
    cr_assert_eq(counts[3], 5);                      /* gateway, jansson, libc, kernel, zlib */
    cr_assert_eq(counts[4], SAMPLE_FRAME_COUNT);     /* a frame is a location */
    cr_assert_eq(counts[5], SAMPLE_FRAME_COUNT - 1); /* rank_score has two lines */
    cr_assert_eq(lengths[0], 0);                     /* the first text is "" */
    bool found = false;
    for (size_t i = 1; i < counts[6]; i++)
        found = found || (lengths[i] == strlen(SAMPLE_USER) &&
                          memcmp(strings[i], SAMPLE_USER, lengths[i]) == 0);
    cr_assert(found);
}

Test(export_pprof, is_the_same_each_time, .timeout = 10)
{
    static unsigned char before[1 << 20];
    profile_sample_init(&sample);
    size_t size = write_pprof();
    memcpy(before, plain, size);
    cr_assert_eq(write_pprof(), size);
    cr_assert(memcmp(before, plain, size) == 0);
}

/* Texts are UTF-8, whatever the program had. */
Test(export_pprof, hostile_names, .timeout = 10)
{
    static struct profile_frame frames[SAMPLE_FRAME_COUNT];
    static char name[10 * 1024];
    profile_sample_init(&sample);
    memcpy(frames, sample_frames, sizeof frames);
    memset(name, 'x', sizeof name - 1);
    frames[FRAME_MAIN].function = "\xff\n\x1b";
    frames[FRAME_SERVE].function = name;
    sample.head.profiles[PROFILE_CPU][SIDE_HEAD].frames = frames;
    size_t counts[32] = {0}, lengths[64];
    const char *strings[64];
    count_fields(write_pprof(), counts, strings, lengths);
    bool spelt = false, whole = false;
    for (size_t i = 0; i < counts[6]; i++) {
        spelt = spelt || (lengths[i] == 12 && memcmp(strings[i], "\\xff\\x0a\\x1b", 12) == 0);
        whole = whole || lengths[i] == sizeof name - 1;
    }
    cr_assert(spelt && whole);
}
