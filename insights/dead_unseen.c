#include "insights/dead_private.h"

#include <stdlib.h>
#include <string.h>

enum { EXTENSIONS_MAX = 32 }; /* languages that one gateway is written in */

/* Paths that some run had code in. */
struct seen {
    const char **paths; /* sorted */
    size_t count;
    size_t folder; /* bytes of the folder that all lie in, its slash included */
    const char *extensions[EXTENSIONS_MAX];
    size_t extension_count;
};

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* "c" of "gateway/rank.c"; "" when it has none. */
static const char *extension_of(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name != NULL ? name + 1 : path, '.');
    return dot != NULL && dot != path && dot[-1] != '/' ? dot + 1 : "";
}

static bool is_header(const char *path)
{
    static const char *const extensions[] = {"h", "hh", "hpp", "hxx", "H", "inc", "ipp", "tcc"};
    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        if (strcmp(extension_of(path), extensions[i]) == 0)
            return true;
    return false;
}

static bool has_code(const struct dead_merge *merge, size_t path)
{
    uint32_t at = merge->first_content[path];
    for (; at != DEAD_NONE; at = merge->contents[at].next)
        if (merge->contents[at].line_count + merge->contents[at].hit_count > 0)
            return true;
    return false;
}

/* Shortens the folder to what `path` shares with it. */
static void share_folder(struct seen *seen, const char *path)
{
    const char *first = seen->paths[0];
    size_t same = 0;
    while (same < seen->folder && path[same] == first[same])
        same++;
    while (same > 0 && first[same - 1] != '/')
        same--;
    seen->folder = same;
}

static bool extension_is_seen(const struct seen *seen, const char *extension)
{
    for (size_t i = 0; i < seen->extension_count; i++)
        if (strcmp(seen->extensions[i], extension) == 0)
            return true;
    return false;
}

static void note_extension(struct seen *seen, const char *path)
{
    const char *extension = extension_of(path);
    if (*extension != '\0' && !is_header(path) && seen->extension_count < EXTENSIONS_MAX &&
        !extension_is_seen(seen, extension))
        seen->extensions[seen->extension_count++] = extension;
}

static bool list_seen(struct seen *seen, const struct dead_merge *merge, struct arena *arena)
{
    seen->paths = arena_alloc_array(arena, dead_merge_path_count(merge) + 1, sizeof *seen->paths);
    if (seen->paths == NULL)
        return false;
    for (size_t i = 0; i < dead_merge_path_count(merge); i++) {
        const char *path = dead_merge_path(merge, i);
        if (!has_code(merge, i))
            continue;
        seen->paths[seen->count++] = path;
        if (seen->count == 1)
            seen->folder = strlen(path);
        share_folder(seen, path);
        note_extension(seen, path);
    }
    qsort(seen->paths, seen->count, sizeof *seen->paths, compare_texts);
    return true;
}

static bool is_unseen(const struct seen *seen, const char *path)
{
    return strncmp(path, seen->paths[0], seen->folder) == 0 &&
           extension_is_seen(seen, extension_of(path)) &&
           bsearch(&path, seen->paths, seen->count, sizeof *seen->paths, compare_texts) == NULL;
}

bool dead_find_unseen(struct dead *dead, const struct dead_merge *merge,
                      const struct dead_question *question, struct arena *arena, struct error *err)
{
    struct seen seen = {0};
    size_t tracked = 0;
    while (question->tracked != NULL && question->tracked[tracked] != NULL)
        tracked++;
    if (!list_seen(&seen, merge, arena))
        return error_set_memory(err);
    const char **unseen = arena_alloc_array(arena, tracked + 1, sizeof *unseen);
    if (unseen == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < tracked && seen.count > 0; i++) {
        const char *path = question->tracked[i];
        if (!dead_path_is_wanted(question, path) || !is_unseen(&seen, path))
            continue;
        unseen[dead->unseen_count] = arena_copy_string(arena, path);
        if (unseen[dead->unseen_count++] == NULL)
            return error_set_memory(err);
    }
    qsort(unseen, dead->unseen_count, sizeof *unseen, compare_texts);
    dead->unseen = unseen;
    return true;
}
