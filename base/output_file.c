#include "base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_TRIES = 100 };

/* A device, a pipe or a socket. */
static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

/* A descriptor without a name in the folder of `path`; -1 where the file system has none. */
static int open_nameless(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return -1;
    int fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    free(copy);
    return fd;
}

static int open_temporary(struct output_file *file)
{
    if (asprintf(&file->temporary, "%s.XXXXXX", file->path) < 0) {
        file->temporary = NULL;
        errno = ENOMEM;
        return -1;
    }
    int fd = mkostemp(file->temporary, O_CLOEXEC);
    if (fd < 0) {
        free(file->temporary);
        file->temporary = NULL;
        return -1;
    }
    if (fchmod(fd, 0644) == 0)
        return fd;
    close(fd);
    return -1;
}

void output_file_drop(struct output_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    if (file->temporary != NULL)
        unlink(file->temporary);
    free(file->temporary);
    file->stream = NULL;
    file->temporary = NULL;
}

bool output_file_open(struct output_file *file, const char *path, struct error *err)
{
    *file = (struct output_file){.path = path, .special = is_special(path)};
    int fd;
    if (file->special)
        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    else
        fd = open_nameless(path);
    if (fd < 0 && !file->special)
        fd = open_temporary(file);
    if (fd >= 0)
        file->stream = fdopen(fd, "w");
    if (file->stream != NULL)
        return true;
    error_set_errno(err, "cannot write %s", path);
    if (fd >= 0)
        close(fd);
    output_file_drop(file);
    return false;
}

/* Gives a nameless file a temporary name beside `path`. */
static bool name_it(struct output_file *file)
{
    char descriptor[64];
    struct stat info;
    snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", fileno(file->stream));
    if (fstat(fileno(file->stream), &info) != 0)
        return false;
    for (int i = 0; i < NAME_TRIES; i++) {
        char *name;
        if (asprintf(&name, "%s.%llx-%d-%d", file->path, (unsigned long long)info.st_ino,
                     (int)getpid(), i) < 0) {
            errno = ENOMEM;
            return false;
        }
        if (linkat(AT_FDCWD, descriptor, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            file->temporary = name;
            return true;
        }
        free(name);
        if (errno != EEXIST)
            return false;
    }
    return false;
}

/* The rename itself is only durable once the folder is on disk. */
static void sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

bool output_file_keep(struct output_file *file, struct error *err)
{
    bool ok = fflush(file->stream) == 0;
    if (!file->special) {
        ok = ok && fsync(fileno(file->stream)) == 0;
        ok = ok && (file->temporary != NULL || name_it(file));
    }
    if (!ok)
        error_set_errno(err, "cannot write %s", file->path);
    int closed = fclose(file->stream);
    file->stream = NULL;
    if (ok && closed != 0)
        ok = error_set_errno(err, "cannot write %s", file->path);
    if (ok && !file->special) {
        ok = rename(file->temporary, file->path) == 0;
        if (!ok)
            error_set_errno(err, "cannot write %s", file->path);
    }
    if (ok) {
        free(file->temporary);
        file->temporary = NULL;
        if (!file->special)
            sync_folder_of(file->path);
    }
    output_file_drop(file);
    return ok;
}

FILE *output_file_scratch(const char *path, struct error *err)
{
    int fd = is_special(path) ? -1 : open_nameless(path);
    FILE *stream = fd >= 0 ? fdopen(fd, "w+") : tmpfile();
    if (stream != NULL)
        return stream;
    error_set_errno(err, "cannot make a temporary file");
    if (fd >= 0)
        close(fd);
    return NULL;
}
