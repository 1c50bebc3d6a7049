#include "rig/source_folders.h"

#include "rig/git_question.h"
#include "rig/source_text.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_MAX = 50000,
    DIFFERENT_MAX = 500, /* files; each takes a start of git */
    DEPTH_MAX = 64,
    NAMES_MAX_BYTES = 64 << 20,
    DIFF_MAX_BYTES = 64 << 20,
    BINARY_LOOK_BYTES = 8000, /* as git does: a NUL in here is no text */
};

/* Reads a regular file below `root`; *there is false when there is none, or it is too large. */
static bool read_text(const char *root, const char *path, struct buffer *out, bool *there,
                      struct error *err)
{
    char chunk[65536];
    ssize_t got = -1;
    int fd = source_text_open(root, path);
    buffer_clear(out);
    *there = false;
    if (fd < 0)
        return true;
    while (out->length <= SOURCE_FILE_MAX_BYTES && (got = read(fd, chunk, sizeof chunk)) > 0)
        buffer_append(out, chunk, (size_t)got);
    close(fd);
    *there = got == 0 && out->length <= SOURCE_FILE_MAX_BYTES;
    return buffer_check(out, err);
}

static bool is_text(const struct buffer *text)
{
    size_t looked = text->length < BINARY_LOOK_BYTES ? text->length : BINARY_LOOK_BYTES;
    return looked == 0 || memchr(text->data, '\0', looked) == NULL;
}

static uint32_t count_lines(const struct buffer *text)
{
    uint32_t lines = text->length > 0 && text->data[text->length - 1] != '\n';
    for (size_t i = 0; i < text->length; i++)
        lines += text->data[i] == '\n';
    return lines;
}

static bool make_new(const char *path, const struct buffer *text, struct arena *arena,
                     struct source_change *change, struct error *err)
{
    struct source_hunk *hunk = arena_alloc(arena, sizeof *hunk);
    const char *copy = arena_copy_string(arena, path);
    if (hunk == NULL || copy == NULL)
        return error_set_memory(err);
    *hunk = (struct source_hunk){1, 0, 1, count_lines(text)};
    *change = (struct source_change){NULL, copy, hunk, 1};
    return true;
}

bool source_folders_add_new(const char *root, const char *path, struct arena *arena,
                            struct source_change *change, bool *added, struct error *err)
{
    struct buffer text;
    buffer_init(&text, SOURCE_FILE_MAX_BYTES + 65536);
    bool ok = read_text(root, path, &text, added, err);
    if (ok && *added) {
        *added = is_text(&text) && text.length > 0;
        ok = !*added || make_new(path, &text, arena, change, err);
    }
    buffer_release(&text);
    return ok;
}

/* ---- which files ------------------------------------------------------------------------------
 */

/* Names that end in NUL each, relative to the folder. */
static bool walk_folder(const char *folder, struct buffer *names, struct error *err)
{
    size_t above = strlen(folder) + 1, count = 0;
    char *copy = strdup(folder);
    char *const roots[] = {copy, NULL};
    FTS *walk = copy != NULL ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    FTSENT *entry;
    while (walk != NULL && count < FILES_MAX && (entry = fts_read(walk)) != NULL) {
        bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
        if (hidden || entry->fts_level > DEPTH_MAX)
            fts_set(walk, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && entry->fts_pathlen > above) {
            buffer_append(names, entry->fts_path + above, entry->fts_pathlen - above + 1);
            count++;
        }
    }
    bool opened = walk != NULL;
    if (opened)
        fts_close(walk);
    free(copy);
    return opened ? buffer_check(names, err) : error_set_memory(err);
}

static bool list_files(const struct source_folders *folders, struct buffer *names,
                       struct error *err)
{
    static const char *const words[] = {"ls-files", "-z", "-c", "-o", "--exclude-standard", NULL};
    struct git_question question = {
        .folder = folders->head, .words = words, .interrupt = folders->interrupt};
    bool answered = false;
    if (folders->head_files->tracked != NULL && !git_question_ask(&question, names, &answered, err))
        return false;
    if (answered)
        return true;
    buffer_clear(names);
    return walk_folder(folders->head, names, err);
}

/* ---- one file ----------------------------------------------------------------------------------
 */

struct comparison_of_folders {
    const struct source_folders *folders;
    struct source_hunks *out;
    struct arena *arena;
    struct buffer head, base;
    size_t different, capacity;
    const char *why;
};

/* The path of a file of `folder` as its tree's root sees it; NULL when it lies outside. */
static bool find_path(const char *folder, const char *name, const struct source_files *files,
                      struct arena *arena, const char **path, struct error *err)
{
    size_t root = strlen(files->root);
    char *whole = arena_format(arena, "%s/%s", folder, name);
    if (whole == NULL)
        return error_set_memory(err);
    bool below = strncmp(whole, files->root, root) == 0 && whole[root] == '/';
    *path = below ? whole + root + 1 : NULL;
    return true;
}

