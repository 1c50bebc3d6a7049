#include "replay/lines.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

void line_reader_init(struct line_reader *reader, const char *name, int fd, size_t max_bytes)
{
    *reader = (struct line_reader){.name = name, .fd = fd, .hash = FILE_HASH_START};
    buffer_init(&reader->text, max_bytes + CHUNK_BYTES);
}

void line_reader_release(struct line_reader *reader)
{
    buffer_release(&reader->text);
}

/* Moves what is left of the text to the front, so that lines already given out take no memory. */
static void drop_given_out(struct line_reader *reader)
{
    size_t left = reader->text.length - reader->start;
    if (reader->start == 0)
        return;
    memmove(reader->text.data, reader->text.data + reader->start, left);
    reader->text.length = left;
    reader->searched -= reader->start;
    reader->start = 0;
}

static bool too_long(const struct line_reader *reader, struct error *err)
{
    char where[sizeof err->where];
    snprintf(where, sizeof where, "%s:%zu", reader->name, reader->number + 1);
    return error_set_at(err, ERROR_INPUT, where, "the line is longer than %zu bytes",
                        reader->text.max - CHUNK_BYTES);
}

static bool read_more(struct line_reader *reader, struct error *err)
{
    char chunk[CHUNK_BYTES];
    ssize_t got;
    drop_given_out(reader);
    if (reader->text.length > reader->text.max - CHUNK_BYTES)
        return too_long(reader, err);
    do {
        got = read(reader->fd, chunk, sizeof chunk);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(err, "cannot read %s", reader->name);
    reader->ended = got == 0;
    reader->hash = file_hash_bytes(reader->hash, chunk, (size_t)got);
    buffer_append(&reader->text, chunk, (size_t)got);
    return buffer_check(&reader->text, err);
}

static void give_out(struct line_reader *reader, size_t size, bool cut, struct line *out)
{
    size_t taken = size + !cut;
    *out = (struct line){
        .text = buffer_text(&reader->text) + reader->start,
        .size = size,
        .number = ++reader->number,
        .offset = reader->offset,
        .cut = cut,
    };
    reader->start += taken;
    reader->searched = reader->start;
    reader->offset += taken;
}

bool line_reader_next(struct line_reader *reader, struct line *out, struct error *err)
{
    *out = (struct line){0};
    for (;;) {
        size_t unsearched = reader->text.length - reader->searched;
        const char *text = buffer_text(&reader->text);
        const char *newline =
            unsearched == 0 ? NULL : memchr(text + reader->searched, '\n', unsearched);
        if (newline != NULL) {
            give_out(reader, (size_t)(newline - text) - reader->start, false, out);
            return true;
        }
        reader->searched = reader->text.length;
        if (reader->ended)
            break;
        if (!read_more(reader, err))
            return false;
    }
    if (reader->text.length > reader->start)
        give_out(reader, reader->text.length - reader->start, true, out);
    return true;
}
