#include "rig/source_text.h"

#include "rig/git_question.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_MAX = 255, HASHES_MAX_BYTES = 256 << 20 };

/* The next part of a path into `part`; false when the path is not one to follow. */
static bool next_part(const char **path, char part[static PART_MAX + 1])
{
    size_t size = strcspn(*path, "/");
    if (size == 0 || size > PART_MAX)
        return false;
    memcpy(part, *path, size);
    part[size] = '\0';
    *path += size + ((*path)[size] == '/');
    return strcmp(part, ".") != 0 && strcmp(part, "..") != 0 && strcasecmp(part, ".git") != 0;
}

static int check_regular(int fd)
{
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int source_text_open(const char *root, const char *path)
{
    char part[PART_MAX + 1];
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (folder >= 0 && next_part(&path, part)) {
        bool last = *path == '\0';
        /* A pipe must not be waited for. */
        int flags = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
        int next = openat(folder, part, flags | O_NOFOLLOW | O_CLOEXEC);
        close(folder);
        if (last)
            return check_regular(next);
        folder = next;
    }
    if (folder >= 0)
        close(folder);
    return -1;
}

/* Whether git can be asked about it by a line of its input. */
static bool is_there(const char *root, const char *path)
{
    int fd = strchr(path, '\n') == NULL ? source_text_open(root, path) : -1;
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR)
            return false;
        data += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* The names of the files that are there, a line each, in memory for git to read from its start. */
static int list_names(const char *root, const char *const *paths, size_t count, bool *listed,
                      struct error *err)
{
    int fd = memfd_create("paths", MFD_CLOEXEC);
    struct buffer names;
    buffer_init(&names, HASHES_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        listed[i] = is_there(root, paths[i]);
        if (!listed[i])
            continue;
        buffer_append_string(&names, paths[i]);
        buffer_append_char(&names, '\n');
    }
    bool ok = buffer_check(&names, err);
    if (ok && (fd < 0 || !write_all(fd, buffer_text(&names), names.length) ||
               lseek(fd, 0, SEEK_SET) != 0))
        ok = error_set_errno(err, "cannot keep a list of files in memory");
    buffer_release(&names);
    if (ok)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Hands the lines of `out` to the files that were listed, in order. */
static bool take_hashes(struct buffer *out, const bool *listed, size_t count, struct arena *arena,
                        const char **hashes, struct error *err)
{
    char *at = out->data;
    for (size_t i = 0; i < count && at != NULL; i++) {
        if (!listed[i])
            continue;
        char *end = strchr(at, '\n');
        if (end == NULL)
            return true;
        *end = '\0';
        hashes[i] = arena_copy_string(arena, at);
        if (hashes[i] == NULL)
            return error_set_memory(err);
        at = end + 1;
    }
    return true;
}

bool source_text_hash(const char *root, const char *const *paths, size_t count,
                      const struct interrupt *interrupt, struct arena *arena, const char **hashes,
                      struct error *err)
{
    static const char *const words[] = {"hash-object", "--no-filters", "--stdin-paths", NULL};
    struct buffer out;
    bool answered = false, ok = false;
    bool *listed = calloc(count + 1, sizeof *listed);
    buffer_init(&out, HASHES_MAX_BYTES);
    for (size_t i = 0; i < count; i++)
        hashes[i] = NULL;
    if (listed == NULL)
        return error_set_memory(err);
    int names = list_names(root, paths, count, listed, err);
    if (names >= 0) {
        struct git_question git = {
            .folder = root, .words = words, .stdin_fd = names, .interrupt = interrupt};
        ok = git_question_ask(&git, &out, &answered, err) &&
             (!answered || take_hashes(&out, listed, count, arena, hashes, err));
        close(names);
    }
    buffer_release(&out);
    free(listed);
    return ok;
}

/* Appends all of the file; false when it cannot be read or is too large. */
static bool read_file(int fd, struct buffer *out)
{
    char chunk[16384];
    ssize_t got = -1;
    while (!out->failed && (got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got > 0)
            buffer_append(out, chunk, (size_t)got);
        else if (errno != EINTR)
            return false;
    }
    return !out->failed;
}

static bool is_object_id(const char *hash)
{
    size_t size = strlen(hash);
    return (size == 40 || size == 64) && strspn(hash, "0123456789abcdef") == size;
}

bool source_text_read(const struct source_text_question *question, struct buffer *out,
                      const char **why, struct error *err)
{
    const char *const words[] = {"cat-file", "blob", question->hash, NULL};
    struct git_question git = {
        .folder = question->root, .words = words, .interrupt = question->interrupt};
    bool answered = false;
    *why = "the text of the file as it was measured is not at hand: the file could not be read "
           "then";
    if (question->hash == NULL || !is_object_id(question->hash))
        return true;
    int fd = question->current ? source_text_open(question->root, question->path) : -1;
    if (fd >= 0) {
        answered = read_file(fd, out);
        close(fd);
        *why = answered ? NULL : "the file cannot be read, or is too large to be shown";
        return true;
    }
    *why = "the text of the file as it was measured is not at hand: the work tree has another one "
           "and git knows no such content";
    if (!git_question_ask(&git, out, &answered, err))
        return false;
    if (answered)
        *why = NULL;
    return true;
}

bool source_text_keep(const struct source_text_question *question, struct measured_text *text,
                      struct arena *arena, struct error *err)
{
    struct buffer content;
    buffer_init(&content, SOURCE_TEXT_MAX_BYTES);
    *text = (struct measured_text){0};
    bool ok = source_text_read(question, &content, &text->why, err);
    if (ok && text->why == NULL) {
        text->size = content.length;
        text->text = arena_copy_bytes(arena, buffer_text(&content), content.length);
        ok = text->text != NULL || error_set_memory(err);
    }
    buffer_release(&content);
    return ok;
}
