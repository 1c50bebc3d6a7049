/* Reads what `git diff` says (-p, any number of context lines): which lines of which files became
 * which. Names and text are hostile. */
#ifndef TOLLGATE_RIG_SOURCE_HUNKS_H
#define TOLLGATE_RIG_SOURCE_HUNKS_H

#include "base/arena.h"
#include "base/error.h"
#include "baselines/profile.h"

enum {
    SOURCE_LINES_MAX = 1 << 22,  /* of a file; hunks behind it are left out */
    SOURCE_HUNKS_MAX = 1 << 20,  /* of a file; then it counts as changed as a whole */
    SOURCE_CHANGES_MAX = 100000, /* files; more are ERROR_INPUT */
    SOURCE_PATH_MAX = 4095,      /* bytes; files with longer names are left out */
};

struct source_hunks {
    struct source_change *changes; /* in git's order, of files whose text or name changed */
    size_t count;
};

/* Into `arena`. Names come without prefixes (--no-prefix), and with quotes where git thinks them
 * unusual. A file that git takes for binary counts as changed as a whole. Output that was cut off
 * or is no diff is ERROR_INPUT with the line. */
MUST_CHECK bool source_hunks_parse(struct source_hunks *hunks, const char *text, size_t size,
                                   struct arena *arena, struct error *err);

#endif
