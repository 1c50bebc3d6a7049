/* One command run to its end under a keeper: what it starts ends with it, however tollgate ends. */
#ifndef TOLLGATE_RIG_KEPT_H
#define TOLLGATE_RIG_KEPT_H

#include "base/child.h"

/* Both streams go to `output_fd`. An exit status is no error; ERROR_ENVIRONMENT when the program
 * cannot be started, ERROR_INTERRUPTED when the user asked to stop. No process of it is left on
 * return. */
MUST_CHECK bool kept_run(const char *const *arguments, const char *folder, int output_fd,
                         const struct interrupt *interrupt, struct child_status *status,
                         struct error *err);

#endif
