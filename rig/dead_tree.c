#include "rig/dead_tree.h"

#include "rig/blame.h"
#include "rig/git_question.h"
#include "rig/progress.h"
#include "rig/source_text.h"

#include <stdlib.h>
#include <string.h>

/* The folder as seen from the root. */
static bool find_config_folder(struct dead_tree *tree, const char *folder, struct error *err)
{
    size_t length = strlen(tree->files.root);
    char *resolved = realpath(folder, NULL);
    if (resolved == NULL)
        return error_set_errno(err, "cannot find the folder %s", folder);
    const char *below = "";
    if (strncmp(resolved, tree->files.root, length) == 0 && resolved[length] == '/')
        below = resolved + length + 1;
    tree->config_folder = arena_copy_string(tree->arena, below);
    free(resolved);
    return tree->config_folder != NULL || error_set_memory(err);
}

bool dead_tree_find(struct dead_tree *tree, const char *folder, const struct interrupt *interrupt,
                    struct arena *arena, struct error *err)
{
    *tree = (struct dead_tree){.interrupt = interrupt, .arena = arena};
    return source_files_read(&tree->files, folder, interrupt, arena, err) &&
           find_config_folder(tree, folder, err);
}

bool dead_tree_hash(const struct dead_tree *tree, const struct dead_merge *merge,
                    const char *const **hashes, struct error *err)
{
    size_t count = dead_merge_path_count(merge);
    const char **paths = arena_alloc_array(tree->arena, count, sizeof *paths);
    const char **found = arena_alloc_array(tree->arena, count, sizeof *found);
    if (paths == NULL || found == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        paths[i] = dead_merge_path(merge, i);
    *hashes = found;
    return source_text_hash(tree->files.root, paths, count, tree->interrupt, tree->arena, found,
                            err);
}

/* Whether the file's content is what the commit of its run has there: it can be looked up in that
 * commit's history then. */
static bool commit_has_content(const struct dead_tree *tree, const struct dead_file *file,
                               bool *has, struct error *err)
{
    struct buffer name, out;
    bool answered = false;
    *has = false;
    if (file->commit == NULL || file->hash == NULL || strpbrk(file->commit, ":-") != NULL)
        return true;
    buffer_init(&name, 16384);
    buffer_init(&out, 4096);
    buffer_append_format(&name, "%s:%s", file->commit, file->path);
    const char *const words[] = {"rev-parse", "--verify", "--end-of-options", buffer_text(&name),
                                 NULL};
    struct git_question git = {
        .folder = tree->files.root, .words = words, .interrupt = tree->interrupt};
    bool ok = buffer_check(&name, err) && git_question_ask(&git, &out, &answered, err);
    *has = ok && answered && out.length == strlen(file->hash) + 1 &&
           strncmp(buffer_text(&out), file->hash, strlen(file->hash)) == 0;
    buffer_release(&name);
    buffer_release(&out);
    return ok;
}

/* Asks about the units of one file, those whose state is wanted. */
static bool age_units(const struct blame_question *question, struct dead_unit *units, size_t count,
                      const bool states[DEAD_STATE_COUNT], bool *told, struct error *err)
{
    size_t wanted = 0;
    struct blame_range *ranges = calloc(count + 1, sizeof *ranges);
    if (ranges == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < count; i++)
        if (states[units[i].state])
            ranges[wanted++] = (struct blame_range){.first = units[i].first, .last = units[i].last};
    *told = wanted == 0;
    bool ok = wanted == 0 || blame_lines(question, ranges, wanted, told, err);
    for (size_t i = 0, at = 0; i < count && ok; i++)
        if (states[units[i].state])
            units[i].age = ranges[at++].age;
    free(ranges);
    return ok;
}

static bool age_file(const struct dead_tree *tree, struct dead_unit *units, size_t count,
                     const bool states[DEAD_STATE_COUNT], struct dead_tree_gaps *gaps,
                     struct error *err)
{
    const struct dead_file *file = units[0].file;
    struct blame_question question = {.root = tree->files.root,
                                      .path = file->path,
                                      .shallow = gaps->shallow,
                                      .interrupt = tree->interrupt};
    bool told = false, has = file->current;
    if (!has) {
        question.commit = file->commit;
        if (!commit_has_content(tree, file, &has, err))
            return false;
    }
    if (has && !age_units(&question, units, count, states, &told, err))
        return false;
    gaps->files += !told;
    return true;
}

bool dead_tree_age(const struct dead_tree *tree, struct dead *dead,
                   const bool states[DEAD_STATE_COUNT], struct dead_tree_gaps *gaps,
                   struct error *err)
{
    struct progress progress;
    *gaps = (struct dead_tree_gaps){0};
    if (!blame_is_shallow(tree->files.root, tree->interrupt, &gaps->shallow, err))
        return false;
    progress_init(&progress, PROGRESS_AUTO);
    if (progress.mode != PROGRESS_LIVE)
        progress.mode = PROGRESS_NONE; /* no pass: a log has no use for it */
    progress_begin(&progress, "asking git how old lines are");
    bool ok = true;
    for (size_t i = 0, end; i < dead->unit_count && ok; i = end) {
        for (end = i + 1; end < dead->unit_count && dead->units[end].file == dead->units[i].file;)
            end++;
        ok = age_file(tree, &dead->units[i], end - i, states, gaps, err);
        progress_update(&progress, end, dead->unit_count);
    }
    progress_end(&progress, NULL);
    return ok;
}

bool dead_tree_read(const struct dead_tree *tree, const struct dead_file *file,
                    struct measured_text *text, struct error *err)
{
    struct source_text_question question = {.root = tree->files.root,
                                            .path = file->path,
                                            .hash = file->hash,
                                            .current = file->current,
                                            .interrupt = tree->interrupt};
    return source_text_keep(&question, text, tree->arena, err);
}
