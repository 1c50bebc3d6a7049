/* The files by which a step of GitHub Actions hands things on. */
#ifndef TOLLGATE_REPORTERS_GITHUB_FILES_H
#define TOLLGATE_REPORTERS_GITHUB_FILES_H

#include "reporters/reporter.h"

/* Appends the summary to the file that GITHUB_STEP_SUMMARY names, or writes it to `path` where that
 * is given, and the outputs to the file of GITHUB_OUTPUT. What is not set is not written; where the
 * step's summary has no room left, a warning is added to the commands in `out`. */
MUST_CHECK bool github_deliver(const struct report *report, const char *path, struct buffer *out,
                               struct error *err);

#endif
