#include "replay/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STREAM_BUFFER_BYTES = 256 * 1024 };

char *recording_file_numbered(const char *path, size_t number)
{
    char *name = NULL;
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    if (dot == NULL || dot == base)
        dot = base + strlen(base);
    if (number == 1)
        return strdup(path);
    if (asprintf(&name, "%.*s-%zu%s", (int)(dot - path), path, number, dot) < 0)
        return NULL;
    return name;
}

static bool add_name(struct recording_files *files, struct error *err)
{
    char **names = reallocarray(files->names, files->count + 1, sizeof *names);
    if (names == NULL)
        return error_set_memory(err);
    files->names = names;
    names[files->count] = recording_file_numbered(files->path, files->count + 1);
    if (names[files->count] == NULL)
        return error_set_memory(err);
    files->count++;
    return true;
}

static int open_part(struct recording_files *files, const char *name, struct error *err)
{
    if (asprintf(&files->part, "%s.part", name) < 0) {
        files->part = NULL;
        error_set_memory(err);
        return -1;
    }
    int fd = open(files->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        error_set(err, ERROR_USAGE,
                  "%s is there already: another recording is being written, or one was killed. It "
                  "is a corpus but for its last line; rename it or remove it",
                  files->part);
    else if (fd < 0)
        error_set_errno(err, "cannot write %s", files->part);
    if (fd < 0) {
        free(files->part);
        files->part = NULL;
    }
    return fd;
}

/* What a stream holds back would be written late, after an error was already told. */
static bool flush(struct recording_files *files, struct error *err)
{
    errno = 0;
    return fflush(files->stream) == 0 ||
           error_set_errno(err, "cannot write %s", files->names[files->count - 1]);
}

static bool open_stream(struct recording_files *files, struct error *err)
{
    const char *name = files->names[files->count - 1];
    int fd =
        files->special ? open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY) : open_part(files, name, err);
    if (fd < 0)
        return files->special ? error_set_errno(err, "cannot write %s", name) : false;
    files->stream = fdopen(fd, "w");
    if (files->stream == NULL) {
        close(fd);
        return error_set_memory(err);
    }
    setvbuf(files->stream, NULL, _IOFBF, STREAM_BUFFER_BYTES);
    files->exchanges = 0;
    if (!corpus_write_header_fields(files->stream, &files->header, err) || !flush(files, err))
        return false;
    off_t at = ftello(files->stream);
    files->good_bytes = at > 0 ? (uint64_t)at : 0;
    files->all_bytes += files->good_bytes;
    return true;
}

/* Drops what is not a whole line. Writing a stream anew that has failed would write the rest of
 * what it holds, so it is opened again at the good end. */
static bool cut_off(struct recording_files *files, struct error *err)
{
    int fd = dup(fileno(files->stream));
    if (fd < 0)
        return error_set_errno(err, "cannot write %s", files->part);
    /* The bytes it holds back go to nowhere. */
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, fileno(files->stream));
        close(nowhere);
    }
    fclose(files->stream);
    files->stream = NULL;
    if (ftruncate(fd, (off_t)files->good_bytes) == 0 &&
        lseek(fd, (off_t)files->good_bytes, SEEK_SET) >= 0)
        files->stream = fdopen(fd, "w");
    if (files->stream != NULL) {
        setvbuf(files->stream, NULL, _IOFBF, STREAM_BUFFER_BYTES);
        return true;
    }
    close(fd);
    return error_set_errno(err, "cannot cut %s off after its last whole line", files->part);
}

bool recording_files_open(struct recording_files *files, const char *path, uint64_t rotate_bytes,
                          const struct corpus_header *header, struct error *err)
{
    struct stat info;
    *files =
        (struct recording_files){.path = path, .rotate_bytes = rotate_bytes, .header = *header};
    files->special = stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
    if (add_name(files, err) && open_stream(files, err))
        return true;
    if (files->stream != NULL && files->part != NULL)
        unlink(files->part);
    recording_files_release(files);
    return false;
}

static bool rotate(struct recording_files *files, struct error *err)
{
    if (!recording_files_close(files, err) || !add_name(files, err))
        return false;
    if (open_stream(files, err))
        return true;
    if (files->stream == NULL)
        free(files->names[--files->count]); /* there is no such file */
    return false;
}

/* Bytes of the line that was just written; 0 when that cannot be told. */
static uint64_t line_bytes(const struct recording_files *files)
{
    off_t at = files->special ? -1 : ftello(files->stream);
    return at > (off_t)files->good_bytes ? (uint64_t)at - files->good_bytes : 0;
}

bool recording_files_write(struct recording_files *files, const struct exchange *exchange,
                           const char *endpoint, struct error *err)
{
    struct error ignored = {0};
    if (files->stream == NULL)
        return error_set(err, ERROR_IO, "cannot write %s: it is closed", files->path);
    if (files->rotate_bytes > 0 && files->exchanges > 0 && !files->special &&
        files->good_bytes >= files->rotate_bytes && !rotate(files, err))
        return false;
    bool ok = corpus_write_exchange(files->stream, exchange, endpoint, err) && flush(files, err);
    uint64_t bytes = ok ? line_bytes(files) : 0;
    if (bytes > CORPUS_LINE_MAX_BYTES)
        ok = error_set(err, ERROR_INPUT, "the exchange is longer than a corpus allows");
    if (!ok && !files->special && !cut_off(files, &ignored))
        return error_set(err, ERROR_IO, "%s", ignored.text);
    if (!ok)
        return false;
    files->good_bytes += bytes;
    files->all_bytes += bytes;
    files->exchanges++;
    return true;
}

bool recording_files_close(struct recording_files *files, struct error *err)
{
    bool ok = true;
    if (files->stream == NULL)
        return true;
    const char *name = files->names[files->count - 1];
    bool keep = files->exchanges > 0;
    errno = 0;
    if (keep && !files->special && fsync(fileno(files->stream)) != 0)
        ok = error_set_errno(err, "cannot write %s", name);
    if (fclose(files->stream) != 0)
        ok = error_set_errno(err, "cannot write %s", name);
    files->stream = NULL;
    if (files->special)
        return ok;
    if (!keep && unlink(files->part) == 0) {
        free(files->names[--files->count]);
    } else if (rename(files->part, name) != 0) {
        ok = error_set_errno(err, "cannot rename %s to %s", files->part, name);
    }
    free(files->part);
    files->part = NULL;
    return ok;
}

void recording_files_release(struct recording_files *files)
{
    if (files->stream != NULL)
        fclose(files->stream);
    for (size_t i = 0; i < files->count; i++)
        free(files->names[i]);
    free(files->names);
    free(files->part);
    *files = (struct recording_files){0};
}
