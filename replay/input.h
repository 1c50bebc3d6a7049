/* A file to import from, as a stream of records: lines, or what stands between separators. Reads
 * gzip where the file is of it, and skips a byte order mark. Memory grows with the longest record
 * up to the stated maximum, never with the file. */
#ifndef TOLLGATE_REPLAY_INPUT_H
#define TOLLGATE_REPLAY_INPUT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct gzFile_s;

struct input {
    const char *name; /* as given; borrowed */
    struct gzFile_s *file;
    char *data; /* the window: bytes `start` to `end` are not given out yet */
    size_t start, end, capacity;
    size_t searched; /* of the window: no separator begins before this */
    uint64_t offset; /* of the window's start in the (unpacked) file */
    size_t record;   /* number of the last one given out */
    bool ended;      /* nothing more comes */
    bool cut;        /* since a .gz ends in the middle */
    bool discards;   /* the rest of a record that was too long */
};

/* A piece of the input, without its separator. */
struct input_record {
    const char *data; /* borrowed until the next call; NULL: there are no more */
    size_t size;
    size_t number;   /* from 1 */
    uint64_t offset; /* of its first byte */
    bool ended;      /* by a separator, not by the end of the file */
    bool too_long;   /* only the first bytes of it are here */
};

MUST_CHECK bool input_open(struct input *input, const char *path, struct error *err);
void input_close(struct input *input);

/* The next line, without the newline and a carriage return before it. */
MUST_CHECK bool input_next_line(struct input *input, size_t max_bytes, struct input_record *out,
                                struct error *err);

/* The next record of those that `separator` ends. */
MUST_CHECK bool input_next_record(struct input *input, const char *separator, size_t separator_size,
                                  size_t max_bytes, struct input_record *out, struct error *err);

/* For those who look at each byte themselves: the bytes at hand, at least one; 0 at the end. */
MUST_CHECK bool input_peek(struct input *input, const char **data, size_t *size, struct error *err);
void input_skip(struct input *input, size_t size);

/* The first bytes of a file, as they come out of the stream: up to `size`. */
MUST_CHECK bool input_read_head(const char *path, char *out, size_t size, size_t *got,
                                struct error *err);

#endif
