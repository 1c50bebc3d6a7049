/* CODEOWNERS, as GitHub and as GitLab read it. The two differ: GitHub has one list whose last match
 * wins and knows neither sections nor exclusions; in GitLab every section answers for itself. */
#ifndef TOLLGATE_INSIGHTS_CODEOWNERS_H
#define TOLLGATE_INSIGHTS_CODEOWNERS_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

enum codeowners_dialect { CODEOWNERS_GITHUB, CODEOWNERS_GITLAB };

/* GitHub reads no file of 3 MB or more; GitLab's lines here are bounded likewise. */
enum { CODEOWNERS_MAX_BYTES = 3 * 1024 * 1024, CODEOWNERS_OWNERS_MAX = 100 };

struct codeowners_rule {
    const char *pattern;
    const char *const *owners; /* as written: "@org/team", "docs@example.com", "@@maintainer" */
    size_t owner_count;        /* 0 = cleared: whoever had it before has it no more */
    size_t line;
    size_t section;
    bool excludes; /* GitLab's "!": no rule of the section has it */
};

struct codeowners_section {
    const char *name; /* "" before the first */
    bool optional;
    int approvals;
};

struct codeowners_bad_line {
    size_t line;
    const char *why;
};

struct codeowners {
    const char *path; /* ".github/CODEOWNERS" */
    enum codeowners_dialect dialect;
    const struct codeowners_rule *rules; /* in the file's order */
    size_t rule_count;
    const struct codeowners_section *sections; /* GitHub: one, without a name */
    size_t section_count;
    const struct codeowners_bad_line *bad; /* lines that were skipped */
    size_t bad_count;
};

/* Where each dialect looks, first found wins; NULL-terminated, relative to the root. */
const char *const *codeowners_places(enum codeowners_dialect dialect);

/* Of the text of the file `path`, which is only named. An invalid line is skipped and told of in
 * `bad`. Fails when the file is too large or memory runs out. */
MUST_CHECK bool codeowners_parse(struct codeowners *codeowners, enum codeowners_dialect dialect,
                                 const char *path, const char *text, size_t size,
                                 struct arena *arena, struct error *err);

/* What one section says about a file. */
struct codeowners_answer {
    const struct codeowners_rule *rule; /* that decided; owner_count 0: cleared, or excluded */
};

enum { CODEOWNERS_ANSWERS_MAX = 256 };

/* The deciding rule of each section that has one, in their order; at most `room`. 0 = unmatched.
 * `file` is relative to the root, with '/', and case counts. */
size_t codeowners_find(const struct codeowners *codeowners, const char *file,
                       struct codeowners_answer *answers, size_t room);

#endif
