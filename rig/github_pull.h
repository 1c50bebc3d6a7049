/* The pull request that is published to, and what GitHub knows of it. */
#ifndef TOLLGATE_RIG_GITHUB_PULL_H
#define TOLLGATE_RIG_GITHUB_PULL_H

#include "rig/github_diff.h"
#include "rig/github_event.h"
#include "rig/github_http.h"

struct github_pull {
    const char *repository; /* "owner/name" */
    int64_t number;
    const char *head_commit;
    const char *base_commit; /* where the base branch was when GitHub last looked */
    const char *author;      /* who is us: what the token writes as */
    bool moved;              /* its head is no longer the one that was measured */
    bool closed;
};

/* Finds the pull request that the event is about: by number, else by the head's branch and commit.
 * *found is false when there is none. Strings live in `arena`. */
MUST_CHECK bool github_pull_find(struct github_pull *pull, struct github *github,
                                 const char *repository, const struct github_event *event,
                                 struct arena *arena, bool *found, struct error *err);

/* Who the token belongs to. */
MUST_CHECK bool github_pull_find_author(struct github_pull *pull, struct github *github,
                                        struct arena *arena, struct error *err);

/* Which lines its diff shows. */
MUST_CHECK bool github_pull_read_diff(const struct github_pull *pull, struct github *github,
                                      struct github_diff *diff, struct error *err);

#endif
