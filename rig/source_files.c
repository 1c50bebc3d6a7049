#include "rig/source_files.h"

#include "base/child.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GIT_OUTPUT_MAX = 256 << 20, GIT_ERRORS_MAX = 1 << 20, GIT_TIMEOUT_MS = 120000 };

/* Runs git in the folder. *known is false when it says no, or is not there. */
static bool git_list(const char *folder, const char *const *words, struct buffer *out, bool *known,
                     const struct interrupt *interrupt, struct error *err)
{
    /* No monitor of the repository's choosing is to be started by a question. */
    const char *arguments[12] = {"git", "-c", "core.fsmonitor=false", "-C", folder};
    size_t at = 5;
    for (size_t i = 0; words[i] != NULL && at < COUNT_OF(arguments) - 1; i++)
        arguments[at++] = words[i];
    struct child_options options = {.arguments = arguments, .cpu = -1, .dies_with_parent = true};
    struct child_status status = {0};
    struct buffer errors;
    struct error local = {0};
    buffer_init(&errors, GIT_ERRORS_MAX);
    bool ok = child_run(&options, GIT_TIMEOUT_MS, interrupt, out, &errors, &status, &local);
    buffer_release(&errors);
    *known = ok && !status.signalled && status.code == 0 && !out->failed;
    if (!ok && (local.code == ERROR_INTERRUPTED || local.code == ERROR_MEMORY))
        return error_set(err, local.code, "%s", local.text);
    return true;
}

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
    struct buffer names;
    bool known;
    buffer_init(&names, GIT_OUTPUT_MAX);
    bool ok = git_list(files->root, words, &names, &known, interrupt, err) &&
              (!known || split_names(files, &names, arena, err));
    buffer_release(&names);
    return ok;
}

bool source_files_read(struct source_files *files, const char *folder,
                       const struct interrupt *interrupt, struct arena *arena, struct error *err)
{
    static const char *const words[] = {"rev-parse", "--show-toplevel", NULL};
    struct buffer top;
    bool known;
    *files = (struct source_files){0};
    buffer_init(&top, GIT_ERRORS_MAX);
    bool ok = git_list(folder, words, &top, &known, interrupt, err);
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
