#include "reporters/github_files.h"

#include "base/file.h"
#include "reporters/github.h"
#include "reporters/markdown.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MARGIN_BYTES = 1024, OUTPUTS_MAX_BYTES = 1 << 16, TOKEN_BYTES = 16 };

static const char *find_file(const char *variable)
{
    const char *path = getenv(variable);
    return path != NULL && *path != '\0' ? path : NULL;
}

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, text, size);
        if (written <= 0)
            return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

/* Behind what is there, on a line of its own. Other steps' tools write to the same file, so that it
 * is not replaced. */
static bool append_to_file(const char *path, const struct buffer *text, struct error *err)
{
    char last = '\n';
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set_errno(err, "cannot write %s", path);
    off_t end = lseek(fd, 0, SEEK_END);
    bool ok = end <= 0 || pread(fd, &last, 1, end - 1) == 1;
    ok = ok && (last == '\n' || write_all(fd, "\n", 1)) &&
         write_all(fd, buffer_text(text), text->length);
    if (close(fd) != 0)
        ok = false;
    return ok || error_set_errno(err, "cannot write %s", path);
}

/* What the limit leaves of a file that is there already. */
static size_t find_room(const char *path)
{
    struct stat info;
    size_t used = stat(path, &info) == 0 && info.st_size > 0 ? (size_t)info.st_size : 0;
    size_t most = GITHUB_SUMMARY_MAX_BYTES - MARGIN_BYTES;
    return used < most ? most - used : 0;
}

static bool deliver_summary(const struct report *report, const char *path, struct buffer *out,
                            struct error *err)
{
    struct buffer text;
    const char *file = path != NULL ? path : find_file("GITHUB_STEP_SUMMARY");
    if (file == NULL)
        return true;
    struct markdown_options options = {
        .max_bytes = path != NULL ? GITHUB_SUMMARY_MAX_BYTES - MARGIN_BYTES : find_room(file)};
    buffer_init(&text, GITHUB_SUMMARY_MAX_BYTES);
    bool ok = markdown_append(&text, report, &options, err);
    if (ok && text.length == 0)
        buffer_append_string(out, "::warning title=tollgate::the summary of this step is full (1 "
                                  "MiB): the report is not in it\n");
    else if (ok)
        ok = path != NULL ? file_write_atomic(path, buffer_text(&text), text.length, err)
                          : append_to_file(file, &text, err);
    buffer_release(&text);
    return ok;
}

/* A word that nobody could have foreseen: what a value holds does not end it. */
static bool make_delimiter(char delimiter[static 64], struct error *err)
{
    unsigned char token[TOKEN_BYTES];
    if (getrandom(token, sizeof token, 0) != (ssize_t)sizeof token)
        return error_set_errno(err, "no random numbers");
    int used = snprintf(delimiter, 64, "tollgate_");
    for (size_t i = 0; i < sizeof token; i++)
        snprintf(delimiter + used + 2 * i, 3, "%02x", token[i]);
    return true;
}

static bool deliver_outputs(const struct report *report, struct error *err)
{
    char delimiter[64];
    struct buffer text;
    const char *file = find_file("GITHUB_OUTPUT");
    if (file == NULL)
        return true;
    if (!make_delimiter(delimiter, err))
        return false;
    buffer_init(&text, OUTPUTS_MAX_BYTES);
    github_append_outputs(&text, report, delimiter);
    bool ok = buffer_check(&text, err) && append_to_file(file, &text, err);
    buffer_release(&text);
    return ok;
}

bool github_deliver(const struct report *report, const char *path, struct buffer *out,
                    struct error *err)
{
    return deliver_summary(report, path, out, err) && deliver_outputs(report, err) &&
           buffer_check(out, err);
}
