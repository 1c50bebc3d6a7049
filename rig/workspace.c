#include "rig/workspace.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_PREFIX "run-"

/* "run-PID" of a process that is no more: it was killed, or its logs were kept for a reading. */
static void remove_stale(const char *work_path)
{
    DIR *folder = opendir(work_path);
    if (folder == NULL)
        return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[4096];
        struct error ignored = {0};
        if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0)
            continue;
        long pid = strtol(entry->d_name + strlen(RUN_PREFIX), NULL, 10);
        if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        snprintf(path, sizeof path, "%s/%s", work_path, entry->d_name);
        if (!file_remove_tree(path, &ignored))
            continue; /* somebody else's, or in use: not ours to insist */
    }
    closedir(folder);
}

static bool write_gitignore(const char *work_path, struct error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/.gitignore", work_path);
    return file_exists(path) || file_write_atomic(path, "*\n", 2, err);
}

bool workspace_open(struct workspace *workspace, const char *work_path, struct error *err)
{
    *workspace = (struct workspace){0};
    arena_init(&workspace->arena);
    if (!file_make_directories(work_path, err) || !write_gitignore(work_path, err))
        return false;
    remove_stale(work_path);
    char *absolute = realpath(work_path, NULL);
    if (absolute == NULL)
        return error_set_errno(err, "cannot find %s", work_path);
    workspace->folder =
        arena_format(&workspace->arena, "%s/" RUN_PREFIX "%d", absolute, (int)getpid());
    free(absolute);
    if (workspace->folder == NULL)
        return error_set_memory(err);
    workspace->logs = arena_format(&workspace->arena, "%s/logs", workspace->folder);
    workspace->scratch = arena_format(&workspace->arena, "%s/scratch", workspace->folder);
    if (workspace->logs == NULL || workspace->scratch == NULL)
        return error_set_memory(err);
    return file_make_directories(workspace->logs, err) &&
           file_make_directories(workspace->scratch, err);
}

void workspace_close(struct workspace *workspace, bool keep_logs)
{
    struct error ignored = {0};
    const char *gone = keep_logs ? workspace->scratch : workspace->folder;
    /* What cannot be removed now is removed by the next run. */
    bool removed = gone == NULL || file_remove_tree(gone, &ignored);
    (void)removed;
    arena_release(&workspace->arena);
    *workspace = (struct workspace){0};
}
