/* Where an object's debug information is when it is not in the object: a file named by the build
 * id, one named by .gnu_debuglink, and the file that several of those share (dwz). Local files
 * only, and only such as belong to this build. */
#include "rig/symbols_private.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define DEBUG_ROOT "/usr/lib/debug"

enum { BUILD_ID_MAX = 64, CHUNK_BYTES = 1 << 16 };

struct wanted {
    const unsigned char *build_id;
    ssize_t build_id_size; /* 0 = unknown */
    GElf_Word checksum;    /* of the whole file, used where there is no build id */
    bool has_checksum;
};

static bool has_debug(Elf *elf)
{
    return symbols_elf_section(elf, ".debug_info") != NULL ||
           symbols_elf_section(elf, ".zdebug_info") != NULL;
}

static bool checksum_matches(int fd, GElf_Word wanted)
{
    unsigned char *chunk = malloc(CHUNK_BYTES);
    uLong sum = crc32(0, NULL, 0);
    off_t at = 0;
    ssize_t got = chunk != NULL ? 1 : -1;
    while (got > 0) {
        got = pread(fd, chunk, CHUNK_BYTES, at);
        if (got > 0)
            sum = crc32(sum, chunk, (uInt)got);
        at += got > 0 ? got : 0;
    }
    free(chunk);
    return got == 0 && sum == wanted;
}

static bool belongs(Elf *elf, int fd, const struct wanted *wanted)
{
    const void *id = NULL;
    ssize_t size = dwelf_elf_gnu_build_id(elf, &id);
    if (wanted->build_id_size > 0 && size > 0)
        return size == wanted->build_id_size && memcmp(id, wanted->build_id, (size_t)size) == 0;
    return wanted->has_checksum && checksum_matches(fd, wanted->checksum);
}

/* One file to look into. */
struct candidate {
    Elf *elf;
    int fd;
    off_t size_bytes;
};

static void drop(struct candidate *candidate)
{
    if (candidate->elf != NULL)
        elf_end(candidate->elf);
    if (candidate->fd >= 0)
        close(candidate->fd);
}

static bool open_candidate(const struct symbols_object *object, const char *path,
                           struct candidate *candidate)
{
    struct stat status;
    *candidate = (struct candidate){.fd = open(path, SYMBOLS_OPEN_FLAGS)};
    if (candidate->fd < 0)
        return false;
    /* A link may lead back to the object itself. */
    if (fstat(candidate->fd, &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_dev != object->stat.st_dev || status.st_ino != object->stat.st_ino)) {
        candidate->size_bytes = status.st_size;
        candidate->elf = elf_begin(candidate->fd, ELF_C_READ, NULL);
    }
    if (candidate->elf != NULL && elf_kind(candidate->elf) == ELF_K_ELF)
        return true;
    drop(candidate);
    return false;
}

/* Reads the file when it is the one that is wanted; one of another build is told of. */
static bool try_file(struct symbols_object *object, const char *path, const struct wanted *wanted,
                     struct symbols_image *image)
{
    struct candidate candidate;
    if (!open_candidate(object, path, &candidate))
        return false;
    bool ours = belongs(candidate.elf, candidate.fd, wanted);
    bool found = ours && has_debug(candidate.elf) &&
                 symbols_image_read(image, object->symbols, candidate.fd);
    if (!ours)
        symbols_object_say(object,
                           "the debug file %s belongs to another build of %s: install the one of "
                           "this build, or build with -g and leave the program unstripped",
                           path, object->path);
    if (found)
        object->budget += SYMBOLS_BUDGET_PER_BYTE * (int64_t)candidate.size_bytes;
    drop(&candidate);
    return found;
}

static bool try_build_id(struct symbols_object *object, const struct wanted *wanted,
                         struct symbols_image *image)
{
    char hex[2 * BUILD_ID_MAX + 1], path[PATH_MAX];
    if (wanted->build_id_size < 2 || wanted->build_id_size > BUILD_ID_MAX)
        return false;
    for (ssize_t i = 0; i < wanted->build_id_size; i++)
        snprintf(hex + 2 * i, 3, "%02x", wanted->build_id[i]);
    snprintf(path, sizeof path, "%s" DEBUG_ROOT "/.build-id/%.2s/%s.debug", object->prefix, hex,
             hex + 2);
    const char *found = path;
    if (!try_file(object, found, wanted, image)) {
        found = path + strlen(object->prefix);
        if (found == path || !try_file(object, found, wanted, image))
            return false;
    }
    if (image == &object->debug)
        object->debug_path = arena_copy_string(&object->symbols->arena, found);
    return true;
}

/* The folder of a path, without links, as its own namespace names it. False when it has none. */
static bool find_folder(const struct symbols_object *object, const char *path,
                        char folder[PATH_MAX])
{
    size_t prefix = strlen(object->prefix);
    if (realpath(path, folder) == NULL || strlen(folder) >= PATH_MAX)
        return false;
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    if (prefix > 0 && strncmp(folder, object->prefix, prefix) == 0)
        memmove(folder, folder + prefix, strlen(folder + prefix) + 1);
    return true;
}

static bool try_link(struct symbols_object *object, const struct wanted *wanted, const char *folder,
                     const char *name)
{
    static const struct {
        const char *before, *after;
    } places[] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const char *path = arena_format(&object->symbols->arena, "%s%s%s%s%s", object->prefix,
                                        places[i].before, folder, places[i].after, name);
        if (path == NULL || !try_file(object, path, wanted, &object->debug))
            continue;
        object->debug_path = path;
        return true;
    }
    return false;
}

void symbols_debug_find(struct symbols_object *object, const char *path)
{
    struct wanted wanted = {0};
    const void *id = NULL;
    char folder[PATH_MAX];
    if (has_debug(object->elf)) {
        if (!symbols_image_read(&object->debug, object->symbols, object->fd))
            symbols_object_say(object,
                               "the debug information of %s is damaged or too large to be read",
                               object->path);
        return;
    }
    wanted.build_id_size = dwelf_elf_gnu_build_id(object->elf, &id);
    wanted.build_id = id;
    const char *name = dwelf_elf_gnu_debuglink(object->elf, &wanted.checksum);
    wanted.has_checksum = name != NULL;
    if (try_build_id(object, &wanted, &object->debug))
        return;
    if (name != NULL && name[0] != '\0' && strchr(name, '/') == NULL &&
        find_folder(object, path, folder))
        (void)try_link(object, &wanted, folder, name);
}

void symbols_debug_share(struct symbols_object *object, const char *path)
{
    struct wanted wanted = {0};
    const char *name;
    const void *id;
    char folder[PATH_MAX];
    wanted.build_id_size = dwelf_dwarf_gnu_debugaltlink(object->dwarf, &name, &id);
    if (wanted.build_id_size <= 0)
        return;
    wanted.build_id = id;
    bool found = try_build_id(object, &wanted, &object->shared);
    if (!found &&
        find_folder(object, object->debug_path != NULL ? object->debug_path : path, folder)) {
        const char *full =
            arena_format(&object->symbols->arena, "%s%s%s%s", object->prefix,
                         name[0] == '/' ? "" : folder, name[0] == '/' ? "" : "/", name);
        found = full != NULL && try_file(object, full, &wanted, &object->shared);
    }
    if (found)
        object->alt = dwarf_begin_elf(object->shared.elf, DWARF_C_READ, NULL);
    if (object->alt != NULL)
        dwarf_setalt(object->dwarf, object->alt);
    else
        symbols_object_say(object,
                           "the debug information of %s refers to %s, which is not there: some "
                           "names are unknown",
                           object->path, name);
}
