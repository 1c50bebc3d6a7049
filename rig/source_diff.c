#include "rig/source_diff.h"

#include "rig/git_question.h"
#include "rig/source_files.h"
#include "rig/source_folders.h"
#include "rig/source_hunks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIFF_MAX_BYTES = 256 << 20,
    NAMES_MAX_BYTES = 16 << 20,
    UNTRACKED_MAX = 2000, /* files that git does not track; those beyond are taken for unchanged */
};

/* What git says, or NULL in *text when it has no answer. */
static bool ask(const char *folder, const char *const *words, const struct interrupt *interrupt,
                struct buffer *out, bool *answered, struct error *err)
{
    struct git_question question = {.folder = folder, .words = words, .interrupt = interrupt};
    return git_question_ask(&question, out, answered, err);
}

/* Whether the head's repository has the base's commit. */
static bool has_commit(const char *root, const char *commit, const struct interrupt *interrupt,
                       bool *has, struct error *err)
{
    char wanted[128];
    struct buffer out;
    snprintf(wanted, sizeof wanted, "%s^{commit}", commit);
    const char *const words[] = {"cat-file", "-e", wanted, NULL};
    buffer_init(&out, 4096);
    bool ok = ask(root, words, interrupt, &out, has, err);
    buffer_release(&out);
    return ok;
}

/* Of the tracked files. */
static bool diff_commit(struct source_hunks *hunks, const char *root, const char *commit,
                        const struct interrupt *interrupt, struct arena *arena, const char **why,
                        struct error *err)
{
    const char *const words[] = {"-c",
                                 "core.quotePath=false",
                                 "diff",
                                 "--no-ext-diff",
                                 "--no-textconv",
                                 "--no-color",
                                 "--no-prefix",
                                 "--no-relative",
                                 "--ignore-submodules=all",
                                 "--inter-hunk-context=0",
                                 "-U0",
                                 "-M",
                                 commit,
                                 "--",
                                 NULL};
    struct buffer text;
    struct error problem = {0};
    bool answered, ok;
    buffer_init(&text, DIFF_MAX_BYTES);
    ok = ask(root, words, interrupt, &text, &answered, err);
    if (ok && !answered)
        *why = "git cannot tell them apart";
    else if (ok && !source_hunks_parse(hunks, buffer_text(&text), text.length, arena, &problem)) {
        *why = arena_format(arena, "%s: %s", problem.where, problem.text);
        ok = (problem.code == ERROR_INPUT && *why != NULL) || error_set_memory(err);
    }
    buffer_release(&text);
    return ok;
}

/* Files that git does not track are the head's alone. */
static bool add_untracked(struct source_hunks *hunks, const char *root,
                          const struct interrupt *interrupt, struct arena *arena, struct error *err)
{
    static const char *const words[] = {"ls-files", "-z", "-o", "--exclude-standard", NULL};
    struct buffer names;
    bool answered, ok;
    buffer_init(&names, NAMES_MAX_BYTES);
    ok = ask(root, words, interrupt, &names, &answered, err);
    size_t count = hunks->count, most = count + UNTRACKED_MAX;
    most = most < SOURCE_CHANGES_MAX ? most : SOURCE_CHANGES_MAX;
    struct source_change *all = arena_alloc_array(arena, most + 1, sizeof *all);
    if (ok && all == NULL)
        ok = error_set_memory(err);
    if (ok && count > 0)
        memcpy(all, hunks->changes, count * sizeof *all);
    for (size_t at = 0; ok && answered && at < names.length && count < most;) {
        const char *name = names.data + at;
        bool added = false;
        at += strlen(name) + 1;
        ok = interrupt_check(interrupt, err) &&
             source_folders_add_new(root, name, arena, &all[count], &added, err);
        count += added;
    }
    if (ok)
        *hunks = (struct source_hunks){all, count};
    buffer_release(&names);
    return ok;
}

/* The part of `path` behind `root`; "" when they are the same. */
static const char *behind(const char *path, const char *root)
{
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0')
               ? path + length
               : "";
}

/* Without links, in the arena. */
static bool resolve(const char *path, struct arena *arena, const char **out, struct error *err)
{
    char *resolved = realpath(path, NULL);
    if (resolved == NULL)
        return error_set_errno(err, "cannot find the folder %s", path);
    *out = arena_copy_string(arena, resolved);
    free(resolved);
    return *out != NULL || error_set_memory(err);
}

/* The config's folder lies as deep in the one tree as in the other, or the trees are laid out
 * differently: then what lies below the two folders is compared. */
static bool diff_folders(struct source_hunks *hunks, const struct source *head,
                         const struct source *base, const struct source_files *head_files,
                         const struct interrupt *interrupt, struct arena *arena, const char **why,
                         struct error *err)
{
    struct source_files base_files;
    const char *now, *then;
    if (!resolve(head->folder, arena, &now, err) || !resolve(base->folder, arena, &then, err) ||
        !source_files_read(&base_files, base->folder, interrupt, arena, err))
        return false;
    struct source_folders folders = {.head = now,
                                     .base = then,
                                     .head_files = head_files,
                                     .base_files = &base_files,
                                     .interrupt = interrupt};
    const char *below = behind(now, head_files->root);
    size_t deep = strlen(below), length = strlen(then);
    if (deep > 0 && length > deep && strcmp(then + length - deep, below) == 0) {
        folders.head = head_files->root;
        folders.base = arena_copy_bytes(arena, then, length - deep);
        if (folders.base == NULL)
            return error_set_memory(err);
    }
    return source_folders_compare(hunks, &folders, arena, why, err);
}

bool source_diff_read(struct run *run, const struct source *head, const struct source *base,
                      const struct interrupt *interrupt, struct error *err)
{
    struct source_files files;
    struct source_hunks hunks = {0};
    struct arena *arena = &run->arena;
    const char *why = NULL;
    bool committed = base->commit != NULL && !base->dirty;
    if (!source_files_read(&files, head->folder, interrupt, arena, err))
        return false;
    if (committed && files.tracked != NULL &&
        !has_commit(files.root, base->commit, interrupt, &committed, err))
        return false;
    bool ok = committed && files.tracked != NULL
                  ? diff_commit(&hunks, files.root, base->commit, interrupt, arena, &why, err) &&
                        add_untracked(&hunks, files.root, interrupt, arena, err)
                  : diff_folders(&hunks, head, base, &files, interrupt, arena, &why, err);
    if (!ok)
        return false;
    if (why != NULL) {
        run_add_note(run, "source lines of the two sides are matched by number: %s", why);
        return true;
    }
    run->source_changes = hunks.changes;
    run->source_change_count = hunks.count;
    run->source_changes_known = true;
    return true;
}
