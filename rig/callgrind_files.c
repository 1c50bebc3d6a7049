#include "rig/callgrind_files.h"

#include "base/buffer.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DUMP_BYTES (1U << 30)
#define MAX_LOG_BYTES  (1U << 24)

enum callgrind_program callgrind_files_program(pid_t pid, char *program, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    ssize_t length = readlink(link, program, size - 1);
    if (length < 0)
        return CALLGRIND_PROGRAM_GONE; /* ended, or about to */
    program[length] = '\0';
    const char *base = strrchr(program, '/');
    base = base != NULL ? base + 1 : program;
    if (strncmp(base, "callgrind-", 10) == 0)
        return CALLGRIND_PROGRAM_TOOL;
    return strncmp(base, "valgrind", 8) == 0 ? CALLGRIND_PROGRAM_LAUNCHER : CALLGRIND_PROGRAM_OTHER;
}

/* The state letter of a /proc stat file, and the parent's pid; '\0' when gone. */
static char read_stat(const char *path, long *parent)
{
    char text[512];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return '\0';
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    char state = '\0';
    const char *after_name = strrchr(text, ')');
    if (after_name == NULL || sscanf(after_name + 1, " %c %ld", &state, parent) != 2)
        return '\0';
    return state;
}

static bool is_running(char state)
{
    return state == 'R' || state == 'D';
}

static bool any_thread_runs(pid_t pid)
{
    char path[320];
    long parent;
    bool running = false;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return false;
    for (struct dirent *task; !running && (task = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%ld/task/%s/stat", (long)pid, task->d_name);
        running = task->d_name[0] != '.' && is_running(read_stat(path, &parent));
    }
    closedir(tasks);
    return running;
}

bool callgrind_files_any_runs(const pid_t *pids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (any_thread_runs(pids[i]))
            return true;
    return false;
}

bool callgrind_files_has_ended(pid_t pid)
{
    char path[64];
    long parent;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    char state = read_stat(path, &parent);
    return state == '\0' || state == 'Z' || state == 'X';
}

pid_t callgrind_files_parent(const char *folder_path, pid_t pid)
{
    char path[PATH_MAX + 64];
    long parent = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (read_stat(path, &parent) != '\0' && parent > 1)
        return (pid_t)parent;
    struct buffer log;
    struct error ignored = {0};
    buffer_init(&log, MAX_LOG_BYTES);
    snprintf(path, sizeof path, "%s/log.%ld", folder_path, (long)pid);
    pid_t found =
        file_read(path, &log, &ignored) ? callgrind_text_parent(buffer_text(&log), log.length) : 0;
    buffer_release(&log);
    return found;
}

pid_t callgrind_files_pid_of_dump(const char *name)
{
    if (strncmp(name, "cg.", 3) != 0)
        return 0;
    char *end;
    long pid = strtol(name + 3, &end, 10);
    return pid > 0 && pid <= INT_MAX && (*end == '\0' || *end == '.') ? (pid_t)pid : 0;
}

/* Adds one dump. An empty file is one that callgrind opened and never wrote. */
static bool add_dump(const char *path, struct callgrind_cost *sum, bool *any, struct error *err)
{
    struct buffer text;
    struct callgrind_cost part;
    buffer_init(&text, MAX_DUMP_BYTES);
    bool ok = file_read(path, &text, err);
    if (ok && text.length > 0) {
        ok = callgrind_text_dump(path, buffer_text(&text), text.length, &part, err);
        if (ok) {
            sum->instructions += part.instructions;
            sum->syscalls += part.syscalls;
            *any = true;
        }
    }
    buffer_release(&text);
    return ok;
}

bool callgrind_files_read_dumps(const char *folder_path, pid_t pid, struct callgrind_cost *sum,
                                bool *any, struct error *err)
{
    char path[PATH_MAX + 300];
    bool ok = true;
    *any = false;
    *sum = (struct callgrind_cost){0};
    DIR *folder = opendir(folder_path);
    if (folder == NULL)
        return error_set_errno(err, "cannot read %s", folder_path);
    for (struct dirent *entry; ok && (entry = readdir(folder)) != NULL;) {
        if (callgrind_files_pid_of_dump(entry->d_name) != pid)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder_path, entry->d_name);
        ok = add_dump(path, sum, any, err);
    }
    closedir(folder);
    return ok;
}

bool callgrind_files_read_last_dump(const char *folder_path, pid_t pid, struct callgrind_cost *cost,
                                    bool *any, struct error *err)
{
    char path[PATH_MAX + 300];
    *any = false;
    *cost = (struct callgrind_cost){0};
    snprintf(path, sizeof path, "%s/cg.%ld", folder_path, (long)pid);
    return access(path, F_OK) != 0 || add_dump(path, cost, any, err);
}
