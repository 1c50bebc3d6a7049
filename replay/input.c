#include "replay/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { READ_BYTES = 256 * 1024, UNPACK_BYTES = 64 * 1024 };

static bool open_file(struct input *input, struct error *err)
{
    struct stat info;
    int fd = open(input->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set_errno(err, "cannot read %s", input->name);
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(fd);
        return error_set(err, ERROR_INPUT, "%s is a folder; name the files in it", input->name);
    }
    input->file = gzdopen(fd, "rb");
    if (input->file == NULL) {
        close(fd);
        return error_set_memory(err);
    }
    gzbuffer(input->file, UNPACK_BYTES);
    return true;
}

/* Makes room for READ_BYTES more at the end of the window. */
static bool make_room(struct input *input)
{
    if (input->start > 0) {
        memmove(input->data, input->data + input->start, input->end - input->start);
        input->end -= input->start;
        input->searched = input->searched > input->start ? input->searched - input->start : 0;
        input->start = 0;
    }
    if (input->capacity - input->end >= READ_BYTES)
        return true;
    size_t wanted = input->capacity == 0 ? 2 * READ_BYTES : 2 * input->capacity;
    char *data = realloc(input->data, wanted);
    if (data == NULL)
        return false;
    input->data = data;
    input->capacity = wanted;
    return true;
}

/* Why no more bytes came. A .gz that ends too early is put up with: what came before is whole. */
static bool end_reading(struct input *input, struct error *err)
{
    int code = Z_OK;
    const char *text = gzerror(input->file, &code);
    const char *named = strstr(text, ">: "); /* behind zlib's name for the file */
    input->ended = true;
    switch (code) {
    case Z_OK:
    case Z_STREAM_END:
        return true;
    case Z_BUF_ERROR:
        input->cut = true;
        return true;
    case Z_ERRNO:
        return error_set_errno(err, "cannot read %s", input->name);
    case Z_MEM_ERROR:
        return error_set_memory(err);
    default:
        return error_set_at(err, ERROR_INPUT, input->name,
                            "the compressed data are damaged after %llu bytes of content: %s",
                            (unsigned long long)(input->offset + input->end - input->start),
                            named != NULL ? named + 3 : text);
    }
}

static bool read_more(struct input *input, struct error *err)
{
    if (!make_room(input))
        return error_set_memory(err);
    errno = 0;
    int got = gzread(input->file, input->data + input->end, READ_BYTES);
    if (got > 0) {
        input->end += (size_t)got;
        return true;
    }
    return end_reading(input, err);
}

bool input_open(struct input *input, const char *path, struct error *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    *input = (struct input){.name = path};
    if (!open_file(input, err))
        return false;
    while (!input->ended && input->end < sizeof mark - 1) {
        if (!read_more(input, err)) {
            input_close(input);
            return false;
        }
    }
    if (input->end >= sizeof mark - 1 && memcmp(input->data, mark, sizeof mark - 1) == 0)
        input_skip(input, sizeof mark - 1);
    return true;
}

void input_close(struct input *input)
{
    if (input->file != NULL)
        gzclose_r(input->file);
    free(input->data);
    *input = (struct input){0};
}

void input_skip(struct input *input, size_t size)
{
    input->start += size;
    input->offset += size;
    if (input->searched < input->start)
        input->searched = input->start;
}

bool input_peek(struct input *input, const char **data, size_t *size, struct error *err)
{
    while (input->start == input->end && !input->ended) {
        if (!read_more(input, err))
            return false;
    }
    *data = input->data + input->start;
    *size = input->end - input->start;
    return true;
}

/* Where the separator begins in the window, or NULL. Remembers how far it looked. */
static const char *find_separator(struct input *input, const char *separator, size_t size)
{
    const char *from = input->data + input->searched;
    size_t left = input->end - input->searched;
    const char *found =
        size == 1 ? memchr(from, separator[0], left) : memmem(from, left, separator, size);
    if (found == NULL && left >= size)
        input->searched = input->end - (size - 1);
    return found;
}

static void give_out(struct input *input, size_t size, size_t separator, struct input_record *out)
{
    *out = (struct input_record){
        .data = input->data + input->start,
        .size = size,
        .number = ++input->record,
        .offset = input->offset,
        .ended = separator > 0,
    };
    input_skip(input, size + separator);
    input->searched = input->start;
}

/* Drops what is left of a record whose beginning was given out. True also at the end. */
static bool discard(struct input *input, const char *separator, size_t size, struct error *err)
{
    while (input->discards) {
        const char *found =
            input->end > input->start ? find_separator(input, separator, size) : NULL;
        if (found != NULL) {
            input_skip(input, (size_t)(found - (input->data + input->start)) + size);
            input->searched = input->start;
            input->discards = false;
        } else if (input->ended) {
            input_skip(input, input->end - input->start);
            input->discards = false;
        } else {
            input_skip(input, input->searched - input->start);
            if (!read_more(input, err))
                return false;
        }
    }
    return true;
}

bool input_next_record(struct input *input, const char *separator, size_t separator_size,
                       size_t max_bytes, struct input_record *out, struct error *err)
{
    *out = (struct input_record){0};
    if (!discard(input, separator, separator_size, err))
        return false;
    for (;;) {
        size_t at_hand = input->end - input->start;
        const char *found = at_hand > 0 ? find_separator(input, separator, separator_size) : NULL;
        size_t size = found != NULL ? (size_t)(found - (input->data + input->start)) : at_hand;
        if (size > max_bytes) {
            give_out(input, max_bytes, 0, out);
            out->too_long = true;
            input->discards = true;
            return true;
        }
        if (found != NULL) {
            give_out(input, size, separator_size, out);
            return true;
        }
        if (input->ended) {
            if (at_hand > 0)
                give_out(input, at_hand, 0, out);
            return true;
        }
        if (!read_more(input, err))
            return false;
    }
}

bool input_next_line(struct input *input, size_t max_bytes, struct input_record *out,
                     struct error *err)
{
    if (!input_next_record(input, "\n", 1, max_bytes, out, err))
        return false;
    if (out->size > 0 && out->data[out->size - 1] == '\r')
        out->size--;
    return true;
}

bool input_read_head(const char *path, char *out, size_t size, size_t *got, struct error *err)
{
    struct input input;
    *got = 0;
    if (!input_open(&input, path, err))
        return false;
    bool ok = true;
    while (ok && !input.ended && input.end - input.start < size)
        ok = read_more(&input, err);
    if (ok) {
        *got = input.end - input.start < size ? input.end - input.start : size;
        memcpy(out, input.data + input.start, *got);
    }
    input_close(&input);
    return ok;
}
