#include "base/process.h"

#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void add_children_of_task(struct process_tree *tree, const char *path)
{
    char text[8192];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return;
    text[got] = '\0';
    char *next = text;
    for (;;) {
        char *end;
        long pid = strtol(next, &end, 10);
        if (end == next)
            return;
        next = end;
        if (tree->count == PROCESS_TREE_MAX) {
            tree->truncated = true;
            return;
        }
        tree->pids[tree->count++] = (pid_t)pid;
    }
}

static void add_children(struct process_tree *tree, pid_t parent)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return;
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)parent, task->d_name);
        add_children_of_task(tree, path);
    }
    closedir(tasks);
}

void process_tree_read(struct process_tree *tree, pid_t root)
{
    tree->count = 0;
    tree->truncated = false;
    add_children(tree, root);
    for (size_t i = 0; i < tree->count; i++)
        add_children(tree, tree->pids[i]);
}

/* The state is the field after the parenthesised name: R runs or could, D waits in the kernel. */
static bool is_task_busy(const char *path)
{
    char text[512];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' && (name_end[2] == 'R' || name_end[2] == 'D');
}

bool process_is_busy(pid_t pid)
{
    char path[96];
    bool busy = false;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return false;
    for (struct dirent *task = readdir(tasks); task != NULL && !busy; task = readdir(tasks)) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/stat", (int)pid, task->d_name);
        busy = is_task_busy(path);
    }
    closedir(tasks);
    return busy;
}

/* Linux encodes the process and the kind of clock in the id: glibc's clock_getcpuclockid gives the
 * scheduler's (kind 2); the tick-sampled ones are kind 0 (user and system) and 1 (user). */
static int64_t read_process_clock(pid_t pid, unsigned kind)
{
    struct timespec now;
    clockid_t id = (clockid_t)((~(unsigned)pid << 3) | kind);
    if (clock_gettime(id, &now) != 0)
        return -1;
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t process_read_cpu_ns(pid_t pid)
{
    return read_process_clock(pid, 2);
}

/* cutime and cstime: fields 16 and 17 of stat, counted after the parenthesised name. */
static int64_t read_reaped_ns(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    char *fields = strrchr(text, ')');
    long user, system_time;
    if (fields == NULL ||
        sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", &user,
               &system_time) != 2)
        return 0;
    return (user + system_time) * (NS_PER_SECOND / sysconf(_SC_CLK_TCK));
}

bool process_read_cpu(pid_t pid, struct process_cpu *cpu)
{
    cpu->total_ns = read_process_clock(pid, 2);
    if (cpu->total_ns < 0)
        return false;
    cpu->reaped_ns = read_reaped_ns(pid);
    return true;
}

bool process_read_ticks(pid_t pid, int64_t *all_ns, int64_t *user_ns)
{
    *all_ns = read_process_clock(pid, 0);
    *user_ns = read_process_clock(pid, 1);
    return *all_ns >= 0 && *user_ns >= 0;
}

int64_t process_peak_rss_bytes(pid_t pid)
{
    char path[64], line[256];
    long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lld kB", &kib) == 1)
            break;
    fclose(file);
    return kib * 1024;
}

void process_kill_tree(pid_t root)
{
    struct process_tree tree;
    /* A process that is forking while we look may escape one round, but not for ever: stopped
     * parents cannot fork, so stop first, then kill. */
    for (int round = 0; round < 1000; round++) {
        process_tree_read(&tree, root);
        if (tree.count == 0)
            return;
        for (size_t i = 0; round < 3 && i < tree.count; i++)
            kill(tree.pids[i], SIGSTOP);
        for (size_t i = 0; i < tree.count; i++)
            kill(tree.pids[i], SIGKILL);
        while (root == getpid() && waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        nanosleep(&(struct timespec){0, NS_PER_MS}, NULL);
    }
}