/* git has the hunks of two files that are not the same. */
static bool find_hunks(struct comparison_of_folders *comparison, const char *name,
                       struct source_change *change, struct error *err)
{
    const struct source_folders *folders = comparison->folders;
    struct source_hunks found;
    struct buffer text;
    struct error ignored = {0};
    bool answered, ok = false;
    const char *head = arena_format(comparison->arena, "%s/%s", folders->head, name);
    const char *base = arena_format(comparison->arena, "%s/%s", folders->base, name);
    if (head == NULL || base == NULL)
        return error_set_memory(err);
    const char *const words[] = {"diff",
                                 "--no-index",
                                 "--no-ext-diff",
                                 "--no-textconv",
                                 "--no-color",
                                 "--no-prefix",
                                 "-U0",
                                 "--",
                                 base,
                                 head,
                                 NULL};
    struct git_question question = {.folder = "/", .words = words, .interrupt = folders->interrupt};
    buffer_init(&text, DIFF_MAX_BYTES);
    /* git exits with 1 where files differ, which is no answer to most questions: what it said is.
     */
    if (!git_question_ask(&question, &text, &answered, err))
        goto out;
    ok = true;
    if (text.length > 0 && !text.failed &&
        source_hunks_parse(&found, buffer_text(&text), text.length, comparison->arena, &ignored) &&
        found.count == 1) {
        change->hunks = found.changes[0].hunks;
        change->hunk_count = found.changes[0].hunk_count;
    } else {
        comparison->why = "git, which tells their lines apart, does not";
    }
out:
    buffer_release(&text);
    return ok;
}

static bool add(struct comparison_of_folders *comparison, struct source_change change,
                struct error *err)
{
    struct source_hunks *out = comparison->out;
    if (out->count == comparison->capacity) {
        size_t wanted = comparison->capacity == 0 ? 64 : 2 * comparison->capacity;
        struct source_change *grown = arena_alloc_array(comparison->arena, wanted, sizeof *grown);
        if (grown == NULL)
            return error_set_memory(err);
        if (out->count > 0)
            memcpy(grown, out->changes, out->count * sizeof *grown);
        out->changes = grown;
        comparison->capacity = wanted;
    }
    out->changes[out->count++] = change;
    return true;
}

static bool compare_file(struct comparison_of_folders *comparison, const char *name,
                         struct error *err)
{
    const struct source_folders *folders = comparison->folders;
    struct source_change change = {0};
    bool now, then;
    if (!find_path(folders->head, name, folders->head_files, comparison->arena, &change.head_path,
                   err) ||
        !find_path(folders->base, name, folders->base_files, comparison->arena, &change.base_path,
                   err) ||
        !read_text(folders->head, name, &comparison->head, &now, err) ||
        !read_text(folders->base, name, &comparison->base, &then, err))
        return false;
    if (!now || change.head_path == NULL || !is_text(&comparison->head))
        return true;
    if (!then || change.base_path == NULL)
        return comparison->head.length == 0 ||
               (make_new(change.head_path, &comparison->head, comparison->arena, &change, err) &&
                add(comparison, change, err));
    bool same =
        comparison->head.length == comparison->base.length &&
        (comparison->head.length == 0 ||
         memcmp(comparison->head.data, comparison->base.data, comparison->head.length) == 0);
    if (same)
        return strcmp(change.base_path, change.head_path) == 0 || add(comparison, change, err);
    if (++comparison->different > DIFFERENT_MAX) {
        comparison->why = "too many files differ";
        return true;
    }
    return find_hunks(comparison, name, &change, err) && add(comparison, change, err);
}

bool source_folders_compare(struct source_hunks *hunks, const struct source_folders *folders,
                            struct arena *arena, const char **why, struct error *err)
{
    struct comparison_of_folders comparison = {.folders = folders, .out = hunks, .arena = arena};
    struct buffer names;
    *hunks = (struct source_hunks){0};
    buffer_init(&names, NAMES_MAX_BYTES);
    buffer_init(&comparison.head, SOURCE_FILE_MAX_BYTES + 65536);
    buffer_init(&comparison.base, SOURCE_FILE_MAX_BYTES + 65536);
    bool ok = list_files(folders, &names, err);
    size_t count = 0;
    for (size_t at = 0; ok && comparison.why == NULL && at < names.length;) {
        const char *name = names.data + at;
        at += strlen(name) + 1;
        if (++count > FILES_MAX)
            comparison.why = "there are too many files";
        else
            ok = interrupt_check(folders->interrupt, err) && compare_file(&comparison, name, err);
    }
    *why = comparison.why;
    buffer_release(&names);
    buffer_release(&comparison.head);
    buffer_release(&comparison.base);
    return ok;
}
