/* Lines of a file as a stream: memory grows with the longest line, not with the file. */
#ifndef TOLLGATE_REPLAY_LINES_H
#define TOLLGATE_REPLAY_LINES_H

#include "base/buffer.h"

#include <stdint.h>

struct line {
    const char *text; /* borrowed until the next call; without the newline */
    size_t size;
    size_t number;   /* from 1 */
    uint64_t offset; /* of its first byte in the file */
    bool cut;        /* the file ended before a newline came */
};

struct line_reader {
    const char *name; /* for errors; borrowed */
    int fd;           /* borrowed */
    struct buffer text;
    size_t start;            /* of the next line in `text` */
    size_t searched;         /* no newline before this offset */
    size_t number;           /* of the last line given out */
    uint64_t offset;         /* of the next line in the file */
    unsigned long long hash; /* FNV-1a of the bytes read so far */
    bool ended;
};

void line_reader_init(struct line_reader *reader, const char *name, int fd, size_t max_bytes);
void line_reader_release(struct line_reader *reader);

/* Gives the next line. At the end of the file: true with a NULL text. False when reading fails or
 * the line is longer than the maximum. */
MUST_CHECK bool line_reader_next(struct line_reader *reader, struct line *out, struct error *err);

#endif
