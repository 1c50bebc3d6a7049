/* Which files belong to a source tree: what tells a gateway's own code from that of libraries. */
#ifndef TOLLGATE_RIG_SOURCE_FILES_H
#define TOLLGATE_RIG_SOURCE_FILES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/interrupt.h"

#include <stddef.h>

struct source_files {
    const char *root;           /* absolute, without links: git's top level, or the folder itself */
    const char *const *tracked; /* relative to the root, with '/', NULL-terminated, in git's order;
                                   NULL = not known (outside git, or git is not installed) */
    size_t tracked_count;
};

/* Looks at the tree that `folder` lies in. All strings live in `arena`. */
MUST_CHECK bool source_files_read(struct source_files *files, const char *folder,
                                  const struct interrupt *interrupt, struct arena *arena,
                                  struct error *err);

#endif
