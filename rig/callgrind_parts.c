#include "rig/callgrind_parts.h"

#include "base/buffer.h"
#include "base/file.h"
#include "rig/callgrind_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DUMP_BYTES (1U << 30)

/* How a dump begins that was read and cut down. */
static const char mark[] = "# read\n";

/* Empty: callgrind opened it, and has not written yet. */
static bool is_unread(const char *path)
{
    char start[sizeof mark] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, start, sizeof start - 1);
    close(fd);
    return got > 0 && strcmp(start, mark) != 0;
}

/* Leaves the totals, in a form that callgrind_text_dump reads. A dump that was cut off has none:
 * what could be read of it stands in for them. */
static bool cut_down(const char *path, uint64_t instructions, struct error *err)
{
    char stub[160];
    struct buffer text;
    struct callgrind_cost cost;
    struct error ignored = {0};
    buffer_init(&text, MAX_DUMP_BYTES);
    bool ok = file_read(path, &text, err);
    if (ok && !callgrind_text_dump(path, buffer_text(&text), text.length, &cost, &ignored))
        cost = (struct callgrind_cost){.instructions = instructions};
    buffer_release(&text);
    int length = snprintf(stub, sizeof stub, "%sevents: Ir sysCount\ntotals: %llu %llu\n", mark,
                          (unsigned long long)cost.instructions, (unsigned long long)cost.syscalls);
    /* In place: it is scratch, and nobody else reads it. */
    int fd = ok ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) : -1;
    if (ok && (fd < 0 || write(fd, stub, (size_t)length) != length))
        ok = error_set_errno(err, "cannot write %s", path);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool take_dump(const char *path, pid_t pid, struct callgrind_profile *profile,
                      struct callgrind_part *part, struct error *err)
{
    bool truncated;
    uint64_t before = callgrind_profile_sum(profile);
    if (!callgrind_profile_read(profile, path, &truncated, err))
        return false;
    if (truncated)
        part->truncated = pid;
    part->dumps++;
    return cut_down(path, callgrind_profile_sum(profile) - before, err);
}

/* "cg.PID.1", or "cg.PID" alone: nothing of this process was there before. */
static bool is_first(const char *folder_path, const char *name)
{
    char path[PATH_MAX + 300];
    const char *number = strrchr(name, '.');
    if (number != name + 2)
        return strcmp(number, ".1") == 0;
    snprintf(path, sizeof path, "%s/%s.1", folder_path, name);
    return access(path, F_OK) != 0;
}

bool callgrind_parts_take(const char *folder_path, struct callgrind_profile *profile,
                          struct callgrind_part *part, const struct interrupt *interrupt,
                          struct error *err)
{
    char path[PATH_MAX + 300];
    bool ok = true;
    *part = (struct callgrind_part){0};
    DIR *folder = opendir(folder_path);
    if (folder == NULL)
        return error_set_errno(err, "cannot read %s", folder_path);
    for (struct dirent *entry; ok && (entry = readdir(folder)) != NULL;) {
        pid_t pid = callgrind_files_pid_of_dump(entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder_path, entry->d_name);
        /* A process at its end writes without being asked: not before it is gone is it done. */
        bool last = strrchr(entry->d_name, '.') == entry->d_name + 2;
        if (pid == 0 || (last && !callgrind_files_has_ended(pid)) || !is_unread(path))
            continue;
        if (is_first(folder_path, entry->d_name))
            part->born++;
        ok = interrupt_check(interrupt, err) && take_dump(path, pid, profile, part, err);
    }
    closedir(folder);
    return ok;
}
