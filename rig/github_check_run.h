/* The check run on the pull request's head: conclusion, report and annotations. */
#ifndef TOLLGATE_RIG_GITHUB_CHECK_RUN_H
#define TOLLGATE_RIG_GITHUB_CHECK_RUN_H

#include "rig/github_annotations.h"
#include "rig/github_pull.h"

enum { GITHUB_SUMMARY_MAX_CHARACTERS = 65535 };

struct github_check_run {
    const char *name;       /* "tollgate" */
    const char *conclusion; /* "success", "failure", "neutral" */
    const char *title, *summary;
    const char *details_url; /* NULL = GitHub's own */
    const struct github_annotations *annotations;
};

enum github_check_outcome {
    GITHUB_CHECK_CREATED,
    GITHUB_CHECK_COMPLETED, /* one that an earlier try had begun */
    GITHUB_CHECK_SAME,      /* it says so already */
    GITHUB_CHECK_REFUSED,   /* the token may not write checks: `why` says it */
};

/* Annotations cannot be taken back, so what differs is a check run anew, which GitHub shows in the
 * older one's place; what is the same and was begun is gone on with where it ended. */
MUST_CHECK bool github_check_run_publish(const struct github_check_run *check,
                                         const struct github_pull *pull, struct github *github,
                                         enum github_check_outcome *outcome, char why[512],
                                         struct error *err);

#endif
