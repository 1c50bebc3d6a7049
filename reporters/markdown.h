/* The comment on a pull request, and the same as the summary of a job: Markdown as GitHub and
 * GitLab have it. */
#ifndef TOLLGATE_REPORTERS_MARKDOWN_H
#define TOLLGATE_REPORTERS_MARKDOWN_H

#include "reporters/reporter.h"

enum {
    /* GitHub takes 65,536 characters; these are bytes, which are never fewer, and leave room for a
     * line of whoever posts it. */
    MARKDOWN_COMMENT_MAX_BYTES = 65000,
    MARKDOWN_KEY_MAX_BYTES = 64,
};

extern const struct reporter reporter_markdown;

struct markdown_options {
    size_t max_bytes; /* a longer report is cut by rank, and says how much is left off */
    bool comment;     /* begins with the marker, and is one line when nothing changed */
};

/* Appends the report in at most `max_bytes`. Where not even the verdict fits, nothing is appended,
 * which is no error. */
MUST_CHECK bool markdown_append(struct buffer *out, const struct report *report,
                                const struct markdown_options *options, struct error *err);

/* The start of the first line of every comment with the report's key, by which a later one finds
 * it:
 * "<!-- tollgate:{"key":"default"". */
void markdown_append_marker_start(struct buffer *out, const struct report *report);

/* Whether the text can be a key: letters, digits and "._-", at most MARKDOWN_KEY_MAX_BYTES. */
bool markdown_is_key(const char *text);

#endif
