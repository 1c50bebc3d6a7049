/* The findings of a report as annotations of a check run: each at the line that grew where the pull
 * request's diff shows it, else at the line's function, else nowhere, which is counted. */
#ifndef TOLLGATE_RIG_GITHUB_ANNOTATIONS_H
#define TOLLGATE_RIG_GITHUB_ANNOTATIONS_H

#include "reporters/finding.h"
#include "rig/github_diff.h"

enum {
    GITHUB_ANNOTATIONS_A_REQUEST = 50,
    GITHUB_ANNOTATIONS_MOST = 500, /* of a check run; the first by rank */
    GITHUB_ANNOTATION_TITLE_MAX_BYTES = 250,
    GITHUB_ANNOTATION_MESSAGE_MAX_BYTES = 60000,
};

struct github_annotation {
    enum finding_level level;
    const char *path;
    uint32_t line;
    const char *title, *message; /* safe, UTF-8, within their limits */
};

struct github_annotations {
    struct arena arena;
    struct github_annotation *items; /* by rank */
    size_t count;
    size_t unplaced; /* findings of which no line is known */
    size_t left_off; /* places beyond the limit */
};

/* On failure nothing needs release. */
MUST_CHECK bool github_annotations_make(struct github_annotations *annotations,
                                        const struct report *report, const struct github_diff *diff,
                                        struct error *err);
void github_annotations_release(struct github_annotations *annotations);

/* The annotations of the request from `first` on, at most GITHUB_ANNOTATIONS_A_REQUEST, as GitHub
 * takes them. The caller owns the result. NULL when out of memory. */
MUST_CHECK json_t *github_annotations_batch(const struct github_annotations *annotations,
                                            size_t first);

#endif
