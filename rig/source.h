/* The source tree of one side: the work tree as it is, or a commit in a git worktree of its own,
 * kept and reused by commit. */
#ifndef TOLLGATE_RIG_SOURCE_H
#define TOLLGATE_RIG_SOURCE_H

#include "base/arena.h"
#include "base/interrupt.h"
#include "rig/config.h"

struct source {
    const char *ref;    /* as asked for */
    const char *commit; /* 40 hex digits; NULL = not in git */
    bool dirty;         /* tracked files differ from the commit */
    const char *folder; /* that the config's folder corresponds to in this tree, absolute */
    bool kept;          /* a worktree of ours: a finished build in it can be reused */
};

/* The tree that the config lies in. Outside git: commit is NULL. */
MUST_CHECK bool source_head(const struct config *config, const struct interrupt *interrupt,
                            struct arena *arena, struct source *source, struct error *err);

/* Another checkout of the same repository, or any folder with the same layout. */
MUST_CHECK bool source_folder(const struct config *config, const char *folder,
                              const struct interrupt *interrupt, struct arena *arena,
                              struct source *source, struct error *err);

/* Checks the commit out. *found is false when this repository does not have it (a shallow clone,
 * a wrong name) or is none; then `why` says so in words, for a note. */
MUST_CHECK bool source_commit(const struct config *config, const char *ref,
                              const struct interrupt *interrupt, struct arena *arena,
                              struct source *source, bool *found, const char **why,
                              struct error *err);

/* Whether the repository's history is cut off: then a missing commit is nobody's mistake. */
bool source_is_shallow(const struct config *config, const struct interrupt *interrupt);

/* Runs the build commands in order, with what they print in `log_path`. ERROR_ENVIRONMENT with
 * the log's last lines when one fails. A kept tree that was built before with the same commands is
 * not built again. */
MUST_CHECK bool source_build(const struct source *source, const struct gateway_config *config,
                             const char *log_path, const struct interrupt *interrupt,
                             struct error *err);

/* Names the program that was built: a hash of the file that "start" begins with, hex. NULL when
 * that is no file of this tree (an interpreter, a program of the system). */
const char *source_program_id(const struct source *source, const struct gateway_config *config,
                              struct arena *arena);

#endif
