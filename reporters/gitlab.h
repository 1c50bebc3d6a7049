/* What GitLab shows in a merge request: a metrics report, and findings of code quality. */
#ifndef TOLLGATE_REPORTERS_GITLAB_H
#define TOLLGATE_REPORTERS_GITLAB_H

#include "reporters/reporter.h"

/* A few figures of the head. GitLab compares them as text with those of the target branch: exact
 * ones have four digits, CPU time has two, and what only informs is left out. */
extern const struct reporter reporter_gitlab_metrics;

/* A JSON array. Where no line is known, a finding is placed at the config, which everybody finds.
 */
extern const struct reporter reporter_gitlab_quality;

#endif
