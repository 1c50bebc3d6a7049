/* The text of source files that a run names. Paths and hashes come from the run file and are
 * hostile: nothing outside the root is ever read, nor what git keeps for itself, nor through a
 * link. */
#ifndef TOLLGATE_RIG_SOURCE_TEXT_H
#define TOLLGATE_RIG_SOURCE_TEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/interrupt.h"
#include "reporters/measured_text.h"

enum { SOURCE_TEXT_MAX_BYTES = 16 << 20 };

/* Opens the regular file at `path` below `root`, for reading. -1 when it is not there, or not to be
 * read: an absolute path, "..", ".git", a link anywhere on the way. */
int source_text_open(const char *root, const char *path);

/* Git's object ids of the work tree's files, by index; NULL for one that is not there. All NULL
 * when git is not installed. `hashes` has room for `count`; strings live in `arena`. */
MUST_CHECK bool source_text_hash(const char *root, const char *const *paths, size_t count,
                                 const struct interrupt *interrupt, struct arena *arena,
                                 const char **hashes, struct error *err);

/* Appends the content with the object id `hash`: the work tree's file when `current` (its id is
 * this), else the object of the repository. *why is NULL when that went well, else why not, in
 * words for a reader. */
struct source_text_question {
    const char *root;
    const char *path;
    const char *hash; /* NULL = not known: there is no text for it */
    bool current;
    const struct interrupt *interrupt;
};
MUST_CHECK bool source_text_read(const struct source_text_question *question, struct buffer *out,
                                 const char **why, struct error *err);

/* The same, kept in `arena`. */
MUST_CHECK bool source_text_keep(const struct source_text_question *question,
                                 struct measured_text *text, struct arena *arena,
                                 struct error *err);

#endif
