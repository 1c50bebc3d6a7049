/* The difference of two folders that share no repository: file by file. */
#ifndef TOLLGATE_RIG_SOURCE_FOLDERS_H
#define TOLLGATE_RIG_SOURCE_FOLDERS_H

#include "base/interrupt.h"
#include "rig/source_files.h"
#include "rig/source_hunks.h"

enum { SOURCE_FILE_MAX_BYTES = 4 << 20 }; /* nobody writes larger ones by hand */

/* Two folders that correspond, absolute and without links, and the trees that they lie in. */
struct source_folders {
    const char *head, *base;
    const struct source_files *head_files, *base_files;
    const struct interrupt *interrupt;
};

/* Paths are relative to the roots of the trees. *why is NULL when that went well, else why not, in
 * words. Into `arena`. */
MUST_CHECK bool source_folders_compare(struct source_hunks *hunks,
                                       const struct source_folders *folders, struct arena *arena,
                                       const char **why, struct error *err);

/* A change that adds the file `path` below `root` as it is now. *added is false for what is no text
 * to be read, or too large. */
MUST_CHECK bool source_folders_add_new(const char *root, const char *path, struct arena *arena,
                                       struct source_change *change, bool *added,
                                       struct error *err);

#endif
