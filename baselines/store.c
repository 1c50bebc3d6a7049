#include "baselines/store.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    NAME_MAX_BYTES = 100,
    BASELINES_MAX = 100000,
};

static const char suffix[] = ".json";

static bool is_name(const char *name, size_t length)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return length > 0 && length <= NAME_MAX_BYTES && name[0] != '.' &&
           strspn(name, allowed) >= length;
}

bool store_check_name(const char *name, struct error *err)
{
    if (is_name(name, strlen(name)))
        return true;
    return error_set(err, ERROR_USAGE,
                     "\"%.200s\" cannot name a baseline: use 1 to %d letters, digits, \".\", \"_\" "
                     "or \"-\", not starting with a dot",
                     name, NAME_MAX_BYTES);
}

static const char *make_path(struct arena *arena, const char *folder, const char *name,
                             struct error *err)
{
    if (!store_check_name(name, err))
        return NULL;
    const char *path = arena_format(arena, "%s/%s%s", folder, name, suffix);
    if (path == NULL)
        error_set_memory(err);
    return path;
}

/* What was measured beside the head is no part of a baseline; nor are profiles: they are large, and
 * lines are only compared with a base that is measured again. */
static bool copy_head(const struct run *run, struct run *head, struct arena *arena,
                      struct error *err)
{
    struct endpoint_result *endpoints =
        arena_alloc_array(arena, run->endpoint_count, sizeof *endpoints);
    struct pass_result *passes = arena_alloc_array(arena, run->pass_count, sizeof *passes);
    if (endpoints == NULL || passes == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < run->endpoint_count; i++) {
        endpoints[i] = run->endpoints[i];
        endpoints[i].variant_count = 0;
        for (unsigned metric = 0; metric < METRIC_COUNT; metric++) {
            struct figure *figure = &endpoints[i].figures[metric];
            figure->side[SIDE_BASE] = (struct samples){0};
            figure->log_ratio = (struct samples){0};
            figure->aa_log_ratio = (struct samples){0};
        }
    }
    for (size_t i = 0; i < run->pass_count; i++) {
        passes[i] = run->passes[i];
        passes[i].conservation[SIDE_BASE] = (struct conservation){0};
    }
    *head = *run;
    head->endpoints = endpoints;
    head->passes = passes;
    head->sides[SIDE_BASE] = (struct run_side){0};
    head->cpu_looks = NULL;
    head->cpu_look_count = 0;
    memset(head->profiles, 0, sizeof head->profiles);
    memset(head->sources, 0, sizeof head->sources);
    head->source_changes_known = false;
    return true;
}

bool store_save(const char *folder, const char *name, const struct run *run, struct error *err)
{
    struct arena arena;
    struct run head;
    bool ok = false;
    arena_init(&arena);
    const char *path = make_path(&arena, folder, name, err);
    if (path == NULL || !copy_head(run, &head, &arena, err))
        goto out;
    ok = file_make_directories(folder, err) && run_write(&head, path, err);
out:
    arena_release(&arena);
    return ok;
}

bool store_load(const char *folder, const char *name, struct run *run, bool *found,
                struct error *err)
{
    struct arena arena;
    struct stat status;
    bool ok = false;
    run_init(run);
    *found = false;
    arena_init(&arena);
    const char *path = make_path(&arena, folder, name, err);
    if (path == NULL)
        goto out;
    if (stat(path, &status) != 0) {
        ok = errno == ENOENT || errno == ENOTDIR;
        if (!ok)
            error_set_errno(err, "cannot read %s", path);
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(err, ERROR_IO, "cannot read %s: it is not a file", path);
        goto out;
    }
    *found = true;
    ok = run_read(run, path, err);
out:
    arena_release(&arena);
    return ok;
}

static bool is_baseline(const char *folder, const char *entry, struct arena *arena)
{
    struct stat status;
    size_t length = strlen(entry);
    size_t end = sizeof suffix - 1;
    if (length <= end || strcmp(entry + length - end, suffix) != 0 || !is_name(entry, length - end))
        return false;
    const char *path = arena_format(arena, "%s/%s", folder, entry);
    return path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int compare_names(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;
    return strcmp(*a, *b);
}

/* Doubles the room when it is full. */
static bool add_name(struct arena *arena, const char ***names, size_t *count, const char *entry)
{
    size_t length = strlen(entry) - (sizeof suffix - 1);
    if (*count == 0 || (*count & (*count - 1)) == 0) {
        const char **larger =
            arena_alloc_array(arena, *count == 0 ? 1 : *count * 2, sizeof **names);
        if (larger == NULL)
            return false;
        if (*count > 0)
            memcpy(larger, *names, *count * sizeof *larger);
        *names = larger;
    }
    (*names)[*count] = arena_copy_bytes(arena, entry, length);
    return (*names)[(*count)++] != NULL;
}

bool store_list(const char *folder, struct arena *arena, const char ***names, size_t *count,
                struct error *err)
{
    bool ok = true;
    struct arena paths;
    *names = NULL;
    *count = 0;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return errno == ENOENT || error_set_errno(err, "cannot list the folder %s", folder);
    arena_init(&paths);
    for (struct dirent *entry = readdir(entries); ok && entry != NULL; entry = readdir(entries)) {
        if (!is_baseline(folder, entry->d_name, &paths))
            continue;
        if (*count == BASELINES_MAX)
            ok = error_set(err, ERROR_INPUT, "%s holds more than %d baselines: prune it", folder,
                           BASELINES_MAX);
        else if (!add_name(arena, names, count, entry->d_name))
            ok = error_set_memory(err);
    }
    closedir(entries);
    arena_release(&paths);
    if (ok && *count > 1)
        qsort(*names, *count, sizeof **names, compare_names);
    return ok;
}
