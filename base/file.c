#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BYTES = 16 * 1024 };

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_read(const char *path, struct buffer *out, struct error *err)
{
    char chunk[65536];
    bool ok = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, "cannot read %s", path);
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set_errno(err, "cannot read %s", path);
            goto out;
        }
        if (got == 0)
            break;
        buffer_append(out, chunk, (size_t)got);
        if (out->failed) {
            error_set(err, ERROR_INPUT, "%s is larger than %zu bytes, or memory ran out", path,
                      out->max);
            goto out;
        }
    }
    ok = true;
out:
    close(fd);
    return ok;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
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

/* A device, a pipe or a socket is written to as it is: renaming a file over /dev/null, which root
 * may do, would take it from every other program. */
static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static bool write_special(const char *path, const void *data, size_t size, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set_errno(err, "cannot write %s", path);
    bool ok = write_all(fd, data, size) || error_set_errno(err, "cannot write %s", path);
    if (close(fd) != 0 && ok)
        ok = error_set_errno(err, "cannot write %s", path);
    return ok;
}

bool file_write_atomic(const char *path, const void *data, size_t size, struct error *err)
{
    bool ok = false;
    int fd = -1;
    char *temporary = NULL;
    if (is_special(path))
        return write_special(path, data, size, err);
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return error_set_memory(err);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        error_set_errno(err, "cannot write %s", path);
        goto out;
    }
    if (fchmod(fd, 0644) != 0 || !write_all(fd, data, size) || fsync(fd) != 0) {
        error_set_errno(err, "cannot write %s", path);
        goto out;
    }
    int closed = close(fd);
    fd = -1;
    if (closed != 0 || rename(temporary, path) != 0) {
        error_set_errno(err, "cannot write %s", path);
        goto out;
    }
    sync_folder_of(path);
    ok = true;
out:
    if (fd >= 0)
        close(fd);
    if (!ok)
        unlink(temporary);
    free(temporary);
    return ok;
}

bool file_make_directories(const char *path, struct error *err)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return error_set_memory(err);
    bool ok = true;
    for (char *slash = copy + 1; ok; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char kept = *slash;
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            ok = error_set_errno(err, "cannot make the folder %s", copy);
        *slash = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    return ok;
}

static bool remove_below(int parent, const char *name, struct error *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, "cannot open the folder %s", name);
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        close(fd);
        return error_set_errno(err, "cannot list the folder %s", name);
    }
    bool ok = true;
    for (struct dirent *entry = readdir(folder); ok && entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        if (errno != EISDIR && errno != EPERM)
            ok = error_set_errno(err, "cannot remove %s", entry->d_name);
        else
            ok = remove_below(fd, entry->d_name, err);
    }
    closedir(folder);
    if (ok && unlinkat(parent, name, AT_REMOVEDIR) != 0)
        ok = error_set_errno(err, "cannot remove the folder %s", name);
    return ok;
}

bool file_remove_tree(const char *path, struct error *err)
{
    if (!file_exists(path))
        return true;
    return remove_below(AT_FDCWD, path, err);
}

void file_append_tail(const char *path, size_t lines, struct buffer *out)
{
    char text[TAIL_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    ssize_t got = pread(fd, text, sizeof text, from);
    close(fd);
    if (got <= 0)
        return;
    size_t start = (size_t)got;
    size_t seen = 0;
    while (start > 0) {
        if (text[start - 1] == '\n' && start != (size_t)got && ++seen == lines)
            break;
        start--;
    }
    buffer_append(out, text + start, (size_t)got - start);
}

unsigned long long file_hash_bytes(unsigned long long hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
    return hash;
}

bool file_hash(const char *path, unsigned long long *hash, struct error *err)
{
    char chunk[65536];
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return error_set_errno(err, "cannot read %s", path);
    *hash = FILE_HASH_START;
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        *hash = file_hash_bytes(*hash, chunk, got);
    bool ok = ferror(file) == 0;
    if (!ok)
        error_set_errno(err, "cannot read %s", path);
    fclose(file);
    return ok;
}
