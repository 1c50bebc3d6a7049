/* The files that a process has mapped, as its own mount namespace has them; those that were deleted
 * or replaced since, where the kernel still hands them out; and the vdso. */
#include "rig/symbols_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool symbols_process_init(struct symbols_process *process, struct symbols *symbols, pid_t pid)
{
    char path[64], theirs[128] = "", ours[128] = "";
    struct stat their_root, our_root;
    *process = (struct symbols_process){.pid = pid, .prefix = ""};
    if (pid <= 0)
        return true;
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
    ssize_t length = readlink(path, theirs, sizeof theirs - 1);
    ssize_t our_length = readlink("/proc/self/ns/mnt", ours, sizeof ours - 1);
    snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
    /* Not to be seen: it is ended, or another user's. */
    if (length <= 0 || our_length <= 0 || stat(path, &their_root) != 0 || stat("/", &our_root) != 0)
        return true;
    if (strcmp(theirs, ours) == 0 && same_file(&their_root, &our_root))
        return true;
    process->prefix = arena_copy_string(&symbols->arena, path);
    return process->prefix != NULL;
}

/* Whether what was opened can be what is mapped. Some file systems number their files otherwise in
 * stat than in a map: only on the same device do numbers tell. */
static bool fits(const struct symbols_object *object, const struct symbols_mapped *mapped)
{
    return object->elf == NULL || mapped->inode == 0 || object->stat.st_dev != mapped->device ||
           object->stat.st_ino == mapped->inode;
}

/* A file that is reached by another path than its own; false leaves *found NULL. */
static bool try_path(struct symbols *symbols, const struct symbols_opening *opening,
                     const struct symbols_mapped *mapped, struct symbols_object **found)
{
    struct stat status;
    *found = NULL;
    if (stat(opening->path, &status) != 0 ||
        (mapped->inode != 0 && status.st_dev == mapped->device && status.st_ino != mapped->inode))
        return true;
    *found = symbols_open_as(symbols, opening);
    return *found != NULL;
}

/* What /proc still leads to when no path does any more. */
static bool try_kernel_links(struct symbols *symbols, const struct symbols_process *process,
                             const struct symbols_mapped *mapped, struct symbols_opening *opening,
                             struct symbols_object **found)
{
    char path[128];
    struct stat status;
    *found = NULL;
    opening->path = path;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)process->pid);
    if (stat(path, &status) == 0 && status.st_dev == mapped->device &&
        status.st_ino == mapped->inode)
        return try_path(symbols, opening, mapped, found);
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)process->pid,
             (unsigned long long)mapped->low, (unsigned long long)mapped->high);
    return try_path(symbols, opening, mapped, found);
}

/* The path as the process has it; and as we have it, for one that only changed its root. */
static bool try_namespace(struct symbols *symbols, const struct symbols_process *process,
                          const struct symbols_mapped *mapped, struct symbols_opening *opening,
                          struct symbols_object **found)
{
    opening->path = arena_format(&symbols->arena, "%s%s", process->prefix, mapped->path);
    if (opening->path == NULL || !try_path(symbols, opening, mapped, found))
        return false;
    opening->path = mapped->path;
    return *found != NULL || try_path(symbols, opening, mapped, found);
}

static struct symbols_object *open_missing(struct symbols *symbols,
                                           const struct symbols_opening *opening)
{
    struct symbols_object *object = symbols_open_nothing(symbols, opening);
    if (object != NULL)
        symbols_object_say(object,
                           "%s was deleted or replaced while it was in use, and cannot be read any "
                           "more: start the gateway anew from what is there now",
                           opening->shown);
    return object;
}

static struct symbols_object *open_elsewhere(struct symbols *symbols,
                                             const struct symbols_process *process,
                                             const struct symbols_mapped *mapped, bool deleted)
{
    struct symbols_object *object = NULL;
    struct symbols_opening opening = {.shown = mapped->path, .prefix = process->prefix};
    opening.key = arena_format(&symbols->arena, "%llx:%llx:%s", (unsigned long long)mapped->device,
                               (unsigned long long)mapped->inode, mapped->path);
    if (opening.key == NULL)
        return NULL;
    object = symbols_opened(symbols, opening.key);
    if (object != NULL)
        return object;
    if (!deleted && process->prefix[0] != '\0' &&
        !try_namespace(symbols, process, mapped, &opening, &object))
        return NULL;
    if (object == NULL && process->pid > 0 &&
        !try_kernel_links(symbols, process, mapped, &opening, &object))
        return NULL;
    return object != NULL ? object : open_missing(symbols, &opening);
}

/* Every process of this machine has the same vdso, ours too. */
static struct symbols_object *open_vdso(struct symbols *symbols)
{
    struct symbols_opening opening = {.key = "[vdso]", .shown = "[vdso]", .prefix = ""};
    struct symbols_object *object = symbols_opened(symbols, opening.key);
    if (object != NULL)
        return object;
    const char *image = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (image == NULL)
        return symbols_open_nothing(symbols, &opening);
    Elf64_Ehdr header;
    memcpy(&header, image, sizeof header);
    opening.size_bytes = header.e_shoff + (size_t)header.e_shentsize * header.e_shnum;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shoff == 0)
        return symbols_open_nothing(symbols, &opening);
    opening.image = arena_copy_bytes(&symbols->arena, image, opening.size_bytes);
    return opening.image != NULL ? symbols_open_as(symbols, &opening) : NULL;
}

struct symbols_object *symbols_process_open(struct symbols *symbols,
                                            const struct symbols_process *process,
                                            const struct symbols_mapped *mapped)
{
    static const char mark[] = " (deleted)";
    struct symbols_mapped plain = *mapped;
    size_t length = strlen(mapped->path);
    if (strcmp(mapped->path, "[vdso]") == 0)
        return open_vdso(symbols);
    bool deleted = length > strlen(mark) && strcmp(mapped->path + length - strlen(mark), mark) == 0;
    if (deleted) {
        plain.path = arena_copy_bytes(&symbols->arena, mapped->path, length - strlen(mark));
        if (plain.path == NULL)
            return NULL;
    }
    if (!deleted && process->prefix[0] == '\0') {
        struct symbols_object *object = symbols_open(symbols, plain.path);
        if (object == NULL || fits(object, mapped))
            return object;
    }
    return open_elsewhere(symbols, process, &plain, deleted);
}
