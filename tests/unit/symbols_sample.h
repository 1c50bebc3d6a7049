/* Programs compiled by the tests of names for addresses, and outside tools asked about them. */
#ifndef TOLLGATE_TESTS_SYMBOLS_SAMPLE_H
#define TOLLGATE_TESTS_SYMBOLS_SAMPLE_H

#include "base/child.h"
#include "base/file.h"
#include "rig/symbols.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef TOLLGATE_SOURCE_DIR
#define TOLLGATE_SOURCE_DIR "."
#endif

enum { SAMPLE_OUTPUT_MAX = 64 << 20, SAMPLE_TIMEOUT_MS = 120000, SAMPLE_WORDS_MAX = 48 };

/* A folder for what a test builds; and the sources, by their real path. */
struct sample {
    char folder[64];
    char sources[PATH_MAX];
};

static inline void sample_open(struct sample *sample)
{
    snprintf(sample->folder, sizeof sample->folder, "/tmp/test-symbols-XXXXXX");
    cr_assert_not_null(mkdtemp(sample->folder));
    cr_assert_not_null(realpath(TOLLGATE_SOURCE_DIR "/fixtures/symbols", sample->sources));
}

static inline void sample_close(struct sample *sample)
{
    struct error err = {0};
    cr_expect(file_remove_tree(sample->folder, &err), "%s", err.text);
}

/* "FOLDER/name", valid until the fourth call after. */
static inline const char *sample_path(const struct sample *sample, const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", sample->folder, name);
    return path;
}

/* Runs a program with `input` as its standard input; whether it exited with 0. */
static inline bool sample_run(const char *folder, const char *const *words, const char *input,
                              struct buffer *out)
{
    struct error err = {0};
    struct child_status status = {0};
    struct buffer errors;
    int fd = memfd_create("input", MFD_CLOEXEC);
    cr_assert_geq(fd, 0);
    if (input != NULL) {
        cr_assert_eq(write(fd, input, strlen(input)), (ssize_t)strlen(input));
        cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    }
    struct child_options options = {
        .arguments = words, .folder = folder, .stdin_fd = fd, .cpu = -1};
    buffer_init(&errors, SAMPLE_OUTPUT_MAX);
    bool ok = child_run(&options, SAMPLE_TIMEOUT_MS, NULL, out, &errors, &status, &err) &&
              !status.signalled && status.code == 0;
    buffer_release(&errors);
    close(fd);
    return ok;
}

/* The same with the words one after another, up to a NULL, in the folder of the sources. */
static inline bool sample_do(const struct sample *sample, const char *first, ...)
{
    const char *words[SAMPLE_WORDS_MAX] = {first};
    va_list more;
    struct buffer out;
    size_t count = 1;
    va_start(more, first);
    for (const char *word; (word = va_arg(more, const char *)) != NULL;) {
        cr_assert_lt(count + 1, SAMPLE_WORDS_MAX);
        words[count++] = word;
    }
    va_end(more);
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    bool ok = sample_run(sample->sources, words, NULL, &out);
    buffer_release(&out);
    return ok;
}

static inline bool sample_has(const struct sample *sample, const char *tool)
{
    return sample_do(sample, tool, "--version", NULL);
}

/* What `nm` says of a function: where it begins and how long it is. */
static inline bool sample_symbol(const struct sample *sample, const char *path, const char *name,
                                 uint64_t *address, uint64_t *size)
{
    const char *words[] = {"nm", "-S", "--defined-only", path, NULL};
    struct buffer out;
    bool found = false;
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample->sources, words, NULL, &out), "nm failed on %s", path);
    for (const char *line = out.data; line != NULL && *line != '\0' && !found;) {
        unsigned long long at, bytes;
        char type, text[256];
        found = sscanf(line, "%llx %llx %c %255s", &at, &bytes, &type, text) == 4 &&
                strcmp(text, name) == 0;
        if (found) {
            *address = at;
            *size = bytes;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    buffer_release(&out);
    return found;
}

static inline const char *sample_machine(void)
{
    static struct utsname name;
    cr_assert_eq(uname(&name), 0);
    return name.machine;
}

static inline struct symbols *sample_symbols(const char *root, const char *const *tracked)
{
    struct symbols *symbols;
    struct error err = {0};
    cr_assert(symbols_new(&symbols, root, tracked, &err), "%s", err.text);
    return symbols;
}

/* The innermost frame of an address. The strings live as long as the symbols. */
static inline struct profile_frame sample_find(struct symbols *symbols,
                                               struct symbols_object *object, uint64_t address)
{
    struct symbols_place place;
    symbols_find(symbols, object, address, &place);
    return place.frames[0];
}

#endif
