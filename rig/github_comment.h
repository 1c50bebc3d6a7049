/* The one comment of ours on a pull request. */
#ifndef TOLLGATE_RIG_GITHUB_COMMENT_H
#define TOLLGATE_RIG_GITHUB_COMMENT_H

#include "rig/github_pull.h"

enum { GITHUB_COMMENT_MAX_CHARACTERS = 65536 };

enum github_comment_outcome {
    GITHUB_COMMENT_CREATED,
    GITHUB_COMMENT_UPDATED,
    GITHUB_COMMENT_SAME,    /* it says so already */
    GITHUB_COMMENT_NOT_NEW, /* there is none, and none was wanted */
};

struct github_comment {
    const char *body;
    const char *marker; /* that it begins with */
    bool may_create;    /* else only one that is there is updated */
};

/* Ours begins with the marker and is by the pull request's `author`; anybody else's that does is
 * left alone. `url` is where a reader finds it, or "". */
MUST_CHECK bool github_comment_publish(const struct github_comment *comment,
                                       const struct github_pull *pull, struct github *github,
                                       enum github_comment_outcome *outcome,
                                       char url[GITHUB_URL_SIZE], struct error *err);

#endif
