/* What is published of a run, and how it is judged by somebody who checks nothing out. */
#ifndef TOLLGATE_RIG_PUBLISH_H
#define TOLLGATE_RIG_PUBLISH_H

#include "rig/config.h"
#include "rig/github_pull.h"
#include "rig/insight.h"
#include "rig/terms.h"

enum publish_when { PUBLISH_ALWAYS, PUBLISH_REGRESSION, PUBLISH_CHANGE };

struct publish_settings {
    const char *repository;
    const char *run_path, *base_path; /* base_path NULL = the run's own base */
    const char *config;      /* a file; NULL = the base commit's; "none" = the metrics' defaults */
    const char *config_path; /* where the base commit has it */
    const char *author;      /* NULL = ask */
    const char *key;         /* NULL = "default" */
    const char *details_url; /* NULL = the event's */
    enum publish_when when;
    bool mention, allow_inconclusive, check;
};

/* Publishes to the pull request of the event; says on stdout what was done. Everything in the run
 * is hostile. */
MUST_CHECK bool publish_github(const struct publish_settings *settings, struct github *github,
                               const struct github_event *event, struct error *err);

/* Whether a comment is wanted where there is none yet. */
bool publish_may_create(enum publish_when when, const struct comparison *comparison);

/* "success", "failure", or "neutral" where an inconclusive comparison is allowed. */
const char *publish_conclusion(const struct comparison *comparison, bool allow_inconclusive);

#endif
