/* What a job on GitHub Actions leaves: annotations on the lines at fault, the summary of its step,
 * and outputs for the steps behind it. */
#ifndef TOLLGATE_REPORTERS_GITHUB_H
#define TOLLGATE_REPORTERS_GITHUB_H

#include "reporters/reporter.h"

enum {
    GITHUB_ANNOTATIONS_MAX = 10,        /* of a level a step; GitHub drops more without a word */
    GITHUB_SUMMARY_MAX_BYTES = 1 << 20, /* of a step; over it GitHub drops it all */
};

extern const struct reporter reporter_github;

/* The annotations, as workflow commands. */
MUST_CHECK bool github_append_annotations(struct buffer *out, const struct report *report,
                                          struct error *err);

/* verdict, exit_code, and how many endpoints there are and how many of each verdict: figures and
 * our own words only, since steps paste outputs into their scripts. `delimiter` is of letters,
 * digits and "_". */
void github_append_outputs(struct buffer *out, const struct report *report, const char *delimiter);

#endif
