#include "rig/source_files.h"

#include "rig/git_question.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_BYTES_MAX = 256 << 20, TOP_BYTES_MAX = 1 << 20 };

/* The path with its links resolved, in the arena. */
static bool resolve(const char *path, struct arena *arena, const char **out, struct error *err)
{
    char *resolved = realpath(path, NULL);
    if (resolved == NULL)
        return error_set_errno(err, "cannot find the folder %s", path);
    *out = arena_copy_string(arena, resolved);
    free(resolved);
    return *out != NULL || error_set_memory(err);
}

/* Names that end in NUL each. One that a cut-off output left open is none. */
static bool split_names(struct source_files *files, const struct buffer *names, struct arena *arena,
                        struct error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < names->length; i++)
        count += names->data[i] == '\0';
    char *text = arena_copy_bytes(arena, buffer_text(names), names->length);
    const char **tracked = arena_alloc_array(arena, count + 1, sizeof *tracked);
    if (text == NULL || tracked == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++) {
        tracked[i] = text;
        text += strlen(text) + 1;
    }
    files->tracked = tracked;
    files->tracked_count = count;
    return true;
}

static bool list_tracked(struct source_files *files, const struct interrupt *interrupt,
                         struct arena *arena, struct error *err)
{
    static const char *const words[] = {"ls-files", "-z", NULL};
    struct git_question question = {files->root, words, 0, interrupt};
    struct buffer names;
    bool known;
    buffer_init(&names, NAMES_BYTES_MAX);
    bool ok = git_question_ask(&question, &names, &known, err) &&
              (!known || split_names(files, &names, arena, err));
    buffer_release(&names);
    return ok;
}

bool source_files_read(struct source_files *files, const char *folder,
                       const struct interrupt *interrupt, struct arena *arena, struct error *err)
{
    static const char *const words[] = {"rev-parse", "--show-toplevel", NULL};
    struct git_question question = {folder, words, 0, interrupt};
    struct buffer top;
    bool known;
    *files = (struct source_files){0};
    buffer_init(&top, TOP_BYTES_MAX);
    bool ok = git_question_ask(&question, &top, &known, err);
    if (ok && known && top.length > 1) {
        top.data[top.length - 1] = '\0'; /* the newline */
        ok = resolve(top.data, arena, &files->root, err) &&
             list_tracked(files, interrupt, arena, err);
    } else if (ok) {
        ok = resolve(folder, arena, &files->root, err);
    }
    buffer_release(&top);
    return ok;
}
