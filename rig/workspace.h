/* The folder of one bench below <config>/.tollgate/work: logs and what the passes leave. */
#ifndef TOLLGATE_RIG_WORKSPACE_H
#define TOLLGATE_RIG_WORKSPACE_H

#include "base/arena.h"
#include "base/error.h"

struct workspace {
    struct arena arena;
    const char *folder;  /* of this run alone */
    const char *logs;    /* in it */
    const char *scratch; /* in it */
};

/* Makes the folders, with a .gitignore that keeps them out of git, and removes those of runs whose
 * process is gone. */
MUST_CHECK bool workspace_open(struct workspace *workspace, const char *work_path,
                               struct error *err);

/* Removes the scratch folder, and the logs unless they are to be kept. Safe on a zeroed one. */
void workspace_close(struct workspace *workspace, bool keep_logs);

#endif
