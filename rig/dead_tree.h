/* What the work tree and its history add to dead code: which contents are current, how old lines
 * are, and their text. */
#ifndef TOLLGATE_RIG_DEAD_TREE_H
#define TOLLGATE_RIG_DEAD_TREE_H

#include "reporters/dead_report.h"
#include "rig/source_files.h"

struct dead_tree {
    struct source_files files;
    const char *config_folder; /* from the root, "" = the root itself */
    const struct interrupt *interrupt;
    struct arena *arena; /* for all that is found */
};

/* Finds the tree that `folder` (of the config) lies in. */
MUST_CHECK bool dead_tree_find(struct dead_tree *tree, const char *folder,
                               const struct interrupt *interrupt, struct arena *arena,
                               struct error *err);

/* What the work tree has at the merge's paths, for struct dead_question. */
MUST_CHECK bool dead_tree_hash(const struct dead_tree *tree, const struct dead_merge *merge,
                               const char *const **hashes, struct error *err);

/* What could not be said of ages. */
struct dead_tree_gaps {
    size_t files; /* whose lines have no age */
    bool shallow; /* the history is cut off: some may be older */
};

/* Fills in the ages of units whose state is wanted. */
MUST_CHECK bool dead_tree_age(const struct dead_tree *tree, struct dead *dead,
                              const bool states[DEAD_STATE_COUNT], struct dead_tree_gaps *gaps,
                              struct error *err);

/* The text of one of `dead`'s files, or why there is none. */
MUST_CHECK bool dead_tree_read(const struct dead_tree *tree, const struct dead_file *file,
                               struct measured_text *text, struct error *err);

#endif
